// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import ExpressionLanguage
internal import StructuredData
internal import YAMLReading

extension Rule {
    /// Expressions that cannot be read, and contexts and functions that are not there.
    static let expressionNames = Rule("expression names") { workflow, findings in
        for expression in workflow.expressions where !findings.isFull { checkNames(expression, &findings) }
    }

    private static let contexts: Set<String> = [
        "github", "env", "vars", "job", "jobs", "steps", "runner", "secrets", "strategy", "matrix", "needs", "inputs",
    ]

    private static func checkNames(
        _ expression: PlacedExpression, _ findings: inout Findings
    ) {
        guard expression.isClosed else {
            return findings.warn(
                .expressionSyntax, "This expression is never closed.", at: expression.position(of: 0),
                remedy: "Add '}}'.")
        }
        if let fault = expression.fault {
            let hint = expression.text.has("\"") ? "Texts stand in single quotes: 'like this'." : nil
            return findings.warn(
                .expressionSyntax, fault.message + ".", at: expression.position(of: fault.offset),
                remedy: hint)
        }
        guard let root = expression.parsed?.root else {
            guard !expression.isBare else { return }
            return findings.warn(
                .expressionSyntax, "There is no expression between the braces.",
                at: expression.position(of: 0), remedy: "Write one, or remove '${{ }}'.")
        }
        root.walk { node in
            switch node.kind {
            case .context(let name): checkContext(name, node, expression, &findings)
            case .call(let name, let arguments):
                checkFunction(name, arguments.count, node, expression, &findings)
            default: break
            }
            return true
        }
    }

    private static func checkContext(
        _ name: String, _ node: ExpressionNode, _ expression: PlacedExpression,
        _ findings: inout Findings
    ) {
        let place = expression.site.place
        let position = expression.position(of: node)
        guard contexts.contains(name) else {
            let meant = Wording.nearest(to: name, among: contexts.sorted())
            return findings.warn(
                .unknownContext, "There is no context '\(Wording.excerpt(name))'.", at: position,
                remedy: meant.map { "Did you mean '\($0)'?" }
                    ?? "The contexts are \(Wording.all(contexts.sorted())). A text stands in single quotes.")
        }
        guard !place.contexts.contains(name) else { return }
        if name == "secrets", place.key.hasSuffix(".if") {
            return findings.warn(
                .secretsInCondition, "'secrets' cannot be read in an 'if'.", at: position,
                remedy: "Put the secret into 'env' of the job or the workflow, and ask for 'env.NAME != '''.")
        }
        findings.warn(
            .contextNotAvailable, "The context '\(name)' does not exist at '\(place.key)'.", at: position,
            remedy: place.contexts.isEmpty
                ? "No context does: write a plain value." : "There are \(Wording.all(place.contexts.sorted())).")
    }

    private static func checkFunction(
        _ name: String, _ count: Int, _ node: ExpressionNode, _ expression: PlacedExpression,
        _ findings: inout Findings
    ) {
        let position = expression.position(of: node)
        let special = Place.specialFunctions.contains(name)
        if special, !expression.site.place.functions.contains(name) {
            let places = name == "hashfiles" ? "the keys of a step" : "'if'"
            return findings.warn(
                .functionNotAvailable,
                "'\(expression.parsed?.name(ofCall: node) ?? name)()' does not exist at "
                    + "'\(expression.site.place.key)'.",
                at: position, remedy: "It exists in \(places).")
        }
        let known =
            ExpressionFunctionSignature.general + ExpressionFunctionSignature.jobStatus
            + [ExpressionFunctionSignature.hashFiles]
        guard let signature = known.first(where: { $0.name.lowercased() == name }) else {
            let meant = Wording.nearest(to: name, among: known.map(\.name))
            return findings.warn(
                .functionCall, "There is no function '\(expression.parsed?.name(ofCall: node) ?? name)'.",
                at: position,
                remedy: meant.map { "Did you mean '\($0)'?" } ?? "There are \(Wording.all(known.map(\.name)))")
        }
        guard count < signature.minimumArguments || count > signature.maximumArguments else { return }
        let wanted =
            signature.minimumArguments == signature.maximumArguments
            ? "\(signature.minimumArguments)"
            : (signature.maximumArguments >= 255
                ? "at least \(signature.minimumArguments)"
                : "\(signature.minimumArguments) to \(signature.maximumArguments)")
        findings.warn(
            .functionCall,
            "'\(signature.name)' takes \(wanted) argument\(wanted == "1" ? "" : "s"), but it gets \(count).",
            at: position)
    }

    /// Arguments that can be judged where they are written out: JSON texts and format patterns.
    static let literalArguments = Rule("literal arguments") { workflow, findings in
        for expression in workflow.expressions where !findings.isFull {
            expression.parsed?.root?.walk { node in
                guard case .call(let name, let arguments) = node.kind, let first = arguments.first,
                    case .literal(.string(let text)) = first.kind
                else { return true }
                let position = expression.position(of: first)
                if name == "fromjson", let fault = jsonFault(in: text) {
                    findings.warn(
                        .brokenJSONLiteral, "This is not JSON: \(fault).", at: position,
                        remedy: "Correct the text that 'fromJSON' gets.")
                } else if name == "format" {
                    checkFormat(text, arguments.count - 1, position, &findings)
                }
                return true
            }
        }
    }

    private static func jsonFault(in text: String) -> String? {
        do throws(JSONError) {
            _ = try DataValue(json: text)
            return nil
        } catch {
            return error.message
        }
    }

    private static func checkFormat(
        _ pattern: String, _ count: Int, _ position: SourcePosition, _ findings: inout Findings
    ) {
        let named = placeholders(of: pattern)
        for number in named.sorted() where number >= count {
            findings.warn(
                .formatPlaceholders,
                "The pattern names {\(number)}, but 'format' gets \(count) value\(count == 1 ? "" : "s") for it.",
                at: position, remedy: "Placeholders count from {0}.")
        }
        for number in 0..<max(count, 0) where !named.contains(number) {
            findings.warn(
                .formatPlaceholders, "The pattern never uses value {\(number)}.", at: position,
                remedy: "Add the placeholder, or remove the value.")
        }
    }

    /// `{0}` and the like; `{{` and `}}` are braces.
    private static func placeholders(of pattern: String) -> Set<Int> {
        var found: Set<Int> = []
        let bytes = Array(pattern.utf8)
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "{") else {
                index += 1
                continue
            }
            if index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "{") {
                index += 2
                continue
            }
            let digits = bytes[(index + 1)...].prefix { (0x30...0x39).contains($0) }
            let after = index + 1 + digits.count
            if after < bytes.count, bytes[after] == UInt8(ascii: "}"),
                let number = Int(String(decoding: digits, as: UTF8.self))
            {
                found.insert(number)
            }
            index = after
        }
        return found
    }
}

extension ParsedExpression {
    /// A function's name as it is written.
    func name(ofCall node: ExpressionNode) -> String {
        source(of: node).prefix { $0 != "(" && !$0.isWhitespace }.description
    }
}
