// SPDX-License-Identifier: Apache-2.0

import EventJournal
import JournalSimulation
import PostgresAccess
import RunSimulation
import TestDatabases
import Testing
import Timekeeping

/// The simulated world's database, beside a real one.
@Suite(
    "The model of the database answers as PostgreSQL does", .serialized, .postgres,
    .enabled(if: PostgresServer.isThere, "There is no PostgreSQL (apt-get install postgresql)."))
struct DatabaseModelTests {
    fileprivate typealias Model = DatabaseModel<[UInt8]>

    /// A process of a server, in both worlds.
    fileprivate struct Process {
        let name: String
        let journal: PostgresJournal
        let seat: Model.Seat
    }

    fileprivate struct Twins {
        var random: SeededRandom
        let address: PostgresAddress
        let connection: PostgresConnection
        var model = Model()
        var processes: [Process] = []
        /// Grows, as clocks do.
        var now: Int64 = 1_000
        var calls: [String: Int] = [:]

        static let goneMs: Int64 = 3_600_000
        static let names = ["s1", "s2", "s3"]
        static let projects = ["p1", "p2", "p3", "p4", "p5"]
    }

    @Test("The same seeded calls, one after another, are answered alike", arguments: [1, 2, 3, 4] as [UInt64])
    func alike(seed: UInt64) throws {
        let address = try #require(PostgresServer.current).database()
        var twins = Twins(
            random: SeededRandom(seed: seed), address: address,
            connection: try Self.prepared(address))
        try twins.enter()
        for step in 0..<600 {
            try twins.step()
            let difference = try twins.difference()
            try #require(difference == nil, "seed \(seed), step \(step): \(difference ?? "")")
        }
        // Nothing was left out, and both said yes and no.
        for call in [
            "append", "append refused", "claim", "claim refused", "confirm", "confirm refused", "settle", "handOver",
            "beat refused", "heir",
        ] {
            #expect(twins.calls[call, default: 0] > 0, "\(call): \(twins.calls)")
        }
    }

    private static func prepared(_ address: PostgresAddress) throws -> PostgresConnection {
        _ = try PostgresJournal(address)
        return try PostgresConnection(address: address, timeoutMs: 10_000)
    }
}

extension DatabaseModelTests.Twins {
    fileprivate mutating func step() throws {
        now += 1
        let process = random.pick(processes)
        switch random.below(20) {
        case 0 where processes.count < 12: try enter()
        case 1: try leave(process)
        case 2, 3:
            try compare("beat", { try process.journal.beat().map(\.id) }) { model throws(JournalError) in
                try model.beat(process.seat, clock: 0).map(\.id)
            }
        case 4:
            try age()
            try compare("confirm", { try process.journal.confirmSeat() == () }) { model throws(JournalError) in
                try model.confirm(process.seat) == ()
            }
        case 5, 6, 7: try settle(process)
        case 8: try handOver(process)
        case 9: try keep(process)
        case 10, 11, 12: try claim(process)
        case 13:
            try compare("number", { try process.journal.nextRunNumber() }) { model throws(JournalError) in
                model.nextRunNumber()
            }
        default: try append(process)
        }
    }

    fileprivate mutating func enter() throws {
        let name = random.pick(Self.names)
        let journal = try PostgresJournal(address)
        try journal.enter(name, address: "http://\(name)")
        processes.append(
            .init(name: name, journal: journal, seat: model.enter(name, address: "http://\(name)", clock: 0)))
    }

    private mutating func leave(_ process: DatabaseModelTests.Process) throws {
        guard random.chance(percent: 40) else { return }
        try process.journal.leave()
        model.leave(process.seat)
        note("leave")
    }

    /// Nothing is heard of a server for hours.
    private mutating func age() throws {
        let name = random.pick(Self.names)
        _ = try connection.run(
            "UPDATE servers SET heard_at = heard_at - interval '2 hours' WHERE id = $1", [.text(name)],
            timeoutMs: 10_000)
        model.age(name, byMs: 2 * 3_600_000)
        note("age")
    }

    private mutating func settle(_ process: DatabaseModelTests.Process) throws {
        let known = Self.projects.filter { _ in random.chance(percent: 95) }
        let turn = Int64(random.below(100))
        let removed = Self.projects.filter { !known.contains($0) && random.chance(percent: 50) }
        try process.journal.settleHomes(of: known, removed: removed, goneMs: Self.goneMs, turn: turn)
        model.settleHomes(of: known, removed: removed, goneMs: Self.goneMs, turn: turn, clock: 0)
        note("settle")
        if model.homes.values.contains(where: { $0.heir != nil }) { note("heir") }
    }

    private mutating func handOver(_ process: DatabaseModelTests.Process) throws {
        let project = random.pick(Self.projects)
        try process.journal.handOver(project, from: process.name)
        model.handOver(project, from: process.name)
        note("handOver")
    }

    private mutating func keep(_ process: DatabaseModelTests.Process) throws {
        let project = random.pick(Self.projects)
        try process.journal.keep(project, at: process.name)
        model.keep(project, at: process.name)
    }

    private mutating func claim(_ process: DatabaseModelTests.Process) throws {
        let streams = (0...random.below(2)).map { _ in stream() }
        try compare("claim", { try process.journal.claim(streams, owner: process.name) }) {
            model throws(JournalError) in
            try model.claim(streams, owner: process.name, process.seat)
        }
    }

    private mutating func stream() -> StreamID {
        StreamID(random.pick(["run/1", "run/2", "job/1", "job/2", "other/1"]))
    }

    private mutating func append(_ process: DatabaseModelTests.Process) throws {
        var (real, modelled): ([StreamAppend], [DatabaseModel<[UInt8]>.Append]) = ([], [])
        for _ in 0...random.below(2) {
            let stream = stream()
            let known = model.streams[stream]
            // Of two appends to one stream the second goes on where the first ends.
            let before = real.filter { $0.stream == stream }.reduce(0) { $0 + $1.events.count }
            let version = (known?.version ?? 0) + before - (random.below(8) == 0 ? random.within(-1...2) : 0)
            let events = (0..<random.below(3)).map { _ in
                NewEvent(type: random.pick(["a", "b", "runFinished"]), payload: Array("\(random.below(100))".utf8))
            }
            var one = StreamAppend(stream, expectedVersion: max(0, version), events: events)
            one.epoch = random.chance(percent: 50) ? nil : (known?.epoch ?? 0) + (random.below(6) == 0 ? 1 : 0)
            one.wakeUp = random.pick([.unchanged, .none, .at(Timestamp(milliseconds: now))])
            if random.below(4) == 0 {
                one.outbox = [OutboxMessage(key: "k\(random.below(20))", destination: "x", payload: [])]
            }
            real.append(one)
            var twin = DatabaseModel<[UInt8]>.Append(
                stream, expectedVersion: one.expectedVersion, events: events.map { ($0.type, $0.payload) })
            (twin.epoch, twin.wakeUp, twin.messages) = (one.epoch, one.wakeUp, one.outbox.map(\.key))
            modelled.append(twin)
        }
        let (time, appends, twins) = (now, real, modelled)
        try compare(
            "append", { try process.journal.append(appends, now: Timestamp(milliseconds: time)).milliseconds }
        ) { model throws(JournalError) in try model.append(twins, now: time, process.seat) }
    }

    private mutating func note(_ call: String) { calls[call, default: 0] += 1 }

    /// One call to both; what they answer, or why they refuse, has to be the same.
    private mutating func compare<Value: Equatable>(
        _ call: String, _ real: () throws -> Value,
        _ modelled: (inout DatabaseModel<[UInt8]>) throws(JournalError) -> Value
    ) throws {
        var (answer, refusal): (Value?, JournalError?) = (nil, nil)
        do { answer = try real() } catch { refusal = error as? JournalError }
        do throws(JournalError) {
            let said = try modelled(&model)
            #expect(answer == said && refusal == nil, "\(call): \(String(describing: refusal))")
            note(call)
        } catch {
            if case .unseated = error, case .unseated? = refusal {
                // Each says where it is.
            } else {
                #expect(refusal == error, "\(call)")
            }
            note("\(call) refused")
        }
    }

    /// What the database has and the model has not, or the other way about.
    fileprivate func difference() throws -> String? {
        let journal = processes[0].journal
        let homes = try journal.homes().mapValues { "\($0.server) \($0.heir ?? "-")" }
        let said = model.homes.mapValues { "\($0.server) \($0.heir ?? "-")" }
        if homes != said { return "homes \(homes), the model has \(said)" }
        let open = try journal.openRunStreams()
        // One that was claimed and has no event is listed by both.
        if open != model.openRunStreams() { return "open runs \(open), the model has \(model.openRunStreams())" }
        for summary in try journal.streams(prefix: "", after: nil, limit: 100) {
            let stream = model.streams[summary.stream]
            let real =
                "\(summary.version) \(summary.lastType) \(summary.wakeUp?.milliseconds ?? -1) \(summary.epoch) \(summary.owner ?? "-")"
            let twin =
                "\(stream?.version ?? -1) \(stream?.events.last?.type ?? "") \(stream?.wakeAt ?? -1) \(stream?.epoch ?? -1) \(stream?.owner ?? "-")"
            if real != twin { return "\(summary.stream) has \(real), the model \(twin)" }
        }
        let keys = Set(try journal.pendingMessages(limit: 100).map(\.message.key))
        return keys == Set(model.outbox.keys)
            ? nil : "messages \(keys.sorted()), the model has \(model.outbox.keys.sorted())"
    }
}
