// SPDX-License-Identifier: Apache-2.0

/// One attempt of one step of one job: what effects name, and outcomes answer to.
public struct StepAttempt: Hashable, Sendable, CustomStringConvertible {
    public var step: StepPath
    /// From 1. A retry is a new attempt.
    public var number: Int

    public init(step: StepPath, number: Int = 1) {
        self.step = step
        self.number = number
    }

    /// `3.1/2`: the receipts, logs and markers of the attempt are keyed by it.
    public var description: String { "\(step)/\(number)" }

    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/")
        guard parts.count == 2, let step = StepPath(parts[0]), let number = Int(parts[1]), number > 0 else {
            return nil
        }
        self.init(step: step, number: number)
    }
}

/// What holds when a step is about to start: all that its condition may ask of the steps before it.
public struct StatusFlags: Hashable, Sendable {
    /// No earlier step of the scope ended in failure.
    public var isSuccess: Bool
    public var isCancelled: Bool

    public init(isSuccess: Bool = true, isCancelled: Bool = false) {
        self.isSuccess = isSuccess
        self.isCancelled = isCancelled
    }

    /// What `failure()` answers.
    public var isFailure: Bool { !isSuccess && !isCancelled }
}

/// What an executor says of a step attempt.
public enum StepReport: Hashable, Sendable {
    /// Its condition was false, or it was not reached.
    case skipped(Reason)
    /// It runs; past `deadline` (milliseconds since the epoch) it is to be cancelled.
    case started(deadline: Int64?)
    /// It is a composite action whose steps come now; ids in order.
    case expanded(steps: [ExpandedStep])
    case finished(StepResult)
    /// It is over, and what it came to does not count: it is to be started again, as a new attempt.
    case again(Reason)
}

/// A step that came to light while the job ran: inside a composite action.
public struct ExpandedStep: Hashable, Sendable {
    public var id: String
    public var isBackground: Bool

    public init(id: String, isBackground: Bool = false) {
        self.id = id
        self.isBackground = isBackground
    }
}

/// How a step attempt ended. Values of outputs, environment and masks are in the job's sealed record; here are names and digests.
public struct StepResult: Hashable, Sendable {
    /// Before `continue-on-error`.
    public var outcome: Conclusion
    /// After it.
    public var conclusion: Conclusion
    public var exitCode: Int?
    /// Why it did not succeed; `nil` where it did.
    public var reason: Reason?
    public var outputNames: [String]
    /// Digest of the sealed record's frame for this attempt.
    public var recordDigest: String?
    public var logLines: Int
    public var logDigest: String?

    public init(outcome: Conclusion, conclusion: Conclusion? = nil, exitCode: Int? = nil, reason: Reason? = nil) {
        self.outcome = outcome
        self.conclusion = conclusion ?? outcome
        self.exitCode = exitCode
        self.reason = reason
        outputNames = []
        logLines = 0
    }
}
