// SPDX-License-Identifier: Apache-2.0

package import PipelineModel

/// Where a job stands: the fold of its events.
package struct JobState: Hashable, Sendable {
    package enum Phase: String, Hashable, Sendable {
        case new
        case preparing
        case running
        /// Its steps are over; outputs are sealed.
        case closing
        case finished
    }

    package internal(set) var phase = Phase.new
    package internal(set) var job = JobID("")
    package internal(set) var attempt = 0
    package internal(set) var planDigest = ""
    /// In the order they came to light.
    package internal(set) var steps: [StepState] = []
    package internal(set) var stepIndexes: [StepPath: Int] = [:]
    /// The first is the job's own, each other a composite step's.
    package internal(set) var scopes: [StepScope] = []
    package internal(set) var cancel = CancelLevel.none
    package internal(set) var cancelReason: Reason?
    /// The job's timeout; once it is being cancelled, when it is forced.
    package internal(set) var deadline: Int64?
    var deadlines = DeadlineHeap()
    /// Ids of steps to run after the last, the newest first.
    package internal(set) var postSteps: [String] = []
    /// All that were asked for so far.
    var postStepIDs: Set<String> = []
    package internal(set) var conclusion: Conclusion?
    package internal(set) var reason: Reason?
    package internal(set) var outcome: JobOutcome?

    package init() {}

    /// Whether an attempt was said to have started, and has no end yet.
    package func isRunning(_ attempt: StepAttempt) -> Bool {
        guard let step = step(attempt.step), step.attempt == attempt.number else { return false }
        return step.phase == .running
    }

    package func step(_ path: StepPath) -> StepState? { stepIndexes[path].map { steps[$0] } }
}

/// Steps that run in order, with what they come to.
package struct StepScope: Hashable, Sendable {
    /// The composite step they are inside of; `nil` for the job's own.
    package let parent: Int?
    package internal(set) var steps: [Int] = []
    /// Place of the next step that was not begun.
    package internal(set) var next = 0
    /// The step in the foreground that is not over.
    package internal(set) var foreground: Int?
    /// Background steps that were begun and not yet joined.
    package internal(set) var background: [Int] = []
    package internal(set) var openBackground = 0
    /// Background steps that hold a place, and those that wait for one.
    var backgroundCount = 0
    var held = LegQueue()
    package internal(set) var isFailed = false
    package internal(set) var failure: Reason?
    package internal(set) var isCancelled = false
    /// Nothing more of it is begun.
    package internal(set) var isAbandoned = false
    package internal(set) var isOver = false
}

package struct StepState: Hashable, Sendable {
    package enum Phase: String, Hashable, Sendable {
        case planned
        /// In the background, for a place.
        case held
        /// Its start was asked for.
        case scheduled
        case running
        /// Composite: the steps inside it run.
        case expanded
        /// Composite: the steps inside it are over, its outputs are evaluated.
        case completing
        /// A `wait` or `cancel`, for background steps.
        case waiting
        case finished
    }

    package let path: StepPath
    package let listing: StepListing
    package let scope: Int
    package internal(set) var phase = Phase.planned
    package internal(set) var attempt = 1
    /// What its condition saw.
    package internal(set) var flags = StatusFlags()
    package internal(set) var deadline: Int64?
    package internal(set) var cancellation: StepCancellation?
    /// A `cancel` step named it, so that its cancellation is no fault.
    package internal(set) var isCancelTarget = false
    package internal(set) var childScope: Int?
    /// Of a composite whose inside is over.
    package internal(set) var aggregate: Conclusion?
    /// Background steps that a `wait` or `cancel` waits for.
    package internal(set) var targets: [Int] = []
    package internal(set) var result: StepResult?

    package var id: String { listing.id }
    package var stepAttempt: StepAttempt { StepAttempt(step: path, number: attempt) }
}
