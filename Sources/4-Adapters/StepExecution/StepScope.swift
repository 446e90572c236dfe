// SPDX-License-Identifier: Apache-2.0

import PipelineModel
import ProcessControl
import StructuredData

/// The steps that see each other: the job's own, or those of one composite action.
struct StepScope {
    let steps: [PlannedStep]
    /// The `steps` context.
    var results = DataObject()
    /// A composite action's inputs; `nil` for the job's own steps.
    var inputs: DataObject?
    /// Environment of the calling steps, which wins over the job's.
    var overrides = OrderedVariables()
    /// Properties of `github` that differ from the job's.
    var github: [(name: String, value: DataValue)] = []
    /// How its steps ended so far.
    var conclusions: [StepPath: Conclusion] = [:]
    /// Places up to this one are looked through for steps that waited for background steps.
    var waitsSeen = 0

    init(steps: [PlannedStep]) { self.steps = steps }

    /// What its steps came to, for all that the executor saw.
    var outcome: Conclusion {
        if conclusions.values.contains(.cancelled) { return .cancelled }
        return conclusions.values.contains(.failure) ? .failure : .success
    }

    /// Puts a step's end into the `steps` context; a step without an id of its own is not in it.
    mutating func note(_ record: StepRecord, id: String) {
        conclusions[record.attempt.step] = record.result.conclusion
        guard !id.isEmpty, !id.hasPrefix("__") else { return }
        var outputs = DataObject()
        for output in record.outputs { outputs[output.name] = .string(output.value) }
        results[id] = [
            "outputs": .object(outputs),
            "outcome": .string(record.result.outcome.rawValue),
            "conclusion": .string(record.result.conclusion.rawValue),
        ]
    }
}

/// A step attempt that is under way.
final class RunningStep {
    let attempt: StepAttempt
    let planned: PlannedStep
    let flags: StatusFlags
    /// As people see it; not redacted.
    let name: String
    /// The step's `env` context.
    let environment: OrderedVariables
    /// Names of `environment` that the steps' own `env` set: a composite action hands them on.
    let overrides: OrderedVariables
    var output: StepOutput?
    var files: CommandFileSet?
    var scriptPath: String?
    var pipe: OutputPipe?
    var pipeToken: PollerLoop.Token?
    var timers: [PollerLoop.Token] = []
    /// What it hands on, as its commands come.
    var record: StepRecord
    var timeoutMinutes: Double?
    /// A process of the step holds its output still, though the step is over.
    var livesOn = false
    /// Of what its commands have set so far.
    var commandBytes = 0
    var cancellation: Cancellation?
    /// A command or a command file went wrong.
    var hasCommandFailure = false
    /// Where the files of its action are.
    var actionFolder: String?
    /// What holds its processes within their limits.
    var limits: LimitGroup?
    /// What its process gets beside the step's environment.
    var variables: [FileCommandPairs.Pair] = []
    /// Its outcome is known; its end is under way.
    var isEnding = false
    /// Its process, where that is in a container.
    var contained: ContainedProcess?
    /// A process in its container was ended for want of memory.
    var isOutOfMemory = false
    /// How its process ended.
    var exitCode: Int?
    /// A native action's way to stop.
    var stopNativeAction: (() -> Void)?

    /// What part of another step's action it is; `nil`: it is a step of its own.
    var hook: ActionHook? { if case .hook(let hook) = planned.work { hook } else { nil } }
    /// The step whose action it runs.
    var hooked: StepPath { hook?.step ?? attempt.step }
    /// The scope that its expressions see.
    var scope: StepPath? { hooked.parent }

    /// Why a step is being stopped, and how far that has come.
    struct Cancellation {
        enum Cause { case asked, timeout }
        enum Stage: Int { case asked, terminated, killed }

        var cause: Cause
        var stage = Stage.asked
    }

    var timeoutMilliseconds: Int64? {
        timeoutMinutes.map { Int64(min($0, Self.longestTimeoutMinutes) * 60_000) }
    }

    /// A year.
    private static let longestTimeoutMinutes = 525_600.0

    init(
        attempt: StepAttempt, planned: PlannedStep, flags: StatusFlags, name: String, environment: OrderedVariables,
        overrides: OrderedVariables
    ) {
        self.attempt = attempt
        self.planned = planned
        self.flags = flags
        self.name = name
        self.environment = environment
        self.overrides = overrides
        record = StepRecord(attempt: attempt, result: StepResult(outcome: .success))
        record.isDeferred = planned.isBackground
    }
}
