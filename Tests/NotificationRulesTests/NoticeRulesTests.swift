// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import NotificationRules
import PatternMatching
import PipelineModel
import StructuredData
import Testing
import Timekeeping

let ann = Person(name: "Ann", email: "ann@example.org")
let olaf = Person(name: "Olaf", email: "olaf@example.org")

func minute(_ count: Int64) -> Timestamp { Timestamp(milliseconds: 1_790_000_000_000) + .minutes(count) }

func news(_ run: Int, _ conclusion: Conclusion?, previous: Conclusion? = nil, branch: String = "main") -> RunNews {
    let subject = Subject(project: "acme/web", workflow: ".github/workflows/ci.yml", branch: branch)
    var news = RunNews(subject: subject, event: "push", run: run, conclusion: conclusion)
    news.previous = previous
    news.isDefaultBranch = branch == "main"
    news.author = ann
    news.owners = [olaf]
    news.labels.workflow = "CI"
    news.labels.sentence = "test: the suite 'cart' has 2 failures"
    return news
}

/// A server's notices with the clock in hand: every event goes through its stored form.
struct Desk {
    var policies: [NotificationPolicy]
    var ledger = NoticeLedger()
    var events: [NoticeEvent] = []

    init(_ policies: NotificationPolicy...) { self.policies = policies }

    private mutating func record(_ new: [NoticeEvent]) throws {
        for event in new {
            let text = event.payload.jsonText()
            #expect(text.utf8.count < 64 << 10)
            let read = try NoticeEvent(
                typeName: event.typeName, version: event.version, payload: DataValue(json: text))
            #expect(read == event)
            ledger.apply(read)
            events.append(read)
        }
    }

    mutating func tell(_ news: RunNews, at now: Timestamp) throws {
        try record(NoticeRules.decide(news, policies: policies, ledger: ledger, now: now))
    }

    mutating func approve(run: Int) throws {
        try record(NoticeRules.approvalDecided(project: "acme/web", run: run, ledger: ledger))
    }

    /// Sends what is due, and says to whom what went.
    mutating func send(at now: Timestamp) throws -> [String] {
        try record(NoticeRules.wake(ledger, policies: policies, now: now))
        let due = ledger.due(now)
        try record(due.map { .noticeSent(key: $0.key, at: now) })
        #expect(NoticeLedger(events) == ledger)
        return due.map { notice in
            switch notice.content {
            case .run(let change, let news): "\(notice.address.id) \(change.rawValue) \(news.run).\(news.attempt)"
            case .digest(let digest):
                "\(notice.address.id) digest "
                    + digest.items.map { "\($0.news.subject.branch) x\($0.count)" }.joined(separator: ", ")
                    + (digest.omittedCount > 0 ? " +\(digest.omittedCount)" : "")
            }
        }
    }
}

let all: Set<StateChange> = [.broke, .fixed, .stillFailing, .recoveredByRerun]

@Suite("What a run changed")
struct StateChangeTests {
    @Test("A failure breaks what was not broken, a success fixes what was")
    func changes() {
        #expect(StateChange(news(1, .failure)) == .broke)
        #expect(StateChange(news(2, .failure, previous: .success)) == .broke)
        #expect(StateChange(news(2, .failure, previous: .failure)) == .stillFailing)
        #expect(StateChange(news(2, .success, previous: .failure)) == .fixed)
        #expect(StateChange(news(2, .success, previous: .success)) == nil)
        #expect(StateChange(news(1, .success)) == nil)
        #expect(StateChange(news(1, nil)) == .waitingForApproval)
    }

    @Test("Cancelled and skipped runs change nothing, nor does one that a newer run overtook")
    func nothing() {
        #expect(StateChange(news(2, .cancelled, previous: .failure)) == nil)
        #expect(StateChange(news(2, .skipped, previous: .success)) == nil)
        var late = news(2, .failure, previous: .success)
        late.isSuperseded = true
        #expect(StateChange(late) == nil)
    }

    @Test("A second attempt is compared with the first: it recovers, goes on failing, or fixes what was broken before")
    func attempts() {
        var again = news(5, .success, previous: .success)
        again.attempt = 2
        again.earlierAttempt = .failure
        #expect(StateChange(again) == .recoveredByRerun)
        again.previous = .failure
        #expect(StateChange(again) == .fixed)
        again.conclusion = .failure
        again.previous = .success
        #expect(StateChange(again) == .stillFailing)
        again.earlierAttempt = .success
        #expect(StateChange(again) == .broke)
        again.earlierAttempt = .cancelled
        again.previous = .failure
        #expect(StateChange(again) == .stillFailing)
    }
}

@Suite("Who is told")
struct NoticeRulesTests {
    private let plain = NotificationPolicy(
        id: "p", changes: all, routes: [.author, .owners(after: .minutes(120)), .channel("ci")])

    @Test("The author and the channel hear of a failure at once, the owner when two hours went by without a fix")
    func escalation() throws {
        var desk = Desk(plain)
        try desk.tell(news(7, .failure, previous: .success), at: minute(0))
        #expect(try desk.send(at: minute(0)) == ["mail:ann@example.org broke 7.1", "channel:ci broke 7.1"])
        #expect(desk.ledger.wakeUp == minute(120))
        #expect(try desk.send(at: minute(119)).isEmpty)
        #expect(try desk.send(at: minute(120)) == ["mail:olaf@example.org broke 7.1"])
        var fix = news(8, .success, previous: .failure)
        fix.author = Person(name: "Bea", email: "bea@example.org")
        try desk.tell(fix, at: minute(130))
        // Those who were worried, and not whoever happens to have fixed it.
        #expect(
            try desk.send(at: minute(130)) == [
                "channel:ci fixed 8.1", "mail:ann@example.org fixed 8.1", "mail:olaf@example.org fixed 8.1",
            ])
        #expect(desk.ledger.wakeUp == nil)
    }

    @Test("A fix in time spares the owner both mails")
    func fixedInTime() throws {
        var desk = Desk(plain)
        try desk.tell(news(7, .failure, previous: .success), at: minute(0))
        _ = try desk.send(at: minute(0))
        try desk.tell(news(8, .success, previous: .failure), at: minute(60))
        #expect(try desk.send(at: minute(60)) == ["channel:ci fixed 8.1", "mail:ann@example.org fixed 8.1"])
        #expect(try desk.send(at: minute(600)).isEmpty)
    }

    @Test("The same news twice is told once, also after a restart")
    func once() throws {
        var desk = Desk(plain)
        try desk.tell(news(7, .failure), at: minute(0))
        try desk.tell(news(7, .failure), at: minute(0))
        #expect(try desk.send(at: minute(0)).count == 2)
        desk.ledger = NoticeLedger(desk.events)
        try desk.tell(news(7, .failure), at: minute(1))
        #expect(try desk.send(at: minute(1)).isEmpty)
    }

    @Test("A rerun that succeeds is told as such to those who heard of the failure")
    func rerun() throws {
        var desk = Desk(plain)
        try desk.tell(news(7, .failure, previous: .success), at: minute(0))
        _ = try desk.send(at: minute(0))
        var again = news(7, .success, previous: .success)
        again.attempt = 2
        again.earlierAttempt = .failure
        try desk.tell(again, at: minute(5))
        #expect(
            try desk.send(at: minute(5)) == [
                "channel:ci recoveredByRerun 7.2", "mail:ann@example.org recoveredByRerun 7.2",
            ])
        #expect(try desk.send(at: minute(500)).isEmpty)
    }

    @Test(
        "What goes on failing is told together, once an interval, a branch once; what was fixed meanwhile is left out")
    func digest() throws {
        var policy = NotificationPolicy(id: "d", changes: all, routes: [.channel("ci")])
        policy.digestInterval = .minutes(60)
        var desk = Desk(policy)
        for (index, branch) in ["main", "next", "old"].enumerated() {
            try desk.tell(news(10 + index, .failure, previous: .failure, branch: branch), at: minute(Int64(index)))
        }
        try desk.tell(news(20, .failure, previous: .failure), at: minute(30))
        try desk.tell(news(20, .failure, previous: .failure), at: minute(30))
        try desk.tell(news(21, .success, previous: .failure, branch: "old"), at: minute(40))
        // Nobody had heard of 'old' yet.
        #expect(try desk.send(at: minute(59)).isEmpty)
        #expect(try desk.send(at: minute(60)) == ["channel:ci digest main x2, next x1"])
        try desk.tell(news(22, .failure, previous: .failure), at: minute(61))
        #expect(try desk.send(at: minute(120)).isEmpty)
        #expect(try desk.send(at: minute(121)) == ["channel:ci digest main x1"])
        try desk.tell(news(23, .success, previous: .failure), at: minute(130))
        #expect(try desk.send(at: minute(130)) == ["channel:ci fixed 23.1"])
    }

    @Test("A digest holds so many branches and counts the rest")
    func largeDigest() throws {
        var policy = NotificationPolicy(id: "d", changes: [.stillFailing], routes: [.channel("ci")])
        policy.digestInterval = .minutes(60)
        var desk = Desk(policy)
        for number in 0..<(NoticeLimits.digestItems + 3) {
            var long = news(
                number + 1, .failure, previous: .failure, branch: "b\(number)" + String(repeating: "x", count: 400))
            long.labels.sentence = String(repeating: "é", count: 3_000)
            long.labels.title = String(repeating: "t", count: 3_000)
            long.labels.url = "https://ci.example/" + String(repeating: "u", count: 900)
            try desk.tell(long, at: minute(0))
        }
        let sent = try desk.send(at: minute(60))
        #expect(sent.count == 1)
        #expect(sent.first?.hasSuffix(" +3") == true)
    }

    @Test("Those who may approve are asked, and not again once it is decided or the run is over")
    func approvals() throws {
        let policy = NotificationPolicy(
            id: "a", changes: [.waitingForApproval], routes: [.channel("ops"), .owners(after: .minutes(30))])
        var desk = Desk(policy)
        for run in 1...3 { try desk.tell(news(run, nil), at: minute(0)) }
        #expect(try desk.send(at: minute(0)).count == 3)
        try desk.approve(run: 1)
        try desk.tell(news(2, .cancelled), at: minute(10))
        #expect(try desk.send(at: minute(30)) == ["mail:olaf@example.org waitingForApproval 3.1"])
    }

    @Test("A policy speaks for its projects, workflows and branches only; two policies speak for themselves")
    func scope() throws {
        var main = NotificationPolicy(id: "m", changes: [.broke], routes: [.channel("main")])
        main.branches = try FilterPatternList(sources: ["main", "release/**"])
        var other = NotificationPolicy(id: "o", changes: [.broke], routes: [.channel("other")])
        other.projects = try FilterPatternList(sources: ["acme/*", "!acme/web"])
        var named = NotificationPolicy(id: "n", changes: [.broke], routes: [.channel("named")])
        named.workflows = try FilterPatternList(sources: ["CI"])
        var desk = Desk(main, other, named)
        try desk.tell(news(1, .failure), at: minute(0))
        #expect(try desk.send(at: minute(0)) == ["channel:main broke 1.1", "channel:named broke 1.1"])
        try desk.tell(news(2, .failure, branch: "topic/x"), at: minute(0))
        #expect(try desk.send(at: minute(0)) == ["channel:named broke 2.1"])
    }

    @Test("One who is both author and owner hears it once, at the earlier time")
    func samePerson() throws {
        var desk = Desk(plain)
        var own = news(1, .failure)
        own.owners = [Person(name: "A.", email: "ANN@example.org")]
        try desk.tell(own, at: minute(0))
        #expect(try desk.send(at: minute(0)) == ["mail:ann@example.org broke 1.1", "channel:ci broke 1.1"])
        #expect(try desk.send(at: minute(500)).isEmpty)
    }

    @Test("Events of a later program are not folded wrongly")
    func unknown() {
        for (name, version) in [("noticeSent", 2), ("noticeSung", 1), ("noticeSent", 1)] {
            #expect(throws: DiagnosticError.self) {
                _ = try NoticeEvent(typeName: name, version: version, payload: [:])
            }
        }
    }
}
