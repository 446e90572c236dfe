// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import EventJournal
import Foundation
import JournalSimulation
import TestDatabases
import TestFolders
import Testing
import Timekeeping

/// The implementations that keep the contract.
enum JournalKind: String, CaseIterable, CustomTestStringConvertible {
    case sqliteForProcesses
    case sqliteForPowerCuts
    case memory
    case postgres

    /// Those that can be had here.
    static var allCases: [JournalKind] {
        [.sqliteForProcesses, .sqliteForPowerCuts, .memory] + (PostgresServer.isThere ? [.postgres] : [])
    }

    var testDescription: String { rawValue }

    func make() throws -> any Journal {
        switch self {
        case .sqliteForProcesses: try SQLiteJournal(path: temporaryFolder() + "/journal.db")
        case .sqliteForPowerCuts: try SQLiteJournal(path: temporaryFolder() + "/journal.db", durability: .powerCut)
        case .memory: MemoryJournal()
        case .postgres: try PostgresJournal(try #require(PostgresServer.current).database())
        }
    }
}

func temporaryFolder() throws -> String { try OwnFolders.make() }

func event(_ type: String, _ payload: String = "{}") -> NewEvent { NewEvent(type: type, payload: Array(payload.utf8)) }

func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

@Suite("Every journal", .serialized, .ownFolders, .postgres)
struct JournalContractTests {
    private let run = StreamID("run/1")

    @Test("Events come back as they were recorded, in order", arguments: JournalKind.allCases)
    func roundTrip(kind: JournalKind) throws {
        let journal = try kind.make()
        let binary = NewEvent(type: "started", version: 3, payload: [0, 255, 10, 0])
        #expect(
            try journal.append(StreamAppend(run, expectedVersion: 0, events: [event("planned"), binary]), now: at(5))
                == at(5))
        #expect(
            try journal.append(StreamAppend(run, expectedVersion: 2, events: [event("ended", "")]), now: at(9)) == at(9)
        )
        let events = try journal.events(of: run)
        #expect(events.map(\.sequence) == [1, 2, 3])
        #expect(events.map(\.recordedAt) == [at(5), at(5), at(9)])
        #expect(events.map(\.event) == [event("planned"), binary, event("ended", "")])
        #expect(try journal.events(of: run, from: 2, limit: 1).map(\.sequence) == [2])
        #expect(try journal.events(of: run, from: 4, limit: 9) == [])
        #expect(try journal.events(of: StreamID("run/none")) == [])
    }

    @Test(
        "An append that was decided on another version is refused and changes nothing", arguments: JournalKind.allCases)
    func conflict(kind: JournalKind) throws {
        let journal = try kind.make()
        _ = try journal.append(StreamAppend(run, expectedVersion: 0, events: [event("a")]), now: at(1))
        for wrong in [0, 2] {
            let error = #expect(throws: JournalError.self) {
                try journal.append(StreamAppend(run, expectedVersion: wrong, events: [event("b")]), now: at(2))
            }
            #expect(error == .conflict(run, expected: wrong, actual: 1))
            #expect(error?.diagnostic.code == .journalConflict)
        }
        #expect(try journal.events(of: run).count == 1)
    }

    @Test("Several appends are recorded together or not at all", arguments: JournalKind.allCases)
    func group(kind: JournalKind) throws {
        let journal = try kind.make()
        let job = StreamID("job/1")
        let first = StreamAppend(run, expectedVersion: 0, events: [event("a")])
        var second = StreamAppend(job, expectedVersion: 0, events: [event("b")])
        second.outbox = [OutboxMessage(key: "k", destination: "status", payload: [])]
        _ = try journal.append(
            [first, second, StreamAppend(run, expectedVersion: 1, events: [event("c")])], now: at(1))
        #expect(try journal.events(of: run).map(\.event.type) == ["a", "c"])
        var third = StreamAppend(job, expectedVersion: 1, events: [event("d")])
        third.wakeUp = .at(at(7))
        third.outbox = [OutboxMessage(key: "k2", destination: "status", payload: [])]
        #expect(throws: JournalError.self) {
            try journal.append([third, StreamAppend(run, expectedVersion: 1, events: [event("e")])], now: at(2))
        }
        #expect(try journal.events(of: job).map(\.event.type) == ["b"])
        #expect(try journal.nextWakeUp() == nil)
        #expect(try journal.pendingMessages(limit: 9).map(\.message.key) == ["k"])
    }

    @Test("The recorded time never goes back, whatever the clock does", arguments: JournalKind.allCases)
    func clock(kind: JournalKind) throws {
        let journal = try kind.make()
        _ = try journal.append(StreamAppend(run, expectedVersion: 0, events: [event("a")]), now: at(100))
        #expect(try journal.append(StreamAppend(run, expectedVersion: 1, events: [event("b")]), now: at(50)) == at(100))
        #expect(try journal.append(StreamAppend(StreamID("x"), expectedVersion: 0, events: []), now: at(60)) == at(100))
    }

    @Test(
        "Wake-up times are rewritten with their append, and due streams come by time", arguments: JournalKind.allCases)
    func wakeUps(kind: JournalKind) throws {
        let journal = try kind.make()
        for (name, time) in [("job/b", 20), ("job/a", 20), ("job/c", 10)] as [(String, Int64)] {
            var append = StreamAppend(StreamID(name), expectedVersion: 0, events: [event("a")])
            append.wakeUp = .at(at(time))
            _ = try journal.append(append, now: at(1))
        }
        #expect(try journal.nextWakeUp() == at(10))
        #expect(try journal.dueStreams(at: at(9), limit: 9) == [])
        #expect(try journal.dueStreams(at: at(20), limit: 9).map(\.stream.text) == ["job/c", "job/a", "job/b"])
        #expect(try journal.dueStreams(at: at(20), limit: 1).map(\.wakeUp) == [at(10)])
        var clearing = StreamAppend(StreamID("job/c"), expectedVersion: 1, events: [event("b")])
        _ = try journal.append(clearing, now: at(2))
        #expect(try journal.nextWakeUp() == at(10))
        clearing.expectedVersion = 2
        clearing.wakeUp = .none
        _ = try journal.append(clearing, now: at(2))
        #expect(try journal.nextWakeUp() == at(20))
    }

    @Test("Streams are listed by kind, with their last event", arguments: JournalKind.allCases)
    func listing(kind: JournalKind) throws {
        let journal = try kind.make()
        for name in ["run/2", "job/1", "run/1", "run/10", "run_x", "ruń/1"] {
            _ = try journal.append(StreamAppend(StreamID(name), expectedVersion: 0, events: [event(name)]), now: at(3))
        }
        let listed = try journal.streams(prefix: "run/", after: nil, limit: 9)
        #expect(listed.map(\.stream.text) == ["run/1", "run/10", "run/2"])
        #expect(listed.map(\.lastType) == ["run/1", "run/10", "run/2"])
        #expect(listed.allSatisfy { $0.version == 1 && $0.lastRecordedAt == at(3) && $0.stream.kind == "run" })
        #expect(
            try journal.streams(prefix: "run/", after: StreamID("run/1"), limit: 1).map(\.stream.text) == ["run/10"])
        #expect(try journal.streams(prefix: "", after: nil, limit: 99).count == 6)
        #expect(try journal.summary(of: StreamID("run/2"))?.version == 1)
        #expect(try journal.summary(of: StreamID("run/3")) == nil)
    }

    @Test("Only the last owner may append", arguments: JournalKind.allCases)
    func fencing(kind: JournalKind) throws {
        let journal = try kind.make()
        #expect(try journal.claim(run, owner: "one") == 1)
        var append = StreamAppend(run, expectedVersion: 0, events: [event("a")])
        append.epoch = 1
        _ = try journal.append(append, now: at(1))
        #expect(try journal.claim(run, owner: "two") == 2)
        append.expectedVersion = 1
        let error = #expect(throws: JournalError.self) { try journal.append(append, now: at(2)) }
        #expect(error == .fenced(run, epoch: 1, current: 2))
        append.epoch = 2
        _ = try journal.append(append, now: at(2))
        #expect(try journal.summary(of: run)?.owner == "two")
        #expect(try journal.summary(of: run)?.version == 2)
    }

    @Test("A message is recorded once for its key, in order, until it is settled", arguments: JournalKind.allCases)
    func outbox(kind: JournalKind) throws {
        let journal = try kind.make()
        var append = StreamAppend(run, expectedVersion: 0, events: [event("a")])
        append.outbox = ["k1", "k2", "k1"].map { OutboxMessage(key: $0, destination: "webhook", payload: [1]) }
        _ = try journal.append(append, now: at(1))
        let pending = try journal.pendingMessages(limit: 9)
        #expect(pending.map(\.message.key) == ["k1", "k2"])
        #expect(pending.map(\.stream) == [run, run])
        try journal.settleMessages([pending[0].number])
        append.expectedVersion = 1
        _ = try journal.append(append, now: at(2))
        #expect(try journal.pendingMessages(limit: 9).map(\.message.key) == ["k2"])
    }

    @Test("What is larger than its limit is refused with a code", arguments: JournalKind.allCases)
    func limits(kind: JournalKind) throws {
        let journal = try kind.make()
        let largest = NewEvent(type: "big", payload: [UInt8](repeating: 32, count: NewEvent.maximumPayloadBytes))
        _ = try journal.append(StreamAppend(run, expectedVersion: 0, events: [largest]), now: at(1))
        #expect(try journal.events(of: run).first?.event == largest)
        var tooLarge = largest
        tooLarge.payload.append(32)
        for append in [
            StreamAppend(run, expectedVersion: 1, events: [tooLarge]),
            StreamAppend(StreamID(String(repeating: "x", count: 600)), expectedVersion: 0, events: []),
            StreamAppend(StreamID(""), expectedVersion: 0, events: []),
        ] {
            let error = #expect(throws: JournalError.self) { try journal.append(append, now: at(1)) }
            #expect(error?.diagnostic.code == .journalLimit)
        }
    }

    @Test("A blob comes back by the digest of its bytes", arguments: JournalKind.allCases)
    func blobs(kind: JournalKind) throws {
        let journal = try kind.make()
        let digest = try journal.storeBlob(Array("abc".utf8))
        #expect(digest.hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(try journal.storeBlob(Array("abc".utf8)) == digest)
        #expect(try journal.blob(digest) == Array("abc".utf8))
        #expect(try journal.blob(journal.storeBlob([])) == [])
        let absent = try #require(BlobDigest(hex: String(repeating: "a", count: 64)))
        let error = #expect(throws: JournalError.self) { try journal.blob(absent) }
        #expect(error?.diagnostic.code == .blobDamaged)
        #expect(BlobDigest(hex: "../../etc/passwd") == nil)
    }
}
