// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// What triggers may cost.
package enum TriggerLimits {
    /// A payload that is larger is kept in a file of its own.
    package static let inlinePayloadBytes = 28 << 10
    /// Bytes of a delivery's id in a stream's name; of a longer one the digest stands in.
    package static let idBytes = 200
    /// Workflows of one delivery whose outcome is kept with it.
    package static let notes = 128
    package static let noteBytes = 240
    package static let pathBytes = 128
    /// Deliveries of a project whose payloads stay in memory while they wait.
    package static let causesInMemory = 16
    /// Deliveries of one page of a list.
    package static let pageSize = 100
    /// How long to wait before each further try; after the last one a person may ask for another.
    package static let retries: [Timestamp.Span] = [
        .seconds(1), .seconds(5), .seconds(30), .minutes(2), .minutes(10),
    ]
    /// Tries, past the first, where the remote does not have the commit: it may get it a moment after it told of it.
    package static let missingCommitRetries = 2
    /// For so long a database may still carry out what its asker has given up.
    package static let uncertainty = Timestamp.Span.seconds(30)
    /// Projects whose deliveries are worked at the same time.
    package static let projectsAtOnce = 8
    /// Runs that are looked at for those that a delivery has begun already.
    package static let originRuns = 10_000
    /// How far the clock may have gone back between a delivery and the runs of it.
    package static let originMargin = Timestamp.Span.minutes(60)
    /// Workflows that each start the next by `workflow_run`: GitHub's limit.
    package static let chainDepth = 3
    /// GitHub's limits of dispatches.
    package static let dispatchInputs = 25
    /// Jobs that a dispatch may name.
    package static let dispatchJobs = 256
    package static let dispatchInputsBytes = 65_535
    package static let clientPayloadKeys = 10
    package static let clientPayloadBytes = 65_535
    package static let eventTypeCharacters = 100
    /// The shortest time between two polls of a project, in seconds.
    package static let shortestPollSeconds = 10
    /// A remote that cannot be polled is asked less and less often, but at least this often, in seconds.
    package static let longestPollSeconds = 3_600
    /// Bytes of the file with the refs that were last seen of a remote.
    package static let refMemoryBytes = 64 << 20
    /// How long until a default branch is looked at again that could not be.
    package static let lookInterval = Timestamp.Span.minutes(1)
    /// A commit's files that were not used for so long are removed.
    package static let treeAge = Timestamp.Span.days(7)
    /// How often they are looked through.
    package static let sweepInterval = Timestamp.Span.minutes(6 * 60)
    /// Statuses that wait to be told, which are looked at at once.
    package static let statusesPending = 10_000
    /// A status that could not be told for so long is given up.
    package static let statusAge = Timestamp.Span.days(1)
    /// Projects whose statuses are told at the same time.
    package static let statusProjectsAtOnce = 8
}
