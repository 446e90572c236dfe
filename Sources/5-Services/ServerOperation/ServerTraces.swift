// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Announcements
package import Diagnostics
internal import FileAccess
package import HTTPMessages
internal import PipelineModel
package import RunCoordination
internal import StructuredData
internal import Synchronization
package import Telemetry
package import Timekeeping

/// Sends traces: of run attempts once they end, with their jobs and steps; and of requests whose callers record theirs.
package final class ServerTraces: Sendable {
    private let exporter: TraceExporter
    private let store: RunStore
    private let address: OwnAddress
    private let directory: DirectoryKeeper
    private let report: @Sendable (DiagnosticError) -> Void
    /// Told apart from all others by it: ids of spans are made from it.
    private let installation: String
    private let sending = Mutex<Task<Void, Never>?>(nil)

    private static let installationBytes = 64

    /// - Returns: `nil` where no traces are wanted.
    init?(_ parts: Server.TellingParts) throws(DiagnosticError) {
        guard let destination = try parts.settings.telling.traces() else { return nil }
        store = parts.store
        address = parts.address
        directory = parts.directory
        report = parts.report
        installation = try Self.installation(parts.store.root)
        let report = parts.report
        let exporter = TraceExporter(
            destination, service: TraceService(version: parts.settings.version, instance: installation),
            transport: parts.web.transport, onTrouble: { report(DiagnosticError($0)) })
        self.exporter = exporter
        parts.counts.metrics.read(ServerMetrics.spansSent) { [MetricSample([], Double(exporter.counts.sent))] }
        parts.counts.metrics.read(ServerMetrics.spansDropped) { exporter.counts.dropped }
    }

    /// Made once for a folder.
    private static func installation(_ root: String) throws(DiagnosticError) -> String {
        let path = root + "/installation"
        if let text = try Files.readIfPresent(path, limit: installationBytes), !text.isEmpty {
            return String(decoding: text, as: UTF8.self)
        }
        let text = (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 16) }.joined()
        try Files.replace(path, with: text.utf8, mode: 0o600)
        return text
    }

    func start() {
        let exporter = exporter
        sending.withLock { $0 = Task { await exporter.run() } }
    }

    /// Tries once to send what is there.
    func finish() async {
        exporter.finish()
        await sending.withLock { $0 }?.value
    }

    // MARK: requests

    /// A request that was answered; its span is wanted where its caller records a trace.
    ///
    /// - Parameter traceParent: the header field of that name.
    package func note(
        _ traceParent: String?, method: String, route: String, status: Int, start: Timestamp, end: Timestamp
    ) {
        guard let parent = traceParent.flatMap({ TraceParent($0) }), parent.isSampled else { return }
        let id = String(UInt64.random(in: .min ... .max), radix: 16)
        var request = TracedRequest(
            id: id, method: method, route: route, status: status, start: start, end: end)
        request.parent = parent
        exporter.record(request.span)
    }

    // MARK: runs

    func note(_ change: RunChange) {
        guard case .finished(let conclusion) = change.kind else { return }
        do throws(DiagnosticError) {
            let report = try RunReport(store: store, run: change.run, attempt: change.attempt)
            let trace = RunTrace(installation: installation, run: "\(change.run)", attempt: change.attempt)
            let url = "\(address.text)/runs/\(change.run)/\(change.attempt)"
            exporter.record(run(change, conclusion, report, trace, url).span)
            for job in report.jobs where job.takenFrom == nil { note(job, of: report, trace, url) }
        } catch {
            self.report(error)
        }
    }

    private func run(
        _ change: RunChange, _ conclusion: Conclusion, _ report: RunReport, _ trace: RunTrace, _ url: String
    ) -> TracedRun {
        var run = TracedRun(
            trace: trace, id: "\(change.run)/\(change.attempt)", workflow: change.record.plan.workflowName,
            trigger: change.record.plan.trigger.event, url: url, source: source(change))
        run.start = Timestamp(milliseconds: report.startedAt ?? change.startedAt ?? change.at)
        run.end = Timestamp(milliseconds: report.finishedAt ?? change.at)
        run.result = TraceResult(conclusion, report.reason)
        run.attemptBefore = report.previousAttempt.map {
            RunTrace(installation: installation, run: "\(change.run)", attempt: $0)
        }
        return run
    }

    private func source(_ change: RunChange) -> TracedSource {
        let repository = change.record.repository
        var source = TracedSource(repositoryURL: "\(repository.serverURL)/\(repository.fullName)")
        source.provider = EntryID(change.project).flatMap { directory.current.projects[$0]?.settings.forge.rawValue }
        source.owner = repository.owner
        source.repository = repository.name
        source.commit = repository.sha
        let ref = change.record.plan.trigger.ref ?? repository.ref ?? ""
        if ref.hasPrefix("refs/tags/") {
            source.tag = String(ref.dropFirst("refs/tags/".count))
        } else if ref.hasPrefix("refs/pull/") {
            source.change = ref.split(separator: "/").dropFirst(2).first.map(String.init)
        } else if ref.hasPrefix("refs/heads/") {
            source.branch = String(ref.dropFirst("refs/heads/".count))
        }
        return source
    }

    private func note(_ job: RunReport.Job, of report: RunReport, _ trace: RunTrace, _ url: String) {
        // One that no runner had took no time.
        guard let start = job.startedAt, let end = job.finishedAt, let conclusion = job.conclusion else { return }
        let place = JobPlace(job: job.id.text, attempt: job.number)
        var traced = TracedJob(trace: trace, place: place, name: job.name, url: url)
        traced.queued = job.queuedAt.map { Timestamp(milliseconds: $0) }
        traced.start = Timestamp(milliseconds: start)
        traced.end = Timestamp(milliseconds: end)
        traced.result = TraceResult(conclusion, job.reason)
        traced.runner = job.runner
        traced.needs = report.jobs.filter { other in
            other.startedAt != nil && job.needs.contains { other.isNamed($0.text) }
        }.map { JobPlace(job: $0.id.text, attempt: $0.number) }
        exporter.record(traced.span)
        for step in job.steps where step.takenFrom == nil {
            guard let begin = step.startedAt, let finish = step.finishedAt, let ended = step.conclusion else {
                continue
            }
            var span = TracedStep(
                trace: trace, job: place, step: step.path.description, attempt: step.attempt, name: step.title, url: url
            )
            span.start = Timestamp(milliseconds: begin)
            span.end = Timestamp(milliseconds: finish)
            span.result = TraceResult(ended, step.reason)
            span.exitCode = step.exitCode
            exporter.record(span.span)
        }
    }
}

extension TraceResult {
    init(_ conclusion: Conclusion, _ reason: Reason?) {
        switch conclusion {
        case .success: self = .success
        case .cancelled: self = .cancellation
        case .skipped: self = .skip
        case .failure:
            switch reason?.kind {
            case .interrupted?: self = .error
            case .timeout?: self = .timeout
            default: self = .failure
            }
        }
    }
}
