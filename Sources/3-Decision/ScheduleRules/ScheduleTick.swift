// SPDX-License-Identifier: Apache-2.0

package import StructuredData
package import Timekeeping

/// A time at which a schedule fires.
package struct ScheduleTick: Hashable, Sendable {
    package var line: ScheduleLine
    /// The minute that the cron line names.
    package var time: Timestamp
    /// Earlier ticks of the same schedule that were missed and are not made up for.
    package var leftOut: Int
    /// A sentence: on time, or late and why.
    package var reason: String

    /// The same for the same tick of the same schedule, however often it is found.
    package var key: String { "\(line.path):\(line.cron):\(line.zone ?? "UTC"):\(time)" }
}

extension ScheduleTick: DataRepresentable {
    package var data: DataValue {
        [
            "line": line.data, "time": .number(Double(time.milliseconds)), "leftOut": .number(Double(leftOut)),
            "reason": .string(reason),
        ]
    }

    package init(data: DataValue) throws(DataShapeError) {
        line = try ScheduleLine(data: data["line"] ?? .null)
        time = Timestamp(milliseconds: Int64(try data.int("time")))
        leftOut = data["leftOut"]?.int ?? 0
        reason = data["reason"]?.string ?? ""
    }
}
