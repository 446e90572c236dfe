// SPDX-License-Identifier: Apache-2.0

internal import ExpressionLanguage
internal import PipelineModel
internal import StructuredData

/// Answers conditions and templates as far as they are known before anything ran.
struct ConditionPreview {
    private let contexts: [String: DataValue]
    private let shelf = ExpressionShelf(PlanKnowledge())
    private let nestedShelf = ExpressionShelf(PlanKnowledge(isNested: true))

    init(contexts: [String: DataValue]) {
        self.contexts = contexts
    }

    /// How the jobs before may have ended, as the status functions see it.
    enum Status: CaseIterable {
        case success
        case failure
        case cancelled
        /// One was skipped: none of the functions but `always()` holds.
        case skipped
    }

    /// What is known of a job when its condition is asked for.
    struct Situation {
        var isNested = false
        /// Those that are possible, in ``Status/allCases``'s order.
        var statuses = Status.allCases
        /// Ids of needed jobs that are left out for certain.
        var skippedNeeds: [String] = []
        /// Whether all needed jobs are.
        var skipsAllNeeds = false
    }

    enum Verdict {
        case holds(ConditionAnswer)
        case fails(ConditionAnswer)
        /// It is false only because of how the jobs before end.
        case failsByStatus
        /// It cannot be evaluated, and so the job fails or is skipped.
        case invalid(String)
        /// The reason says on what it depends; the values that it saw, where that is known.
        case open(String, values: [String])
        /// It holds in a run that is cancelled, and in no other.
        case onlyWhenCancelled
    }

    /// What the condition comes to, whatever is not known now.
    func verdict(_ condition: String, _ situation: Situation) -> Verdict {
        let knowledge = PlanKnowledge(
            isNested: situation.isNested, knownNeeds: Set(situation.skippedNeeds.map { $0.lowercased() }),
            knowsAllNeeds: situation.skipsAllNeeds)
        var contexts = contexts
        contexts["needs"] = .object(
            DataObject(situation.skippedNeeds.map { ($0, ["outputs": [:], "result": "skipped"]) }))
        let shelf = ExpressionShelf(knowledge)
        let answers = situation.statuses.map { Self.answer(condition, $0, shelf, contexts) }
        if case .answer(let answer)? = answers.first, answers.allSatisfy({ $0.holds == true }) { return .holds(answer) }
        if answers.allSatisfy({ $0.holds == false }) {
            let others = Status.allCases.map { Self.answer(condition, $0, shelf, contexts) }
            guard case .answer(let answer) = others[0], others.allSatisfy({ $0.holds == false }) else {
                return .failsByStatus
            }
            return .fails(answer)
        }
        // Where it may neither hold nor be decided later, it fails the job or skips it.
        let fault = answers.lazy.compactMap(\.failure).first
        if let fault, answers.allSatisfy({ $0.holds == false || $0.failure != nil }) { return .invalid(fault) }
        let holding = zip(situation.statuses, answers).filter { $1.holds != false }.map(\.0)
        if holding == [.cancelled] { return .onlyWhenCancelled }
        let source = try? ExpressionParser.parse(condition, allowing: .anything)
        let names = source.map(knowledge.unknownNames) ?? []
        return Self.open(situation, answers, names)
    }

    private static func open(_ situation: Situation, _ answers: [Answer], _ unknown: [String]) -> Verdict {
        let holding = zip(situation.statuses, answers).filter { $1.holds != false }.map(\.0)
        func open(_ text: String) -> Verdict { .open(text, values: []) }
        if answers.contains(where: { $0.isUnknown }), !unknown.isEmpty {
            return open(
                "Its condition depends on \(unknown.joined(separator: ", ")) and is decided when it is reached.")
        }
        if holding.first == .success {
            guard case .answer(let answer)? = answers.first(where: { $0.holds == true }) else {
                return open("Its condition is true.")
            }
            return .open(answer.isTrueBecause, values: answer.values)
        }
        if holding == [.failure] { return open("Its condition holds only if a job before it fails.") }
        return open("Its condition depends on how the jobs before it end.")
    }

    /// The template's value, where everything in it is known now; `nil` where it is not.
    func value(of template: TemplateValue, isNested: Bool) throws(ExpressionError) -> DataValue? {
        if let literal = template.literal { return literal }
        let evaluation = TemplateEvaluation(shelf: isNested ? nestedShelf : shelf) { contexts[$0] }
        do throws(ExpressionError) {
            return try evaluation.value(of: template)
        } catch {
            guard PlanKnowledge.isUnknown(error) else { throw error }
            return nil
        }
    }

    private enum Answer {
        case answer(ConditionAnswer)
        case unknown
        case invalid(String)

        var holds: Bool? { if case .answer(let answer) = self { answer.holds } else { nil } }
        var isUnknown: Bool { if case .unknown = self { true } else { false } }
        var failure: String? { if case .invalid(let message) = self { message } else { nil } }
    }

    private static func answer(
        _ condition: String, _ status: Status, _ shelf: ExpressionShelf, _ contexts: [String: DataValue]
    ) -> Answer {
        let functions: [String: ExpressionFunction] = [
            "success": { _ in .bool(status == .success) }, "failure": { _ in .bool(status == .failure) },
            "cancelled": { _ in .bool(status == .cancelled) }, "always": { _ in .bool(true) },
        ]
        let evaluation = TemplateEvaluation(shelf: shelf, functions: functions) { contexts[$0] }
        do throws(ExpressionError) {
            return .answer(try evaluation.condition(condition, explainsTrue: true))
        } catch {
            return PlanKnowledge.isUnknown(error) ? .unknown : .invalid(error.message)
        }
    }
}

extension ConditionAnswer {
    /// Of one that holds.
    var isTrueBecause: String { summary == "true" ? "Its condition is true." : "Its condition is true: \(summary)." }
}
