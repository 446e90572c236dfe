// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunCoordination
internal import ServerClient
internal import StructuredData
internal import Timekeeping

extension ShownRun {
    /// - Parameter row: of a server's list, or a run with its jobs.
    init(row: DataObject) {
        let workflow = row["workflow"]?.string ?? ""
        let name = row["title"]?.string ?? ""
        number = row["run"]?.int ?? 0
        title = name.isEmpty || name == workflow ? workflow : "\(workflow): \(name)"
        state = row["state"]?.string.flatMap { State(rawValue: $0) } ?? .running
        conclusion = row["conclusion"]?.string.flatMap { Conclusion(rawValue: $0) }
        hasUnavailable = RunReading.isUnavailable(row)
        reason = row["reason"].flatMap { try? Reason(data: $0) }
        event = row["event"]?.string ?? ""
        ref = row["ref"]?.string ?? ""
        place = row["project"]?.string ?? ""
        durationMs = RunReading.duration(row, from: ["startedAt", "createdAt"]).map { Int64($0) }
        startedText =
            row["createdAt"]?.number.map { Timestamp(milliseconds: Int64($0) / 1_000 * 1_000).description } ?? ""
        data = Self.data(row, durationMs, hasUnavailable)
    }

    /// With all keys that a local run has, and the server's own beside them.
    private static func data(_ row: DataObject, _ durationMs: Int64?, _ hasUnavailable: Bool) -> DataValue {
        var object = row
        for key in ["jobs", "startedAt", "notes"] { object[key] = nil }
        for key in ["title", "ref", "conclusion", "project"] where object[key] == nil || object[key] == "" {
            object[key] = .null
        }
        object["root"] = object["root"] ?? ""
        object["attempt"] = object["attempt"] ?? 1
        object["unavailable"] = .bool(hasUnavailable)
        object.set("durationMs", durationMs.map { .number(Double($0)) })
        return .object(object)
    }
}
