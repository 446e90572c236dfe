// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import EventJournal
internal import ScheduleRules
internal import SourceControl
internal import SourceForges
internal import Timekeeping

/// One project's work, in order, and what is kept of it in memory.
final class DeskLine {
    /// Something to be done.
    struct Task {
        enum Kind {
            case delivery(StreamID)
            /// Look at what the default branch's workflows wait for.
            case look
            case poll
            /// Remove files of commits that nobody needs any more.
            case sweep
        }

        var kind: Kind
        var id = ""
        /// Of a delivery that came a moment ago; others are read again.
        var cause: TriggerCause?
        var receivedAt = Timestamp.beforeAll
        /// Tries before this one.
        var attempts = 0
        /// Runs of it may have begun already.
        var isAgain = false
    }

    let project: String
    var tasks: [Task] = []
    var isBusy = false
    /// The first task is not tried before.
    var retryAt: Timestamp?
    var table: TriggerTable?
    /// `nil`: not read yet.
    var book: ScheduleBook?
    /// Events of the stream that the book is kept in.
    var bookVersion = 0
    var nextFire: Timestamp?
    /// The default branch could not be looked at; not before this again.
    var nextLook: Timestamp?
    var lastPushAt: Timestamp?
    var memory: RefMemory?
    var nextPoll: Timestamp?
    var failedPolls = 0
    var nextSweep: Timestamp?
    /// Told of a problem once, until it has passed.
    var reported: Set<String> = []
    /// An answer of the journal was lost: until then deliveries may be recorded that are not known here.
    var uncertainUntil: Timestamp?
    var mirror: (key: MirrorKey, mirror: ProjectMirror)?
    /// Of that mirror.
    var fetched = FetchedRefs()

    struct MirrorKey: Hashable {
        var address: String
        var credential: GitCredential?
        var isGuarded: Bool
    }

    init(_ project: String) { self.project = project }

    /// Whether nothing of it is under way. What was given to the journal and not answered may come to be there at any moment, and
    /// another server would not look for it.
    var isIdle: Bool { !isBusy && tasks.isEmpty && uncertainUntil == nil }

    /// Whether a delivery is among its tasks.
    func isWorking(_ stream: StreamID) -> Bool {
        tasks.contains { if case .delivery(stream) = $0.kind { true } else { false } }
    }

    var isLooking: Bool {
        tasks.contains {
            if case .look = $0.kind { true } else { false }
        }
    }

    var isPolling: Bool {
        tasks.contains {
            if case .poll = $0.kind { true } else { false }
        }
    }
}
