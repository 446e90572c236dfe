// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc  // the wall clock
#elseif canImport(Darwin)
    import Darwin  // the wall clock
#endif

/// A moment of wall time: whole milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
public struct Timestamp: Hashable, Sendable, Comparable, CustomStringConvertible {
    public var milliseconds: Int64

    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// The machine's wall clock now. For edges and adapters: what decides takes the time as a value.
    public static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    /// Sums stop at the ends of what can be said: a deadline never wraps into the past.
    public static func + (time: Timestamp, span: Span) -> Timestamp {
        let (sum, overflow) = time.milliseconds.addingReportingOverflow(span.milliseconds)
        return Timestamp(milliseconds: overflow ? (span.milliseconds > 0 ? .max : .min) : sum)
    }

    public static func - (left: Timestamp, right: Timestamp) -> Span {
        let (difference, overflow) = left.milliseconds.subtractingReportingOverflow(right.milliseconds)
        return Span(milliseconds: overflow ? (left > right ? .max : .min) : difference)
    }

    /// A length of time in whole milliseconds; negative ones lead backwards.
    public struct Span: Hashable, Sendable, Comparable {
        public var milliseconds: Int64

        public init(milliseconds: Int64) { self.milliseconds = milliseconds }

        public static func milliseconds(_ count: Int64) -> Span { Span(milliseconds: count) }
        public static func seconds(_ count: Int64) -> Span { Span(milliseconds: scaled(count, 1000)) }
        public static func minutes(_ count: Int64) -> Span { Span(milliseconds: scaled(count, 60_000)) }
        public static func days(_ count: Int64) -> Span { Span(milliseconds: scaled(count, 86_400_000)) }

        public static func < (left: Span, right: Span) -> Bool { left.milliseconds < right.milliseconds }

        private static func scaled(_ count: Int64, _ factor: Int64) -> Int64 {
            let (product, overflow) = count.multipliedReportingOverflow(by: factor)
            return overflow ? (count > 0 ? .max : .min) : product
        }
    }

    /// ISO 8601 in UTC: `2026-11-21T09:00:00Z`, with `.123` before the `Z` where there are milliseconds.
    public var description: String {
        let time = CivilTime(self)
        let whole =
            "\(padded(time.year, 4))-\(padded(time.month, 2))-\(padded(time.day, 2))"
            + "T\(padded(time.hour, 2)):\(padded(time.minute, 2)):\(padded(time.second, 2))"
        return time.millisecond == 0 ? whole + "Z" : whole + ".\(padded(time.millisecond, 3))Z"
    }
}

private func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number.magnitude)
    return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}
