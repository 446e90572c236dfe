// SPDX-License-Identifier: Apache-2.0

extension Timestamp {
    /// Reads ISO 8601 with an offset: `2026-11-21T09:00:00Z`, `…T10:00:00.25+01:00`; `nil` for anything else.
    public init?(iso8601 text: String) {
        var reader = DigitReader(rest: Array(text.utf8)[...])
        guard
            let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"),
            let day = reader.number(2), reader.take("T") || reader.take("t") || reader.take(" "),
            let hour = reader.number(2), reader.take(":"), let minute = reader.number(2), reader.take(":"),
            let second = reader.number(2), (1...12).contains(month),
            (1...CivilTime.daysInMonth(month, of: year)).contains(day), hour < 24, minute < 60, second < 61
        else { return nil }
        var time = CivilTime(year: year, month: month, day: day, hour: hour, minute: minute)
        time.second = second
        if reader.take(".") {
            guard let milliseconds = reader.fraction() else { return nil }
            time.millisecond = milliseconds
        }
        var offset = 0
        if !(reader.take("Z") || reader.take("z")) {
            let sign = reader.take("+") ? 1 : reader.take("-") ? -1 : 0
            guard sign != 0, let hours = reader.number(2), hours < 24 else { return nil }
            _ = reader.take(":")
            guard let minutes = reader.number(2), minutes < 60 else { return nil }
            offset = sign * (hours * 3600 + minutes * 60)
        }
        guard reader.rest.isEmpty else { return nil }
        self = time.moment(offsetSeconds: offset)
    }
}

private struct DigitReader {
    var rest: ArraySlice<UInt8>

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    mutating func number(_ digits: Int) -> Int? {
        guard rest.count >= digits else { return nil }
        var value = 0
        for byte in rest.prefix(digits) {
            guard (48...57).contains(byte) else { return nil }
            value = value * 10 + Int(byte - 48)
        }
        rest.removeFirst(digits)
        return value
    }

    /// One digit or more after the point, in milliseconds, cut off.
    mutating func fraction() -> Int? {
        let digits = rest.prefix { (48...57).contains($0) }
        guard !digits.isEmpty else { return nil }
        rest.removeFirst(digits.count)
        let three = (digits.map { Int($0 - 48) } + [0, 0])[..<3]
        return three.reduce(0) { $0 * 10 + $1 }
    }
}
