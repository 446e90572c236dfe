// SPDX-License-Identifier: Apache-2.0

/// The rule that holds after a zone file's last transition: a POSIX `TZ` text such as `CET-1CEST,M3.5.0,M10.5.0/3`.
struct ZoneTail: Hashable, Sendable {
    /// A day of each year and a time of that day.
    private enum Day: Hashable, Sendable {
        /// Month, week (5 is the last one), weekday (0 is Sunday).
        case weekday(month: Int, week: Int, weekday: Int)
        /// 1 … 365; 29 February is never counted.
        case dayWithoutLeap(Int)
        /// 0 … 365.
        case dayOfYear(Int)
    }

    private struct Change: Hashable, Sendable {
        var day: Day
        /// Seconds after midnight; may be negative or above a day.
        var time: Int
    }

    private let standard: Int
    private var summer: Int?
    private var summerBegins: Change?
    private var summerEnds: Change?

    /// `nil` for an empty or broken text.
    init?(_ text: String) {
        var parser = Parser(rest: Array(text.utf8)[...])
        guard parser.name(), let west = parser.time() else { return nil }
        standard = -west
        guard !parser.rest.isEmpty else { return }
        guard parser.name() else { return nil }
        summer = standard + 3600
        if parser.rest.first != UInt8(ascii: ",") {
            guard let west = parser.time() else { return nil }
            summer = -west
        }
        guard let begins = parser.change(), let ends = parser.change(), parser.rest.isEmpty else { return nil }
        summerBegins = begins
        summerEnds = ends
    }

    func offsetSeconds(at seconds: Int64) -> Int {
        guard let summer, let summerBegins, let summerEnds else { return standard }
        let local = Timestamp(milliseconds: seconds.multipliedReportingOverflow(by: 1000).partialValue)
        let year = CivilTime(local, offsetSeconds: standard).year
        let begins = Self.moment(of: summerBegins, year: year) - Int64(standard)
        let ends = Self.moment(of: summerEnds, year: year) - Int64(summer)
        let isSummer = begins < ends ? seconds >= begins && seconds < ends : !(seconds >= ends && seconds < begins)
        return isSummer ? summer : standard
    }

    /// In seconds since 1970, as a clock at Greenwich would show it.
    private static func moment(of change: Change, year: Int) -> Int64 {
        let firstDay = CivilTime(year: year, month: 1, day: 1).dayNumber
        let day: Int
        switch change.day {
        case .dayOfYear(let number): day = firstDay + number
        case .dayWithoutLeap(let number):
            let hasLeapDay = CivilTime.daysInMonth(2, of: year) == 29
            day = firstDay + number - 1 + (hasLeapDay && number > 59 ? 1 : 0)
        case .weekday(let month, let week, let weekday):
            let first = CivilTime(year: year, month: month, day: 1)
            var date = 1 + (weekday - first.dayOfWeek + 7) % 7 + (week - 1) * 7
            while date > CivilTime.daysInMonth(month, of: year) { date -= 7 }
            day = first.dayNumber + date - 1
        }
        return Int64(day) * 86_400 + Int64(change.time)
    }

    private struct Parser {
        var rest: ArraySlice<UInt8>

        /// Letters, or anything in angle brackets.
        mutating func name() -> Bool {
            if rest.first == UInt8(ascii: "<") {
                guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
                rest = rest[(end + 1)...]
                return true
            }
            let letters = rest.prefix { (65...90).contains($0) || (97...122).contains($0) }
            rest.removeFirst(letters.count)
            return letters.count >= 3
        }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest.removeFirst()
            return true
        }

        mutating func number(upTo limit: Int) -> Int? {
            let digits = rest.prefix { (48...57).contains($0) }
            guard (1...3).contains(digits.count) else { return nil }
            rest.removeFirst(digits.count)
            let value = digits.reduce(0) { $0 * 10 + Int($1 - 48) }
            return value <= limit ? value : nil
        }

        /// `[+-]hh[:mm[:ss]]` in seconds.
        mutating func time() -> Int? {
            let sign = take("-") ? -1 : 1
            if sign == 1 { _ = take("+") }
            guard let hours = number(upTo: 167) else { return nil }
            var seconds = hours * 3600
            for unit in [60, 1] where take(":") {
                guard let part = number(upTo: 59) else { return nil }
                seconds += part * unit
            }
            return sign * seconds
        }

        mutating func change() -> Change? {
            guard take(","), let day = day() else { return nil }
            guard take("/") else { return Change(day: day, time: 7200) }
            return time().map { Change(day: day, time: $0) }
        }

        private mutating func day() -> Day? {
            if take("J") { return number(upTo: 365).map { .dayWithoutLeap($0) } }
            guard take("M") else { return number(upTo: 365).map { .dayOfYear($0) } }
            guard let month = number(upTo: 12), month > 0, take("."), let week = number(upTo: 5), week > 0, take("."),
                let weekday = number(upTo: 6)
            else { return nil }
            return .weekday(month: month, week: week, weekday: weekday)
        }
    }
}
