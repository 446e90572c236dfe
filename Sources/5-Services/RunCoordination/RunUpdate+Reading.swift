// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import StepExecution
package import StructuredData

/// An update read from what programs are told; the other way round from ``RunUpdate/object``.
extension RunUpdate {
    /// - Parameter jobName: of a job, where the update leaves it out.
    /// - Returns: `nil` for a type that is not known, and where something that it needs is missing.
    package init?(object: DataObject, jobName: (String) -> String) {
        let job = object["job"]?.string
        let reason = object["reason"].flatMap { Self.reason($0) }
        let name = object["name"]?.string ?? job.map(jobName) ?? ""
        let place = Self.place(object)
        let duration = Int64(object["durationMs"]?.number ?? 0)
        switch (object["type"]?.string ?? "", job, place) {
        case ("runStarted", _, _):
            self = .runStarted(
                RunID(object["run"]?.int ?? 0), attempt: object["attempt"]?.int ?? 1,
                workflow: object["workflow"]?.string ?? "", title: object["title"]?.string,
                digest: object["digest"]?.string ?? "")
        case ("runWaiting", _, _):
            guard let reason else { return nil }
            self = .runWaiting(reason)
        case ("jobWaiting", let job?, _):
            guard let reason else { return nil }
            self = .jobWaiting(JobID(job), name: name, reason)
        case ("jobStarted", let job?, _): self = .jobStarted(JobID(job), name: name)
        case ("jobFinished", let job?, _):
            guard let conclusion = Self.conclusion(object, "conclusion") else { return nil }
            self = .jobFinished(JobID(job), name: name, conclusion, reason, durationMs: duration)
        case ("stepStarted", _, let place?): self = .stepStarted(place, name: name)
        case ("stepName", _, let place?): self = .stepNamed(place, name: name)
        case ("stepFinished", _, let place?):
            guard let conclusion = Self.conclusion(object, "conclusion") else { return nil }
            let result = StepResult(
                outcome: Self.conclusion(object, "outcome") ?? conclusion, conclusion: conclusion,
                exitCode: object["exitCode"]?.int, reason: reason)
            self = .stepFinished(place, name: name, result, durationMs: duration)
        case ("annotation", let job?, let place):
            guard let annotation = Annotation(data: .object(object)) else { return nil }
            self =
                place.map { .annotation($0, annotation) } ?? .jobAnnotation(JobID(job), name: name, annotation)
        case ("summary", _, let place?): self = .summary(place, object["markdown"]?.string ?? "")
        case ("tests", let job?, _):
            let tests = (object["tests"]?.array ?? []).compactMap { TestOutcome(data: $0) }
            self = .tests(JobID(job), name: name, tests)
        case ("runFinished", _, _):
            guard let conclusion = Self.conclusion(object, "conclusion") else { return nil }
            self = .runFinished(
                RunOutcome(
                    run: RunID(object["run"]?.int ?? 0), conclusion: conclusion, reason: reason,
                    hasUnavailable: object["unavailable"]?.bool ?? false, durationMs: duration, isInterrupted: false))
        default: return nil
        }
    }

    /// A kind that is not known yet is none that anything hangs on.
    private static func reason(_ data: DataValue) -> Reason? {
        if let reason = try? Reason(data: data) { return reason }
        return data["text"]?.string.map { Reason(.included, $0) }
    }

    private static func place(_ object: DataObject) -> StepPlace? {
        guard let job = object["job"]?.string, let step = object["step"]?.string.flatMap({ StepPath($0) }) else {
            return nil
        }
        return StepPlace(
            job: JobID(job), attempt: StepAttempt(step: step, number: object["attempt"]?.int ?? 1))
    }

    private static func conclusion(_ object: DataObject, _ key: String) -> Conclusion? {
        object[key]?.string.flatMap { Conclusion(rawValue: $0) }
    }
}
