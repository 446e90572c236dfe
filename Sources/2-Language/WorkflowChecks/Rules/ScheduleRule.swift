// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import Timekeeping
internal import YAMLReading

extension Rule {
    /// Times that come too close together or never, and time zones. Whether a time can be read at all the reader says.
    static let schedules = Rule("schedules") { workflow, findings in
        for item in workflow.outline.event("schedule")?.node?.items ?? [] {
            if let cron = item["cron"], let text = cron.text { checkTimes(text, cron, &findings) }
            if let zone = item["timezone"], let name = zone.text, !name.isEmpty, !TimeZoneTable.contains(name) {
                findings.warn(
                    .unknownTimeZone, "'\(Wording.excerpt(name))' is not the name of a time zone.", at: zone.position,
                    remedy: name.lowercased() == "utc"
                        ? "Times are in UTC without it: remove it." : "Use a name such as 'Europe/Zurich'.")
            }
        }
    }

    /// Source: GitHub's page "Events that trigger workflows", `schedule`.
    private static func checkTimes(_ text: String, _ node: YAMLNode, _ findings: inout Findings) {
        guard let schedule = try? CronSchedule(text) else { return }
        let gap = schedule.smallestIntervalMinutes
        let least = CronSchedule.shortestIntervalMinutes
        if gap < least {
            findings.warn(
                .tooFrequentSchedule,
                "Some of these times are \(gap) minute\(gap == 1 ? "" : "s") apart; GitHub starts a workflow at most "
                    + "once in \(least) minutes.",
                at: node.position, remedy: "Choose times further apart: '*/\(least) * * * *'.")
        }
        if schedule.next(after: Timestamp(milliseconds: 0)) == nil {
            findings.warn(
                .brokenSchedule, "'\(Wording.excerpt(text))' never comes: no month in it has such a day.",
                at: node.position, remedy: "Correct the day or the month.")
        }
    }
}
