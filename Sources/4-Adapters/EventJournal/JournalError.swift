// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
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

/// The connections of this target.
typealias SQLiteConnection = SQLiteAccess.SQLiteConnection<JournalError>
