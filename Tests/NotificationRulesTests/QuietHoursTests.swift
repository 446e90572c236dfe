// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import NotificationRules
import PipelineModel
import StructuredData
import Testing
import Timekeeping

private func time(_ text: String) throws -> Timestamp { try #require(Timestamp(iso8601: text)) }

@Suite("Quiet hours")
struct QuietHoursTests {
    private func berlin(_ from: Int, _ end: Int) throws -> QuietHours {
        QuietHours(zone: .rules(try ZoneRules(named: "Europe/Berlin")), fromMinute: from * 60, toMinute: end * 60)
    }

    @Test("They hold over midnight, and end at the local time, in summer and in winter")
    func overMidnight() throws {
        let night = try berlin(22, 7)
        #expect(try night.release(time("2026-07-01T20:00:00Z")) == time("2026-07-02T05:00:00Z"))
        #expect(try night.release(time("2026-07-01T19:59:59Z")) == time("2026-07-01T19:59:59Z"))
        #expect(try night.release(time("2026-07-02T04:59:59Z")) == time("2026-07-02T05:00:00Z"))
        #expect(try night.release(time("2026-07-02T05:00:00Z")) == time("2026-07-02T05:00:00Z"))
        #expect(try night.release(time("2026-12-01T21:30:00Z")) == time("2026-12-02T06:00:00Z"))
        // The night in which clocks go back has an hour more.
        #expect(try night.release(time("2026-10-24T20:30:00Z")) == time("2026-10-25T06:00:00Z"))
    }

    @Test("Hours on certain days begin on those; a weekend is two days that follow each other")
    func weekend() throws {
        var days = try berlin(0, 24)
        days.days = [6, 0]
        #expect(try days.release(time("2026-07-04T10:00:00Z")) == time("2026-07-05T22:00:00Z"))
        #expect(try days.release(time("2026-07-06T10:00:00Z")) == time("2026-07-06T10:00:00Z"))
        var friday = QuietHours(zone: .offset(minutes: 540), fromMinute: 18 * 60, toMinute: 9 * 60)
        friday.days = [5]
        #expect(try friday.release(time("2026-07-03T10:00:00Z")) == time("2026-07-04T00:00:00Z"))
        #expect(try friday.release(time("2026-07-04T10:00:00Z")) == time("2026-07-04T10:00:00Z"))
    }

    @Test("Notices wait until they end; a broken default branch is told of at once where the policy says so")
    func held() throws {
        var policy = NotificationPolicy(id: "p", changes: all, routes: [.channel("ci")])
        policy.quietHours = try berlin(22, 7)
        var desk = Desk(policy)
        let night = try time("2026-07-01T23:00:00Z")
        let morning = try time("2026-07-02T05:00:00Z")
        try desk.tell(news(1, .failure), at: night)
        #expect(try desk.send(at: night).isEmpty)
        #expect(desk.ledger.wakeUp == morning)
        #expect(try desk.send(at: morning) == ["channel:ci broke 1.1"])
        policy.quietHours?.brokenDefaultBranchPasses = true
        var loud = Desk(policy)
        try loud.tell(news(1, .failure), at: night)
        try loud.tell(news(2, .failure, branch: "topic"), at: night)
        #expect(try loud.send(at: night) == ["channel:ci broke 1.1"])
        #expect(try loud.send(at: morning) == ["channel:ci broke 2.1"])
    }

    @Test("What broke and was fixed in the same night is not told at all")
    func overNight() throws {
        var policy = NotificationPolicy(id: "p", changes: all, routes: [.author, .channel("ci")])
        policy.quietHours = try berlin(22, 7)
        var desk = Desk(policy)
        let night = try time("2026-07-01T23:00:00Z")
        try desk.tell(news(1, .failure, previous: .success), at: night)
        try desk.tell(news(2, .success, previous: .failure), at: night + .minutes(60))
        #expect(desk.ledger.wakeUp == nil)
        #expect(try desk.send(at: time("2026-07-02T08:00:00Z")).isEmpty)
    }

    @Test("What a server that was down finds overdue in quiet hours waits on")
    func overdue() throws {
        var policy = NotificationPolicy(id: "p", changes: all, routes: [.owners(after: .minutes(60))])
        policy.quietHours = try berlin(22, 7)
        policy.digestInterval = .minutes(30)
        var desk = Desk(policy)
        let evening = try time("2026-07-01T18:00:00Z")
        try desk.tell(news(1, .failure), at: evening)
        var old = news(2, .failure, previous: .failure, branch: "topic")
        old.brokenSince = evening + .days(-1)
        try desk.tell(old, at: evening)
        #expect(try desk.send(at: time("2026-07-01T23:00:00Z")).isEmpty)
        #expect(
            try desk.send(at: time("2026-07-02T05:00:00Z")) == [
                "mail:olaf@example.org broke 1.1", "mail:olaf@example.org digest topic x1",
            ])
    }
}

@Suite("Policies as people write them")
struct PolicyReadingTests {
    private func read(_ text: String) throws -> NotificationPolicy {
        try NotificationPolicy(data: DataValue(json: text)) { try? ZoneRules(named: $0) }
    }

    @Test("A policy with everything")
    func whole() throws {
        let policy = try read(
            """
            {"id": "main", "on": ["broke", "fixed", "stillFailing"], "projects": ["acme/*"], "branches": ["main"],
             "to": ["author", "owners", {"owners": 120}, {"channel": "ci"}], "digestMinutes": 60,
             "quiet": {"from": "22:00", "to": "00:00", "zone": "Asia/Seoul", "days": ["sat", "Sun"],
                       "brokenDefaultBranchPasses": true}}
            """)
        #expect(policy.changes == [.broke, .fixed, .stillFailing])
        #expect(
            policy.routes == [
                .author, .owners(after: .minutes(0)), .owners(after: .minutes(120)), .channel("ci"),
            ])
        #expect(policy.digestInterval == .minutes(60))
        #expect(policy.quietHours?.toMinute == 1440)
        #expect(policy.quietHours?.days == [0, 6])
        #expect(policy.quietHours?.brokenDefaultBranchPasses == true)
    }

    @Test(
        "What is wrong is named",
        arguments: [
            ("id", #"{"on": ["broke"], "to": ["author"]}"#), ("on", #"{"id": "p", "to": ["author"]}"#),
            ("on", #"{"id": "p", "on": ["exploded"], "to": ["author"]}"#), ("to", #"{"id": "p", "on": ["broke"]}"#),
            ("to", #"{"id": "p", "on": ["broke"], "to": ["everybody"]}"#),
            ("branches", #"{"id": "p", "on": ["broke"], "to": ["author"], "branches": ["a["]}"#),
            ("digestMinutes", #"{"id": "p", "on": ["broke"], "to": ["author"], "digestMinutes": 0}"#),
            (
                "quiet.from",
                #"{"id": "p", "on": ["broke"], "to": ["author"], "quiet": {"from": "25:00", "to": "07:00"}}"#
            ),
            ("quiet.to", #"{"id": "p", "on": ["broke"], "to": ["author"], "quiet": {"from": "22:00", "to": "7"}}"#),
            (
                "quiet.zone",
                #"{"id": "p", "on": ["broke"], "to": ["author"], "quiet": {"from": "22:00", "to": "07:00", "zone": "Mars/X"}}"#
            ),
            (
                "quiet",
                #"{"id": "p", "on": ["broke"], "to": ["author"], "quiet": {"from": "00:00", "to": "24:00", "offsetMinutes": 0}}"#
            ),
        ])
    func broken(key: String, text: String) throws {
        do {
            _ = try read(text)
            Issue.record("read")
        } catch let error as DiagnosticError {
            #expect(error.diagnostic.code == .policyInvalid)
            #expect(error.diagnostic.message.contains("'\(key)'"), "\(error.diagnostic.message)")
        }
    }
}
