// SPDX-License-Identifier: Apache-2.0

internal import EventJournal
package import PipelineModel
internal import RunEngine
package import StructuredData

/// What became of a job between the run machine and its runner: kept for `why` and for the time line, and decides nothing.
package enum DispatchEvent: Hashable, Sendable {
    case assigned(JobID, number: Int, runner: String, name: String, fence: Int, waitedMs: Int64)
    case lost(JobID, number: Int, reason: String, isReturned: Bool)

    static func stream(_ run: RunID, attempt: Int) -> StreamID { StreamID("dispatch/\(run)/\(attempt)") }

    package var job: JobID {
        switch self {
        case .assigned(let job, _, _, _, _, _), .lost(let job, _, _, _): job
        }
    }

    var recorded: NewEvent {
        let (type, data): (String, DataValue) =
            switch self {
            case .assigned(let job, let number, let runner, let name, let fence, let waited):
                (
                    "jobAssigned",
                    [
                        "job": .string(job.text), "number": .number(Double(number)), "runner": .string(runner),
                        "name": .string(name), "fence": .number(Double(fence)), "waitedMs": .number(Double(waited)),
                    ]
                )
            case .lost(let job, let number, let reason, let isReturned):
                (
                    "jobLost",
                    [
                        "job": .string(job.text), "number": .number(Double(number)), "reason": .string(reason),
                        "returned": .bool(isReturned),
                    ]
                )
            }
        return NewEvent(type: type, payload: Array(data.jsonText().utf8))
    }

    /// `nil` for one of a newer version.
    init?(_ recorded: NewEvent) {
        guard let data = try? DataValue(json: recorded.payload), let job = data["job"]?.string.map({ JobID($0) }),
            let number = data["number"]?.int
        else { return nil }
        switch recorded.type {
        case "jobAssigned":
            self = .assigned(
                job, number: number, runner: data["runner"]?.string ?? "", name: data["name"]?.string ?? "",
                fence: data["fence"]?.int ?? 0, waitedMs: Int64(data["waitedMs"]?.int ?? 0))
        case "jobLost":
            self = .lost(
                job, number: number, reason: data["reason"]?.string ?? "", isReturned: data.bool("returned"))
        default: return nil
        }
    }
}
