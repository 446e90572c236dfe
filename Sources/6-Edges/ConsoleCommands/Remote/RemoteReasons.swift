// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import HTTPMessages
internal import PipelineModel
internal import RunCoordination
internal import ServerClient
internal import StepExecution
internal import StructuredData

/// What a server knows of a run beside its logs.
struct RemoteReasons {
    let report: DataObject
    private let target: RemoteTarget
    private let path: String

    init(_ run: Int, _ target: RemoteTarget) throws {
        self.target = target
        report = try RemoteRunChoice.report(run, target)
        path = RemoteServer.path("runs", run, "attempts", report["attempt"]?.int ?? 1)
    }

    /// Jobs and steps with their reasons, and what was said while a job waited.
    func entries(job: String?) throws -> (entries: [RunHistory.Entry], notes: [String: [String]], data: [DataValue]) {
        let query = job.map { [FormText.Pair("job", $0)] } ?? []
        let items = try items("why", query)
        var notes: [String: [String]] = [:]
        for item in items where item["step"] == nil {
            let texts = (item["notes"]?.array ?? []).compactMap(\.string)
            if !texts.isEmpty, let job = item["job"]?.string { notes[job] = texts }
        }
        return (items.compactMap { RunHistory.Entry(data: $0) }, notes, items)
    }

    /// The jobs of the report, as entries.
    var jobs: [RunHistory.Entry] {
        let attempt = report["attempt"]?.int ?? 1
        return (report["jobs"]?.array ?? []).compactMap { job in
            guard let id = job["id"]?.string else { return nil }
            return RunHistory.Entry(
                title: job["name"]?.string ?? id, job: JobID(id), attempt: job["takenFrom"]?.int ?? attempt,
                conclusion: job["conclusion"]?.string.flatMap { Conclusion(rawValue: $0) },
                reason: job["reason"].flatMap { try? Reason(data: $0) })
        }
    }

    /// Annotations, tests and summaries of the attempt.
    func outcomes() throws -> OutcomeHistory {
        let findings = try items("annotations").compactMap { item -> OutcomeHistory.Finding? in
            guard let annotation = Annotation(data: item) else { return nil }
            return OutcomeHistory.Finding(
                job: item["job"]?.string ?? "", step: item["step"]?.string, annotation: annotation)
        }
        let tests = try items("tests").compactMap { item in
            TestOutcome(data: item).map { (job: item["job"]?.string ?? "", outcome: $0) }
        }
        let summaries = try items("summaries").map { item in
            (
                job: item["job"]?.string ?? "", step: item["step"]?.string ?? "", text: item["markdown"]?.string ?? ""
            )
        }
        return OutcomeHistory(findings: findings, tests: tests, summaries: summaries)
    }

    private func items(_ kind: String, _ query: [FormText.Pair] = []) throws -> [DataValue] {
        let path = path
        return try target.ask { try await $0.items("\(path)/\(kind)", query) }
    }
}
