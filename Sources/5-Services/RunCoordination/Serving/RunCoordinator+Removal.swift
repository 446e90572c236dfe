// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
package import PipelineModel
internal import Timekeeping

/// Runs that go, and work that is not taken for want of room.
extension RunCoordinator {
    /// Removes runs that are over from the journal, and says there why; their files are out of sight when it returns, and
    /// are still to be removed (``RunStore/sweep(_:)``). One transaction.
    ///
    /// - Returns: those that went. One that somebody runs again, or that waits for somebody, stays.
    package func remove(_ removals: [RemovedRun]) throws(DiagnosticError) -> [RunID] {
        try checkHealthy()
        let time = Timestamp(milliseconds: max(now, surroundings.now()))
        var gone: [RunID] = []
        var appends: [StreamAppend] = []
        var prefixes: [String] = []
        for removal in removals {
            let run = removal.run
            guard runs[run] == nil, try !isHeld(run), isOurs(run) else { continue }
            let story = try store.removal(of: run)
            guard story.removed == nil else { continue }
            var append = StreamAppend(
                RemovedRun.stream(run), expectedVersion: story.version, events: [removal.event])
            append.wakeUp = .at(time)
            appends.append(append)
            prefixes += ["run/\(run)/", "job/\(run)/", "dispatch/\(run)/", "gate/\(run)/"]
            gone.append(run)
        }
        guard !gone.isEmpty else { return [] }
        let (streams, events) = (prefixes, appends)
        _ = try store.journaled { (journal) throws(JournalError) in
            try journal.removeStreams(prefixes: streams, recording: events, now: time)
        }
        for run in gone { try store.hideFiles(of: run) }
        return gone
    }

    /// Whether nobody else decides about the run: since it was looked at its project may have gone to another server.
    private func isOurs(_ run: RunID) -> Bool {
        guard let record = try? RunRecord.load(from: store, run), let project = record.project else { return true }
        return !surroundings.isElsewhere(project)
    }

    /// Whether nothing of a run moves, and nobody is waited for.
    package func isAtRest(_ run: RunID) throws(DiagnosticError) -> Bool {
        guard runs[run] == nil else { return false }
        return try !isHeld(run)
    }

    /// Jobs are given to runners no more, or again.
    ///
    /// - Parameter reason: a sentence, which whoever asks why a job waits is told; `nil`: they are given.
    package func hold(jobs reason: String?) {
        guard refusal != reason else { return }
        refusal = reason
        if reason == nil { serveWaiters() }
    }
}
