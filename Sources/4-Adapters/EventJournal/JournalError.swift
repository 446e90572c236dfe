// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import PostgresAccess
package import SQLiteAccess

/// What can go wrong with a journal.
package enum JournalError: CodedError, Hashable {
    /// The stream is at `actual` events, not at the version that the append was decided on.
    case conflict(StreamID, expected: Int, actual: Int)
    /// The stream's owner has changed to a later epoch.
    case fenced(StreamID, epoch: Int, current: Int)
    case tooNew(path: String, found: Int, known: Int)
    case damaged(path: String, detail: String)
    case diskFull(path: String, detail: String)
    case notWritable(path: String, detail: String)
    case busy(path: String, waitedMilliseconds: Int)
    case failed(path: String, detail: String)
    case limit(String)
    case blobDamaged(digest: String, detail: String)
    /// The database does not answer, or takes nothing now.
    case unreachable(place: String, detail: String)
    /// Another process does what this one did.
    case unseated(place: String)
    /// The database does not let this program in.
    case refused(place: String, detail: String)
    /// No journal can be moved to the database: somebody's is there.
    case taken(place: String, detail: String)
    /// A move to the database has begun, and did not end.
    case moving(place: String)
    /// What was moved is not what was there.
    case differs(place: String, detail: String)

    package var diagnostic: Diagnostic {
        switch self {
        case .conflict(let stream, let expected, let actual):
            Diagnostic(
                .journalConflict,
                "The stream '\(stream)' has \(actual) events; this change was decided on \(expected).",
                remedy: "Another process goes on with the same run. Look at it with `martlet runs`.")
        case .fenced(let stream, let epoch, let current):
            Diagnostic(
                .journalFenced,
                "The stream '\(stream)' has a new owner (epoch \(current)); this process owned epoch \(epoch).",
                remedy: "The run was resumed elsewhere; this process has stopped.")
        case .tooNew(let path, let found, let known):
            Diagnostic(
                .journalTooNew,
                "The journal '\(path)' has the layout \(found); this Martlet knows layouts up to \(known).",
                remedy: "Use the newer Martlet, or point MARTLET_HOME at another folder.")
        case .damaged(let path, let detail):
            Diagnostic(
                .journalDamaged, "The journal '\(path)' cannot be read: \(detail).",
                remedy: "Move it away together with its -wal and -shm files and start again, or restore a copy; "
                    + "`sqlite3 \(path) .recover` saves what can be read.")
        case .diskFull(let path, let detail):
            Diagnostic(
                .journalDiskFull, "There is no room to write the journal '\(path)': \(detail).",
                remedy: "Free some space, then go on with `martlet run --resume`. Nothing that was recorded is lost.")
        case .notWritable(let path, let detail):
            Diagnostic(
                .journalNotWritable, "The journal '\(path)' cannot be written: \(detail).",
                remedy: "Check the owner and the rights of the file and its folder, or set MARTLET_HOME.")
        case .busy(let path, let waited):
            Diagnostic(
                .journalBusy, "Another process has held the journal '\(path)' for over \(waited) ms.",
                remedy: "Wait for it, or end it; see `fuser \(path)`.")
        case .failed(let path, let detail):
            Diagnostic(.journalFailed, "The journal '\(path)' failed: \(detail).", remedy: "Run `martlet doctor`.")
        case .unreachable(let place, let detail):
            Diagnostic(
                .journalUnreachable, "The database at \(place) does not take anything now: \(detail).",
                remedy:
                    "See that it runs, has connections left and can be reached from here; Martlet goes on by itself then."
            )
        case .refused(let place, let detail):
            Diagnostic(
                .journalRefused, "The database at \(place) does not let Martlet in: \(detail).",
                remedy: "Correct the user, the password or the database's name in --database.")
        case .unseated(let place):
            Diagnostic(
                .journalUnseated, "Another process has taken over what this server did, in the database at \(place).",
                remedy: "Start this server again: it goes on with what nobody else does.")
        case .taken(let place, let detail):
            Diagnostic(
                .moveTargetTaken, "No journal can be moved to the database at \(place): \(detail).",
                remedy: "Name a database with nothing in it (`createdb`).")
        case .moving(let place):
            Diagnostic(
                .journalMoving, "A journal is being moved to the database at \(place), and not all of it is there.",
                remedy: "Wait for `martlet server migrate`; where it was cut off, do it again: it goes on where it was."
            )
        case .differs(let place, let detail):
            Diagnostic(
                .movedJournalDiffers, "What is in the database at \(place) is not what was moved there: \(detail).",
                remedy: "The folder is as it was. See that nobody else writes to the database, and move to a new one.")
        case .limit(let text):
            Diagnostic(.journalLimit, text)
        case .blobDamaged(let digest, let detail):
            Diagnostic(
                .blobDamaged, "The blob \(digest) \(detail).",
                remedy: "Restore the journal's folder from a copy; a run that needs the blob cannot be resumed.")
        }
    }
}

extension JournalError: SQLiteFailing {
    package init(_ failure: SQLiteFailure) {
        self =
            switch failure.kind {
            case .damaged: .damaged(path: failure.path, detail: failure.detail)
            case .diskFull: .diskFull(path: failure.path, detail: failure.detail)
            case .notWritable: .notWritable(path: failure.path, detail: failure.detail)
            case .busy(let waited): .busy(path: failure.path, waitedMilliseconds: waited)
            case .tooNew(let found, let known): .tooNew(path: failure.path, found: found, known: known)
            case .other: .failed(path: failure.path, detail: failure.detail)
            }
    }
}

extension JournalError {
    /// - Parameter appends: those that were asked for; the database says which of them it refuses by its place.
    init(_ failure: PostgresFailure, _ appends: [StreamAppend]) {
        switch failure.kind {
        case .raised(let state, let detail): self = Self.raised(state, detail, failure.place, appends)
        case .refused: self = .refused(place: failure.place, detail: failure.detail)
        case .withoutLibrary, .unreachable, .occupied, .crowded, .readOnly:
            self = .unreachable(place: failure.place, detail: failure.detail)
        case .late(let waited):
            self = .unreachable(place: failure.place, detail: "no answer within \(waited) ms; \(failure.detail)")
        case .diskFull: self = .diskFull(path: failure.place, detail: failure.detail)
        case .damaged: self = .damaged(path: failure.place, detail: failure.detail)
        case .collided, .other: self = .failed(path: failure.place, detail: failure.detail)
        }
    }

    private static func raised(
        _ state: String, _ detail: String, _ place: String, _ appends: [StreamAppend]
    ) -> JournalError {
        if state == JournalState.unseated { return .unseated(place: place) }
        if state == JournalState.moving { return .moving(place: place) }
        let numbers = detail.split(separator: " ").compactMap { Int($0) }
        if state == JournalState.tooNew {
            return .tooNew(path: place, found: numbers.first ?? 0, known: PostgresSchema.version)
        }
        guard numbers.count == 2, appends.indices.contains(numbers[0] - 1) else {
            return .failed(path: place, detail: "\(state) \(detail)")
        }
        let append = appends[numbers[0] - 1]
        return state == JournalState.fenced
            ? .fenced(append.stream, epoch: append.epoch ?? 0, current: numbers[1])
            : .conflict(append.stream, expected: append.expectedVersion, actual: numbers[1])
    }
}

/// The connections of this target.
typealias SQLiteConnection = SQLiteAccess.SQLiteConnection<JournalError>
