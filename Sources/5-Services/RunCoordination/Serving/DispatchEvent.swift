// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import EventJournal
package import PipelineModel
internal import RunEngine
package import StructuredData

/// What became of a job between the run machine and its runner: kept for `why` and for the time line, and decides nothing.
package enum DispatchEvent: Hashable, Sendable {
    case assigned(JobID, number: Int, runner: String, name: String, fence: Int, waitedMs: Int64)
    case lost(JobID, number: Int, reason: String, isReturned: Bool)
    /// It waits where its runner carries it out.
    case waited(JobID, number: Int, reason: String)
    /// It waits before its environment.
    case gated(JobID, number: Int, environment: String, reason: String)
    /// It may go on to its environment.
    case passed(JobID, number: Int, environment: String, reason: String)

    static func stream(_ run: RunID, attempt: Int) -> StreamID { StreamID("dispatch/\(run)/\(attempt)") }

    /// The runner that had a job last.
    static func runner(
        of job: JobID, _ store: RunStore, _ run: RunID, attempt: Int
    ) throws(DiagnosticError) -> String? {
        let stream = stream(run, attempt: attempt)
        let recorded = try store.journaled { (journal) throws(JournalError) in try journal.events(of: stream) }
        for entry in recorded.reversed() {
            if case .assigned(job, _, let runner, _, _, _)? = DispatchEvent(entry.event) { return runner }
        }
        return nil
    }

    package var job: JobID {
        switch self {
        case .assigned(let job, _, _, _, _, _), .lost(let job, _, _, _), .waited(let job, _, _),
            .gated(let job, _, _, _), .passed(let job, _, _, _):
            job
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
            case .waited(let job, let number, let reason):
                (
                    "jobWaited",
                    ["job": .string(job.text), "number": .number(Double(number)), "reason": .string(reason)]
                )
            case .gated(let job, let number, let environment, let reason):
                ("jobGated", Self.gate(job, number, environment, reason))
            case .passed(let job, let number, let environment, let reason):
                ("jobPassed", Self.gate(job, number, environment, reason))
            }
        return NewEvent(type: type, payload: Array(data.jsonText().utf8))
    }

    private static func gate(_ job: JobID, _ number: Int, _ environment: String, _ reason: String) -> DataValue {
        [
            "job": .string(job.text), "number": .number(Double(number)), "environment": .string(environment),
            "reason": .string(reason),
        ]
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
        case "jobWaited": self = .waited(job, number: number, reason: data["reason"]?.string ?? "")
        case "jobGated", "jobPassed":
            let environment = data["environment"]?.string ?? ""
            let reason = data["reason"]?.string ?? ""
            self =
                recorded.type == "jobGated"
                ? .gated(job, number: number, environment: environment, reason: reason)
                : .passed(job, number: number, environment: environment, reason: reason)
        default: return nil
        }
    }
}
