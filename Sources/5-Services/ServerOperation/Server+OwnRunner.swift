// SPDX-License-Identifier: Apache-2.0

package import AccessRules
internal import Credentials
internal import Diagnostics
internal import JobDispatch
internal import ProcessControl
internal import RunCoordination
internal import RunnerProtocol
internal import Synchronization
internal import ThreadExecution

/// The runner that a server has by itself.
extension Server {
    func startOwnRunner(_ url: String) async throws {
        // Each of several servers has one.
        let traits = RunnerTraits(
            name: isShared ? settings.name : "server",
            labels: (settings.executorLabels ?? RunnerLabels.machine) + settings.labels,
            capacity: settings.capacity)
        let known = ownRunner.credential()
        var id = known.flatMap { EntryID($0.id) }.flatMap { directory.current.runners[$0]?.id }
        var credential = known?.credential ?? ""
        if let id {
            if let runner = directory.current.runners[id], runner.traits != traits {
                // Who paused it did not mean: until it has room for more.
                _ = try await directory.perform(
                    .changeRunner(id, traits, isDisabled: runner.isDisabled), by: .system("server"))
            }
        } else {
            let token = AccessToken.mint(.runner)
            let events = try await directory.perform(
                .registerRunner(traits, sha256: token.sha256, registration: nil), by: .system("server"))
            credential = token.text
            id = directory.current.runner(sha256: token.sha256)?.id
            precondition(!events.isEmpty, "a new runner is recorded")
        }
        guard let id, let runner = directory.current.runners[id] else { return }
        // Whose jobs are elsewhere shares nothing with this machine: silence says what it says of any.
        await runs.add(DispatchRunner(runner, isOwn: settings.executorLabels == nil))
        try ownRunner.configure(url: url, id: id.description, credential: credential, capacity: settings.capacity)
        watchOwnRunner(id.description)
    }

    /// Starts the process, and starts it again when it ends. Of one that does not stay the jobs are lost after a lease's time.
    private func watchOwnRunner(_ id: String) {
        let lease = Duration.seconds(settings.leaseSeconds)
        SerialThread.start(name: "own runner") { [weak self] in
            var stayedAt = BootInstant.now()
            while let self, !self.state.withLock({ $0.isStopping }) {
                let began = BootInstant.now()
                do throws(DiagnosticError) {
                    let process = try self.ownRunner.start()
                    process?.waitForEnd()
                    if process == nil || BootInstant.now() - began > lease { stayedAt = .now() }
                } catch {
                    self.report(error)
                }
                if BootInstant.now() - stayedAt > lease {
                    stayedAt = .now()
                    let text = "The server's own runner ends whenever it is started; see \(self.ownRunner.logPath)."
                    Task { await self.runs.giveUp(jobsOf: id, text) }
                }
                ThreadPause.sleep(milliseconds: Self.runnerPauseMs)
            }
        }
    }

    private static let runnerPauseMs = 500

    /// A server without a runner of its own may have had one, whose process lives on: it gets nothing new, and ends once it has
    /// brought what it has to its end.
    func retireOwnRunner(_ url: String) async throws {
        guard let known = ownRunner.credential(),
            let runner = EntryID(known.id).flatMap({ directory.current.runners[$0] })
        else { return }
        // Of this process alone: the next one may have a runner again. The directory says what people asked for.
        var resting = DispatchRunner(runner, isOwn: true)
        resting.isPaused = true
        await runs.add(resting)
        try ownRunner.configure(
            url: url, id: known.id, credential: known.credential, capacity: runner.traits.capacity)
        state.withLock { $0.retiring = runner.id }
    }

    /// Whether a runner is to be no more, and gets nothing whatever people ask for.
    package func isRetiring(_ runner: EntryID) -> Bool { state.withLock { $0.retiring == runner } }

    /// The own runner that is to be no more, once it has no job: it ends when its credential is refused.
    func endOwnRunner() async {
        guard let id = state.withLock({ $0.isReady ? $0.retiring : nil }) else { return }
        let holds = await runs.runnersNow.first { $0.runner.id == id.description }?.holds ?? []
        guard holds.isEmpty else { return }
        do throws(DiagnosticError) {
            _ = try await directory.perform(
                .removeRunner(id, reason: "The server has no runner of its own any more."), by: .system("server"))
            await runs.remove(id.description)
        } catch {
            report(error)
        }
        state.withLock { $0.retiring = nil }
    }
}
