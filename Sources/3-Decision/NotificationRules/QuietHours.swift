// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// A part of the day in which nobody is told anything.
package struct QuietHours: Hashable, Sendable {
    package var zone: Zone
    /// Minutes after midnight at which it begins: 0 … 1439.
    package var fromMinute: Int
    /// Minutes after midnight at which it ends, on the next day where that is not after the beginning: 1 … 1440.
    package var toMinute: Int
    /// The days on which it begins, 0 is Sunday; empty is every day.
    package var days: Set<Int> = []
    /// A default branch that broke is told of at once all the same.
    package var brokenDefaultBranchPasses = false

    package enum Zone: Hashable, Sendable {
        case rules(ZoneRules)
        /// East of Greenwich, without summer time.
        case offset(minutes: Int)
    }

    package init(zone: Zone, fromMinute: Int, toMinute: Int) {
        self.zone = zone
        self.fromMinute = fromMinute
        self.toMinute = toMinute
    }

    /// When what is due at `moment` may be told: then, or when the quiet hours that it falls into are over.
    package func release(_ moment: Timestamp) -> Timestamp {
        var moment = moment
        // Hours that follow each other directly are one; a week of them would never end, and is refused when it is
        // read.
        for _ in 0..<Self.daysOfWeek {
            guard let end = end(at: moment) else { return moment }
            moment = end
        }
        return moment
    }

    private static let daysOfWeek = 8

    /// When the quiet hours end that hold `moment`; `nil` where none do.
    private func end(at moment: Timestamp) -> Timestamp? {
        let local = CivilTime(moment, offsetSeconds: offsetSeconds(at: moment))
        for daysBack in [0, 1] {
            let midnight = CivilTime(year: local.year, month: local.month, day: local.day).moment()
            let day = CivilTime(midnight + .days(-Int64(daysBack)))
            guard days.isEmpty || days.contains(day.dayOfWeek) else { continue }
            let length = toMinute > fromMinute ? toMinute : toMinute + 1440
            let begin = self.moment(day, minutes: fromMinute)
            let end = self.moment(day, minutes: length)
            if begin <= moment, moment < end { return end }
        }
        return nil
    }

    /// The moment at which clocks show so many minutes after the day's midnight.
    private func moment(_ day: CivilTime, minutes: Int) -> Timestamp {
        let time = CivilTime(day.moment() + .minutes(Int64(minutes)))
        switch zone {
        case .rules(let rules): return rules.moment(of: time)
        case .offset(let minutes): return time.moment(offsetSeconds: minutes * 60)
        }
    }

    private func offsetSeconds(at moment: Timestamp) -> Int {
        switch zone {
        case .rules(let rules): rules.offsetSeconds(at: moment)
        case .offset(let minutes): minutes * 60
        }
    }

    /// Whether there is a moment that is not quiet.
    var ends: Bool { !(days.isEmpty || days.count >= 7) || (toMinute - fromMinute + 1440) % 1440 != 0 }
}
