// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// Parts of a report in the words of `martlet run --json`.
package enum RunReading {
    static func start(of report: DataObject) -> DataObject {
        var start: DataObject = ["type": "runStarted", "schema": 1]
        for key in ["run", "attempt", "workflow", "title"] {
            if let value = report[key], value != .null { start[key] = value }
        }
        // A run without a name of its own has its workflow's.
        if start["title"] == start["workflow"] || start["title"] == "" { start["title"] = nil }
        start["digest"] = report["digest"] ?? ""
        return start
    }

    static func end(of report: DataObject) -> DataObject {
        var end: DataObject = ["type": "runFinished"]
        end["run"] = report["run"]
        let conclusion = report["conclusion"]?.string ?? "cancelled"
        // Scripts know three.
        end["conclusion"] = .string(conclusion == "skipped" ? "success" : conclusion)
        end["unavailable"] = .bool(isUnavailable(report))
        end["durationMs"] = .number(duration(report, from: ["startedAt", "createdAt"]) ?? 0)
        if let reason = report["reason"], reason != .null { end["reason"] = reason }
        return end
    }

    /// Whether a job that should have run was not to be had.
    package static func isUnavailable(_ report: DataObject) -> Bool {
        if let said = report["unavailable"]?.bool { return said }
        return (report["jobs"]?.array ?? []).contains { $0["reason"]?["kind"]?.string == "unavailable" }
    }

    static func end(ofJob job: DataObject, _ head: DataObject) -> DataObject {
        var end = head
        end["type"] = "jobFinished"
        end["conclusion"] = job["conclusion"] ?? "cancelled"
        end["durationMs"] = .number(job["takenFrom"] == nil ? duration(job, from: ["startedAt", "queuedAt"]) ?? 0 : 0)
        if let reason = job["reason"], reason != .null { end["reason"] = reason }
        return end
    }

    static func end(ofStep step: DataObject, _ head: DataObject) -> DataObject {
        var end = head
        end["type"] = "stepFinished"
        end["outcome"] = step["outcome"] ?? step["conclusion"] ?? "cancelled"
        end["conclusion"] = step["conclusion"] ?? "cancelled"
        for key in ["exitCode", "reason", "logLines"] {
            if let value = step[key], value != .null { end[key] = value }
        }
        end["durationMs"] = .number(duration(step, from: ["startedAt"]) ?? 0)
        return end
    }

    /// Milliseconds until `finishedAt`, from the first of these times that is known.
    package static func duration(_ part: DataObject, from keys: [String]) -> Double? {
        guard let end = part["finishedAt"]?.number, let start = keys.lazy.compactMap({ part[$0]?.number }).first else {
            return nil
        }
        return max(0, end - start)
    }
}
