// SPDX-License-Identifier: Apache-2.0

package import StructuredData
package import Timekeeping

/// The schedules of a project, and up to which moment each was looked at: what has to outlive the process.
package struct ScheduleBook: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package var line: ScheduleLine
        /// Ticks up to and with this moment are dealt with.
        package var checkedUntil: Timestamp
    }

    package private(set) var entries: [Entry] = []
    /// Lines past ``ScheduleLimits/schedules``.
    package private(set) var droppedLines = 0

    package init() {}

    /// What the default branch has now. A line that was there before goes on where it was; a new one begins now, so that nothing is made up
    /// for that was never promised.
    package mutating func set(_ lines: [ScheduleLine], at now: Timestamp) {
        let known = Dictionary(entries.map { ($0.line, $0.checkedUntil) }, uniquingKeysWith: max)
        var seen: Set<ScheduleLine> = []
        let wanted = lines.filter { seen.insert($0).inserted }
        entries = wanted.prefix(ScheduleLimits.schedules).map {
            Entry(line: $0, checkedUntil: known[$0] ?? now)
        }
        droppedLines = wanted.count - entries.count
    }

    /// A tick was recorded: it, and those before it, are dealt with.
    package mutating func note(_ line: ScheduleLine, until time: Timestamp) {
        for index in entries.indices where entries[index].line == line {
            entries[index].checkedUntil = max(entries[index].checkedUntil, time)
        }
    }
}

extension ScheduleBook: DataRepresentable {
    package var data: DataValue {
        [
            "entries": .array(
                entries.map { ["line": $0.line.data, "until": .number(Double($0.checkedUntil.milliseconds))] }),
            "dropped": .number(Double(droppedLines)),
        ]
    }

    package init(data: DataValue) throws(DataShapeError) {
        entries = try data.list("entries") { (entry) throws(DataShapeError) in
            Entry(
                line: try ScheduleLine(data: entry["line"] ?? .null),
                checkedUntil: Timestamp(milliseconds: Int64(try entry.int("until"))))
        }
        droppedLines = data["dropped"]?.int ?? 0
    }
}
