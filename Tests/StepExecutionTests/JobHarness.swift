// SPDX-License-Identifier: Apache-2.0

import Crypto
import Diagnostics
import Glibc
import PipelineModel
import ProcessControl
import SealedStorage
import SecretRedaction
import StructuredData

@testable import StepExecution

/// A folder in memory that goes when the test is over.
final class TestFolder {
    let path: String

    init() {
        var template = Array("/dev/shm/martlet-executor-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    deinit {
        remove(path)
    }

    private func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR, let stream = opendir(path) else {
            unlink(path)
            return
        }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        closedir(stream)
        for name in names where name != "." && name != ".." { remove(path + "/" + name) }
        rmdir(path)
    }
}

/// What one attempt's log received.
final class RecordedLog {
    let heading: StepHeading
    var bytes: [UInt8] = []
    var marks: [LogMark] = []
    var isClosed = false

    init(_ heading: StepHeading) { self.heading = heading }

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var lines: [String] { text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init) }
    /// The lines after the header's `##[endgroup]`.
    var output: [String] {
        guard let end = lines.firstIndex(of: "##[endgroup]") else { return lines }
        return Array(lines[(end + 1)...])
    }

    var annotations: [Annotation] {
        marks.compactMap { if case .annotation(let annotation) = $0 { annotation } else { nil } }
    }

    var sink: StepLog {
        StepLog(
            write: { [self] in bytes.append(contentsOf: $0) },
            mark: { [self] mark in
                marks.append(mark)
                if let text = mark.text { bytes.append(contentsOf: Array((text + "\n").utf8)) }
            },
            close: { [self] in
                isClosed = true
                return LogSummary(lines: lines.count, digest: "d")
            })
    }
}

/// Runs a job's steps one after another, as a machine would: conditions see what came before.
final class JobHarness {
    let folder: TestFolder
    var options: HostJob.Options
    let loop: PollerLoop
    var logs: [StepPath: RecordedLog] = [:]
    var reports: [(StepAttempt, StepReport)] = []
    var results: [StepPath: StepResult] = [:]
    var skips: [StepPath: Reason] = [:]
    var expanded: [StepPath: Int] = [:]
    var prepared: DiagnosticError??
    var ending: HostJob.Ending?
    private(set) var job: HostJob!
    private var hasFailed = false

    init(
        _ steps: [PlannedStep], in folder: TestFolder = TestFolder(),
        configure: (inout HostJob.Options) -> Void = { _ in }
    ) throws {
        self.folder = folder
        loop = try PollerLoop()
        let root = folder.path
        options = HostJob.Options(
            identity: .init(run: RunID(7), job: JobID("build"), store: "harness-\(root)"),
            steps: PlannedSteps(runsOn: .string("ubuntu-latest"), steps: steps),
            contexts: ["github": ["repository": "owner/repo", "ref": "refs/heads/main", "event_name": "push"]],
            folders: .init(
                workspace: root + "/work", temporary: root + "/temp", scratch: root + "/scratch",
                toolCache: root + "/tools", durable: root + "/durable"),
            sealing: .init(key: try SealingKey.load(at: root + "/key"), bootID: "boot"))
        options.hostEnvironment = ["PATH=/usr/local/bin:/usr/bin:/bin", "HOME=\(root)", "LANG=C.UTF-8"]
        configure(&options)
        makeJob()
    }

    func makeJob() {
        job = HostJob(
            options, loop: loop,
            callbacks: .init(
                prepared: { [unowned self] in prepared = .some($0) },
                report: { [unowned self] in take($0, $1) },
                openLog: { [unowned self] heading in
                    let log = RecordedLog(heading)
                    logs[heading.attempt.step] = log
                    return log.sink
                },
                finished: { [unowned self] in ending = $0 }))
    }

    private func take(_ attempt: StepAttempt, _ report: StepReport) {
        reports.append((attempt, report))
        switch report {
        case .skipped(let reason): skips[attempt.step] = reason
        case .finished(let result):
            results[attempt.step] = result
            if result.conclusion == .failure, attempt.step.parent == nil { hasFailed = true }
        case .expanded(let steps): expanded[attempt.step] = steps.count
        case .started, .again: break
        }
    }

    func prepare() throws {
        job.prepare()
        loop.run(while: { prepared == nil })
        if let error = prepared ?? nil { throw error }
    }

    func isOver(_ path: StepPath) -> Bool { results[path] != nil || skips[path] != nil }

    /// Starts a step and serves the loop until it is over, inner steps included.
    func run(_ path: StepPath, _ flags: StatusFlags? = nil) {
        let flags = flags ?? StatusFlags(isSuccess: !hasFailed)
        job.start(StepAttempt(step: path), flags)
        if let count = expanded[path] {
            var inner = StatusFlags()
            for index in 0..<count {
                run(path.child(index + 1), inner)
                if results[path.child(index + 1)]?.conclusion == .failure { inner.isSuccess = false }
            }
            job.conclude(StepAttempt(step: path))
        }
        loop.run(while: { !isOver(path) })
    }

    /// The whole job.
    @discardableResult
    func runAll() throws -> HostJob.Ending {
        try prepare()
        for index in options.steps.steps.indices { run(StepPath(index + 1)) }
        return finish()
    }

    func finish() -> HostJob.Ending {
        job.finish()
        loop.run(while: { ending == nil })
        return ending!
    }

    func output(_ step: Int) -> [String] { logs[StepPath(step)]?.output ?? [] }
    func result(_ step: Int) -> StepResult? { results[StepPath(step)] }
}

extension PlannedStep {
    /// A `run` step; `script` with `${{ }}` is not read: pass an expression's source with `of`.
    static func run(_ script: String, id: String? = nil, _ change: (inout PlannedStep) -> Void = { _ in })
        -> PlannedStep
    {
        run(of: .string(script), id: id, change)
    }

    static func run(of script: TemplateValue, id: String? = nil, _ change: (inout PlannedStep) -> Void = { _ in })
        -> PlannedStep
    {
        var step = PlannedStep(id: id ?? "__run", work: .script(ScriptWork(script: script)))
        change(&step)
        return step
    }

    mutating func script(_ change: (inout ScriptWork) -> Void) {
        guard case .script(var work) = self.work else { return }
        change(&work)
        self.work = .script(work)
    }
}

extension TemplateValue {
    static func map(_ pairs: KeyValuePairs<String, TemplateValue>) -> TemplateValue {
        .mapping(pairs.map { TemplateEntry(key: .string($0.key), value: $0.value) })
    }
}
