// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
package import PipelineModel
package import StepExecution
package import StructuredData

/// What a run's jobs had to tell beside their logs, kept for later: annotations, tests, summaries; one JSON object a line.
package struct OutcomeHistory: Sendable {
    package struct Finding: Hashable, Sendable {
        package var job: String
        /// `nil`: of the job as a whole.
        package var step: String?
        package var annotation: Annotation

        package init(job: String, step: String?, annotation: Annotation) {
            self.job = job
            self.step = step
            self.annotation = annotation
        }
    }

    package private(set) var findings: [Finding] = []
    /// By job.
    package private(set) var tests: [(job: String, outcome: TestOutcome)] = []
    package private(set) var summaries: [(job: String, step: String, text: String)] = []

    /// Annotations that are kept of one attempt; a log has the others.
    static let annotationLimit = 10_000
    private static let sizeLimitBytes = 256 << 20

    /// Of a run that was kept elsewhere.
    package init(
        findings: [Finding], tests: [(job: String, outcome: TestOutcome)],
        summaries: [(job: String, step: String, text: String)]
    ) {
        self.findings = findings
        self.tests = tests
        self.summaries = summaries
    }

    static func path(_ store: RunStore, _ run: RunID, _ attempt: Int) -> String {
        "\(store.folder(of: run))/outcomes-\(attempt)"
    }

    /// Lines that a job has in a file that the jobs of a run share.
    static func lineCount(of job: JobID, at path: String) throws(DiagnosticError) -> Int {
        guard let bytes = try Files.readIfPresent(path, limit: sizeLimitBytes) else { return 0 }
        return bytes.split(separator: UInt8(ascii: "\n")).count { line in
            (try? DataValue(json: Array(line)))?["job"]?.string == job.text
        }
    }

    private struct Origin: Hashable {
        var job: String
        var step: String?
    }

    /// Of each job, and of each step that a job went on after, what it had to tell in the attempt in which it ran.
    ///
    /// - Parameter entries: of the run's history, with steps.
    package init(store: RunStore, run: RunID, entries: [RunHistory.Entry]) throws(DiagnosticError) {
        var attempts: [Origin: Int] = [:]
        for entry in entries {
            // What a composite action's steps told went with the step that called it.
            attempts[Origin(job: entry.job.text, step: entry.step?.description)] = entry.attempt
        }
        for attempt in Set(attempts.values).sorted() {
            try read(Self.path(store, run, attempt)) { job, step in
                let known = attempts[Origin(job: job, step: step)] ?? attempts[Origin(job: job)]
                return known == attempt
            }
        }
    }

    /// The same by a report, which has all that has to be known of the jobs.
    package init(store: RunStore, report: RunReport) throws(DiagnosticError) {
        var attempts: [Origin: Int] = [:]
        for job in report.jobs {
            attempts[Origin(job: job.id.text)] = job.attempt(of: report)
            for step in job.steps {
                attempts[Origin(job: job.id.text, step: step.path.description)] = job.attempt(of: step, in: report)
            }
        }
        for attempt in Set(attempts.values).sorted() {
            try read(Self.path(store, report.run, attempt)) { job, step in
                let known = attempts[Origin(job: job, step: step)] ?? attempts[Origin(job: job)]
                return known == attempt
            }
        }
    }

    private mutating func read(
        _ path: String, _ isWanted: (_ job: String, _ step: String?) -> Bool
    ) throws(DiagnosticError) {
        guard let bytes = try Files.readIfPresent(path, limit: Self.sizeLimitBytes) else { return }
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let data = try? DataValue(json: Array(line)), let job = data["job"]?.string,
                isWanted(job, data["step"]?.string)
            else { continue }
            switch data["type"]?.string {
            case "annotation":
                guard let annotation = Annotation(data: data) else { continue }
                findings.append(Finding(job: job, step: data["step"]?.string, annotation: annotation))
            case "summary":
                summaries.append((job, data["step"]?.string ?? "", data["markdown"]?.string ?? ""))
            case "tests":
                for test in data["tests"]?.array ?? [] {
                    if let outcome = TestOutcome(data: test) { tests.append((job, outcome)) }
                }
            default: break
            }
        }
    }

    /// Tells those who watch, and keeps what is not kept elsewhere in a file.
    static func keeping(_ observer: RunObserver, at path: String) -> RunObserver {
        var keeping = observer
        var annotationCount = 0
        keeping.update = { update in
            if update.isAnnotation { annotationCount += 1 }
            let hasRoom = !update.isAnnotation || annotationCount <= annotationLimit
            for line in hasRoom ? lines(update) : [] {
                // What cannot be kept was still told.
                try? Files.append((DataValue.object(line).jsonText() + "\n").utf8, to: path, mode: 0o600)
            }
            observer.update(update)
        }
        return keeping
    }

    /// The lines of an update; none for one that is kept elsewhere.
    static func lines(_ update: RunUpdate) -> [DataObject] {
        guard case .tests(let job, _, let tests) = update else { return line(update).map { [$0] } ?? [] }
        // A line goes to the server in one message: what a job's tests had to tell may be far more than that.
        var parts: [[DataValue]] = []
        var room = 0
        for test in tests.map(\.data) {
            let size = test.jsonText().utf8.count
            if size > room {
                parts.append([])
                room = testLineBytes
            }
            parts[parts.count - 1].append(test)
            room -= size
        }
        return parts.map { ["type": "tests", "job": .string(job.text), "tests": .array($0)] }
    }

    private static let testLineBytes = 256 << 10

    private static func line(_ update: RunUpdate) -> DataObject? {
        switch update {
        case .annotation(let place, let annotation):
            var object = annotation.object
            object["job"] = .string(place.job.text)
            object["step"] = .string(place.attempt.step.description)
            return object
        case .jobAnnotation(let job, _, let annotation):
            var object = annotation.object
            object["job"] = .string(job.text)
            return object
        case .summary(let place, let text):
            return [
                "type": "summary", "job": .string(place.job.text), "step": .string(place.attempt.step.description),
                "markdown": .string(text),
            ]
        case .stepNamed: return update.object
        default: return nil
        }
    }
}

extension Annotation {
    fileprivate var object: DataObject {
        var object: DataObject = [
            "type": "annotation", "level": .string(level.rawValue), "message": .string(message),
        ]
        object.set("title", title.map(DataValue.string))
        object.set("file", file.map(DataValue.string))
        object.set("line", line.map { .number(Double($0)) })
        object.set("column", column.map { .number(Double($0)) })
        return object
    }

    /// As ``RunUpdate/object(_:_:)`` has it.
    package init?(data: DataValue) {
        guard let level = data["level"]?.string.flatMap(Level.init), let message = data["message"]?.string else {
            return nil
        }
        self.init(level, message)
        title = data["title"]?.string
        file = data["file"]?.string
        line = data["line"]?.int
        endLine = data["endLine"]?.int
        column = data["column"]?.int
    }
}
