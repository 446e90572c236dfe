// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import EventJournal
import Foundation
import SQLiteAccess
import TestFolders
import Testing

/// Files that earlier commits wrote, kept as text in `Fixtures/databases`.
@Suite("Journals of earlier commits", .ownFolders)
struct StoredJournalTests {
    static let fixtures =
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/Fixtures/databases/"

    private func stored(_ name: String) throws -> String {
        let path = try temporaryFolder() + "/journal.db"
        try shell("sqlite3 '\(path)' < '\(Self.fixtures)\(name)'")
        return path
    }

    private func version(_ path: String) throws -> Int64 {
        var found: Int64 = 0
        try SQLiteConnection<SQLiteFailure>(path: path).queryOnce("PRAGMA user_version") { _ in
        } row: {
            found = $0.number(0)
        }
        return found
    }

    @Test(
        "One is brought up to date, and everything reads right",
        arguments: ["journal-1-ade11cc.sql", "journal-1-ab8cfab.sql"])
    func migrated(name: String) throws {
        let path = try stored(name)
        for _ in 1...2 {
            let journal = try SQLiteJournal(path: path)
            #expect(try version(path) == 2)
            let names = try journal.streams(prefix: "", after: nil, limit: 100).map(\.stream.text)
            #expect(names.count == 7 && names.contains("empty/1"))
            let run = try journal.events(of: StreamID("run/1/1"))
            #expect(run.map(\.sequence) == Array(1...17))
            #expect(run.first?.event.type == "runStarted" && run.last?.event.type == "runFinished")
            #expect(try journal.summary(of: StreamID("run/1/1"))?.version == 17)
            let leg = try #require(try journal.summary(of: StreamID("job/1/1/test#2/1")))
            #expect(leg.version == 8 && leg.epoch == 2 && leg.owner == "run_1" && leg.lastType == "jobEnded")
            #expect(try journal.dueStreams(at: at(.max), limit: 10).map(\.stream.kind) == ["delivery"])
            #expect(try journal.pendingMessages(limit: 10).map(\.message.key) == ["status/1/1/failure"])
        }
    }

    @Test("What is written to one goes on where it was", arguments: ["journal-1-ade11cc.sql", "journal-1-ab8cfab.sql"])
    func goneOn(name: String) throws {
        let journal = try SQLiteJournal(path: try stored(name))
        let leg = StreamID("job/1/1/test#2/1")
        #expect(try journal.claim(leg, owner: "run_3") == 3)
        var late = StreamAppend(leg, expectedVersion: 8, events: [event("late")])
        late.epoch = 2
        #expect(throws: JournalError.fenced(leg, epoch: 2, current: 3)) { try journal.append(late, now: at(1)) }
        for stream in [leg, StreamID("new/1"), StreamID("empty/1")] {
            let known = try journal.summary(of: stream)?.version ?? 0
            _ = try journal.append(StreamAppend(stream, expectedVersion: known, events: [event("more")]), now: at(1))
            #expect(try journal.events(of: stream).last?.event.type == "more")
        }
        // A key of a message is known for ever.
        var again = StreamAppend(StreamID("new/1"), expectedVersion: 1, events: [event("again")])
        again.outbox = [OutboxMessage(key: "status/1/1/pending", destination: "status", payload: [])]
        _ = try journal.append(again, now: at(1))
        #expect(try journal.pendingMessages(limit: 10).count == 1)
    }
}

@Suite("The layout of a database", .ownFolders)
struct DatabaseLayoutTests {
    private typealias Connection = SQLiteConnection<SQLiteFailure>
    private static let first = "CREATE TABLE a (x INTEGER)"

    private func column(_ connection: Connection, _ sql: String) throws -> [Int64] {
        var found: [Int64] = []
        try connection.queryOnce(sql) { _ in
        } row: {
            found.append($0.number(0))
        }
        return found
    }

    @Test("Each step is taken once, in order, from wherever a file is")
    func steps() throws {
        let steps = ["ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1", "UPDATE a SET y = y * 2"]
        let now = DatabaseLayout(tables: "CREATE TABLE a (x INTEGER, y INTEGER)", steps: steps)
        for known in 0...2 {
            let connection = try Connection(path: try temporaryFolder() + "/a.db")
            try DatabaseLayout(tables: Self.first, steps: Array(steps.prefix(known))).prepare(connection)
            try connection.execute(known == 0 ? "INSERT INTO a VALUES (3)" : "ALTER TABLE a RENAME TO b")
            if known == 0 {
                try now.prepare(connection)
                #expect(try column(connection, "SELECT y FROM a") == [8])
            } else {
                try connection.execute("CREATE TABLE a (x INTEGER, y INTEGER); INSERT INTO a VALUES (3, 4)")
                try now.prepare(connection)
                #expect(try column(connection, "SELECT y FROM a") == [known == 1 ? 8 : 4])
            }
            #expect(try column(connection, "PRAGMA user_version") == [3])
            try now.prepare(connection)
        }
    }

    @Test("A step that fails changes nothing, and is taken when it can be")
    func failure() throws {
        let connection = try Connection(path: try temporaryFolder() + "/a.db")
        try DatabaseLayout(tables: Self.first).prepare(connection)
        let step = "ALTER TABLE a ADD COLUMN y INTEGER"
        let broken = DatabaseLayout(
            tables: "", steps: [step, "INSERT INTO a VALUES (1, 2); INSERT INTO absent VALUES (1)"])
        #expect(throws: SQLiteFailure.self) { try broken.prepare(connection) }
        #expect(try column(connection, "PRAGMA user_version") == [2])
        #expect(try column(connection, "SELECT count(*) FROM a") == [0])
        try DatabaseLayout(tables: "", steps: [step, "INSERT INTO a VALUES (1, 2)"]).prepare(connection)
        #expect(try column(connection, "SELECT count(*) FROM a") == [1])
    }

    @Test("A newer file, and one of another program, stay as they are")
    func refused() throws {
        let path = try temporaryFolder() + "/a.db"
        let connection = try Connection(path: path)
        let newer = DatabaseLayout(applicationID: 7, tables: Self.first, steps: ["SELECT 1"])
        try newer.prepare(connection)
        let error = #expect(throws: SQLiteFailure.self) {
            try DatabaseLayout(applicationID: 7, tables: Self.first).prepare(connection)
        }
        #expect(error?.kind == .tooNew(found: 2, known: 1) && error?.path == path)
        let foreign = #expect(throws: SQLiteFailure.self) {
            try DatabaseLayout(applicationID: 8, tables: Self.first, steps: ["SELECT 1"]).prepare(connection)
        }
        #expect(foreign?.kind == .damaged)
    }
}
