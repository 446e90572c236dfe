// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import StepExecution

/// One thing that happened in a run, as those who watch it are told: the terminal, `--json`, later the page. One stream
/// feeds them all.
package enum RunUpdate {
    /// - Parameter title: what `run-name` came to.
    case runStarted(RunID, attempt: Int, workflow: String, title: String?, digest: String)
    /// The run as a whole: for its concurrency group.
    case runWaiting(Reason)
    case jobWaiting(JobID, name: String, Reason)
    case jobStarted(JobID, name: String)
    case stepStarted(StepPlace, name: String)
    case annotation(StepPlace, Annotation)
    case stepFinished(StepPlace, name: String, StepResult, durationMs: Int64)
    case jobFinished(JobID, name: String, Conclusion, Reason?, durationMs: Int64)
    case runFinished(RunOutcome)
}

/// A step of a job of a run.
package struct StepPlace: Hashable, Sendable {
    package var job: JobID
    package var attempt: StepAttempt

    package init(job: JobID, attempt: StepAttempt) {
        self.job = job
        self.attempt = attempt
    }
}

package struct RunOutcome: Hashable, Sendable {
    package var run: RunID
    package var conclusion: Conclusion
    package var reason: Reason?
    /// A job that should have run was not to be had here.
    package var hasUnavailable: Bool
    package var durationMs: Int64
}

/// Who watches a run. Called on the run's thread, in order.
package struct RunObserver {
    package var update: (RunUpdate) -> Void
    /// Redacted output of a step: any number of lines, the last perhaps unfinished. The bytes are gone after the call.
    package var output: (StepPlace, UnsafeRawBufferPointer) -> Void

    package init(
        update: @escaping (RunUpdate) -> Void, output: @escaping (StepPlace, UnsafeRawBufferPointer) -> Void
    ) {
        self.update = update
        self.output = output
    }
}
