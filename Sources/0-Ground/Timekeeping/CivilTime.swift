// SPDX-License-Identifier: Apache-2.0

/// A moment as the calendar and the clock on the wall show it (proleptic Gregorian).
public struct CivilTime: Hashable, Sendable {
    public var year: Int
    /// 1 … 12.
    public var month: Int
    /// 1 … 31.
    public var day: Int
    public var hour: Int
    public var minute: Int
    public var second: Int
    public var millisecond: Int

    public init(
        year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0
    ) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        second = 0
        millisecond = 0
    }

    /// The time at `offsetSeconds` east of Greenwich.
    public init(_ moment: Timestamp, offsetSeconds: Int = 0) {
        let shifted = moment.milliseconds.addingReportingOverflow(Int64(offsetSeconds) * 1000).partialValue
        let dayNumber = Self.floorDivide(shifted, 86_400_000)
        var rest = Int(shifted - dayNumber * 86_400_000)
        // The era arithmetic counts years from March, so that the leap day is a year's last.
        let days = Int(dayNumber) + 719_468
        let era = Int(Self.floorDivide(Int64(days), 146_097))
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        millisecond = rest % 1000
        rest /= 1000
        second = rest % 60
        minute = rest / 60 % 60
        hour = rest / 3600
    }

    /// The moment that shows this time at `offsetSeconds` east of Greenwich.
    public func moment(offsetSeconds: Int = 0) -> Timestamp {
        let seconds = (dayNumber * 24 + hour) * 3600 + minute * 60 + second - offsetSeconds
        return Timestamp(milliseconds: Int64(seconds) * 1000 + Int64(millisecond))
    }

    /// Days since 1970-01-01.
    public var dayNumber: Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = Int(Self.floorDivide(Int64(shiftedYear), 400))
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// 0 is Sunday.
    public var dayOfWeek: Int { (dayNumber % 7 + 11) % 7 }

    static func daysInMonth(_ month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func floorDivide(_ number: Int64, _ divisor: Int64) -> Int64 {
        number >= 0 ? number / divisor : -((-(number + 1)) / divisor) - 1
    }
}
