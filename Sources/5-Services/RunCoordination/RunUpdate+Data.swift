// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
package import StepExecution
package import StructuredData

/// An update as programs are told it: by `--json`, and by a server's events.
extension RunUpdate {
    package static func object(_ type: String, _ place: StepPlace) -> DataObject {
        [
            "type": .string(type), "job": .string(place.job.text), "step": .string(place.attempt.step.description),
            "attempt": .number(Double(place.attempt.number)),
        ]
    }

    package var object: DataObject {
        switch self {
        case .runStarted(let run, let attempt, let workflow, let title, let digest):
            var object: DataObject = [
                "type": "runStarted", "schema": 1, "run": .number(Double(run.number)),
                "attempt": .number(Double(attempt)), "workflow": .string(workflow), "digest": .string(digest),
            ]
            object.set("title", title.map(DataValue.string))
            return object
        case .runWaiting(let reason):
            return ["type": "runWaiting", "reason": reason.data]
        case .jobWaiting(let job, let name, let reason):
            return ["type": "jobWaiting", "job": .string(job.text), "name": .string(name), "reason": reason.data]
        case .jobStarted(let job, let name):
            return ["type": "jobStarted", "job": .string(job.text), "name": .string(name)]
        case .stepStarted(let place, let name):
            var object = Self.object("stepStarted", place)
            object["name"] = .string(name)
            return object
        case .stepNamed(let place, let name):
            var object = Self.object("stepName", place)
            object["name"] = .string(name)
            return object
        case .jobAnnotation(let job, _, let annotation):
            return Self.object(annotation, ["type": "annotation", "job": .string(job.text)])
        case .summary(let place, let text):
            var object = Self.object("summary", place)
            object["markdown"] = .string(text)
            return object
        case .tests(let job, _, let tests):
            return ["type": "tests", "job": .string(job.text), "tests": .array(tests.map(\.data))]
        case .annotation(let place, let annotation):
            return Self.object(annotation, Self.object("annotation", place))
        case .stepFinished(let place, let name, let result, let duration):
            var object = Self.object("stepFinished", place)
            object["name"] = .string(name)
            object["outcome"] = .string(result.outcome.rawValue)
            object["conclusion"] = .string(result.conclusion.rawValue)
            object.set("exitCode", result.exitCode.map { .number(Double($0)) })
            object.set("reason", result.reason?.data)
            object["durationMs"] = .number(Double(duration))
            return object
        case .jobFinished(let job, let name, let conclusion, let reason, let duration):
            var object: DataObject = [
                "type": "jobFinished", "job": .string(job.text), "name": .string(name),
                "conclusion": .string(conclusion.rawValue), "durationMs": .number(Double(duration)),
            ]
            object.set("reason", reason?.data)
            return object
        case .runFinished(let outcome):
            var object: DataObject = [
                "type": "runFinished", "run": .number(Double(outcome.run.number)),
                // Scripts know three: a run of which every job was skipped has nothing against it.
                "conclusion": .string((outcome.conclusion == .skipped ? .success : outcome.conclusion).rawValue),
                "unavailable": .bool(outcome.hasUnavailable),
                "durationMs": .number(Double(outcome.durationMs)),
            ]
            object.set("reason", outcome.reason?.data)
            return object
        }
    }

    package static func object(_ annotation: Annotation, _ head: DataObject) -> DataObject {
        var object = head
        object["level"] = .string(annotation.level.rawValue)
        object["message"] = .string(annotation.message)
        object.set("title", annotation.title.map(DataValue.string))
        object.set("file", annotation.file.map(DataValue.string))
        object.set("line", annotation.line.map { .number(Double($0)) })
        object.set("endLine", annotation.endLine.map { .number(Double($0)) })
        object.set("column", annotation.column.map { .number(Double($0)) })
        return object
    }
}
