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
    /// It is called otherwise than the plan can know.
    case stepNamed(StepPlace, name: String)
    case annotation(StepPlace, Annotation)
    /// What the executor has to say of the job as a whole, at its end.
    case jobAnnotation(JobID, name: String, Annotation)
    /// The Markdown that a step wrote to its summary file.
    case summary(StepPlace, String)
    /// What the test reports of a job say.
    case tests(JobID, name: String, [TestOutcome])
    case stepFinished(StepPlace, name: String, StepResult, durationMs: Int64)
    case jobFinished(JobID, name: String, Conclusion, Reason?, durationMs: Int64)
    case runFinished(RunOutcome)

    var isAnnotation: Bool {
        switch self {
        case .annotation, .jobAnnotation: true
        default: false
        }
    }
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
    /// The user interrupted the program, not only this run.
    package var isInterrupted: Bool
}

/// Who watches a run. Called on the run's thread, in order.
package struct RunObserver {
    package var update: (RunUpdate) -> Void
    /// Redacted output of a step: any number of lines, the last perhaps unfinished. The bytes are gone after the call.
    package var output: (StepPlace, UnsafeRawBufferPointer) -> Void
    /// The log on the disk has what was put out so far.
    package var kept: ((StepPlace) -> Void)?

    /// Where it shows what it is told; `nil`: it keeps up with everything.
    package var outlet: RunOutlet?

    package init(
        update: @escaping (RunUpdate) -> Void, output: @escaping (StepPlace, UnsafeRawBufferPointer) -> Void,
        outlet: RunOutlet? = nil
    ) {
        self.update = update
        self.output = output
        self.outlet = outlet
    }
}

/// A terminal or a pipe, read by somebody who may be slow: the run never waits in a write.
package struct RunOutlet {
    package var descriptor: Int32
    /// Passes on what can be passed on without waiting; whether that was all.
    package var passOn: () -> Bool
    /// Whether so much waits to be passed on that steps should wait as well.
    package var isCongested: () -> Bool

    package init(descriptor: Int32, passOn: @escaping () -> Bool, isCongested: @escaping () -> Bool) {
        self.descriptor = descriptor
        self.passOn = passOn
        self.isCongested = isCongested
    }
}
