// SPDX-License-Identifier: Apache-2.0

import EventJournal
import Foundation
import PostgresAccess
import TestDatabases
import TestFolders
import Testing
import ThreadExecution
import Timekeeping

@Suite(
    "The journal in PostgreSQL", .serialized, .ownFolders, .postgres,
    .enabled(if: PostgresServer.isThere, "There is no PostgreSQL (apt-get install postgresql)."))
struct PostgresJournalTests {
    private let run = StreamID("run/1")

    private func database() throws -> PostgresAddress { try #require(PostgresServer.current).database() }

    @Test("Servers that begin together make its tables once")
    func together() async throws {
        let address = try database()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<6 {
                group.addTask {
                    try await BlockingWork.attempt { () throws(JournalError) in
                        let journal = try PostgresJournal(address)
                        let stream = StreamID("run/\(number)")
                        _ = try journal.append(
                            StreamAppend(stream, expectedVersion: 0, events: [event("begun")]), now: at(1))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try PostgresJournal(address).streams(prefix: "run/", after: nil, limit: 10).count == 6)
    }

    @Test("Of several that decide on one version one is recorded; the others are told of it, and all go on")
    func races() async throws {
        let address = try database()
        let (writers, rounds) = (4, 25)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                group.addTask {
                    try await BlockingWork.attempt { () throws(JournalError) in
                        let journal = try PostgresJournal(address)
                        let streams = [StreamID("run/a"), StreamID("run/b")]
                        for round in 0..<rounds {
                            while true {
                                // In either order: none waits for the other for ever.
                                var appends: [StreamAppend] = []
                                for stream in writer % 2 == 0 ? streams : streams.reversed() {
                                    let version = try journal.summary(of: stream)?.version ?? 0
                                    appends.append(
                                        StreamAppend(
                                            stream, expectedVersion: version, events: [event("w\(writer)r\(round)")]))
                                }
                                do throws(JournalError) {
                                    _ = try journal.append(appends, now: at(Int64(round)))
                                    break
                                } catch {
                                    guard case .conflict = error else { throw error }
                                }
                            }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let journal = try PostgresJournal(address)
        for name in ["run/a", "run/b"] {
            let events = try journal.events(of: StreamID(name))
            #expect(events.map(\.sequence) == Array(1...(writers * rounds)))
            #expect(Set(events.map(\.event.type)).count == writers * rounds)
            #expect(events.map(\.recordedAt) == events.map(\.recordedAt).sorted())
        }
    }

    @Test("What was acknowledged is there after the database was killed, and whoever has it open goes on")
    func killed() throws {
        // Its own: others use the suite's.
        let server = try PostgresServer()
        defer { server.stop() }
        let journal = try PostgresJournal(server.address("postgres"))
        _ = try journal.append(StreamAppend(run, expectedVersion: 0, events: [event("begun")]), now: at(1))
        server.kill9()
        #expect {
            try journal.append(StreamAppend(run, expectedVersion: 1, events: [event("lost")]), now: at(2))
        } throws: { error in
            guard case .unreachable(let place, _)? = error as? JournalError else { return false }
            return place.contains(server.folder)
        }
        try server.begin()
        #expect(try journal.events(of: run).map(\.event.type) == ["begun"])
        _ = try journal.append(StreamAppend(run, expectedVersion: 1, events: [event("went on")]), now: at(3))
        #expect(try journal.summary(of: run)?.version == 2)
    }

    @Test("A database of a newer Martlet is left alone; one that lets nobody in says so, without the password")
    func refused() throws {
        let address = try database()
        _ = try PostgresJournal(address)
        let connection = try PostgresConnection(address: address, timeoutMs: 5_000)
        try connection.script("INSERT INTO martlet_layout VALUES (99)", timeoutMs: 5_000)
        #expect {
            try PostgresJournal(address)
        } throws: { error in
            if case .tooNew(_, found: 99, known: _)? = error as? JournalError { true } else { false }
        }
        let folder = try #require(PostgresServer.current).folder
        let nowhere = PostgresAddress("host=\(folder) user=martlet dbname=nowhere password=hush")
        #expect {
            try PostgresJournal(nowhere)
        } throws: { error in
            guard case .refused(let place, _)? = error as? JournalError else { return false }
            return place.contains("nowhere") && !place.contains("hush")
        }
    }

    @Test("A statement that takes too long ends, and the next call has a connection")
    func late() throws {
        let address = try database()
        var limits = PostgresPool.Limits()
        limits.statementMs = 300
        limits.connections = 1
        let journal = try PostgresJournal(address, limits: limits)
        let other = try PostgresConnection(address: address, timeoutMs: 5_000)
        // Somebody holds the stream's row.
        _ = try journal.append(StreamAppend(run, expectedVersion: 0, events: [event("begun")]), now: at(1))
        try other.script("BEGIN; SELECT 1 FROM streams FOR UPDATE", timeoutMs: 5_000)
        #expect(throws: JournalError.self) {
            try journal.append(StreamAppend(run, expectedVersion: 1, events: [event("late")]), now: at(2))
        }
        try other.script("ROLLBACK", timeoutMs: 5_000)
        _ = try journal.append(StreamAppend(run, expectedVersion: 1, events: [event("in time")]), now: at(3))
        #expect(try journal.events(of: run).map(\.event.type) == ["begun", "in time"])
    }

    @Test(
        "Where a database has fewer connections than are wanted, calls wait for each other's, and others' come in turn")
    func crowded() async throws {
        let postgres = try #require(PostgresServer.current)
        let address = try database()
        let name = "few\(UInt32.random(in: 0 ..< .max))"
        let owner = try PostgresConnection(address: address, timeoutMs: 5_000)
        try owner.script("CREATE ROLE \(name) LOGIN CONNECTION LIMIT 2", timeoutMs: 5_000)
        let database = try owner.run("SELECT current_database()", timeoutMs: 5_000).text(0, 0)
        let few = PostgresAddress("host=\(postgres.folder) user=\(name) dbname=\(database)")
        var limits = PostgresPool.Limits()
        (limits.connections, limits.idleMs) = (6, 0)
        let pool = PostgresPool(few, limits)
        try await withThrowingTaskGroup(of: Int64.self) { group in
            for number in 0..<12 {
                group.addTask {
                    try await BlockingWork.attempt { () throws(PostgresFailure) in
                        try pool.withConnection { (connection) throws(PostgresFailure) in
                            try connection.run(
                                "SELECT $1 FROM pg_sleep(0.02)", [.number(Int64(number))], timeoutMs: 5_000
                            ).number(0, 0)
                        }
                    }
                }
            }
            let sum = try await group.reduce(0, +)
            #expect(sum == 66)
        }
        // Of the two that it has the older one goes once it is not needed: then somebody else has it.
        _ = try pool.withConnection { (connection) throws(PostgresFailure) in
            try connection.run("SELECT 1", timeoutMs: 5_000).count
        }
        let other = try PostgresPool(few, limits).withConnection { (connection) throws(PostgresFailure) in
            try connection.run("SELECT 1", timeoutMs: 5_000).count
        }
        #expect(other == 1)
        // With none of one's own there is nothing to wait for but others'.
        let held = [few, few].map { try? PostgresConnection(address: $0, timeoutMs: 5_000) }
        limits.waitMs = 60
        let hungry = PostgresPool(few, limits)
        let failure = #expect(throws: PostgresFailure.self) {
            try hungry.withConnection { (_) throws(PostgresFailure) in }
        }
        #expect(failure?.kind == .crowded)
        withExtendedLifetime(held) {}
    }

    @Test(
        "An address is shown without its password",
        arguments: [
            ("postgres://u:p%40ss@db.example.org:5432/m?password=x", "postgres://u@db.example.org:5432/m"),
            ("postgresql:///m?host=/run/pg&password=x", "postgresql:///m"),
            ("host=db user=u password=x dbname=m", "host=db user=u dbname=m"),
            ("postgres://db/m", "postgres://db/m"),
        ])
    func shown(text: String, expected: String) {
        #expect(PostgresAddress(text).shown == expected)
    }
    @Test("What a server tells is heard by those that listen, and again after the database was away")
    func words() async throws {
        let postgres = try PostgresServer()
        defer { postgres.stop() }
        let address = try postgres.database()
        let journal = try PostgresJournal(address)
        let (heard, mouth) = AsyncStream<ServerWord?>.makeStream()
        let listener = journal.listen(lost: {}, heard: { mouth.yield($0) })
        defer { listener.stop() }
        var words = heard.makeAsyncIterator()
        // First of all: from here on everything is heard.
        #expect(await words.next() == .some(nil))
        try journal.tell("one", ["a", "b"])
        #expect(await words.next() == ServerWord(server: "one", runners: ["a", "b"]))
        try journal.tell("two")
        #expect(await words.next() == ServerWord(server: "two", runners: []))
        postgres.kill9()
        try postgres.begin()
        #expect(await words.next() == .some(nil))
        // More than one word holds.
        let many = (0..<450).map { "runner-\($0)" }
        try journal.tell("one", many)
        var all: [String] = []
        while all.count < many.count, let word = await words.next() { all += word?.runners ?? [] }
        #expect(all == many)
    }
}
