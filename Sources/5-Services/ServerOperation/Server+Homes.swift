// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Diagnostics
package import HomeRules
internal import JobDispatch
package import PipelineModel
internal import RunCoordination
internal import RunIndex
internal import StructuredData
internal import Synchronization
internal import ThreadExecution

/// Which server a request is for.
extension Server {
    package typealias Place = HomePlace

    /// Which server decides what is of a project.
    package func place(of project: String) -> Place {
        homes.place(of: project)
    }

    /// Whether there may be other servers.
    package var isShared: Bool { store.database != nil }

    /// Which server decides what is of a run. One of which nobody knows anything is as good here as anywhere.
    package func place(of run: RunID) throws(DiagnosticError) -> Place {
        guard isShared, let project = try decidingProject(of: run), !isRemoved(project) else { return .here }
        return place(of: project)
    }

    /// Whether a project was there, and is no more.
    package func isRemoved(_ project: String) -> Bool {
        EntryID(project).map { directory.current.isRemoved($0) } ?? false
    }

    /// The project of a run, whether lists have it already or not; `nil`: nobody knows the run.
    package func decidingProject(of run: RunID) throws(DiagnosticError) -> String? {
        if let row = try index.run(run) { return row.project }
        // Lists come behind: its files are there before anybody is told of it.
        guard store.exists(run), RunRecord.isKept(run, in: store) else { return nil }
        return try RunRecord.load(from: store, run).project
    }

    /// Sees what other servers have written of people, projects and runs.
    ///
    /// Whoever comes while a round goes on waits for the next one, with all others that do: a round that has begun may have missed what
    /// they come for.
    package func follow() async throws(DiagnosticError) {
        guard isShared else { return }
        let round = state.withLock { state -> Task<DiagnosticError?, Never> in
            if let next = state.following, !next.hasBegun { return next.round }
            let before = state.following?.round
            let round = Task { () -> DiagnosticError? in
                _ = await before?.value
                self.state.withLock { $0.following?.hasBegun = true }
                return await self.followOnce()
            }
            state.following = (round, false)
            return round
        }
        if let error = await round.value { throw error }
    }

    private func followOnce() async -> DiagnosticError? {
        do throws(DiagnosticError) {
            try await directory.reload()
            try await followLists()
            return nil
        } catch {
            return error
        }
    }

    /// Whoever looks on here is told of runs of other servers, too.
    func followLists() async throws(DiagnosticError) {
        let lists = lists
        let rows = try await BlockingWork.attempt { () throws(DiagnosticError) in try lists.follow() }
        for row in rows where !homes.isHere(row.project) {
            var object: DataObject = [
                "type": .string(
                    row.state == .waiting ? "runBegan" : row.state == .running ? "runRunning" : "runFinished"),
                "run": .number(Double(row.run.number)), "attempt": .number(Double(row.attempt)),
                "project": .string(row.project), "workflow": .string(row.workflow),
            ]
            object.set("conclusion", row.conclusion.map { .string($0.rawValue) })
            feed.publish(object, on: .overview)
        }
    }

    /// Waits for a project's home for as long as a takeover lasts.
    package func settledPlace(of project: String) async -> Place {
        let end = ContinuousClock.now + Self.settlingTime
        while true {
            let place = place(of: project)
            guard place == .nowhere, ContinuousClock.now < end, !Task.isCancelled else { return place }
            // The next beat finds it one.
            try? await Task.sleep(for: Self.settlingPause)
        }
    }

    /// Silence, and what is folded after it.
    private static let settlingTime = Duration.seconds(8)
    private static let settlingPause = Duration.milliseconds(200)

    package static func away(_ what: String) -> DiagnosticError {
        DiagnosticError(
            .homeAway,
            "The server that does what is of \(what) does not answer; another one takes over in a few seconds.",
            remedy: "Try again.")
    }

    /// A runner that another server has registered, or that somebody changed there.
    func noteRunners() async {
        let known = directory.current.runners
        let own = ownRunner.credential()?.id
        let (changed, removed) = state.withLock { state in
            let changed = known.values.filter { state.runners[$0.id] != $0 }
            return (changed, state.runners.keys.filter { known[$0] == nil })
        }
        for runner in changed where !isRetiring(runner.id) {
            await runs.add(DispatchRunner(runner, isOwn: runner.id.description == own))
        }
        for id in removed { await runs.remove(id.description) }
        // Whoever finds a runner here finds it with the runs as well.
        state.withLock { $0.runners = known }
    }
}
