// SPDX-License-Identifier: Apache-2.0

/// A part of each day, in UTC: `20:00-06:00`.
package struct DayHours: Hashable, Sendable {
    /// Minutes after midnight.
    private let start: Int
    private let end: Int

    private static let dayMinutes = 1_440

    /// `nil`: it is none.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Self.minutes($0) }
        guard parts.count == 2, let start = parts[0], let end = parts[1], start != end else { return nil }
        self.start = start
        self.end = end
    }

    private static func minutes(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.count == 2 }), let hour = Int(parts[0]),
            let minute = Int(parts[1]),
            (0...24).contains(hour), (0...59).contains(minute), hour * 60 + minute <= dayMinutes
        else { return nil }
        return (hour * 60 + minute) % dayMinutes
    }

    /// - Parameter now: milliseconds since the epoch.
    package func contains(_ now: Int64) -> Bool {
        let minute = Int(now / 60_000 % Int64(Self.dayMinutes))
        return start < end ? (start..<end).contains(minute) : minute >= start || minute < end
    }

    package var text: String { "between \(Self.text(start)) and \(Self.text(end)) UTC" }

    private static func text(_ minutes: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(minutes / 60)):\(two(minutes % 60))"
    }
}
