// SPDX-License-Identifier: Apache-2.0

/// A `schedule:` of a workflow: five fields, minute, hour, day of the month, month, day of the week.
///
/// As on GitHub: `*`, numbers, the names JAN … DEC and SUN … SAT, lists, ranges and steps; no `@daily`, no seconds,
/// no `L`, `W` or `#`. Sunday is 0 or 7. Where both days are restricted, either of them is enough.
public struct CronSchedule: Hashable, Sendable {
    /// GitHub starts a schedule at most this often.
    public static let shortestIntervalMinutes = 5
    /// Leap days are eight years apart at most; a schedule that is silent for longer never fires.
    private static let searchYears = 12
    private static let maximumBytes = 1024

    public let source: String
    private let minutes: UInt64
    private let hours: UInt64
    private let days: UInt64
    private let months: UInt64
    private let weekdays: UInt64
    private let needsBothDays: Bool

    /// - Throws: ``ScheduleError`` with the place of the first fault.
    public init(_ source: String) throws(ScheduleError) {
        self.source = source
        guard source.utf8.count <= Self.maximumBytes else {
            throw ScheduleError(code: .malformedCron, message: "The cron line is too long.", offset: Self.maximumBytes)
        }
        var parts: [(text: [Unicode.Scalar], offset: Int)] = []
        var current: [Unicode.Scalar] = []
        let scalars = Array(source.unicodeScalars) + [" "]
        for (index, scalar) in scalars.enumerated() {
            if scalar != " ", scalar != "\t", scalar != "\n" {
                current.append(scalar)
            } else if !current.isEmpty {
                parts.append((current, index - current.count))
                current = []
            }
        }
        guard parts.count == CronField.all.count else {
            let message =
                source.unicodeScalars.first == "@"
                ? "'\(source)' is not supported: write the five fields, such as '0 0 * * *'."
                : "A cron line has five fields (minute hour day month weekday); this one has \(parts.count)."
            throw ScheduleError(code: .malformedCron, message: message, offset: parts.count > 5 ? parts[5].offset : 0)
        }
        var sets: [UInt64] = []
        for (field, part) in zip(CronField.all, parts) {
            var parser = CronFieldParser(field: field, text: part.text, start: part.offset)
            sets.append(try parser.parse())
        }
        minutes = sets[0]
        hours = sets[1]
        days = sets[2]
        months = sets[3]
        // A week has seven days: what asks for day 7 asks for day 0.
        weekdays = sets[4] & 0x7F | sets[4] >> 7
        // A field that begins with a star restricts nothing, as in Vixie's cron.
        needsBothDays = parts[2].text.first == "*" || parts[4].text.first == "*"
    }

    /// The smallest distance between two runs within a day, in minutes; 60 where there is one in an hour.
    public var smallestIntervalMinutes: Int {
        let set = (0..<60).filter { minutes & (1 << UInt64($0)) != 0 }
        var smallest = 60
        for (earlier, later) in zip(set, set.dropFirst()) { smallest = min(smallest, later - earlier) }
        let hasNeighbours = (0..<24).contains { hour in
            hours & (1 << UInt64(hour)) != 0 && hours & (1 << UInt64((hour + 1) % 24)) != 0
        }
        if hasNeighbours, let first = set.first, let last = set.last, set.count > 1 {
            smallest = min(smallest, first + 60 - last)
        }
        return smallest
    }

    /// What is wrong with a schedule that can be read: it is too frequent, or never fires.
    public var findings: [ScheduleError] {
        var findings: [ScheduleError] = []
        if smallestIntervalMinutes < Self.shortestIntervalMinutes {
            let message =
                "The schedule asks for a run every \(smallestIntervalMinutes) min; "
                + "GitHub starts one every \(Self.shortestIntervalMinutes) min at most."
            findings.append(ScheduleError(code: .cronTooFrequent, message: message, offset: 0))
        }
        if next(after: Timestamp(milliseconds: 0)) == nil {
            let message = "The schedule '\(source)' never fires: no month in it has such a day."
            findings.append(ScheduleError(code: .cronNeverFires, message: message, offset: 0))
        }
        return findings
    }

    /// The first moment after `moment` at which the schedule fires, by the clocks of `zone`.
    ///
    /// Times that a change of the clocks leaves out fire when the clocks have changed; times that it repeats fire once,
    /// the first time.
    public func next(after moment: Timestamp, zone: ZoneRules = .utc) -> Timestamp? {
        var time = CivilTime(moment, offsetSeconds: zone.offsetSeconds(at: moment))
        let lastYear = time.year + Self.searchYears
        time.second = 0
        time.millisecond = 0
        step(&time)
        while time.year <= lastYear {
            guard contains(months, time.month) else {
                (time.year, time.month) = time.month == 12 ? (time.year + 1, 1) : (time.year, time.month + 1)
                (time.day, time.hour, time.minute) = (1, 0, 0)
                continue
            }
            guard isDay(time) else {
                advanceDay(&time)
                continue
            }
            guard contains(hours, time.hour) else {
                time.minute = 0
                if time.hour == 23 { advanceDay(&time) } else { time.hour += 1 }
                continue
            }
            if contains(minutes, time.minute) {
                let found = zone.moment(of: time)
                if found > moment { return found }
            }
            step(&time)
        }
        return nil
    }

    private func contains(_ set: UInt64, _ number: Int) -> Bool { set & (1 << UInt64(number)) != 0 }

    private func isDay(_ time: CivilTime) -> Bool {
        let isInMonth = contains(days, time.day)
        let isInWeek = contains(weekdays, time.dayOfWeek)
        return needsBothDays ? isInMonth && isInWeek : isInMonth || isInWeek
    }

    private func step(_ time: inout CivilTime) {
        time.minute += 1
        guard time.minute == 60 else { return }
        time.minute = 0
        if time.hour == 23 { advanceDay(&time) } else { time.hour += 1 }
    }

    private func advanceDay(_ time: inout CivilTime) {
        (time.hour, time.minute) = (0, 0)
        time.day += 1
        guard time.day > CivilTime.daysInMonth(time.month, of: time.year) else { return }
        time.day = 1
        (time.year, time.month) = time.month == 12 ? (time.year + 1, 1) : (time.year, time.month + 1)
    }
}
