// SPDX-License-Identifier: Apache-2.0

package import AccessRules
internal import Credentials
package import Diagnostics
package import EventJournal
internal import FileAccess
internal import JobDispatch
package import PipelineModel
internal import ProcessControl
package import RunCoordination
package import RunIndex
internal import RunnerProtocol
package import SecretVault
internal import SourceControl
internal import SourceForges
internal import Synchronization
internal import ThreadExecution
internal import Timekeeping
package import TriggerIntake

/// A server's parts, put together: the store, the runs, the people, and what moves by the clock.
package final class Server: Sendable {
    package let settings: ServerSettings
    package let store: RunStore
    package let index: RunIndex
    package let feed: LiveFeed
    package let runs: RunCoordinator
    package let directory: DirectoryKeeper
    package let identification: Identification
    package let references: ReferencedSecrets
    package let vault: Vault
    package let triggers: TriggerDesk
    /// Values that may be seen, sealed as the secrets are.
    package let variables: Vault
    package let people: People
    package let keptAnswers: KeptAnswers
    private let indexing: IndexWriting
    /// For what waits for the ends of runs.
    private let changes: AsyncStream<RunChange>
    private let lock: FileLock
    private let ownRunner: OwnRunner
    private let report: @Sendable (DiagnosticError) -> Void
    let state = Mutex(State())
    let reports = AttemptShelf<RunReport>(keeping: 128)
    let told = AttemptShelf<OutcomeHistory>(keeping: 16)
    let spans = AttemptShelf<JobSpans>(keeping: 512)
    let testVerdicts = AttemptShelf<TestVerdicts>(keeping: 64)

    struct State: Sendable {
        var isReady = false
        /// Where it listens.
        var url = ""
        var isStopping = false
        var ticker: Task<Void, Never>?
    }

    /// The clock's beat: deadlines and lost runners are noticed within it.
    private static let beat = Duration.milliseconds(500)
    private static let beatsPerTrigger = 2
    /// After so many those who follow are shown that the connection lives.
    private static let beatsPerSign = 30

    /// Opens the folder; makes it where it is not there.
    ///
    /// - Parameters:
    ///   - program: this program, for the runner's process.
    ///   - report: told what goes wrong while nobody waits.
    /// - Throws: ``DiagnosticCode/serverFolderTaken``, and what is wrong with the folder or its keys.
    package init(
        _ settings: ServerSettings, program: String, report: @escaping @Sendable (DiagnosticError) -> Void
    ) throws(DiagnosticError) {
        self.settings = settings
        self.report = report
        try Trees.make(settings.folder, mode: 0o700)
        lock = try Self.lock(settings.folder)
        let store = try RunStore(root: settings.folder, durability: .powerCut)
        self.store = store
        let index = try RunIndex(path: store.root + "/index.sqlite")
        self.index = index
        let feed = LiveFeed()
        self.feed = feed
        directory = try DirectoryKeeper(store: store)
        identification = Identification(keeper: directory)
        references = ReferencedSecrets(folder: store.root + "/references", key: store.sealingKey)
        keptAnswers = KeptAnswers(store: store)
        people = try People(settings, store: store, directory: directory, references: references, now: .now())
        let vaults = try ServerVaults.open(settings, root: store.root)
        let vault = vaults.secrets
        self.vault = vault
        let (stream, told) = AsyncStream<RunChange>.makeStream()
        variables = vaults.variables
        let indexing = IndexWriting(store: store, index: index, report: report)
        self.indexing = indexing
        ownRunner = OwnRunner(
            folder: store.root + "/runner", program: program, environment: settings.environment)
        runs = RunCoordinator(
            RunCoordinator.Surroundings(
                store: store, feed: feed,
                secrets: { (record, job) throws(DiagnosticError) in
                    try JobSecretReading(vault: vault).secrets(of: record, job)
                },
                changed: { change in
                    indexing.note(change)
                    told.yield(change)
                }, report: report))
        triggers = TriggerDesk(Self.surroundings(settings, store, directory, references, runs, report))
        changes = stream
    }

    private static func surroundings(
        _ settings: ServerSettings, _ store: RunStore, _ directory: DirectoryKeeper, _ references: ReferencedSecrets,
        _ runs: RunCoordinator, _ report: @escaping @Sendable (DiagnosticError) -> Void
    ) -> TriggerSurroundings {
        var environment = settings.environment
        environment["MARTLET_HOME"] = store.root
        var surroundings = TriggerSurroundings(
            store: store, folder: store.root + "/projects", environment: environment,
            projects: { directory.current.projects.values.sorted { $0.id < $1.id }.map { TriggerProject($0) } },
            start: { planned in
                if planned.fork?.isApprovalNeeded == true {
                    return try await runs.hold(planned.record, planned.fork?.reason ?? "It needs an approval.")
                }
                return try await runs.begin(planned.record)
            })
        surroundings.credential = { (project) throws(DiagnosticError) in
            let options = EntryID(project.id).flatMap { directory.current.projects[$0]?.settings.options }
            guard let reference = options?["credential"] else { return nil }
            return .token(try references.text(reference), user: options?["credentialUser"] ?? "x-access-token")
        }
        surroundings.report = report
        return surroundings
    }

    static func lock(_ folder: String) throws(DiagnosticError) -> FileLock {
        do throws(DiagnosticError) {
            return try FileLock(path: folder + "/server.lock")
        } catch {
            throw DiagnosticError(
                .serverFolderTaken, "Another server works in '\(folder)'.",
                remedy: "Stop it first, or choose another folder with --data.")
        }
    }

    // MARK: life

    /// Goes on with everything that an earlier process left, and starts what moves by itself.
    ///
    /// - Parameter url: where the server listens, for its own runner.
    package func start(url: String) async throws {
        state.withLock { $0.url = url }
        for runner in directory.current.runners.values { await runs.add(DispatchRunner(runner)) }
        if settings.capacity > 0 { try await startOwnRunner(url) }
        _ = try await runs.recover(try unfinished())
        try await triggers.start()
        let (changes, triggers, report) = (changes, triggers, report)
        Task {
            for await change in changes {
                do throws(DiagnosticError) {
                    try await triggers.runChanged(change)
                } catch {
                    report(error)
                }
            }
        }
        let ticker = Task { [weak self] in
            var beats = 0
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.beat)
                guard let self else { return }
                await self.runs.tick()
                if beats % Self.beatsPerTrigger == 0 { await self.triggers.tick() }
                beats += 1
                if beats % Self.beatsPerSign == 0 { self.feed.beat() }
            }
        }
        state.withLock { state in
            state.ticker = ticker
            state.isReady = true
        }
    }

    /// Runs that may not be over: those that the lists have as such, and those that they do not have yet.
    private func unfinished() throws(DiagnosticError) -> [RunID] {
        let newest = try index.newest()
        var found = Set(try store.runs().filter { $0.number > newest })
        for state in [RunRow.State.waiting, .running] {
            var query = RunQuery(limit: RunQuery.maximumLimit)
            query.state = state
            while true {
                let rows = try index.runs(query)
                found.formUnion(rows.map(\.run))
                guard rows.count == RunQuery.maximumLimit else { break }
                query.before = rows.last?.run
            }
        }
        return found.sorted()
    }

    /// Whether it answers requests as it should.
    package var isReady: Bool { state.withLock { $0.isReady && !$0.isStopping } }

    /// Takes nothing new; what is under way with runners goes on there.
    package func stop() async {
        let ticker = state.withLock { state in
            state.isStopping = true
            return state.ticker
        }
        ticker?.cancel()
        await triggers.stop()
        await runs.stop()
    }

    // MARK: the own runner

    private func startOwnRunner(_ url: String) async throws {
        let traits = RunnerTraits(
            name: "server", labels: RunnerLabels.machine + settings.labels, capacity: settings.capacity)
        let known = ownRunner.credential()
        var id = known.flatMap { EntryID($0.id) }.flatMap { directory.current.runners[$0]?.id }
        var credential = known?.credential ?? ""
        if let id {
            if directory.current.runners[id]?.traits != traits {
                _ = try await directory.perform(
                    .changeRunner(id, traits, isDisabled: false), by: .system("server"))
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
        await runs.add(DispatchRunner(runner, isOwn: true))
        try ownRunner.configure(url: url, id: id.description, credential: credential, capacity: settings.capacity)
        watchOwnRunner()
    }

    /// Starts the process, and starts it again when it ends.
    private func watchOwnRunner() {
        SerialThread.start(name: "own runner") { [weak self] in
            while let self, !self.state.withLock({ $0.isStopping }) {
                do throws(DiagnosticError) {
                    if let process = try self.ownRunner.start() { process.waitForEnd() }
                } catch {
                    self.report(error)
                }
                ThreadPause.sleep(milliseconds: Self.runnerPauseMs)
            }
        }
    }

    private static let runnerPauseMs = 500
}

extension DispatchRunner {
    package init(_ runner: Runner, isOwn: Bool = false) {
        let traits = runner.traits
        self.init(
            id: runner.id.description,
            RunnerOffering(
                name: traits.name, labels: traits.labels,
                group: traits.group == RunnerTraits.standardGroup ? "" : traits.group, capacity: traits.capacity,
                isEphemeral: traits.isEphemeral), isOwn: isOwn)
        isPaused = runner.isDisabled
    }
}
