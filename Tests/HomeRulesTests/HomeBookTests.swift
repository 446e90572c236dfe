// SPDX-License-Identifier: Apache-2.0

import HomeRules
import PipelineModel
import RunnerProtocol
import StructuredData
import Testing

@Suite("Which server decides what is of a project")
struct HomeBookTests {
    private static let peers = ["a", "b", "c"].map { HomeBook.Peer(id: $0, address: "http://\($0)", silentMs: 0) }

    private func book() -> HomeBook {
        var book = HomeBook(name: "a", silenceMs: 5_000)
        let offered = book.heard(Self.peers, homes: ["red": .init(server: "a"), "green": .init(server: "b")])
        #expect(offered == ["red"])
        return book
    }

    @Test("A project is here once all that is of it was taken up, and is offered again where it was not")
    func takenUp() {
        var book = book()
        #expect(book.place(of: "red") == .nowhere)
        #expect(book.place(of: "green") == .at("http://b"))
        book.takeUp(["red"])
        #expect(book.place(of: "red") == .here)
        book.drop(["red"])
        #expect(book.place(of: "red") == .nowhere)
        #expect(book.heard(Self.peers, homes: ["red": .init(server: "a")]) == ["red"])
    }

    @Test("One that is to go begins nothing new, and stays where its heir is gone")
    func leaving() {
        var book = book()
        book.takeUp(["red"])
        #expect(book.heard(Self.peers, homes: ["red": .init(server: "a", heir: "b")]).isEmpty)
        #expect(book.departing == ["red"])
        book.beginLeaving("red")
        #expect(!book.isHere("red"))
        #expect(book.heard(Self.peers, homes: ["red": .init(server: "a")]).isEmpty)
        #expect(book.isHere("red"))
        book.beginLeaving("red")
        book.gave("red")
        #expect(book.place(of: "red") == .nowhere && book.own.isEmpty)
    }

    @Test("Whoever was unheard itself for a silence holds nobody for gone until as much time has passed again")
    func lenient() {
        var book = HomeBook(name: "a", silenceMs: 5_000)
        #expect(!book.isHeard(at: 0))
        // One that has just begun has seen nobody yet: the database may have been away until now.
        #expect(book.beginBeat(at: 0).goneMs > 1_000_000_000)
        _ = book.heard(Self.peers, homes: [:])
        #expect(book.isHeard(at: 4_999) && !book.isHeard(at: 5_000))
        #expect(book.beginBeat(at: 4_000).goneMs > 1_000_000_000)
        _ = book.heard(Self.peers, homes: [:])
        #expect(book.beginBeat(at: 5_000).goneMs == 5_000)
        _ = book.heard(Self.peers, homes: [:])
        // The database was away.
        let late = book.beginBeat(at: 60_000).goneMs
        #expect(late > 1_000_000_000)
        var silent = Self.peers
        silent[1].silentMs = 59_000
        _ = book.heard(silent, homes: [:])
        #expect(book.others.contains("http://b"))
        #expect(book.beginBeat(at: 64_999).goneMs == late)
        _ = book.heard(silent, homes: [:])
        #expect(book.beginBeat(at: 65_000).goneMs == 5_000)
        _ = book.heard(silent, homes: [:])
        #expect(!book.others.contains("http://b"))
    }

    @Test("What the database gave to another is not here, and whoever is silent is not asked")
    func silent() {
        var book = book()
        book.takeUp(["red"])
        var peers = Self.peers
        peers[1].silentMs = 5_000
        #expect(book.heard(peers, homes: ["red": .init(server: "b")]).isEmpty)
        #expect(book.place(of: "red") == .nowhere)
        #expect(book.others == ["http://c"])
        #expect(book.isSteward)
    }
}

@Suite("A runner's poll, for all servers")
struct PollRoundTests {
    private static func lease(_ run: Int) -> LeaseKey {
        LeaseKey(JobTry(run: RunID(run), attempt: 1, job: JobID("build"), number: 1), fence: 1)
    }

    private func round(_ homes: [Int: HomePlace]) -> PollRound {
        let request = PollRequest(instance: "x", free: 3, holds: homes.keys.sorted().map(Self.lease), waitMs: 9)
        return PollRound(request) { homes[$0.number] ?? .nowhere }
    }

    @Test("Each server is told of what is its own, and asked for what others left")
    func parts() {
        var round = round([1: .here, 2: .at("b"), 3: .at("b")])
        #expect(round.part(for: .here).holds == [Self.lease(1)])
        #expect(round.part(for: .at("c")).holds.isEmpty)
        // Whoever has another view of homes must not give again what the runner has.
        #expect(round.part(for: .here).others == [2, 3].map(Self.lease))
        #expect(round.part(for: .at("c")).others == [1, 2, 3].map(Self.lease))
        var answer = PollAnswer()
        answer.assignments = [JobAssignment(lease: Self.lease(4), content: [:])]
        round.take(answer)
        let part = round.part(for: .at("b"))
        #expect(part.holds == [2, 3].map(Self.lease))
        #expect(part.free == 2 && part.waitMs == 0)
        #expect(round.answer.assignments.count == 1)
    }

    @Test("A runner is heard unless a server was missed that has jobs of it")
    func heard() {
        var round = round([1: .here, 2: .at("b")])
        round.miss(.at("c"))
        #expect(round.isHeard)
        round.miss(.at("b"))
        #expect(!round.isHeard)
        #expect(!self.round([1: .nowhere]).isHeard)
    }
}
