// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import EventJournal
internal import FileAccess
internal import PipelineModel
internal import RunEngine
internal import SealedStorage
internal import Timekeeping

/// From what was decided to what is on the disk.
extension RunCoordinator {
    /// Writes a batch, without the runs whose part can never be recorded.
    func record(_ batch: inout RunBatch) throws(DiagnosticError) {
        if batch.transaction == nil {
            var origins: [StreamAppend] = []
            for run in batch.touched.values {
                do throws(DiagnosticError) {
                    try check(batch.appends(of: run.run))
                    let origin = try RunOrigin.append(beginning: run, batch.events(of: run.run))
                    try run.writeValues()
                    if let origin { origins.append(origin) }
                } catch {
                    guard isOfItself(run, error) else { throw error }
                    batch.leaveOut(run, error)
                }
            }
            batch.transaction =
                batch.appends + origins + (try deploymentAppends(batch.events)) + RunEnd.appends(batch.events, at: now)
        }
        let (appends, time) = (batch.transaction ?? [], Timestamp(milliseconds: now))
        if !appends.isEmpty {
            _ = try store.journaled { (journal) throws(JournalError) in try journal.append(appends, now: time) }
        }
    }

    private func check(_ appends: [StreamAppend]) throws(DiagnosticError) {
        do { try JournalLimits.check(appends) } catch { throw DiagnosticError(error.diagnostic) }
    }

    /// Whether a fault is the run's own, and will be there at the next try too.
    private func isOfItself(_ run: ServedRun, _ fault: DiagnosticError) -> Bool {
        [.journalLimit, .sealedTooLarge, .runBegunBefore].contains(fault.diagnostic.code)
            || !Files.isDirectory(store.folder(of: run.run))
    }

    /// A run that is ahead of what can be recorded of it goes back to what is recorded, and ends. One of which nothing is
    /// recorded has not begun: whoever asked for it was told.
    func retreat(_ run: ServedRun, _ fault: DiagnosticError) {
        surroundings.report(fault)
        do throws(DiagnosticError) {
            guard !run.hasRetreated, let again = try recorded(run) else { return drop(run) }
            again.hasRetreated = true
            runs[run.run] = again
            let text = "\(fault.diagnostic.code): \(fault.diagnostic.message)"
            give(.cancelRequested(.run, .force, Reason(.setup, text)), to: run.run)
        } catch {
            surroundings.report(error)
            drop(run)
        }
    }

    /// The run as the journal has it, with its jobs where they are.
    private func recorded(_ run: ServedRun) throws(DiagnosticError) -> ServedRun? {
        let stream = RunStore.stream(run.run, attempt: run.attempt)
        let events = try store.journaled { (journal) throws(JournalError) in try journal.events(of: stream) }
        guard !events.isEmpty else { return nil }
        let again = ServedRun(store: store, run: run.run, attempt: run.attempt, record: run.record)
        try again.restore(events)
        again.jobs = run.jobs
        again.dispatchVersion = run.dispatchVersion
        return again
    }

    private func drop(_ run: ServedRun) {
        for job in run.jobs.keys { forget(job, of: run) }
        runs[run.run] = nil
        surroundings.feed.close(run.run)
    }
}
