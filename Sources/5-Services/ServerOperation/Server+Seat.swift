// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
package import Diagnostics
internal import EventJournal
internal import HomeRules
internal import PipelineModel
internal import RunCoordination
internal import RunIndex
internal import Synchronization
internal import Timekeeping
internal import TriggerIntake

/// A server's place among those that share a database.
extension Server {
    /// Takes the server's seat in the database, before anything is written: an earlier process of this server writes no more.
    ///
    /// - Returns: projects that this server is the home of.
    func enter(_ url: String) async throws(DiagnosticError) -> Set<String> {
        try await homes.enter(url)
        let mine = try await homes.beat(projectNames, isRemoved: isRemoved)
        return mine
    }

    /// Says that it lives, and takes up what it has become the home of. A database that does not answer is waited for; a seat
    /// that somebody took ends the process.
    ///
    /// One beat after another, whoever asks for it: nothing is taken up twice. None once the server is about to end: its seat is given
    /// up then.
    package func beat() async {
        guard isShared else { return }
        let beat = state.withLock { state -> Task<Void, Never>? in
            guard !state.isStopping else { return nil }
            let before = state.beat
            let beat = Task {
                await before?.value
                await self.beatOnce()
            }
            state.beat = beat
            return beat
        }
        await beat?.value
    }

    private func beatOnce() async {
        do throws(DiagnosticError) {
            try await directory.reload()
            await noteRunners()
            let mine = try await homes.beat(projectNames, isRemoved: isRemoved)
            tellOfMembers()
            if !mine.isEmpty { try await takeUp(mine) }
            let (runs, triggers) = (runs, triggers)
            for project in homes.departing {
                let isGone = try await homes.handOver(project) {
                    guard await triggers.letGo(of: project) else { return false }
                    return await runs.letGo(of: project)
                }
                // Its heir need not wait for its own next beat.
                if isGone {
                    settings.say("Another server decides what is of \(nameOf(project)) now.")
                    await calls.tell()
                }
            }
            try people.sessions.follow(now: .now())
            try await followLists()
        } catch {
            if error.diagnostic.code == .journalUnseated { fail(error) }
            tellOfSilence(error)
        }
    }

    /// A database that a journal was moved to has no lists of its runs yet: one server makes them, for all.
    func fillLists() throws(DiagnosticError) {
        try lists.follow()
        guard let database = store.database, homes.isSteward else { return }
        let isListed = try store.recorded { (_) throws(JournalError) in try database.isListed() }
        guard !isListed else { return }
        let (indexing, store, report) = (indexing, store, report)
        Task {
            do throws(DiagnosticError) {
                try await indexing.fill(try store.runs())
                try store.recorded { (_) throws(JournalError) in try database.markListed() }
            } catch {
                // The next start begins it anew.
                report(error)
            }
        }
    }

    private var projectNames: [String] { directory.current.projects.keys.map(\.description) }

    /// Goes on with what is of projects that this server has become the home of.
    ///
    /// - Returns: runs that go on.
    @discardableResult
    func takeUp(_ projects: Set<String>) async throws(DiagnosticError) -> [RunID] {
        do {
            let going = try await runs.recover(try openRuns(of: projects))
            homes.takeUp(projects)
            tellOfTakingUp(projects, going.count)
            try changes.tell(going: going) { projects.contains($0) }
            try await triggers.start(projects)
            return going
        } catch {
            // The next beat offers them again: what was not read would be looked at by nobody.
            homes.drop(projects)
            throw (error as? DiagnosticError) ?? DiagnosticError(.entryMissing, "\(error)")
        }
    }

    /// Runs that are not over, or that nothing is recorded of yet.
    private func openRuns(of projects: Set<String>) throws(DiagnosticError) -> [RunID] {
        guard let database = store.database else { return [] }
        let open = try store.recorded { (_) throws(JournalError) in try database.openRunStreams() }
        var found = Set(open.compactMap { stream in RunID(stream.text.split(separator: "/")[1]) })
        let newest = try index.newest()
        for run in try store.runs() where run.number > newest - Self.unlistedRuns {
            if try index.run(run) == nil { found.insert(run) }
        }
        var ours: [RunID] = []
        for run in found.sorted() where store.exists(run) && RunRecord.isKept(run, in: store) {
            do throws(DiagnosticError) {
                let record = try RunRecord.load(from: store, run)
                guard let project = record.project, projects.contains(project) else { continue }
                if try isBegunAsAnother(run, record.origin, project) { continue }
                ours.append(run)
            } catch {
                if error.diagnostic.code.isSilenceOfJournal { throw error }
                // One damaged run is no reason for the others to stand still.
                report(error)
            }
        }
        return ours
    }

    /// Whether a run of which there is no more than a record was begun as another one: a server that lost its seat in the middle left it.
    private func isBegunAsAnother(
        _ run: RunID, _ origin: String?, _ project: String
    ) throws(DiagnosticError) -> Bool {
        guard let origin, let begun = try triggers.log.run(of: origin, project: project), begun != run else {
            return false
        }
        let stream = RunStore.stream(run, attempt: 1)
        return try store.recorded { (journal) throws(JournalError) in try journal.summary(of: stream) }?.version ?? 0
            == 0
    }

    /// Stops saying that it lives, and whatever else the clock brings: as a process that stands still.
    package func silence() {
        let (ticker, beater) = state.withLock { ($0.ticker, $0.beater) }
        ticker?.cancel()
        beater?.cancel()
        calls.stop()
    }

    func startBeating() -> Task<Void, Never> {
        let pause = Duration.milliseconds(settings.silenceMs / HomeBook.beatsPerSilence)
        return Task { [weak self] in
            while !Task.isCancelled {
                try? await Task.sleep(for: pause)
                guard let self, !Task.isCancelled else { return }
                await self.beat()
            }
        }
    }

    /// Leaves in order: the next server need not wait.
    func leave() async {
        guard isShared else { return }
        do throws(DiagnosticError) { try await homes.leave() } catch { return report(error) }
        await calls.tell()
    }
}
