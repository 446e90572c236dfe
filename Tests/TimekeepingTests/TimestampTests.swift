// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import Timekeeping

@Suite("Timestamps")
struct TimestampTests {
    @Test(
        "A moment is written in ISO 8601",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59.999Z"), (1_709_164_800_000, "2024-02-29T00:00:00Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"), (4_107_542_400_000, "2100-03-01T00:00:00Z"),
            (1_795_251_600_007, "2026-11-21T09:00:00.007Z"),
        ] as [(Int64, String)])
    func written(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
        #expect(Timestamp(iso8601: text)?.milliseconds == milliseconds)
    }

    @Test("Any moment is read back as it was written, and agrees with the platform's calendar")
    func roundTrip() {
        for day in stride(from: -200_000, through: 200_000, by: 37) {
            let moment = Timestamp(milliseconds: Int64(day) * 86_400_000 + 45_296_789)
            #expect(CivilTime(moment).moment() == moment)
            #expect(Timestamp(iso8601: moment.description) == moment || day < -719_000)
            let date = Date(timeIntervalSince1970: Double(moment.milliseconds) / 1000)
            if day > -140_000 {
                var calendar = Calendar(identifier: .gregorian)
                calendar.timeZone = .gmt
                let parts = calendar.dateComponents([.year, .month, .day, .weekday], from: date)
                let time = CivilTime(moment)
                #expect([parts.year, parts.month, parts.day] == [time.year, time.month, time.day])
                #expect(parts.weekday == time.dayOfWeek + 1)
            }
        }
    }

    @Test(
        "Offsets and fractions are read",
        arguments: [
            ("2026-11-21T10:00:00+01:00", 1_795_251_600_000), ("2026-11-21T03:30:00.5-0530", 1_795_251_600_500),
            ("2026-11-21 09:00:00.123456Z", 1_795_251_600_123),
        ] as [(String, Int64)])
    func offsets(text: String, milliseconds: Int64) {
        #expect(Timestamp(iso8601: text)?.milliseconds == milliseconds)
    }

    @Test(
        "What is no moment is no moment",
        arguments: [
            "", "2026-11-21", "2026-11-21T09:00:00", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
            "2026-11-21T24:00:00Z",
            "2026-11-21T09:00:00.Z", "2026-11-21T09:00:00Zx", "２026-11-21T09:00:00Z",
        ])
    func refused(text: String) {
        #expect(Timestamp(iso8601: text) == nil)
    }

    @Test("Sums stop at the ends")
    func saturation() {
        #expect(Timestamp(milliseconds: .max) + .seconds(1) == Timestamp(milliseconds: .max))
        #expect(Timestamp(milliseconds: .min) + .days(-1) == Timestamp(milliseconds: .min))
        #expect(Timestamp.Span.days(.max).milliseconds == .max)
        #expect(Timestamp(milliseconds: 90_000) - Timestamp(milliseconds: 30_000) == .minutes(1))
    }
}
