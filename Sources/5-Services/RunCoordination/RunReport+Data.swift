// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
package import StructuredData

/// A report as programs read it.
extension RunReport {
    package var object: DataObject {
        var object: DataObject = [
            "run": .number(Double(run.number)), "attempt": .number(Double(attempt)), "state": .string(state.rawValue),
            "sentence": .string(sentence), "jobs": .array(jobs.map { .object($0.object) }),
        ]
        object.set("conclusion", conclusion.map { .string($0.rawValue) })
        object.set("reason", reason?.data)
        object.set("startedAt", startedAt.map(DataValue.time))
        object.set("finishedAt", finishedAt.map(DataValue.time))
        if !planDigest.isEmpty { object["digest"] = .string(planDigest) }
        object.set("previousAttempt", previousAttempt.map { .number(Double($0)) })
        return object
    }
}

extension RunReport.Job {
    package var object: DataObject {
        var object: DataObject = [
            "id": .string(id.text), "name": .string(name), "number": .number(Double(number)),
            "needs": .array(needs.map { .string($0.text) }), "state": .string(state.rawValue),
            "notes": .array(notes.map(DataValue.string)), "steps": .array(steps.map { .object($0.object) }),
        ]
        object.set("conclusion", conclusion.map { .string($0.rawValue) })
        object.set("reason", reason?.data)
        object.set("queuedAt", queuedAt.map(DataValue.time))
        object.set("startedAt", startedAt.map(DataValue.time))
        object.set("finishedAt", finishedAt.map(DataValue.time))
        object.set("runner", runner.map(DataValue.string))
        object.set("environment", environment.map(DataValue.string))
        object.set("takenFrom", takenFrom.map { .number(Double($0)) })
        return object
    }
}

extension RunReport.Step {
    package var object: DataObject {
        var object: DataObject = [
            "step": .string(path.description), "attempt": .number(Double(attempt)), "title": .string(title),
            "state": .string(state.rawValue), "logLines": .number(Double(logLines)),
        ]
        object.set("conclusion", conclusion.map { .string($0.rawValue) })
        object.set("outcome", outcome.map { .string($0.rawValue) })
        object.set("exitCode", exitCode.map { .number(Double($0)) })
        object.set("reason", reason?.data)
        object.set("startedAt", startedAt.map(DataValue.time))
        object.set("finishedAt", finishedAt.map(DataValue.time))
        object.set("takenFrom", takenFrom.map { .number(Double($0)) })
        return object
    }
}

extension DataValue {
    /// Milliseconds since the epoch.
    fileprivate static func time(_ milliseconds: Int64) -> DataValue { .number(Double(milliseconds)) }
}
