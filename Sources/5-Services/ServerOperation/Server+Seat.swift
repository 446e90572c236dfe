// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
internal import FileAccess
internal import RunCoordination
internal import ThreadExecution

/// A server's place among those that share a database.
extension Server {
    /// One that was not heard of for so long is gone, by the database's clock.
    private static let goneMs: Int64 = 5_000
    private static let idBytes = 64

    /// Takes the server's seat in the database, before anything is written: an earlier process of this server writes no more.
    ///
    /// - Throws: ``DiagnosticCode/databaseTaken``
    func enter(_ url: String) async throws(DiagnosticError) {
        guard let database = store.database else { return }
        let id = try Self.id(store.root)
        let others = try await seated { () throws(JournalError) in
            try database.enter(id, address: url)
            return try database.beat().filter { $0.id != id && !$0.isLeaving && $0.silentMs < Self.goneMs }
        }
        guard let other = others.first else { return }
        // What this one has begun is seen by nobody.
        try await seated { () throws(JournalError) in try database.leave() }
        throw DiagnosticError(
            .databaseTaken, "The server at \(other.address) works on this database already.",
            remedy: "Stop it first; one that was killed is gone after \(Self.goneMs / 1_000) seconds.")
    }

    /// Says that it lives. A database that does not answer is waited for; a seat that somebody took ends the process.
    func beat() async {
        guard let database = store.database else { return }
        do throws(DiagnosticError) {
            _ = try await seated { () throws(JournalError) in try database.beat() }
        } catch {
            if error.diagnostic.code == .journalUnseated { fail(error) }
        }
    }

    /// Leaves in order: the next server need not wait.
    func leave() async {
        guard let database = store.database else { return }
        do throws(DiagnosticError) {
            try await seated { () throws(JournalError) in try database.leave() }
        } catch {
            report(error)
        }
    }

    private func seated<Value: Sendable>(
        _ body: @escaping @Sendable () throws(JournalError) -> Value
    ) async throws(DiagnosticError) -> Value {
        try await BlockingWork.attempt { () throws(DiagnosticError) -> Value in
            do throws(JournalError) { return try body() } catch { throw DiagnosticError(error.diagnostic) }
        }
    }

    /// The same at each start in the same folder.
    private static func id(_ root: String) throws(DiagnosticError) -> String {
        let path = root + "/server-id"
        if let bytes = try Files.readIfPresent(path, limit: idBytes), !bytes.isEmpty {
            return String(decoding: bytes, as: UTF8.self)
        }
        let id = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        try Files.replace(path, with: id.utf8)
        return id
    }
}

extension DiagnosticCode {
    /// Another server works on the database.
    package static let databaseTaken = DiagnosticCode(1186)
}
