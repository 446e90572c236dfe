// SPDX-License-Identifier: Apache-2.0

package import PipelineModel

/// Where a run stands: the fold of its events. Scopes, jobs and legs lie in arrays in the order they came to light.
package struct RunState: Hashable, Sendable {
    package enum Phase: String, Hashable, Sendable {
        case new
        /// Its workflow's concurrency group is held by another.
        case waiting
        case running
        case finished
    }

    package internal(set) var phase = Phase.new
    package internal(set) var run = RunID(0)
    package internal(set) var attempt = 0
    package internal(set) var planDigest = ""
    package internal(set) var previousAttempt: Int?
    package internal(set) var capacity = 0
    package internal(set) var scopes: [RunScope] = []
    package internal(set) var jobs: [RunJob] = []
    package internal(set) var legs: [RunLeg] = []
    package internal(set) var jobIndexes: [JobID: Int] = [:]
    package internal(set) var legIndexes: [JobID: Int] = [:]
    /// Legs that hold a place of the runner.
    package internal(set) var occupied = 0
    /// Legs that wait for a place, first come first; some may be over already.
    var queue = LegQueue()
    var deadlines = DeadlineHeap()
    package internal(set) var group: GroupClaim?
    package internal(set) var cancel = CancelLevel.none
    package internal(set) var cancelReason: Reason?
    /// Results of the attempt before that are taken over, until the job's turn comes.
    package internal(set) var taken: [JobID: TakenJob] = [:]
    package internal(set) var conclusion: Conclusion?
    package internal(set) var reason: Reason?
    /// Whether a job that should have run was not to be had here.
    package internal(set) var hasUnavailable = false

    package init() {}

    package func job(_ id: JobID) -> RunJob? { jobIndexes[id].map { jobs[$0] } }
    package func leg(_ id: JobID) -> RunLeg? { legIndexes[id].map { legs[$0] } }
}

/// One workflow file's jobs in this run: the plan's own, or a called workflow's under one leg of its caller.
package struct RunScope: Hashable, Sendable {
    /// Index of the calling leg; `nil` at the top.
    package let caller: Int?
    package internal(set) var firstJob: Int
    package internal(set) var jobCount: Int
    package internal(set) var openJobs: Int
    package internal(set) var tally = ConclusionTally()
}

/// A planned job in one scope: before its matrix is spread, and what its legs come to.
package struct RunJob: Hashable, Sendable {
    package enum Phase: String, Hashable, Sendable {
        /// For the jobs that it needs.
        case waiting
        case expanded
        case finished
    }

    package let id: JobID
    package let scope: Int
    package internal(set) var phase = Phase.waiting
    package internal(set) var firstLeg = 0
    package internal(set) var legCount = 0
    /// The next leg that was not started yet; legs start in order.
    package internal(set) var nextLeg = 0
    /// Legs that hold a place of `max-parallel`.
    package internal(set) var activeLegs = 0
    package internal(set) var openLegs = 0
    package internal(set) var maxParallel = 0
    package internal(set) var failFast = true
    package internal(set) var isFailFastTripped = false
    package internal(set) var tally = ConclusionTally()
    package internal(set) var result: Conclusion?
    package internal(set) var reason: Reason?
    /// Why it was cancelled before its turn came.
    package internal(set) var cancelReason: Reason?
    /// Its own result and those of all jobs before it: what jobs after it inherit.
    package internal(set) var lineage: JobStatusFlags = []

    package var legs: Range<Int> { firstLeg..<firstLeg + legCount }
}

/// One job that runs, or calls a workflow: a combination of a matrix, or the job itself.
package struct RunLeg: Hashable, Sendable {
    package enum Phase: String, Hashable, Sendable {
        /// For a place of `max-parallel`, or its turn.
        case planned
        /// For its concurrency group.
        case grouping
        /// For a place of the runner.
        case queued
        case running
        case finished
    }

    package let id: JobID
    package let job: Int
    /// From 1, in the order of the matrix.
    package let number: Int
    package let settings: JobLeg
    package internal(set) var attempt = 1
    package internal(set) var phase = Phase.planned
    package internal(set) var group: GroupClaim?
    /// The called workflow's scope, once it was entered.
    package internal(set) var innerScope: Int?
    package internal(set) var cancel = CancelLevel.none
    package internal(set) var cancelReason: Reason?
    package internal(set) var deadline: Int64?
    /// Whether it holds a place of `max-parallel`, and one of the runner.
    var isActive = false
    var isOccupying = false
    /// Before `continue-on-error`.
    package internal(set) var outcome: Conclusion?
    package internal(set) var conclusion: Conclusion?
    package internal(set) var reason: Reason?
    package internal(set) var outputNames: [String] = []
    package internal(set) var recordDigest: String?
    /// The run attempt that it ran in, where that is an earlier one.
    package internal(set) var takenFrom: Int?
}

/// How many ended in which way.
package struct ConclusionTally: Hashable, Sendable {
    package private(set) var success = 0
    package private(set) var failure = 0
    package private(set) var cancelled = 0
    package private(set) var skipped = 0

    package init() {}

    package mutating func add(_ conclusion: Conclusion) {
        switch conclusion {
        case .success: success += 1
        case .failure: failure += 1
        case .cancelled: cancelled += 1
        case .skipped: skipped += 1
        }
    }

    /// One failure makes a failure, else one cancellation a cancellation; all skipped is skipped.
    package var aggregate: Conclusion {
        if failure > 0 { return .failure }
        if cancelled > 0 { return .cancelled }
        return success > 0 || skipped == 0 ? .success : .skipped
    }
}

/// First in, first out. Entries whose leg has moved on are passed over when they come to the front.
struct LegQueue: Hashable, Sendable {
    private var entries: [Int] = []
    private var head = 0

    var first: Int? { head < entries.count ? entries[head] : nil }

    mutating func append(_ leg: Int) { entries.append(leg) }

    mutating func dropFirst(while isOver: (Int) -> Bool) {
        while head < entries.count, isOver(entries[head]) { head += 1 }
        if head == entries.count {
            entries.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 64, head * 2 > entries.count {
            entries.removeFirst(head)
            head = 0
        }
    }
}
