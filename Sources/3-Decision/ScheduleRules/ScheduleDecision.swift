// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import Timekeeping

/// Which schedules of a project fire at a moment.
///
/// Of all ticks of one schedule that were missed, while nobody was there to carry them out, at most the latest is made up for, and only while
/// it is younger than ``ScheduleLimits/lateness``; its reason says how many were left out. Pure: times are values.
package struct ScheduleDecision: Sendable {
    package struct Settings: Hashable, Sendable {
        /// Days without a push after which schedules rest, as on GitHub (60); `nil`: never.
        package var restsAfterDays: Int?
        /// `nil`: not known, and nothing rests.
        package var lastPushAt: Timestamp?

        package init(restsAfterDays: Int? = nil, lastPushAt: Timestamp? = nil) {
            self.restsAfterDays = restsAfterDays
            self.lastPushAt = lastPushAt
        }
    }

    /// In the order of the book.
    package private(set) var ticks: [ScheduleTick] = []
    /// Missed ticks that are too old to be made up for: schedule and sentence.
    package private(set) var missed: [(line: ScheduleLine, until: Timestamp, reason: String)] = []
    /// Lines that cannot be used: a time zone that this machine does not know.
    package private(set) var problems: [(line: ScheduleLine, diagnostic: Diagnostic)] = []
    /// The next moment at which one fires; `nil`: none does.
    package private(set) var next: Timestamp?
    /// Why no schedule fires, as a sentence.
    package private(set) var resting: String?

    package init(_ book: ScheduleBook, at now: Timestamp, _ settings: Settings = Settings()) {
        if let days = settings.restsAfterDays, let last = settings.lastPushAt, now - last >= .days(Int64(days)) {
            resting = "Nothing was pushed for \(days) days, so that its schedules rest; a push wakes them."
            // What falls into this time is not made up for.
            for entry in book.entries { missed.append((entry.line, now, resting ?? "")) }
            return
        }
        for entry in book.entries {
            do throws(ScheduleError) {
                try look(at: entry, now)
            } catch {
                problems.append((entry.line, error.diagnostic))
            }
        }
    }

    private mutating func look(at entry: ScheduleBook.Entry, _ now: Timestamp) throws(ScheduleError) {
        let schedule = try CronSchedule(entry.line.cron)
        let zone = try entry.line.zone.map { (name) throws(ScheduleError) in try ZoneRules(named: name) } ?? .utc
        if let following = schedule.next(after: max(now, entry.checkedUntil), zone: zone) {
            next = min(next ?? following, following)
        }
        var latest: Timestamp?
        var count = 0
        var place = entry.checkedUntil
        while let tick = schedule.next(after: place, zone: zone), tick <= now {
            latest = tick
            count += 1
            place = tick
            // A server that was away for years: what lies far back is not counted one by one.
            if count == ScheduleLimits.counted { place = max(place, now + .milliseconds(-lookBackMs)) }
        }
        guard let latest else { return }
        let left = count - 1
        let amount = "\(left > ScheduleLimits.counted ? "at least " : "")\(left)"
        guard now - latest < ScheduleLimits.lateness else {
            let reason =
                "\(left + 1) ticks of '\(entry.line.cron)' were missed, the last one of \(latest): it is older than 12 h."
            missed.append((entry.line, latest, reason))
            return
        }
        var reason = "The schedule '\(entry.line.cron)' of \(latest)"
        reason += now - latest <= ScheduleLimits.punctuality && left == 0 ? "." : ", made up for at \(now)"
        if left > 0 { reason += "; \(amount) earlier ticks were missed and are left out" }
        if reason.last != "." { reason += "." }
        ticks.append(ScheduleTick(line: entry.line, time: latest, leftOut: left, reason: reason))
    }

    /// The latest tick of any schedule that is younger than the lateness lies in here.
    private var lookBackMs: Int64 { ScheduleLimits.lateness.milliseconds }
}
