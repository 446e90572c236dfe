// SPDX-License-Identifier: Apache-2.0

internal import ExpressionLanguage
internal import PipelineModel
internal import RunEngine
internal import StructuredData
internal import WorkflowPlanning

/// The contexts of one question, ready for evaluation.
struct JobContexts {
    var values: DataObject
    private let shelf = ExpressionShelf()

    init(values: DataObject) {
        self.values = values
    }

    func evaluation(functions: [String: ExpressionFunction] = [:]) -> TemplateEvaluation {
        TemplateEvaluation(shelf: shelf, functions: functions) { values[$0] }
    }
}

/// The status functions of a job's condition.
///
/// Source: "Status check functions" of GitHub's documentation; with arguments they ask for jobs that are needed.
enum StatusFunctions {
    static func functions(_ question: JobQuestion) -> [String: ExpressionFunction] {
        let status = question.status
        let results = Dictionary(
            question.needs.map { (String($0.key.localID).lowercased(), $0.result) },
            uniquingKeysWith: { first, _ in first })
        return [
            "always": { _ in .bool(true) },
            "cancelled": { _ in .bool(status.contains(.runCancelled)) },
            "success": { jobs in
                guard !jobs.isEmpty else { return .bool(status.isSuccess) }
                return .bool(jobs.allSatisfy { results[$0.coercedToString.lowercased()] == .success })
            },
            "failure": { jobs in
                guard !jobs.isEmpty else { return .bool(status.contains(.failed) && !status.contains(.runCancelled)) }
                return .bool(jobs.contains { results[$0.coercedToString.lowercased()] == .failure })
            },
        ]
    }
}

/// Why a job's condition did not hold, said by what is behind it.
enum SkipReasons {
    static func reason(_ condition: String, _ answer: ConditionAnswer, _ question: JobQuestion) -> Reason {
        let blocking = question.needs.first { $0.result != .success }
        if let blocking, !question.status.isSuccess, condition.contains("success()") {
            let text = "It needs '\(blocking.key.localID)', which \(verb(blocking.result))."
            return Reason(.needs, text, expression: condition, values: answer.values)
        }
        if question.status.contains(.runCancelled), condition.contains("success()") {
            return Reason(.cancelled, "The run was cancelled before its turn came.")
        }
        return Reason(
            .condition, "Its condition is false: \(answer.summary).", expression: condition, values: answer.values)
    }

    private static func verb(_ conclusion: Conclusion) -> String {
        switch conclusion {
        case .success: "succeeded"
        case .failure: "failed"
        case .cancelled: "was cancelled"
        case .skipped: "was skipped"
        }
    }
}

/// Reads an evaluated `concurrency`.
enum GroupReading {
    static func request(
        _ template: TemplateValue, _ evaluation: TemplateEvaluation
    ) throws(ExpressionError) -> GroupRequest? {
        let value = try evaluation.value(of: template)
        if let object = value.object {
            guard let group = object["group"]?.coercedToString, !group.isEmpty else { return nil }
            let cancels = object["cancel-in-progress"].map { $0.coercedToString == "true" } ?? false
            let queue = object["queue"]?.coercedToString == "max" ? GroupRequest.Queue.max : .single
            return GroupRequest(group: group, cancelsInProgress: cancels, queue: queue)
        }
        let group = value.coercedToString
        return group.isEmpty ? nil : GroupRequest(group: group)
    }
}
