// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import EventJournal
internal import FileAccess
internal import PipelineModel
internal import ProcessControl

/// Moves the journal of a folder to a database. The folder says so last, when all of it is there and was compared: until then
/// it is as it was.
package struct StoreMove {
    package struct Outcome: Hashable, Sendable {
        /// `nil`: an earlier process had moved it, and was ended before it had tidied up.
        package var journal: JournalMove.Outcome?
        /// Where the database is, without a password.
        package var place: String
        /// Where the file is now; `nil`: it was put aside before.
        package var kept: String?
    }

    private static let lockSeconds: Int64 = 10
    private static let idBytes = 64
    private static let numberBytes = 64

    private let root: String
    private let url: String
    private var journalPath: String { root + "/journal.sqlite" }
    /// The database bears the same name as long as the move is under way.
    private var namePath: String { root + "/journal.move" }

    /// - Parameter url: `postgres://…`
    package init(root: String, to url: String) {
        self.root = Files.realPath(root) ?? root
        self.url = url
    }

    /// Nobody may work in the folder.
    ///
    /// - Throws: what ``JournalMove`` throws; where there is no journal in the folder, or it is in another database.
    package func run(report: @escaping (JournalMove.Progress) -> Void) throws(DiagnosticError) -> Outcome {
        // Whoever opens the folder waits for it, and reads then where its journal is.
        let opening = try FileLock.waiting(path: root + "/opening.lock", until: .now() + .seconds(Self.lockSeconds))
        defer { withExtendedLifetime(opening) {} }
        if let mark = try JournalMark.load(root) { return try end(mark) }
        guard Files.isFile(journalPath) else {
            throw DiagnosticError(
                .journalElsewhere, "There is no journal in '\(root)' that could be moved.",
                remedy: "Give the server's folder with --data.")
        }
        let (journal, place) = try carry(report)
        return Outcome(journal: journal, place: place, kept: try putAside())
    }

    private func carry(
        _ report: @escaping (JournalMove.Progress) -> Void
    ) throws(DiagnosticError) -> (JournalMove.Outcome, place: String) {
        let (name, last) = (try name(), try lastRun())
        let move = try told { () throws(JournalError) in
            try JournalMove(path: journalPath, to: url, move: name, report: report)
        }
        let (outcome, identity) = try told { () throws(JournalError) in
            (try move.run(lastRun: last), try move.identity(naming: name))
        }
        try JournalMark(place: move.place, identity: identity, folder: name).save(root)
        try told { () throws(JournalError) in
            try move.finish()
            try move.settle()
        }
        return (outcome, move.place)
    }

    /// What an earlier process left to do that was ended after the folder had said where its journal is.
    private func end(_ mark: JournalMark) throws(DiagnosticError) -> Outcome {
        let name = try knownName()
        let ended = try told { () throws(JournalError) in
            try JournalMove.end(at: url, identity: mark.identity, move: name)
        }
        try mark.compare(ended.identity, at: ended.place, root)
        if Files.isFile(journalPath) {
            try told { () throws(JournalError) in try JournalMove.settle(path: journalPath) }
        }
        return Outcome(journal: nil, place: ended.place, kept: try putAside())
    }

    // MARK: the folder

    private func knownName() throws(DiagnosticError) -> String? {
        try Files.readIfPresent(namePath, limit: Self.idBytes).map { String(decoding: $0, as: UTF8.self) }
    }

    private func name() throws(DiagnosticError) -> String {
        if let known = try knownName(), !known.isEmpty { return known }
        let name = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        try Files.replace(namePath, with: name.utf8, durably: true)
        return name
    }

    /// As ``RunStore/newRun()`` would see it.
    private func lastRun() throws(DiagnosticError) -> Int {
        let counter = try Files.readIfPresent(root + "/last-run", limit: Self.numberBytes)
        var last = counter.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
        if counter == nil, Files.isDirectory(root + "/runs") {
            last = try Trees.list(root + "/runs").compactMap { RunID($0.name)?.number }.max() ?? 0
        }
        while Files.isDirectory("\(root)/runs/\(RunID(last + 1))") { last += 1 }
        return last
    }

    /// Gives file and blobs another name, so that nobody takes them for the journal.
    ///
    /// - Returns: the file's; `nil`: it has one.
    private func putAside() throws(DiagnosticError) -> String? {
        defer { try? Files.remove(namePath) }
        guard Files.isFile(journalPath) else { return nil }
        var kept = journalPath + ".moved"
        var number = 1
        while Files.facts(kept) != nil {
            number += 1
            kept = "\(journalPath).moved\(number)"
        }
        // The file last: as long as it is there the next try goes on here.
        for end in [".blobs", "-wal", "-shm", ""] where Files.facts(journalPath + end) != nil {
            try Files.rename(journalPath + end, to: kept + end)
        }
        return kept
    }

    private func told<Value>(_ body: () throws(JournalError) -> Value) throws(DiagnosticError) -> Value {
        do throws(JournalError) {
            return try body()
        } catch {
            guard case .unreachable = error else { throw DiagnosticError(error.diagnostic) }
            throw DiagnosticError(
                .journalUnreachable, error.diagnostic.message,
                remedy: "See that it runs and can be reached from here, and do it again: the move goes on where it was."
            )
        }
    }
}
