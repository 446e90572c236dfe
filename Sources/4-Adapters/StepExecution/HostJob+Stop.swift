// SPDX-License-Identifier: Apache-2.0

import ExpressionLanguage
package import PipelineModel
package import StructuredData
import WorkflowPlanning

/// A step whose condition holds, stopped before anything of it runs. All calls come from the loop's thread.
package struct StoppedStep {
    package let attempt: StepAttempt
    /// As people see it, redacted.
    package let name: String
    /// Of the file that it stands in.
    package let line: Int?
    /// A context as the step's expressions see it; redacted, as is all that comes from here.
    package let context: (_ name: String) -> DataValue
    /// What an expression comes to, or why it comes to nothing.
    package let evaluate: (_ source: String) -> Result<DataValue, StopFault>
    /// Lets it run; to be called once.
    package let proceed: () -> Void

    /// What a step's expressions may name, in the order in which it is shown.
    package static let contextNames = [
        "env", "github", "steps", "job", "matrix", "strategy", "needs", "inputs", "vars", "runner", "secrets",
    ]
}

package struct StopFault: Error {
    package let message: String
}

extension HostJob {
    /// Hands a step to whoever stops before steps; without anybody it runs at once.
    func runUnlessStopped(_ step: RunningStep, _ evaluation: TemplateEvaluation) {
        guard let stop = options.stopBefore else { return run(step, evaluation) }
        stop(
            StoppedStep(
                attempt: step.attempt, name: redacted(step.name), line: step.planned.line,
                context: { [weak self] name in
                    guard let self, let value = try? evaluation.value(name) else { return .null }
                    return redacted(value)
                },
                evaluate: { [weak self] source in
                    guard let self else { return .failure(StopFault(message: "The job is over.")) }
                    do throws(ExpressionError) {
                        return .success(redacted(try evaluation.value(source)))
                    } catch {
                        return .failure(StopFault(message: redacted(error.message)))
                    }
                },
                proceed: { [weak self] in
                    guard let self else { return }
                    // Cancelled while it stood.
                    guard jobFlags.isCancelled, !step.flags.isCancelled else { return run(step, evaluation) }
                    openLog(step)
                    finish(step, outcome: .cancelled, Reason(.cancelled, "The operation was canceled."))
                }))
    }

    private func redacted(_ value: DataValue) -> DataValue {
        switch value {
        case .string(let text): .string(redacted(text))
        case .array(let items): .array(items.map { redacted($0) })
        case .object(let object): .object(DataObject(object.map { ($0, redacted($1)) }))
        case .null, .bool, .number: value
        }
    }
}
