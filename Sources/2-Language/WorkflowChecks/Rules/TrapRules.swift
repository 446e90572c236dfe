// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import ExpressionLanguage
internal import StructuredData
internal import YAMLReading

extension Rule {
    /// Versions written as numbers: `3.10` is the number 3.1.
    static let trimmedVersions = Rule("trimmed versions") { workflow, findings in
        checkNames(workflow.outline.root["env"]?.entries ?? [], &findings)
        for job in workflow.outline.jobs {
            checkNames(job.node["env"]?.entries ?? [], &findings)
            checkNames(job.node["with"]?.entries ?? [], &findings)
            for row in job.matrix?.entries ?? [] {
                if row.key.text == "include" {
                    for item in row.value.items ?? [] {
                        for entry in item.entries ?? [] { checkVersion(entry.value, &findings) }
                    }
                } else {
                    for item in row.value.items ?? [] { checkVersion(item, &findings) }
                }
            }
            for step in job.allSteps {
                checkNames(step.with, &findings)
                checkNames(step.node["env"]?.entries ?? [], &findings)
            }
        }
    }

    private static func checkNames(_ entries: [YAMLEntry], _ findings: inout Findings) {
        for entry in entries where entry.value.scalarKind == .number && isVersion(entry.key.text ?? "") {
            checkVersion(entry.value, &findings)
        }
    }

    private static func isVersion(_ name: String) -> Bool {
        let bytes = Array(name.lowercased().utf8)
        return bytes.indices.contains { bytes[$0...].starts(with: "version".utf8) }
    }

    private static func checkVersion(_ node: YAMLNode, _ findings: inout Findings) {
        guard node.scalarKind == .number, let text = node.text, text.hasSuffix("0"), text.has("."),
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") })
        else { return }
        var number = text[...]
        while number.last == "0" { number = number.dropLast() }
        if number.last == "." { number = number.dropLast() }
        findings.warn(
            .trimmedVersion, "\(text) is a number here, and as a number it is \(number).", at: node.position,
            remedy: "Write '\(text)', in quotes.")
    }

    /// Texts that look like numbers, put in order as texts: '10' comes before '9'.
    static let numberComparisons = Rule("number comparisons") { workflow, findings in
        for expression in workflow.expressions where !findings.isFull {
            expression.parsed?.root?.walk { node in
                guard case .comparison(let comparison, let left, let right) = node.kind else { return true }
                for side in [left, right] {
                    let other = side.start == left.start ? right : left
                    check(side, against: other, comparison, expression, &findings)
                }
                return true
            }
        }
    }

    private static func check(
        _ side: ExpressionNode, against other: ExpressionNode, _ comparison: ExpressionNode.Comparison,
        _ expression: PlacedExpression, _ findings: inout Findings
    ) {
        switch side.kind {
        case .literal(.string(let text)) where comparison != .equal && comparison != .notEqual:
            // A number on the other side would make numbers of both: only where it is surely a text.
            guard Double(text) != nil, isAlwaysText(other) else { return }
            findings.warn(
                .numberLikeComparison,
                "'\(comparison.rawValue)' puts texts in the order of their letters: '10' comes before '9'.",
                at: expression.position(of: side),
                remedy: "Compare with the number \(text), without quotes.")
        case .literal(.number):
            guard let written = expression.parsed?.source(of: side), written.has("."), written.hasSuffix("0"),
                !written.has("e"), !written.has("E")
            else { return }
            findings.warn(
                .numberLikeComparison, "\(written) is a number: as a version it would lose its last 0.",
                at: expression.position(of: side), remedy: "Write '\(written)', in quotes, with '=='.")
        default: break
        }
    }

    private static func isAlwaysText(_ node: ExpressionNode) -> Bool {
        switch node.kind {
        case .index(let object, _): isAlwaysText(object)
        case .context(let name): ["env", "vars", "secrets", "steps", "needs"].contains(name)
        default: false
        }
    }
}
