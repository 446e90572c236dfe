// SPDX-License-Identifier: Apache-2.0

/// What is known of a job that was given to a runner.
package struct JobTraces: Hashable, Sendable {
    /// The journal says that a step of it began.
    package var hasBegun: Bool
    /// Lines come before the event that says that their step began.
    package var hasLogs: Bool
    package var isCancelled: Bool

    package init(hasBegun: Bool, hasLogs: Bool, isCancelled: Bool = false) {
        (self.hasBegun, self.hasLogs, self.isCancelled) = (hasBegun, hasLogs, isCancelled)
    }

    /// Whether somebody else gets the job, its lease having ended without the job's end: where none of its steps had begun. Else it failed.
    package var returns: Bool { !hasBegun && !hasLogs && !isCancelled }
}

/// Where a job is that was started, for whoever becomes the home of its run.
package enum StartedJob: Hashable, Sendable {
    /// Nobody's: it waits for a runner.
    case waits
    /// It was taken from its runner, and nobody said what became of it: it failed.
    case cutOff
    /// A runner's, which has a lease's time to be heard of.
    case leased(runner: String, fence: Int)

    /// Who has the stream of a job that no runner has: it was taken from one, and is not given to another.
    package static let ownerWithout = "server"

    /// - Parameters:
    ///   - owner: who claimed the job's stream last; `nil`: nobody.
    ///   - fence: the stream's epoch.
    package init(owner: String?, fence: Int, _ traces: JobTraces) {
        guard let owner, owner != Self.ownerWithout, fence > 0 else {
            let isTaken = traces.hasBegun || (owner == Self.ownerWithout && traces.hasLogs)
            self = isTaken ? .cutOff : .waits
            return
        }
        self = .leased(runner: owner, fence: fence)
    }
}
