// SPDX-License-Identifier: Apache-2.0

internal import ExpressionLanguage
internal import PipelineModel
internal import StructuredData

/// Answers conditions and templates as far as they are known before anything ran.
struct ConditionPreview {
    private let contexts: [String: DataValue]
    private let shelf = ExpressionShelf()

    /// Contexts that only a run can fill.
    private static let later: Set<String> = [
        "needs", "steps", "job", "jobs", "runner", "env", "matrix", "strategy", "secrets",
    ]

    init(contexts: [String: DataValue]) {
        self.contexts = contexts
    }

    struct Decision {
        var isIncluded: Bool
        /// `nil` where the condition is the plain implicit one.
        var reason: Reason?
    }

    /// A job is out only where its condition is false whatever the jobs before it come to.
    func decide(_ condition: String, isNested: Bool) -> Decision {
        guard condition != "success()" else { return Decision(isIncluded: true) }
        guard let entry = try? shelf.entry(condition) else {
            return Decision(
                isIncluded: true, reason: Reason(.condition, "Its condition is decided when it is reached."))
        }
        // A called workflow's inputs are not known yet.
        let unknown = Self.later.union(isNested ? ["inputs"] : [])
        guard entry.contexts.isDisjoint(with: unknown) else {
            let names = entry.contexts.intersection(unknown).sorted().joined(separator: ", ")
            let text = "Its condition depends on \(names) and is decided when it is reached."
            return Decision(isIncluded: true, reason: Reason(.condition, text, expression: condition))
        }
        let answers = Status.allCases.map { answer(condition, $0) }
        if answers.allSatisfy({ $0?.holds == false }), let first = answers[0] {
            let text = "Its condition is false: \(first.summary)."
            return Decision(
                isIncluded: false,
                reason: Reason(.condition, text, expression: condition, values: first.values))
        }
        if answers.allSatisfy({ $0?.holds == true }) || answers[0]?.holds == true {
            return Decision(
                isIncluded: true, reason: Reason(.condition, "Its condition is true.", expression: condition))
        }
        let text = "Its condition depends on how the jobs before it end."
        return Decision(isIncluded: true, reason: Reason(.condition, text, expression: condition))
    }

    /// The template's value, where everything in it is known now.
    func value(of template: TemplateValue) -> DataValue? {
        if let literal = template.literal { return literal }
        let evaluation = TemplateEvaluation(shelf: shelf) { contexts[$0] }
        guard isKnown(template) else { return nil }
        return try? evaluation.value(of: template)
    }

    private func isKnown(_ template: TemplateValue) -> Bool {
        switch template {
        case .expression(let source):
            guard let entry = try? shelf.entry(source) else { return false }
            return entry.contexts.isDisjoint(with: Self.later)
                && entry.expression.functionNames.isDisjoint(with: ["hashfiles"])
        case .sequence(let items): return items.allSatisfy(isKnown)
        case .mapping(let entries): return entries.allSatisfy { isKnown($0.key) && isKnown($0.value) }
        default: return true
        }
    }

    /// How the jobs before may have ended.
    private enum Status: CaseIterable {
        case success
        case failure
        case cancelled
    }

    private func answer(_ condition: String, _ status: Status) -> ConditionAnswer? {
        let functions: [String: ExpressionFunction] = [
            "success": { _ in .bool(status == .success) }, "failure": { _ in .bool(status == .failure) },
            "cancelled": { _ in .bool(status == .cancelled) }, "always": { _ in .bool(true) },
        ]
        let evaluation = TemplateEvaluation(shelf: shelf, functions: functions) { contexts[$0] }
        return try? evaluation.condition(condition)
    }
}
