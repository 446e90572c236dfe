// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import YAMLReading

extension Rule {
    /// Times that come too close together, and time zones. Whether a time can be read at all the reader says.
    static let schedules = Rule("schedules") { workflow, findings in
        for item in workflow.outline.event("schedule")?.node?.items ?? [] {
            if let cron = item["cron"], let text = cron.text, let gap = MinuteField.shortestGap(ofCron: text),
                gap < shortestGapMinutes
            {
                findings.warn(
                    .tooFrequentSchedule,
                    "Some of these times are \(gap) minute\(gap == 1 ? "" : "s") apart; GitHub starts a workflow at "
                        + "most once in \(shortestGapMinutes) minutes.",
                    at: cron.position, remedy: "Choose times further apart: '*/\(shortestGapMinutes) * * * *'.")
            }
            if let zone = item["timezone"], let name = zone.text, !name.isEmpty, !TimeZoneTable.contains(name) {
                findings.warn(
                    .unknownTimeZone, "'\(Wording.excerpt(name))' is not the name of a time zone.", at: zone.position,
                    remedy: name.lowercased() == "utc"
                        ? "Times are in UTC without it: remove it." : "Use a name such as 'Europe/Zurich'.")
            }
        }
    }

    /// Source: GitHub's page "Events that trigger workflows", `schedule`.
    private static let shortestGapMinutes = 5
}

/// The first field of a cron text.
private enum MinuteField {
    /// The shortest time between two starts, in minutes; `nil` where the field cannot be read, or fires once an hour.
    static func shortestGap(ofCron text: String) -> Int? {
        let fields = text.split(whereSeparator: \.isWhitespace)
        guard fields.count == 5, let minutes = minutes(fields[0]), minutes.count > 1, let first = minutes.first,
            let last = minutes.last
        else { return nil }
        let gaps = zip(minutes, minutes.dropFirst()).map { $1 - $0 }
        // From the last minute of an hour to the first of the next, where the next hour is on the list.
        return (gaps + (fields[1] == "*" ? [60 - last + first] : [])).min()
    }

    /// Sorted.
    private static func minutes(_ field: Substring) -> [Int]? {
        var found = Set<Int>()
        for item in field.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = item.split(separator: "/", omittingEmptySubsequences: false)
            guard let range = halves.first, halves.count <= 2 else { return nil }
            let step = halves.count == 2 ? Int(halves[1]) : 1
            guard let step, step > 0, let (low, high) = bounds(range, isOpen: halves.count == 2) else { return nil }
            found.formUnion(stride(from: low, through: high, by: step))
        }
        return found.sorted()
    }

    private static func bounds(_ text: Substring, isOpen: Bool) -> (Int, Int)? {
        if text == "*" { return (0, 59) }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard ends.count <= 2, let low = ends.first ?? nil, (0...59).contains(low) else { return nil }
        guard ends.count == 2 else { return (low, isOpen ? 59 : low) }
        guard let high = ends[1], high >= low, high <= 59 else { return nil }
        return (low, high)
    }
}
