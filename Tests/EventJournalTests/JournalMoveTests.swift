// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import EventJournal
import Foundation
import PostgresAccess
import TestDatabases
import TestFolders
import TestPrograms
import Testing
import Timekeeping

@Suite(
    "A journal that moves to PostgreSQL", .serialized, .ownFolders, .postgres,
    .enabled(if: PostgresServer.isThere, "There is no PostgreSQL (apt-get install postgresql)."))
struct JournalMoveTests {
    /// So few that each table takes several turns.
    private static let few = JournalMove.Limits(rows: 3, bytes: 1 << 20)
    private static let name = "a-move"

    private func url() throws -> String { try #require(PostgresServer.current).url() }

    @discardableResult
    private func move(
        _ path: String, to url: String, lastRun: Int = 0, limits: JournalMove.Limits = few,
        report: @escaping (JournalMove.Progress) -> Void = { _ in }
    ) throws -> JournalMove.Outcome {
        let move = try JournalMove(path: path, to: url, move: Self.name, limits: limits, report: report)
        let outcome = try move.run(lastRun: lastRun)
        try move.finish()
        try move.settle()
        return outcome
    }

    // MARK: samples

    private static let names = [
        "run/1", "run/10", "run/2", "job/1/1/build#2/1", "odd/it's \"quoted\" \\ %_ ?1 $1", "odd/ünïcödé 🐦 日本",
        "odd/u\u{308}", "odd/ü", "odd/two\nlines\t", "odd/ ", "odd/\u{FEFF}\u{200B}\u{7F}",
        "odd/" + String(repeating: "x", count: 508),
    ]

    /// A journal of everything that one can hold.
    private func sample() throws -> (path: String, blobs: [BlobDigest]) {
        let path = try temporaryFolder() + "/journal.sqlite"
        let journal = try SQLiteJournal(path: path)
        for (index, name) in Self.names.enumerated() {
            let stream = StreamID(name)
            var append = StreamAppend(
                stream, expectedVersion: 0,
                events: [
                    event("begun", "{\"n\":\(index)}"), NewEvent(type: "binary", version: 7, payload: [0, 255, 0, 10]),
                    NewEvent(type: "ünd/so", version: 2, payload: []),
                ])
            if index.isMultiple(of: 3) { append.wakeUp = .at(at(Int64(1_000 + index))) }
            append.outbox = [
                OutboxMessage(key: "told/\(name.prefix(400))", destination: "status", payload: [UInt8(index), 0, 1]),
                OutboxMessage(key: "hook/\(index)", destination: "webhook", payload: []),
            ]
            _ = try journal.append(append, now: at(Int64(100 + index)))
        }
        let large = NewEvent(type: "large", payload: [UInt8](repeating: 0xC3, count: NewEvent.maximumPayloadBytes))
        _ = try journal.append(
            StreamAppend(StreamID("run/2"), expectedVersion: 3, events: [large, large]), now: at(500))
        #expect(try journal.claim([StreamID("run/2"), StreamID("only/claimed")], owner: "one") == [1, 1])
        #expect(try journal.claim(StreamID("run/2"), owner: "the \"other\"") == 2)
        try journal.trim(StreamID("run/10"), before: 3)
        let settled = try journal.pendingMessages(limit: 100).filter { $0.number.isMultiple(of: 2) }.map(\.number)
        try journal.settleMessages(settled + [1])
        // Its number is free now, and what it told stays known.
        #expect(try journal.removeStreams([StreamID("run/1"), StreamID("odd/ ")]) == 1)
        let blobs = try [[], [0], [UInt8](repeating: 0, count: 200_000), Array("blob".utf8)].map(journal.storeBlob)
        return (path, blobs)
    }

    private func expectSame(_ file: any LastingJournal, _ database: any LastingJournal) throws {
        let streams = try file.streams(prefix: "", after: nil, limit: 1_000)
        #expect(try database.streams(prefix: "", after: nil, limit: 1_000) == streams)
        for stream in streams {
            #expect(try database.events(of: stream.stream) == file.events(of: stream.stream))
        }
        #expect(try database.pendingMessages(limit: 1_000) == file.pendingMessages(limit: 1_000))
        #expect(try database.dueStreams(at: at(.max), limit: 99) == file.dueStreams(at: at(.max), limit: 99))
        #expect(Set(try database.blobs(storedBefore: 1 << 40)) == Set(try file.blobs(storedBefore: 1 << 40)))
    }

    // MARK: tests

    @Test("All of it comes over, whatever it holds, and goes on there as it would have")
    func everything() throws {
        let (path, blobs) = try sample()
        let target = try url()
        let outcome = try move(path, to: target, lastRun: 41)
        let file = try SQLiteJournal(path: path)
        let database = try PostgresJournal(url: target, observer: nil)
        try expectSame(file, database)
        #expect(outcome.streams == 12 && outcome.events == 33 && outcome.messages == 24 && outcome.blobs == 4)
        for blob in blobs { #expect(try database.blob(blob) == file.blob(blob)) }
        for journal in [file, database] as [any LastingJournal] {
            var more = StreamAppend(StreamID("run/10"), expectedVersion: 3, events: [event("more")])
            more.outbox = ["hook/0", "hook/new"].map { OutboxMessage(key: $0, destination: "webhook", payload: [9]) }
            _ = try journal.append(more, now: at(1))
            _ = try journal.append(StreamAppend(StreamID("new"), expectedVersion: 0, events: [event("a")]), now: at(9))
            #expect(try journal.claim(StreamID("only/claimed"), owner: "two") == 2)
            #expect(try journal.pendingMessages(limit: 99).map(\.message.key).last == "hook/new")
            #expect(try journal.pendingMessages(limit: 99).count(where: { $0.message.key == "hook/0" }) == 0)
        }
        #expect(try database.nextRunNumber() == 42 && database.nextRunNumber() == 43)
    }

    @Test("The digest is of the journal, not of the way it was read")
    func digest() throws {
        let (path, _) = try sample()
        let one = try move(path, to: try url())
        #expect(one.digest.hasPrefix("sha256:") && one.digest.count == 71)
        #expect(try move(path, to: try url(), limits: JournalMove.Limits()) == one)
        do { _ = try SQLiteJournal(path: path).claim(StreamID("only/claimed"), owner: "one") }
        #expect(try move(path, to: try url()).digest != one.digest)
    }

    @Test("An empty journal moves, and so does one of an earlier commit")
    func others() throws {
        let empty = try temporaryFolder() + "/journal.sqlite"
        _ = try SQLiteJournal(path: empty)
        let target = try url()
        #expect(try move(empty, to: target).streams == 0)
        #expect(try PostgresJournal(url: target, observer: nil).nextRunNumber() == 1)
        let old = try temporaryFolder() + "/journal.sqlite"
        try shell("sqlite3 '\(old)' < '\(StoredJournalTests.fixtures)journal-1-ade11cc.sql'")
        let second = try url()
        #expect(try move(old, to: second).streams == 7)
        try expectSame(try SQLiteJournal(path: old), try PostgresJournal(url: second, observer: nil))
    }

    @Test("Killed again and again, wherever it was, it ends as if it had never been")
    func killed() throws {
        let (path, _) = try sample()
        var reports = 0
        let whole = try move(path, to: try url()) { _ in reports += 1 }
        #expect(reports > 20)
        let target = try url()
        for turn in 1...5 {
            // Each time it comes further: what was copied is compared first.
            #expect(try victim([path, target, Self.name, "\(reports * turn / 6)"]) == nil)
            #expect {
                _ = try PostgresJournal(url: target, observer: nil)
            } throws: {
                ($0 as? JournalError)?.diagnostic.code == .journalMoving
            }
        }
        #expect(try victim([path, target, Self.name, "0"]) == whole.digest)
        let move = try JournalMove(path: path, to: target, move: Self.name, limits: Self.few) { _ in }
        #expect(try move.run(lastRun: 0) == whole)
        try move.finish()
        try move.settle()
    }

    @Test("The file can be written to after a move that was cut off, and what comes over is what is there then")
    func written() throws {
        let (path, blobs) = try sample()
        let target = try url()
        #expect(try victim([path, target, Self.name, "14"]) == nil)
        do {
            let journal = try SQLiteJournal(path: path)
            _ = try journal.append(StreamAppend(StreamID("new"), expectedVersion: 0, events: [event("a")]), now: at(9))
            _ = try journal.claim(StreamID("run/2"), owner: "later")
            try journal.settleMessages([3])
            #expect(try journal.removeStreams([StreamID("run/10")]) == 1)
            #expect(journal.removeBlob(blobs[1], storedBefore: .max) == 1)
        }
        try move(path, to: target)
        try expectSame(try SQLiteJournal(path: path), try PostgresJournal(url: target, observer: nil))
    }

    @Test("A database that is killed ends a move with a code, and the next one ends it")
    func databaseKilled() throws {
        let (path, _) = try sample()
        let server = try PostgresServer()
        defer { server.stop() }
        let target = try server.url()
        var reports = 0
        #expect {
            try move(path, to: target) { _ in
                reports += 1
                if reports == 9 { server.kill9() }
            }
        } throws: {
            ($0 as? JournalError)?.diagnostic.code == .journalUnreachable
        }
        try server.begin()
        try move(path, to: target)
        try expectSame(try SQLiteJournal(path: path), try PostgresJournal(url: target, observer: nil))
    }

    @Test("A row that is another one in the database is found and named, and the next try puts it right")
    func different() throws {
        let (path, _) = try sample()
        let target = try url()
        let other = try PostgresConnection(address: PostgresAddress(target), timeoutMs: 5_000)
        let error = #expect(throws: JournalError.self) {
            try move(path, to: target) { progress in
                guard progress.table == "blobs", progress.step == .copying else { return }
                // One bit of one payload, in the middle.
                try? other.script(
                    """
                    UPDATE events SET payload = set_bit(payload, 3, 1)
                    WHERE stream = (SELECT number FROM streams WHERE name = 'odd/ü') AND sequence = 2
                    """, timeoutMs: 5_000)
            }
        }
        #expect(error?.diagnostic.code == .movedJournalDiffers)
        #expect(error?.diagnostic.message.contains("events first 'odd/ü'") == true)
        try move(path, to: target)
        try expectSame(try SQLiteJournal(path: path), try PostgresJournal(url: target, observer: nil))
    }

    @Test("A database with somebody's journal, or with another move, stays as it is")
    func taken() throws {
        let (path, _) = try sample()
        let target = try url()
        func expectTaken(_ name: String) {
            #expect {
                _ = try JournalMove(path: path, to: target, move: name) { _ in }
            } throws: {
                ($0 as? JournalError)?.diagnostic.code == .moveTargetTaken
            }
        }
        do {
            let journal = try PostgresJournal(url: target, observer: nil)
            _ = try journal.append(StreamAppend(StreamID("a"), expectedVersion: 0, events: [event("a")]), now: at(1))
        }
        expectTaken(Self.name)
        #expect(try PostgresJournal(url: target, observer: nil).streams(prefix: "", after: nil, limit: 9).count == 1)
        let second = try url()
        #expect(try victim([path, second, "another", "9"]) == nil)
        #expect {
            try move(path, to: second)
        } throws: {
            ($0 as? JournalError)?.diagnostic.message.contains("another folder") == true
        }
    }

    @Test("A file that somebody has open is not moved, and nobody opens one that is being moved")
    func open() throws {
        let (path, _) = try sample()
        do {
            let journal = try SQLiteJournal(path: path)
            let error = #expect(throws: JournalError.self) { try move(path, to: try url()) }
            #expect(error?.diagnostic.code == .journalBusy)
            #expect(try journal.streams(prefix: "", after: nil, limit: 99).count == 12)
        }
        let locked = try shell(
            "sqlite3 '\(path)' 'PRAGMA busy_timeout = 0; SELECT count(*) FROM streams' >/dev/null 2>&1; echo $?")
        #expect(locked == "0\n")
        var answers: Set<String> = []
        try move(path, to: try url()) { _ in
            let answer = try? shell("sqlite3 '\(path)' 'SELECT count(*) FROM streams' 2>&1 || true")
            answers.insert(String((answer ?? "?").suffix(21)))
        }
        #expect(answers.allSatisfy { $0.contains("locked") } && !answers.isEmpty, "\(answers)")
    }

    @Test("A text that PostgreSQL cannot keep is named")
    func zero() throws {
        let path = try temporaryFolder() + "/journal.sqlite"
        do {
            let journal = try SQLiteJournal(path: path)
            var append = StreamAppend(StreamID("run/1"), expectedVersion: 0, events: [event("a")])
            append.outbox = [OutboxMessage(key: "key", destination: "zero\u{0}byte", payload: [])]
            _ = try journal.append(append, now: at(1))
        }
        let error = #expect(throws: JournalError.self) { try move(path, to: try url()) }
        #expect(error?.diagnostic.code == .journalLimit)
        #expect(error?.diagnostic.message.contains("'key' (messages)") == true)
    }

    /// The program that moves until it kills itself, after so many reports.
    ///
    /// - Returns: the digest where it came to its end.
    private func victim(_ arguments: [String]) throws -> String? {
        let process = ChildProcess()
        let output = Pipe()
        process.executableURL = try journalVictim()
        process.arguments = ["move"] + arguments
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return nil }
        return String(decoding: data, as: UTF8.self)
    }
}
