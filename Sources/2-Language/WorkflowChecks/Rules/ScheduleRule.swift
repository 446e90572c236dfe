// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import Timekeeping
internal import YAMLReading

extension Rule {
    /// Times that cannot be read, come too close together or never come, and time zones that are not there.
    static let schedules = Rule("schedules") { workflow, findings in
        for item in workflow.outline.event("schedule")?.node?.items ?? [] {
            if let cron = item["cron"], let text = cron.text, !text.isEmpty { checkCron(text, cron, &findings) }
            if let zone = item["timezone"], let name = zone.text, !name.isEmpty, !TimeZoneTable.contains(name) {
                findings.warn(
                    .unknownTimeZone, "'\(Wording.excerpt(name))' is not the name of a time zone.", at: zone.position,
                    remedy: name.lowercased() == "utc"
                        ? "Times are in UTC without it: remove it." : "Use a name such as 'Europe/Zurich'.")
            }
        }
    }

    private static func checkCron(_ text: String, _ node: YAMLNode, _ findings: inout Findings) {
        do throws(ScheduleError) {
            for fault in try CronSchedule(text).findings { findings.warn(fault.code, fault.message, at: node.position) }
        } catch {
            findings.warn(error.code, error.message, at: node.position, remedy: error.diagnostic.remedy)
        }
    }
}
