// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import PipelineModel
package import RunCoordination
package import RunIndex
internal import Timekeeping

/// How long the jobs of a run took that succeeded, in milliseconds.
package typealias JobSpans = [JobID: Int64]

/// How each test of a run came out, by ``TestOutcome/title``; of several of one name the worst.
package typealias TestVerdicts = [String: TestOutcome.Status]

/// What is read of runs for comparing them.
extension Server {
    /// How many runs before count.
    package static let comparedRuns = 20
    /// Of fewer nothing is foretold.
    private static let leastRuns = 3
    /// An attempt that told more is read anew each time.
    private static let keptOutcomes = 50_000

    /// What the jobs of an attempt had to tell beside their logs.
    package func outcomes(of report: RunReport) throws(DiagnosticError) -> OutcomeHistory {
        let store = store
        let isOver = report.state == .finished
        return try told.value(
            report.run, report.attempt,
            isFinal: { isOver && $0.findings.count + $0.tests.count + $0.summaries.count <= Self.keptOutcomes }
        ) { () throws(DiagnosticError) in try OutcomeHistory(store: store, report: report) }
    }

    /// The last successes of a run's workflow before it, the newest first.
    package func successes(before row: RunRow) throws(DiagnosticError) -> [RunRow] {
        var query = RunQuery(limit: Self.comparedRuns)
        query.projects = [row.project]
        query.workflowPath = row.workflowPath
        query.conclusion = .success
        query.isIncomplete = false
        query.before = row.run
        return try index.runs(query)
    }

    /// A forecast of less says nothing that one does not see.
    private static let leastForecastMs: Int64 = 5_000

    /// How long runs like this one take: the median of its workflow's last successes; `nil` where there are too few, and
    /// where they are over in a moment.
    package func usualSpan(of row: RunRow) throws(DiagnosticError) -> Int64? {
        // Between the attempts of a run that was run again nothing ran.
        let usual = Self.median(try successes(before: row).filter { $0.attempt == 1 }.compactMap(\.spanMs))
        return usual.flatMap { $0 < Self.leastForecastMs ? nil : $0 }
    }

    /// How long each job takes in successes of the workflow, by its id.
    package func usualJobSpans(of row: RunRow) throws(DiagnosticError) -> JobSpans {
        var found: [JobID: [Int64]] = [:]
        let store = store
        for past in try successes(before: row) {
            let spans = try spans.value(past.run, past.attempt, isFinal: { _ in true }) { () throws(DiagnosticError) in
                let report = try RunReport(store: store, run: past.run, attempt: past.attempt, steps: .none)
                return JobSpans(report)
            }
            for (job, span) in spans { found[job, default: []].append(span) }
        }
        return found.compactMapValues(Self.median)
    }

    static func median(_ spans: [Int64]) -> Int64? {
        guard spans.count >= leastRuns else { return nil }
        let sorted = spans.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// How the tests of a run that is over came out.
    package func testVerdicts(of row: RunRow) throws(DiagnosticError) -> TestVerdicts {
        try testVerdicts.value(row.run, row.attempt, isFinal: { _ in row.state == .finished }) {
            () throws(DiagnosticError) in
            TestVerdicts(try outcomes(of: try report(of: row.run, attempt: row.attempt)))
        }
    }

    /// Where a step's log is: results that an attempt has taken over have theirs with the attempt that they are of.
    package func logPath(finding place: LogPlace) throws(DiagnosticError) -> String {
        let path = logPath(place)
        if isLog(at: path) { return path }
        try checkLogs(of: place.run, attempt: place.attempt)
        guard place.attempt > 1 else { return path }
        let report = try report(of: place.run, attempt: place.attempt)
        guard let job = report.jobs.first(where: { $0.id == place.job }) else { return path }
        var own = place
        own.attempt =
            job.steps.first { $0.path == place.step.step }.map { job.attempt(of: $0, in: report) }
            ?? job.attempt(of: report)
        let found = logPath(own)
        if !isLog(at: found) { try checkLogs(of: own.run, attempt: own.attempt) }
        return found
    }
}

extension Server {
    /// Brings logs of a run that are kept in the object storage and not here; to be called before they are read. Where the
    /// run's page can be shown without them it is.
    ///
    /// - Throws: what the object storage says.
    package func bringLogs(of run: RunID, through attempt: Int) async throws(DiagnosticError) {
        guard store.objects != nil, store.exists(run) else { return }
        try await store.bringLogs(of: run, through: attempt)
    }

    /// - Throws: ``DiagnosticCode/runRemoved``, ``DiagnosticCode/logsRemoved``.
    private func checkLogs(of run: RunID, attempt: Int) throws(DiagnosticError) {
        guard store.exists(run) else { throw missing(run) }
        let story = try store.removal(of: run)
        guard let reason = story.logsReason, attempt <= story.logsRemovedThrough else { return }
        let day = story.logsRemovedAt.map { " on \($0.description.prefix(10))" } ?? ""
        throw DiagnosticError(
            .logsRemoved, "The logs of run \(run) were removed\(day). \(reason)",
            remedy: "The run, its reasons and its tests are still there. Keep logs longer with --log-days.")
    }
}

extension RunRow {
    /// From when its newest attempt began to its end.
    package var spanMs: Int64? { finishedAt.map { max(0, $0 - (beganAt ?? createdAt)) } }
}

extension JobSpans {
    init(_ report: RunReport) {
        self.init()
        for job in report.jobs where job.conclusion == .success && job.takenFrom == nil {
            guard let start = job.startedAt, let end = job.finishedAt else { continue }
            self[job.id] = Swift.max(0, end - start)
        }
    }
}

extension TestVerdicts {
    package init(_ outcomes: OutcomeHistory) {
        self.init()
        for (_, test) in outcomes.tests {
            guard let known = self[test.title] else {
                self[test.title] = test.status
                continue
            }
            if test.isFailure || known == .skipped { self[test.title] = test.status }
        }
    }
}
