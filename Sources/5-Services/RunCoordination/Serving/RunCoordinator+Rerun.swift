// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
internal import FileAccess
package import PipelineModel
internal import RunEngine
internal import RunnerProtocol
internal import StructuredData

/// New attempts of runs that are over.
extension RunCoordinator {
    /// Runs a part of a run again; what does not run again keeps its results and outputs.
    ///
    /// - Parameters:
    ///   - key: of the request; the same one begins one attempt.
    ///   - before: called with the new attempt once it is sure that it can begin; it begins only if that does not throw.
    /// - Returns: the new attempt, once its beginning is on the disk.
    /// - Throws: where the run is not over, or nothing of it is to run again.
    package func rerun(
        _ run: RunID, _ selection: RunSession.Selection, key: String? = nil,
        before: @Sendable (Int) async throws -> Void = { _ in }
    ) async throws -> Int {
        try checkHealthy()
        guard store.exists(run) else { throw DiagnosticError(.runMissing, "There is no run \(run).") }
        try checkHome(try RunRecord.load(from: store, run))
        let last = try store.lastAttempt(of: run)
        let previous = max(1, last)
        let asked = RerunKey(store: store, run: run)
        if let key, try asked.hasBegun(previous, by: key) { return previous }
        guard runs[run] == nil else { throw Self.notOver(run) }
        guard !HeldRun.isRejected(store, run) else {
            throw DiagnosticError(
                .runRejected, "Run \(run) was rejected: its code is not to be run.",
                remedy: "Have the change looked at; what is pushed next asks anew.")
        }
        let record = try RunRecord.load(from: store, run)
        let old = ServedRun(store: store, run: run, attempt: previous, record: record)
        let stream = RunStore.stream(run, attempt: previous)
        let recorded = try store.journaled { (journal) throws(JournalError) in try journal.events(of: stream) }
        try old.restore(recorded)
        guard old.isOver else { throw Self.notOver(run) }
        let (chosen, point) = try choose(selection, of: old)
        let takeover = try RunTakeover(
            after: old.machine.state, definition: old.machine.definition, selection: chosen)
        guard !takeover.rerun.isEmpty else {
            throw DiagnosticError(
                .nothingToRerun, "Everything in run \(run) succeeded or was skipped.",
                remedy: "Run all of it again, not only what failed.")
        }
        try await before(previous + 1)
        // Somebody else may have been faster meanwhile: with another attempt, or by removing the run.
        guard store.exists(run) else { throw DiagnosticError(.runMissing, "There is no run \(run) any more.") }
        guard runs[run] == nil, try store.lastAttempt(of: run) == last else { throw Self.notOver(run) }
        let new = ServedRun(store: store, run: run, attempt: previous + 1, record: record)
        // All that the new attempt stands on is in its own record.
        new.evaluator.takeOver(try ValuesRecord(store: store, run: run, attempt: previous).load())
        if let point {
            try point.save(store, run, attempt: new.attempt)
            new.point = point
        }
        if let key { try asked.note(key, attempt: new.attempt) }
        runs[run] = new
        try await take(.start(RunStart(run: run, attempt: new.attempt, takeover: takeover)), of: run)
        return new.attempt
    }

    private static func notOver(_ run: RunID) -> DiagnosticError {
        DiagnosticError(.runNotFinished, "Run \(run) has no end yet.", remedy: "Wait for it, or cancel it first.")
    }

    private func choose(
        _ selection: RunSession.Selection, of run: ServedRun
    ) throws(DiagnosticError) -> (RunTakeover.Selection, ServedPoint?) {
        switch selection {
        case .all: return (.all, nil)
        case .failed: return (.failed, nil)
        case .jobs(let ids): return (.jobs(ids), nil)
        case .from(let text):
            let (job, step) = try RerunPoint.split(text, run.run) { run.machine.state.leg($0) != nil }
            let source = run.machine.state.leg(job)?.takenFrom ?? run.attempt
            guard let runner = try DispatchEvent.runner(of: job, store, run.run, attempt: source) else {
                throw DiagnosticError(
                    .rerunStepUnknown, "The job '\(job)' did not run in attempt \(source).",
                    remedy: "Run the whole job again.")
            }
            return (.jobs([job]), ServedPoint(job: job, attempt: source, step: step, runner: runner))
        }
    }
}

/// Which request began an attempt of a run: written before the attempt begins, and looked at when it is asked again.
private struct RerunKey {
    let store: RunStore
    let run: RunID
    private static let limitBytes = 1 << 10

    private func path(_ attempt: Int) -> String { "\(store.folder(of: run))/asked-\(attempt)" }

    func hasBegun(_ attempt: Int, by key: String) throws(DiagnosticError) -> Bool {
        let known = try Files.readIfPresent(path(attempt), limit: Self.limitBytes)
        return known.map { Array($0) == Array(Self.digest(key).utf8) } ?? false
    }

    func note(_ key: String, attempt: Int) throws(DiagnosticError) {
        try Files.replace(path(attempt), with: Self.digest(key).utf8, mode: 0o600)
    }

    private static func digest(_ key: String) -> String { String(ContentDigest.of(Array(key.utf8))) }
}

/// Where a new attempt goes on in the middle of a job, and which runner has what the steps before it left.
struct ServedPoint: Hashable, Sendable {
    var job: JobID
    /// Of the run: the one whose steps stand.
    var attempt: Int
    var step: String
    var runner: String

    private static let sizeLimitBytes = 1 << 16

    private static func path(_ store: RunStore, _ run: RunID, _ attempt: Int) -> String {
        "\(store.folder(of: run))/rerun-\(attempt)"
    }

    func save(_ store: RunStore, _ run: RunID, attempt: Int) throws(DiagnosticError) {
        let data: DataValue = [
            "job": .string(job.text), "attempt": .number(Double(self.attempt)), "step": .string(step),
            "runner": .string(runner),
        ]
        try Files.replace(Self.path(store, run, attempt), with: data.jsonText().utf8, mode: 0o600)
    }

    static func load(_ store: RunStore, _ run: RunID, attempt: Int) throws(DiagnosticError) -> ServedPoint? {
        guard attempt > 1,
            let bytes = try Files.readIfPresent(path(store, run, attempt), limit: sizeLimitBytes),
            let data = try? DataValue(json: bytes), let job = data["job"]?.string, let source = data["attempt"]?.int,
            let step = data["step"]?.string, let runner = data["runner"]?.string
        else { return nil }
        return ServedPoint(job: JobID(job), attempt: source, step: step, runner: runner)
    }
}
