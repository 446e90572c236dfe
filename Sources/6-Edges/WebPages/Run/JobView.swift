// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// A job of a run, or one leg of its matrix.
package struct JobView: Sendable {
    /// As `JobID` has it: `test#2`.
    package var id: String
    package var name: String
    /// The planned job that all its legs share, where a matrix made it: `test`.
    package var group: String?
    package var state: RunState
    /// Ids of jobs, or groups of them, that it needs.
    package var needs: [String]
    package var queuedAt: Timestamp?
    package var startedAt: Timestamp?
    package var finishedAt: Timestamp?
    /// Of its last 20 successes; `nil` where there are too few.
    package var medianMs: Int64?
    package var runner: String?
    /// When it came to its environment; what let it pass then, in a sentence.
    package var gatedAt: Timestamp?
    package var passage: String?
    /// Why it waits, or waited.
    package var wait: WaitReason?
    /// Why it was skipped, failed or was cancelled, in a sentence.
    package var reason: String?
    package var steps: [StepView]

    package init(
        id: String, name: String, group: String? = nil, state: RunState, needs: [String] = [],
        queuedAt: Timestamp? = nil, startedAt: Timestamp? = nil, finishedAt: Timestamp? = nil, medianMs: Int64? = nil,
        runner: String? = nil, wait: WaitReason? = nil, reason: String? = nil, steps: [StepView] = []
    ) {
        self.id = id
        self.name = name
        self.group = group
        self.state = state
        self.needs = needs
        self.queuedAt = queuedAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.medianMs = medianMs
        self.runner = runner
        self.wait = wait
        self.reason = reason
        self.steps = steps
    }

    /// How long it ran, or has run until now.
    func durationMs(now: Timestamp) -> Int64? {
        startedAt.map { ((finishedAt ?? now) - $0).milliseconds }
    }

    /// The step whose log is worth opening: the first that failed, else the running one, else the last that ran.
    var foremostStep: StepView? {
        failedStep ?? steps.first { $0.state == .running }
            ?? steps.last { $0.startedAt != nil }
    }
}

extension JobView {
    /// The first that failed: of a composite action the step inside.
    private var failedStep: StepView? {
        guard let outer = steps.first(where: { $0.state == .failed }) else { return nil }
        return steps.last { $0.state == .failed && $0.id.hasPrefix("\(outer.id).") } ?? outer
    }
}

/// A step's last attempt.
package struct StepView: Sendable {
    /// By its place: `3`, or `3.1`.
    package var id: String
    package var name: String
    package var state: RunState
    package var attempt: Int
    package var startedAt: Timestamp?
    package var finishedAt: Timestamp?
    /// What the runner does before and after the workflow's own steps: checkouts, containers, caches.
    package var isSetUp: Bool
    package var reason: String?

    package init(
        id: String, name: String, state: RunState, attempt: Int = 1, startedAt: Timestamp? = nil,
        finishedAt: Timestamp? = nil, isSetUp: Bool = false, reason: String? = nil
    ) {
        self.id = id
        self.name = name
        self.state = state
        self.attempt = attempt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.isSetUp = isSetUp
        self.reason = reason
    }

    func durationMs(now: Timestamp) -> Int64? {
        startedAt.map { ((finishedAt ?? now) - $0).milliseconds }
    }

    /// Inside of a composite action.
    var isInner: Bool { id.contains(".") }
}
