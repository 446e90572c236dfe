// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// How much is sent at once, and how much is kept of what was sent.
package enum AnnouncementLimits {
    /// Deliveries on their way at once.
    package static let deliveriesAtOnce = 16
    /// Of those, to one hook: a slow endpoint must not take all places.
    package static let deliveriesOfHookAtOnce = 4
    /// Notices on their way at once.
    package static let noticesAtOnce = 8
    /// A larger body of a delivery is kept as a blob beside the journal.
    package static let inlineBodyBytes = 4 << 10
    /// Of an answer's body, for those who look at a delivery.
    package static let shownBodyBytes = 4 << 10
    /// Fields of a head, and bytes of each, for the same. With the body, and whatever has to be escaped in them, an attempt stays
    /// within an event of the journal.
    package static let shownFields = 20
    package static let shownFieldBytes = 256
    /// A paused hook's deliveries are looked at again after so long.
    package static let pausedHookWait = Timestamp.Span.minutes(1)
    /// Tries of a notice.
    package static let noticeTries = 8
    /// Of a project's document of who is told what.
    package static let policiesBytes = 48 << 10
    /// Slack users of one project.
    package static let slackUsers = 500
    /// Failing runs that are looked back over for when a branch broke.
    package static let lookBackRuns = 50
    /// Branches whose last end is remembered until the lists of runs have it.
    package static let rememberedEnds = 4_096
    /// Runs that ended within this time before a start are told again: what was told is known.
    package static let catchUp = Timestamp.Span.minutes(60)
    package static let catchUpRuns = 200
}
