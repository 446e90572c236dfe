// SPDX-License-Identifier: Apache-2.0

import ScheduleRules
import StructuredData
import Testing
import Timekeeping

private func time(_ text: String) -> Timestamp { Timestamp(iso8601: text) ?? Timestamp(milliseconds: 0) }

private func kept(_ lines: ScheduleLine..., at start: String) -> ScheduleBook {
    var book = ScheduleBook()
    book.set(lines, at: time(start))
    return book
}

private let nightly = ScheduleLine(path: "night.yml", cron: "30 3 * * *")
private let often = ScheduleLine(path: "often.yml", cron: "*/5 * * * *")

@Suite("Schedules")
struct ScheduleTests {
    @Test("One fires at its minute, once, and says when the next one comes")
    func onTime() throws {
        var book = kept(nightly, at: "2026-03-01T10:00:00Z")
        #expect(ScheduleDecision(book, at: time("2026-03-02T03:29:59Z")).ticks.isEmpty)
        let decision = ScheduleDecision(book, at: time("2026-03-02T03:30:00Z"))
        let tick = try #require(decision.ticks.first)
        #expect(tick.time == time("2026-03-02T03:30:00Z"))
        #expect(tick.leftOut == 0)
        #expect(tick.reason == "The schedule '30 3 * * *' of 2026-03-02T03:30:00Z.")
        #expect(decision.next == time("2026-03-03T03:30:00Z"))
        book.note(tick.line, until: tick.time)
        #expect(ScheduleDecision(book, at: time("2026-03-02T03:30:30Z")).ticks.isEmpty)
    }

    @Test("Of those that were missed the latest is made up for, and the reason says how many were left out")
    func missed() throws {
        let decision = ScheduleDecision(
            kept(often, at: "2026-03-01T10:00:00Z"), at: time("2026-03-01T11:02:00Z"))
        #expect(decision.ticks.count == 1)
        let tick = try #require(decision.ticks.first)
        #expect(tick.time == time("2026-03-01T11:00:00Z"))
        #expect(tick.leftOut == 11)
        #expect(tick.reason.contains("11 earlier ticks were missed and are left out"))
        #expect(decision.missed.isEmpty)
    }

    @Test("What is older than 12 h is not made up for")
    func late() {
        let book = kept(nightly, at: "2026-03-01T10:00:00Z")
        let almost = ScheduleDecision(book, at: time("2026-03-03T15:29:59Z"))
        #expect(almost.ticks.map(\.leftOut) == [1])
        let over = ScheduleDecision(book, at: time("2026-03-03T15:30:00Z"))
        #expect(over.ticks.isEmpty)
        #expect(over.missed.count == 1)
        #expect(over.missed.first?.reason.contains("2 ticks") == true)
        #expect(over.next == time("2026-03-04T03:30:00Z"))
    }

    @Test("Years of missed ticks are not counted one by one")
    func years() {
        let book = kept(often, at: "2016-03-01T10:00:00Z")
        let decision = ScheduleDecision(book, at: time("2026-03-01T11:02:00Z"))
        #expect(decision.ticks.first?.time == time("2026-03-01T11:00:00Z"))
        #expect(decision.ticks.first?.reason.contains("at least") == true)
    }

    @Test("A time zone's clocks are followed over their changes")
    func zones() {
        let line = ScheduleLine(path: "a.yml", cron: "0 9 * * *", zone: "Europe/Berlin")
        let book = kept(line, at: "2026-03-28T12:00:00Z")
        #expect(ScheduleDecision(book, at: time("2026-03-28T13:00:00Z")).next == time("2026-03-29T07:00:00Z"))
        let odd = ScheduleLine(path: "a.yml", cron: "0 9 * * *", zone: "Mars/Olympus")
        let broken = ScheduleDecision(kept(odd, at: "2026-03-01T10:00:00Z"), at: time("2026-03-28T13:00:00Z"))
        #expect(broken.problems.count == 1)
        #expect(broken.ticks.isEmpty)
    }

    @Test("A line that is new begins now; one that stays goes on where it was; one that went is forgotten")
    func changes() {
        var book = kept(nightly, at: "2026-03-01T00:00:00Z")
        book.set([nightly, often, often], at: time("2026-03-05T00:00:00Z"))
        #expect(book.entries.map(\.checkedUntil) == [time("2026-03-01T00:00:00Z"), time("2026-03-05T00:00:00Z")])
        book.set([often], at: time("2026-03-06T00:00:00Z"))
        book.set([nightly], at: time("2026-03-07T00:00:00Z"))
        #expect(book.entries.map(\.checkedUntil) == [time("2026-03-07T00:00:00Z")])
    }

    @Test("Only so many lines are kept")
    func limit() {
        let lines = (0...ScheduleLimits.schedules).map { ScheduleLine(path: "\($0).yml", cron: "0 0 * * *") }
        var book = ScheduleBook()
        book.set(lines, at: time("2026-03-01T00:00:00Z"))
        #expect(book.entries.count == ScheduleLimits.schedules)
        #expect(book.droppedLines == 1)
    }

    @Test("Without a push for so many days they rest, where the project says so, and nothing is made up for later")
    func rest() {
        let book = kept(nightly, at: "2026-03-01T00:00:00Z")
        let now = time("2026-03-01T10:00:00Z")
        let old = ScheduleDecision.Settings(restsAfterDays: 60, lastPushAt: now + .days(-60))
        let decision = ScheduleDecision(book, at: now, old)
        #expect(decision.ticks.isEmpty)
        #expect(decision.resting?.contains("60 days") == true)
        #expect(decision.missed.map(\.until) == [now])
        let never = ScheduleDecision.Settings(restsAfterDays: nil, lastPushAt: now + .days(-600))
        #expect(ScheduleDecision(book, at: now, never).ticks.count == 1)
        let unknown = ScheduleDecision.Settings(restsAfterDays: 60, lastPushAt: nil)
        #expect(ScheduleDecision(book, at: now, unknown).ticks.count == 1)
    }

    @Test("They are kept as data, and read again")
    func data() throws {
        let book = kept(
            nightly, ScheduleLine(path: "a.yml", cron: "0 9 * * 1", zone: "Europe/Berlin"), at: "2026-03-01T00:00:00Z")
        #expect(try ScheduleBook(data: try DataValue(json: Array(book.data.jsonText().utf8))) == book)
        let tick = try #require(ScheduleDecision(book, at: time("2026-03-01T04:00:00Z")).ticks.first)
        #expect(try ScheduleTick(data: tick.data) == tick)
        #expect(tick.key == "night.yml:30 3 * * *:UTC:2026-03-01T03:30:00Z")
    }
}
