// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunCoordination
internal import StepExecution
internal import StructuredData
internal import TerminalRendering

/// One JSON object a line, as it comes. The last one is `runFinished`.
final class JSONRunView {
    private let console: Console
    private var partial: [StepPlace: [UInt8]] = [:]

    init(_ console: Console) {
        self.console = console
    }

    func take(_ update: RunUpdate) {
        if case .stepFinished(let place, _, _, _) = update, let rest = partial.removeValue(forKey: place), !rest.isEmpty
        {
            line(rest, of: place)
        }
        console.out.writeLine(DataValue.object(object(update)).jsonText())
    }

    /// What a line may hold; a longer one comes in pieces.
    private static let lineLimitBytes = 1 << 20

    func take(_ output: UnsafeRawBufferPointer, of place: StepPlace) {
        var rest = output[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            var text = partial.removeValue(forKey: place) ?? []
            text.append(contentsOf: rest[..<end])
            line(text, of: place)
            rest = rest[(end + 1)...]
        }
        if !rest.isEmpty { partial[place, default: []].append(contentsOf: rest) }
        if let open = partial[place], open.count > Self.lineLimitBytes {
            line(open, of: place)
            partial[place] = nil
        }
    }

    private func line(_ text: [UInt8], of place: StepPlace) {
        var object = self.object("log", place)
        object["line"] = .string(String(decoding: text, as: UTF8.self))
        console.out.writeLine(DataValue.object(object).jsonText())
    }

    private func object(_ type: String, _ place: StepPlace) -> DataObject {
        [
            "type": .string(type), "job": .string(place.job.text), "step": .string(place.attempt.step.description),
            "attempt": .number(Double(place.attempt.number)),
        ]
    }

    private func object(_ update: RunUpdate) -> DataObject {
        switch update {
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
            var object = self.object("stepStarted", place)
            object["name"] = .string(name)
            return object
        case .jobAnnotation(let job, _, let annotation):
            return Self.object(annotation, ["type": "annotation", "job": .string(job.text)])
        case .summary(let place, let text):
            var object = self.object("summary", place)
            object["markdown"] = .string(text)
            return object
        case .tests(let job, _, let tests):
            return ["type": "tests", "job": .string(job.text), "tests": .array(tests.map(\.data))]
        case .annotation(let place, let annotation):
            return Self.object(annotation, object("annotation", place))
        case .stepFinished(let place, let name, let result, let duration):
            var object = self.object("stepFinished", place)
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

    static func object(_ annotation: Annotation, _ head: DataObject) -> DataObject {
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
