// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import EventJournal
internal import FileAccess
internal import StructuredData

/// What a folder says of its journal where that is in a database: nobody begins another one beside it.
struct JournalMark: Hashable {
    /// Where the database was, without its password; for people.
    var place: String
    /// Of the database, wherever it is now.
    var identity: String
    /// Of the folder, as the database has it: servers on one database share the folder with the runs' files.
    var folder: String

    private static let schema = 1
    private static let sizeBytes = 4_096
    private static func path(_ root: String) -> String { root + "/journal.json" }

    static func load(_ root: String) throws(DiagnosticError) -> JournalMark? {
        guard let bytes = try Files.readIfPresent(path(root), limit: sizeBytes) else { return nil }
        guard let data = try? DataValue(json: bytes), data["schema"]?.int == schema,
            let place = data["database"]?.string, let identity = data["identity"]?.string,
            let folder = data["folder"]?.string
        else {
            throw DiagnosticError(
                .journalElsewhere, "'\(path(root))' does not say where the folder's journal is.",
                remedy: "Restore the file from a copy; it names the database and its identity.")
        }
        return JournalMark(place: place, identity: identity, folder: folder)
    }

    func save(_ root: String) throws(DiagnosticError) {
        let data: DataValue = [
            "schema": .number(Double(Self.schema)), "database": .string(place), "identity": .string(identity),
            "folder": .string(folder),
        ]
        try Files.replace(Self.path(root), with: (data.jsonText() + "\n").utf8, durably: true)
    }

    /// The journal of a folder that is said to be in a database, and is no other folder's.
    static func database(
        _ url: String, of root: String, observer: (@Sendable (AppendNote) -> Void)?
    ) throws(DiagnosticError) -> PostgresJournal {
        let known = try loadOrVacant(root)
        let (journal, identity) = try opened(url, observer)
        try known?.compare(identity, at: journal.place, root)
        let (folder, isOurs) = try folder(of: journal, known: known?.folder)
        guard isOurs else {
            throw DiagnosticError(
                .journalElsewhere,
                "The files of the runs in the database at \(journal.place) are in another folder than '\(root)'.",
                remedy:
                    "Servers on one database share one folder, on a disk that all of them mount: name it with --data.")
        }
        let mark = JournalMark(place: journal.place, identity: identity, folder: folder)
        if mark != known { try mark.save(root) }
        return journal
    }

    /// Whether ``database(_:of:observer:)`` would do, as far as can be seen without a change.
    static func check(_ url: String, of root: String) throws(DiagnosticError) {
        let known = try loadOrVacant(root)
        let found: (identity: String?, place: String)
        do throws(JournalError) {
            found = try PostgresJournal.check(url: url)
        } catch {
            throw DiagnosticError(error.diagnostic)
        }
        if let identity = found.identity { try known?.compare(identity, at: found.place, root) }
    }

    /// - Returns: `nil`: the folder has had no journal yet.
    private static func loadOrVacant(_ root: String) throws(DiagnosticError) -> JournalMark? {
        let known = try load(root)
        guard known != nil || !Files.isFile(root + "/journal.sqlite") else {
            throw DiagnosticError(
                .journalElsewhere, "The folder '\(root)' has a journal of its own, and no database's.",
                remedy: "Move it there with `martlet server migrate --to`, or choose a new folder with --data.")
        }
        return known
    }

    func compare(_ found: String, at foundPlace: String, _ root: String) throws(DiagnosticError) {
        guard found != identity else { return }
        throw DiagnosticError(
            .journalElsewhere,
            "The folder '\(root)' belongs to the database that was at \(place); \(foundPlace) is another.",
            remedy: "Give the address of that database, or choose a new folder with --data.")
    }

    private static func opened(
        _ url: String, _ observer: (@Sendable (AppendNote) -> Void)?
    ) throws(DiagnosticError) -> (PostgresJournal, identity: String) {
        do throws(JournalError) {
            let journal = try PostgresJournal(url: url, observer: observer)
            return (journal, try journal.identity())
        } catch {
            throw DiagnosticError(error.diagnostic)
        }
    }

    /// - Parameter known: what the folder is called; `nil`: it has no name yet.
    /// - Returns: what the folder is called that the database has, and whether it is this one.
    static func folder(
        of journal: PostgresJournal, known: String?
    ) throws(DiagnosticError) -> (name: String, isOurs: Bool) {
        let candidate = known ?? String(UInt64.random(in: 0...UInt64.max), radix: 36)
        do throws(JournalError) {
            let name = try journal.folder(naming: candidate)
            return (name, name == candidate)
        } catch {
            throw DiagnosticError(error.diagnostic)
        }
    }

    /// - Throws: where the folder's journal is in a database that nobody has named.
    static func refuse(_ root: String) throws(DiagnosticError) {
        guard let known = try load(root) else { return }
        throw DiagnosticError(
            .journalElsewhere, "The journal of the folder '\(root)' is in the database at \(known.place).",
            remedy: "Name it with --database or MARTLET_DATABASE.")
    }
}
