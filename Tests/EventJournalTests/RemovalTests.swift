// SPDX-License-Identifier: Apache-2.0

import EventJournal
import Foundation
import PostgresAccess
import TestDatabases
import TestFolders
import Testing
import Timekeeping

/// Journals that are kept for years.
enum LastingKind: String, CaseIterable, CustomTestStringConvertible {
    case sqlite
    case postgres

    static var allCases: [LastingKind] { [.sqlite] + (PostgresServer.isThere ? [.postgres] : []) }

    var testDescription: String { rawValue }

    /// - Returns: a journal, what opens it once more, and what makes a blob of it old.
    func make() throws -> (
        journal: any LastingJournal, again: () throws -> any LastingJournal, age: (BlobDigest) throws -> Void
    ) {
        switch self {
        case .sqlite:
            let path = try temporaryFolder() + "/journal.db"
            let open = { try SQLiteJournal(path: path) }
            return (
                try open(), open,
                { digest in
                    let file = path + ".blobs/" + digest.hex.prefix(2) + "/" + digest.hex.dropFirst(2)
                    try FileManager.default.setAttributes(
                        [.modificationDate: Date(timeIntervalSince1970: 1_000)], ofItemAtPath: file)
                }
            )
        case .postgres:
            let address = try #require(PostgresServer.current).database()
            let open = { try PostgresJournal(address) }
            return (
                try open(), open,
                { digest in
                    let connection = try PostgresConnection(address: address, timeoutMs: 5_000)
                    try connection.script(
                        "UPDATE blobs SET stored_at = 1000 WHERE digest = '\(digest.hex)'", timeoutMs: 5_000)
                }
            )
        }
    }
}

@Suite("What is removed from the journal", .serialized, .ownFolders, .postgres)
struct RemovalTests {

    private func add(_ names: [String], _ journal: any LastingJournal) throws {
        for name in names {
            _ = try journal.append(
                StreamAppend(StreamID(name), expectedVersion: 0, events: [event("a"), event("b")]), now: at(10))
        }
    }

    @Test(
        "Streams go whole by the beginnings of their names, in one transaction with what says so",
        arguments: LastingKind.allCases)
    func prefixes(kind: LastingKind) throws {
        let (journal, again, _) = try kind.make()
        try add(["run/1/1", "run/1/2", "run/10/1", "job/1/1/a/1"], journal)
        let note = StreamAppend(StreamID("removed/1"), expectedVersion: 0, events: [event("gone")])
        let count = try journal.removeStreams(prefixes: ["run/1/", "job/1/"], recording: [note], now: at(20))
        #expect(count == 3)
        let left = try again().streams(prefix: "", after: nil, limit: 10)
        #expect(left.map(\.stream.text) == ["removed/1", "run/10/1"])
        #expect(try journal.events(of: StreamID("run/10/1")).count == 2)
    }

    @Test("Where what says so is refused nothing goes", arguments: LastingKind.allCases)
    func refused(kind: LastingKind) throws {
        let journal = try kind.make().journal
        try add(["run/1/1", "removed/1"], journal)
        let note = StreamAppend(StreamID("removed/1"), expectedVersion: 0, events: [event("gone")])
        #expect(throws: JournalError.conflict(StreamID("removed/1"), expected: 0, actual: 2)) {
            try journal.removeStreams(prefixes: ["run/1/"], recording: [note], now: at(20))
        }
        #expect(try journal.events(of: StreamID("run/1/1")).count == 2)
    }

    @Test(
        "A stream of a removed one's name begins anew, and no other is disturbed by its place",
        arguments: LastingKind.allCases)
    func anew(kind: LastingKind) throws {
        let journal = try kind.make().journal
        try add(["a/1", "a/2"], journal)
        #expect(try journal.removeStreams([StreamID("a/2"), StreamID("a/3")]) == 1)
        try add(["b/1", "a/2"], journal)
        #expect(try journal.events(of: StreamID("a/2")).map(\.sequence) == [1, 2])
        #expect(try journal.summary(of: StreamID("b/1"))?.version == 2)
        _ = try journal.append(
            StreamAppend(StreamID("a/1"), expectedVersion: 2, events: [event("c")]), now: at(30))
        #expect(try journal.events(of: StreamID("a/1")).count == 3)
    }

    @Test("A stream with a message that waits to be delivered stays", arguments: LastingKind.allCases)
    func waiting(kind: LastingKind) throws {
        let journal = try kind.make().journal
        var append = StreamAppend(StreamID("status/1"), expectedVersion: 0, events: [event("a")])
        append.outbox = [OutboxMessage(key: "k", destination: "status", payload: [1])]
        _ = try journal.append(append, now: at(1))
        #expect(try journal.removeStreams([append.stream]) == 0)
        try journal.settleMessages(try journal.pendingMessages(limit: 1).map(\.number))
        #expect(try journal.removeStreams([append.stream]) == 1)
    }

    @Test("A list loses its first lines, and goes on counting where it was", arguments: LastingKind.allCases)
    func trimmed(kind: LastingKind) throws {
        let journal = try kind.make().journal
        let list = StreamID("deliveries/p")
        _ = try journal.append(
            StreamAppend(list, expectedVersion: 0, events: (1...5).map { event("e\($0)") }), now: at(1))
        try journal.trim(list, before: 4)
        #expect(try journal.events(of: list).map(\.sequence) == [4, 5])
        try journal.trim(list, before: 100)
        #expect(try journal.events(of: list).map(\.sequence) == [5])
        _ = try journal.append(StreamAppend(list, expectedVersion: 5, events: [event("e6")]), now: at(2))
        #expect(try journal.summary(of: list)?.version == 6)
    }

    @Test("Of delivered messages the newest keys stay known", arguments: LastingKind.allCases)
    func messages(kind: LastingKind) throws {
        let journal = try kind.make().journal
        func tell(_ key: String, _ version: Int) throws {
            var append = StreamAppend(StreamID("status/1"), expectedVersion: version, events: [event("a")])
            append.outbox = [OutboxMessage(key: key, destination: "status", payload: [1])]
            _ = try journal.append(append, now: at(1))
        }
        for number in 0..<4 { try tell("k\(number)", number) }
        try journal.settleMessages(try journal.pendingMessages(limit: 3).map(\.number))
        try journal.forgetMessages(keeping: 2)
        for (place, key) in ["k0", "k1", "k2", "k3"].enumerated() { try tell(key, 4 + place) }
        #expect(try journal.pendingMessages(limit: 9).map(\.message.key) == ["k3", "k0", "k1"])
    }

    @Test("A blob goes by when it was last stored; one that is stored again stays", arguments: LastingKind.allCases)
    func blobs(kind: LastingKind) throws {
        let (journal, _, age) = try kind.make()
        let old = try journal.storeBlob([1])
        let again = try journal.storeBlob([2])
        for digest in [old, again] { try age(digest) }
        #expect(try Set(journal.blobs(storedBefore: 2_000)) == [old, again])
        _ = try journal.storeBlob([2])
        #expect(try journal.removeBlob(old, storedBefore: 2_000) == 1)
        #expect(try journal.removeBlob(again, storedBefore: 2_000) == nil)
        #expect(try journal.blob(again) == [2])
    }
}
