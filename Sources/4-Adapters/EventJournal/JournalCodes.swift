// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The codes of this target.
extension DiagnosticCode {
    /// Someone else appended to the stream first.
    package static let journalConflict = DiagnosticCode(400)
    /// The stream has a new owner; this one must stop.
    package static let journalFenced = DiagnosticCode(401)
    /// The file was written by a newer Martlet.
    package static let journalTooNew = DiagnosticCode(402)
    /// The file is damaged, or no journal.
    package static let journalDamaged = DiagnosticCode(403)
    /// No space, or a quota is used up.
    package static let journalDiskFull = DiagnosticCode(404)
    /// The file or its folder cannot be opened or written.
    package static let journalNotWritable = DiagnosticCode(405)
    /// Another process held the journal longer than the time that is waited.
    package static let journalBusy = DiagnosticCode(406)
    /// An operation of the disk failed, or something that this program did not foresee.
    package static let journalFailed = DiagnosticCode(407)
    /// An event, a name or an append over its limit.
    package static let journalLimit = DiagnosticCode(408)
    /// A blob that is named in the journal is not there, or is not what its digest says.
    package static let blobDamaged = DiagnosticCode(409)
    /// The database of several servers cannot be reached, or takes nothing now.
    package static let journalUnreachable = DiagnosticCode(416)
    /// The database lets nobody in by this name.
    package static let journalRefused = DiagnosticCode(417)
    /// Another process has taken over what this one wrote.
    package static let journalUnseated = DiagnosticCode(418)
    /// The folder's journal is somewhere else than was said.
    package static let journalElsewhere = DiagnosticCode(419)
    /// A journal is to be moved to a database that has one.
    package static let moveTargetTaken = DiagnosticCode(1187)
    /// A journal is being moved to the database, and not all of it is there.
    package static let journalMoving = DiagnosticCode(1188)
    /// What was moved is not what was there.
    package static let movedJournalDiffers = DiagnosticCode(1189)
}

extension DiagnosticCode {
    /// Whether a journal said nothing of what it was asked, as it is away or has another writer: there may be more in it.
    package var isSilenceOfJournal: Bool {
        [.journalUnreachable, .journalRefused, .journalBusy, .journalUnseated].contains(self)
    }

    /// Whether what a journal refused may be taken later, as it is: where not, somebody else writes what this process does, or the journal
    /// is not what it was.
    package var isPassingForJournal: Bool {
        ![.journalConflict, .journalFenced, .journalUnseated, .journalTooNew, .journalDamaged].contains(self)
    }
}
