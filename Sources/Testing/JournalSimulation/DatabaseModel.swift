// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import EventJournal
internal import Timekeeping

/// The database that servers share, as a value: streams with versions and owners, seats, servers, homes. It answers as the functions of
/// `PostgresSchema` do; a test gives both the same calls and compares.
///
/// Each call is a transaction. Times are milliseconds by the database's own clock where a call says `clock`, and a server's where it
/// says `now`.
package struct DatabaseModel<Payload: Sendable>: Sendable {
    package struct Append: Sendable {
        package var stream: StreamID
        package var expectedVersion: Int
        package var events: [(type: String, payload: Payload)]
        package var epoch: Int?
        package var wakeUp = WakeUp.unchanged
        /// Keys of messages: the same key is kept once.
        package var messages: [String] = []

        package init(_ stream: StreamID, expectedVersion: Int, events: [(type: String, payload: Payload)]) {
            (self.stream, self.expectedVersion, self.events) = (stream, expectedVersion, events)
        }
    }

    package struct Stream: Sendable {
        package fileprivate(set) var events: [(type: String, at: Int64, payload: Payload)] = []
        package fileprivate(set) var lastAt = Int64.min
        package fileprivate(set) var wakeAt: Int64?
        package fileprivate(set) var epoch = 0
        package fileprivate(set) var owner: String?

        package var version: Int { events.count }
    }

    /// By what a process writes.
    package struct Seat: Hashable, Sendable {
        package var server: String
        package var epoch: Int

        package init(server: String, epoch: Int) { (self.server, self.epoch) = (server, epoch) }
    }

    package struct Server: Hashable, Sendable {
        package var address: String
        package var epoch: Int
        package var heardAt: Int64
    }

    package struct Home: Hashable, Sendable {
        package var server: String
        package var heir: String?
    }

    package private(set) var streams: [StreamID: Stream] = [:]
    package private(set) var seats: [String: Int] = [:]
    package private(set) var servers: [String: Server] = [:]
    package private(set) var homes: [String: Home] = [:]
    /// Keys of messages, and whether each was settled.
    package private(set) var outbox: [String: Bool] = [:]
    private var lastRun = 0
    /// Where it says it is, in errors.
    private let place = "model"
    /// For defects that are put in on purpose: whether a seat is looked at.
    package var checksSeats = true

    package init() {}

    // MARK: streams

    /// `martlet_append`.
    package mutating func append(_ appends: [Append], now: Int64, _ seat: Seat?) throws(JournalError) -> Int64 {
        try sit(seat)
        var stamp = now
        for append in appends { stamp = max(stamp, streams[append.stream]?.lastAt ?? .min) }
        var versions: [StreamID: Int] = [:]
        for append in appends {
            let known = streams[append.stream]
            if let own = append.epoch, own != known?.epoch ?? 0 {
                throw .fenced(append.stream, epoch: own, current: known?.epoch ?? 0)
            }
            let version = versions[append.stream] ?? known?.version ?? 0
            guard version == append.expectedVersion else {
                throw .conflict(append.stream, expected: append.expectedVersion, actual: version)
            }
            versions[append.stream] = version + append.events.count
        }
        for append in appends { record(append, stamp) }
        return stamp
    }

    private mutating func record(_ append: Append, _ stamp: Int64) {
        var stream = streams.removeValue(forKey: append.stream) ?? Stream()
        for event in append.events { stream.events.append((event.type, stamp, event.payload)) }
        if !append.events.isEmpty { stream.lastAt = stamp }
        switch append.wakeUp {
        case .unchanged: break
        case .none: stream.wakeAt = nil
        case .at(let time): stream.wakeAt = max(0, time.milliseconds)
        }
        streams[append.stream] = stream
        for key in append.messages where outbox[key] == nil { outbox[key] = false }
    }

    /// Claims streams for an owner.
    package mutating func claim(
        _ names: [StreamID], owner: String, _ seat: Seat?
    ) throws(JournalError) -> [Int] {
        try sit(seat)
        for name in Set(names) {
            streams[name, default: Stream()].epoch += 1
            streams[name]?.owner = owner
        }
        return names.map { streams[$0]?.epoch ?? 0 }
    }

    package mutating func settle(messages keys: [String]) { for key in keys { outbox[key] = true } }

    package mutating func nextRunNumber() -> Int {
        lastRun += 1
        return lastRun
    }

    // MARK: seats

    private func sit(_ seat: Seat?) throws(JournalError) {
        guard let seat, checksSeats, seats[seat.server] != seat.epoch else { return }
        throw .unseated(place: place)
    }

    /// Whether a server still has its seat.
    package func confirm(_ seat: Seat?) throws(JournalError) { try sit(seat) }

    /// `martlet_enter`.
    package mutating func enter(_ server: String, address: String, clock: Int64) -> Seat {
        let epoch = (seats[server] ?? 0) + 1
        seats[server] = epoch
        servers[server] = Server(address: address, epoch: epoch, heardAt: clock)
        return Seat(server: server, epoch: epoch)
    }

    /// `martlet_leave`.
    package mutating func leave(_ seat: Seat) {
        guard seats[seat.server] == seat.epoch else { return }
        seats[seat.server] = seat.epoch + 1
        if servers[seat.server]?.epoch == seat.epoch { servers[seat.server] = nil }
    }

    /// Says that a server lives, and hears of all.
    package mutating func beat(
        _ seat: Seat, clock: Int64
    ) throws(JournalError) -> [(id: String, server: Server, silentMs: Int64)] {
        // What is listed is what was there before, as a statement sees it that changes rows itself.
        let all = servers.sorted { $0.key < $1.key }.map { ($0.key, $0.value, max(0, clock - $0.value.heardAt)) }
        guard servers[seat.server]?.epoch == seat.epoch else {
            throw .unseated(place: place)
        }
        servers[seat.server]?.heardAt = clock
        return all
    }

    /// Nothing was heard of a server for so much longer.
    package mutating func age(_ server: String, byMs span: Int64) { servers[server]?.heardAt -= span }

    // MARK: homes

    /// `martlet_settle`.
    package mutating func settleHomes(
        of projects: [String], removed: [String] = [], goneMs: Int64, turn: Int64, clock: Int64
    ) {
        for (id, server) in servers where server.heardAt < clock - goneMs {
            servers[id] = nil
            seats[id, default: 0] += 1
        }
        homes = homes.filter { !removed.contains($0.key) }
        for project in projects.sorted() where homes[project].flatMap({ servers[$0.server] }) == nil {
            guard let best = fewest else { break }
            homes[project] = Home(server: best.id)
        }
        for (project, home) in homes {
            if let heir = home.heir, servers[heir] == nil { homes[project]?.heir = nil }
        }
        guard !homes.values.contains(where: { $0.heir != nil }), let least = fewest else { return }
        let counts = Dictionary(homes.values.map { ($0.server, 1) }, uniquingKeysWith: +)
        let most = counts.min { ($1.value, $0.key) < ($0.value, $1.key) }
        guard let most, most.value > least.count + 1 else { return }
        let theirs = homes.filter { $0.value.server == most.key }.keys
        let pick = theirs.map { (Self.digest($0 + "\(turn)"), $0) }.min { $0 < $1 }
        if let pick { homes[pick.1]?.heir = least.id }
    }

    private var fewest: (id: String, count: Int)? {
        let counts = Dictionary(homes.values.map { ($0.server, 1) }, uniquingKeysWith: +)
        return servers.keys.map { (counts[$0] ?? 0, $0) }.min { $0 < $1 }.map { ($0.1, $0.0) }
    }

    private static func digest(_ text: String) -> String {
        Insecure.MD5.hash(data: Array(text.utf8)).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    package mutating func handOver(_ project: String, from server: String) {
        guard let home = homes[project], home.server == server, let heir = home.heir else { return }
        homes[project] = Home(server: heir)
    }

    package mutating func keep(_ project: String, at server: String) {
        if homes[project]?.server == server { homes[project]?.heir = nil }
    }

    /// Streams of runs that have begun and whose last word is not their end.
    package func openRunStreams() -> [StreamID] {
        streams.filter { name, stream in
            name.text.hasPrefix("run/") && !(stream.events.last?.type ?? "").elementsEqual("runFinished")
        }.keys.sorted()
    }
}
