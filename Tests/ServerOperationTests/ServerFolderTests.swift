// SPDX-License-Identifier: Apache-2.0

import EventJournal
import FileAccess
import ProcessControl
import SQLiteAccess
import SecretVault
import TestFolders
import Testing

@testable import ServerOperation

@Suite("A server's folder, looked at before a start", .ownFolders)
struct ServerFolderTests {
    private func settings(_ folder: String) -> ServerSettings {
        ServerSettings(folder: folder, host: "127.0.0.1", port: 0, capacity: 0, environment: [:])
    }

    @Test("A folder that is not there yet is fine, and is not there afterwards")
    func new() throws {
        let folder = OwnFolders.path()
        #expect(try !ServerFolder.check(settings(folder + "/a/b")))
        #expect(Files.facts(folder) == nil)
    }

    @Test("A key that is another's than the vault's is refused, and so is a journal of a newer program; both stay")
    func others() throws {
        let folder = OwnFolders.path()
        try Trees.make(folder)
        _ = try SQLiteJournal(path: folder + "/journal.sqlite")
        _ = try Vault(
            folder: folder + "/vault", master: MasterKey(text: String(repeating: "ab", count: 32), source: "a"))
        var settings = settings(folder)
        settings.environment["MARTLET_KEY"] = String(repeating: "ab", count: 32)
        #expect(try !ServerFolder.check(settings))
        settings.environment["MARTLET_KEY"] = String(repeating: "cd", count: 32)
        #expect(throws: (any Error).self) { try ServerFolder.check(settings) }
        settings.environment["MARTLET_KEY"] = String(repeating: "ab", count: 32)
        let connection = try SQLiteConnection<JournalError>(path: folder + "/journal.sqlite")
        try connection.execute("PRAGMA user_version = 99")
        #expect(throws: (any Error).self) { try ServerFolder.check(settings) }
    }

    @Test("While a server works in it, that is said, and its secrets are left alone")
    func taken() throws {
        let folder = OwnFolders.path()
        try Trees.make(folder)
        let lock = try FileLock(path: folder + "/server.lock")
        #expect(try ServerFolder.check(settings(folder)))
        withExtendedLifetime(lock) {}
    }
}
