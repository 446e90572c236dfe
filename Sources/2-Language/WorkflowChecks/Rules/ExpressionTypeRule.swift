// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import ExpressionLanguage
internal import YAMLReading

extension Rule {
    /// Properties that are not there, values used as what they are not, and results that do not fit their key.
    static let expressionTypes = Rule("expression types") { workflow, findings in
        guard !workflow.expressions.isEmpty else { return }
        var types = ContextTypes(workflow.outline, workflow.local)
        for expression in workflow.expressions where !findings.isFull {
            guard let parsed = expression.parsed, let root = parsed.root else { continue }
            let checker = ExpressionTypeChecker(
                contexts: types.contexts(at: expression.site, withSteps: parsed.contextNames.contains("steps")))
            let (type, faults) = checker.check(parsed)
            for fault in faults { report(fault, expression, workflow, &findings) }
            if expression.isWhole {
                checkResult(type, expression, types, root, &findings)
                checkCallInput(type, expression, workflow, root, &findings)
            } else if !type.isScalar, expression.site.expected != .condition {
                collection(type, expression.position(of: root), &findings)
            }
        }
    }

    private static func report(
        _ fault: ExpressionTypeFinding, _ expression: PlacedExpression, _ workflow: WorkflowUnderCheck,
        _ findings: inout Findings
    ) {
        let position = expression.position(of: fault.offset)
        if fault.kind == .booleanAsText {
            return findings.warn(
                .booleanAsText, fault.message, at: position,
                remedy: "Leave the comparison out, or compare with true or false, without quotes.")
        }
        guard case .unknownProperty(let name, let known) = fault.kind else {
            return findings.warn(.expressionType, fault.message, at: position)
        }
        let owner = expression.text.utf8.dropFirst(fault.offset).starts(with: "needs.".utf8)
        if owner, !known.contains(name.lowercased()), workflow.outline.job(name) != nil, let job = expression.site.job,
            fault.message.hasPrefix("'needs'"), workflow.outline.jobs.indices.contains(job)
        {
            return findings.warn(
                .jobNotNeeded,
                "The job '\(workflow.outline.jobs[job].id)' reads 'needs.\(name)', but it does not need that job.",
                at: position, remedy: "Add '\(name)' to its 'needs'.")
        }
        findings.warn(
            .unknownProperty, fault.message, at: position,
            remedy: remedy(for: name, of: fault.message, known: known, expression, workflow.outline))
    }

    private static func remedy(
        for name: String, of message: String, known: [String], _ expression: PlacedExpression,
        _ outline: WorkflowOutline
    ) -> String {
        if let meant = Wording.nearest(to: name, among: known) { return "Did you mean '\(meant)'?" }
        if message.hasPrefix("'steps' ") {
            let job = expression.site.job.flatMap { outline.jobs.indices.contains($0) ? outline.jobs[$0] : nil }
            let isLater = job?.steps.contains { $0.id?.text?.lowercased() == name.lowercased() } ?? false
            return isLater
                ? "That step comes later: only earlier ones can be read."
                : "Give an earlier step 'id: \(Wording.excerpt(name))'. Other jobs are read through 'needs'."
        }
        guard !known.isEmpty else {
            if message.hasPrefix("'matrix' ") { return "This job has no matrix." }
            if message.hasPrefix("'needs' ") { return "This job has no 'needs'." }
            if message.hasPrefix("'inputs' ") { return "This workflow declares no inputs." }
            return "Nothing is declared there."
        }
        let verb = known.count == 1 ? "is" : "are"
        return "There \(verb) \(Wording.all(known.prefix(12)))\(known.count > 12 ? " …" : "")."
    }

    private static func collection(
        _ type: ExpressionType, _ position: SourcePosition, _ findings: inout Findings
    ) {
        findings.warn(
            .collectionInText,
            type == .null
                ? "This is null: nothing comes of it in a text."
                : "This is \(type): in a text only the word '\(type.item == nil ? "Object" : "Array")' comes of it.",
            at: position, remedy: type == .null ? nil : "Take a part of it, or write 'toJSON(…)'.")
    }

    private static func checkResult(
        _ type: ExpressionType, _ expression: PlacedExpression, _ types: ContextTypes, _ root: ExpressionNode,
        _ findings: inout Findings
    ) {
        guard type != .any else { return }
        var expected = expression.site.expected
        if expression.site.place == .callInputDefault {
            switch types.callInputType(ofDefault: expression.site.node) {
            case "boolean": expected = .boolean
            case "number": expected = .number
            default: break
            }
        }
        let wanted: String
        switch expected {
        case .anything, .condition: return
        case .runner: wanted = type.isScalar || type.item != nil || type.namesRunner ? "" : "a text, a list or a group"
        case .text:
            if !type.isScalar { collection(type, expression.position(of: root), &findings) }
            return
        case .boolean: wanted = type == .bool ? "" : "true or false"
        case .number: wanted = type == .number ? "" : "a number"
        case .mapping: wanted = type.isObject ? "" : "an object"
        case .list: wanted = type.item != nil ? "" : "a list"
        case .textOrList: wanted = type.isScalar || type.item != nil ? "" : "a text or a list"
        case .textOrMapping: wanted = type.isScalar || type.isObject ? "" : "a text or an object"
        }
        guard !wanted.isEmpty else { return }
        findings.warn(
            .unexpectedResult, "'\(expression.site.name)' takes \(wanted), but this gives \(type).",
            at: expression.position(of: root),
            remedy: type == .string && expected != .mapping ? "'fromJSON(…)' makes a value of a text." : nil)
    }

    /// What a job hands to a reusable workflow of this repository.
    private static func checkCallInput(
        _ type: ExpressionType, _ expression: PlacedExpression, _ workflow: WorkflowUnderCheck,
        _ root: ExpressionNode, _ findings: inout Findings
    ) {
        guard expression.site.place == .callWith, let index = expression.site.job,
            workflow.outline.jobs.indices.contains(index)
        else { return }
        let job = workflow.outline.jobs[index]
        guard let called = job.uses?.text.flatMap({ workflow.local.workflows[$0] }), called.state == .readable,
            let entry = job.node["with"]?.entries?.first(where: { $0.value.position == expression.site.node.position }),
            let name = entry.key.text?.lowercased(),
            let input = called.inputs.first(where: { $0.name.lowercased() == name })
        else { return }
        let wanted = ContextTypes.inputType(input.type)
        guard wanted != .string, wanted != .any, type != .any, type != wanted else { return }
        findings.warn(
            .reusableInput, "The input '\(input.name)' is \(wanted), but this gives \(type).",
            at: expression.position(of: root),
            remedy: "'fromJSON(…)' makes a value of a text.")
    }
}

extension ExpressionType {
    fileprivate var namesRunner: Bool {
        guard case .object(let properties) = self else { return false }
        return properties.rest != nil || properties.named["group"] != nil || properties.named["labels"] != nil
    }

    fileprivate var isObject: Bool { if case .object = self { true } else { false } }
}
