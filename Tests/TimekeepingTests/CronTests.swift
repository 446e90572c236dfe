// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import Testing
import Timekeeping

private func moment(_ text: String) throws -> Timestamp { try #require(Timestamp(iso8601: text)) }

@Suite("Cron schedules")
struct CronTests {
    @Test(
        "The next run after a moment",
        arguments: [
            ("*/5 * * * *", "2026-11-21T09:00:00Z", "2026-11-21T09:05:00Z"),
            ("*/5 * * * *", "2026-11-21T09:04:59.999Z", "2026-11-21T09:05:00Z"),
            ("0 0 * * *", "2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("30 5 * * 1-5", "2026-11-20T05:30:00Z", "2026-11-23T05:30:00Z"),
            ("30 5 * * mon-FRI", "2026-11-21T00:00:00Z", "2026-11-23T05:30:00Z"),
            ("0 12 29 FEB *", "2026-01-01T00:00:00Z", "2028-02-29T12:00:00Z"),
            ("0 0 13 * 5", "2026-11-21T00:00:00Z", "2026-11-27T00:00:00Z"),
            ("0 0 13 * 5", "2026-12-11T00:00:00Z", "2026-12-13T00:00:00Z"),
            ("0 0 */2 * 1", "2026-11-21T00:00:00Z", "2026-11-23T00:00:00Z"),
            ("5/15 3 * * *", "2026-11-21T03:20:00Z", "2026-11-21T03:35:00Z"),
            ("0 0 1,15 JAN,JUL SUN", "2026-07-16T00:00:00Z", "2026-07-19T00:00:00Z"),
            ("59 23 31 12 *", "2026-11-21T00:00:00Z", "2026-12-31T23:59:00Z"),
            ("30 5 * * 7", "2026-11-21T00:00:00Z", "2026-11-22T05:30:00Z"),
            ("30 5 * * 6-7", "2026-11-22T06:00:00Z", "2026-11-28T05:30:00Z"),
            ("  0   0  1   1  * ", "2026-11-21T00:00:00Z", "2027-01-01T00:00:00Z"),
        ])
    func next(cron: String, after: String, expected: String) throws {
        #expect(try CronSchedule(cron).next(after: moment(after))?.description == expected)
    }

    @Test(
        "A line without a meaning is refused at its character",
        arguments: [
            ("", 0), ("* * * *", 0), ("* * * * * *", 10), ("@daily", 0), ("60 * * * *", 0), ("* 24 * * *", 2),
            ("* * 0 * *", 4), ("* * * 13 *", 6), ("* * * * 8", 8), ("* * * * FOO", 8), ("5-1 * * * *", 0),
            ("*/0 * * * *", 2), ("*/60 * * * *", 2), ("1,,2 * * * *", 2), ("1, * * * *", 2), ("a * * * *", 0),
            ("1-2-3 * * * *", 3), ("*/5/5 * * * *", 3), ("? * * * *", 0), ("JAN * * * *", 0), ("-5 * * * *", 0),
            ("1.5 * * * *", 1), ("99999999999999999999 * * * *", 0), ("* * L * *", 4), ("0 0 * * MON#2", 11),
        ])
    func refused(cron: String, offset: Int) {
        let error = #expect(throws: ScheduleError.self) { try CronSchedule(cron) }
        #expect(error?.offset == offset)
        #expect(error?.code == .malformedCron)
    }

    @Test(
        "A schedule is too frequent where two runs are less than five minutes apart",
        arguments: [
            ("* * * * *", 1), ("*/4 * * * *", 4), ("*/5 * * * *", 5), ("0,58 * * * *", 2), ("0,58 3 * * *", 58),
            ("0-4 1 * * *", 1), ("7 * * * *", 60), ("0,58 0,23 * * *", 2), ("*/7 * * * *", 4),
        ])
    func frequency(cron: String, minutes: Int) throws {
        let schedule = try CronSchedule(cron)
        #expect(schedule.smallestIntervalMinutes == minutes)
        #expect(schedule.findings.map(\.code) == (minutes < 5 ? [.cronTooFrequent] : []))
    }

    @Test("A day that never comes is found, not waited for")
    func never() throws {
        let schedule = try CronSchedule("0 0 30 2 *")
        #expect(schedule.next(after: Timestamp(milliseconds: 0)) == nil)
        #expect(schedule.findings.map(\.code) == [.cronNeverFires])
    }

    @Test(
        "A zone's clocks decide, on the days of their change too",
        arguments: [
            ("0 9 * * *", "Europe/Berlin", "2026-11-20T12:00:00Z", "2026-11-21T08:00:00Z"),
            ("0 9 * * *", "Europe/Berlin", "2026-07-20T12:00:00Z", "2026-07-21T07:00:00Z"),
            // 02:30 is left out on 29 March 2026; the clocks show 03:00 at 01:00Z.
            ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"),
            ("30 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"),
            // 02:30 comes twice on 25 October 2026: the first one counts.
            ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
            ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),
            ("0 0 1 1 *", "Asia/Seoul", "2040-06-01T00:00:00Z", "2040-12-31T15:00:00Z"),
            ("0 12 * * *", "America/New_York", "2045-07-04T00:00:00Z", "2045-07-04T16:00:00Z"),
            ("0 12 * * *", "Australia/Lord_Howe", "2045-01-04T03:00:00Z", "2045-01-05T01:00:00Z"),
        ])
    func zones(cron: String, zone: String, after: String, expected: String) throws {
        let rules = try ZoneRules(named: zone)
        #expect(try CronSchedule(cron).next(after: moment(after), zone: rules)?.description == expected)
    }

    @Test("Offsets agree with the platform's, over two centuries")
    func offsets() throws {
        for name in [
            "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Africa/Casablanca", "Pacific/Chatham", "UTC",
        ] {
            let rules = try ZoneRules(named: name)
            let zone = try #require(TimeZone(identifier: name))
            for day in stride(from: -20_000, to: 24_000, by: 11) {
                let moment = Timestamp(milliseconds: Int64(day) * 86_400_000 + 3_000_000)
                let expected = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(moment.milliseconds) / 1000))
                #expect(rules.offsetSeconds(at: moment) == expected, "\(name) \(moment)")
            }
        }
    }

    @Test(
        "What is no zone is refused",
        arguments: ["", "local", "Mars/Base", "../../etc/passwd", "/etc/localtime", "Europe", "É"])
    func unknownZone(name: String) {
        let error = #expect(throws: ScheduleError.self) { try ZoneRules(named: name) }
        #expect(error?.code == .unknownTimeZone)
    }

    @Test("A damaged zone file is none")
    func damagedZone() throws {
        let whole = [UInt8](try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/Europe/Berlin")))
        for size in stride(from: 0, to: whole.count - 60, by: 17) {
            #expect(ZoneRules(tzif: Array(whole[..<size])) == nil)
        }
        var seed: UInt64 = 5
        for _ in 0..<500 {
            var broken = whole
            for _ in 0..<8 {
                seed = seed &* 6_364_136_223_846_793_005 &+ 1
                broken[Int(seed >> 33) % broken.count] = UInt8(truncatingIfNeeded: seed >> 20)
            }
            if let rules = ZoneRules(tzif: broken) {
                _ = try CronSchedule("0 3 * * *").next(after: Timestamp(milliseconds: 1_795_251_600_000), zone: rules)
            }
        }
    }
}
