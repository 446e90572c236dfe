// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Announcements
internal import Credentials
package import Diagnostics
package import EventJournal
internal import FileAccess
package import HTTPMessages
internal import JobDispatch
package import PipelineModel
internal import ProcessControl
package import RunCoordination
package import RunIndex
internal import RunnerProtocol
package import SecretVault
internal import SourceControl
internal import SourceForges
internal import StructuredData
internal import Synchronization
internal import Telemetry
internal import ThreadExecution
internal import Timekeeping
package import TriggerIntake

/// A server's parts, put together: the store, the runs, the people, and what moves by the clock.
package final class Server: Sendable {
    package let settings: ServerSettings
    package let store: RunStore
    package let index: RunLists
    let lists: SharedLists
    /// Whether this server decides what is of a project, or another one does.
    package let homes: Homes
    package let feed: LiveFeed
    package let runs: RunCoordinator
    /// For runners on other machines.
    package let desk: RunnerDesk
    package let directory: DirectoryKeeper
    package let identification: Identification
    package let references: ReferencedSecrets
    package let vault: Vault
    /// Values that may be seen, sealed as the secrets are.
    package let variables: Vault
    package let people: People
    package let keptAnswers: KeptAnswers
    package let triggers: TriggerDesk
    package let counts: ServerCounts
    package let announcer: Announcer
    /// `nil`: nobody wants any.
    package let traces: ServerTraces?
    let heard: AsyncStream<Heard>
    let ear: AsyncStream<Heard>.Continuation
    let ownAddress: OwnAddress
    /// To places that the server's settings name.
    let transport: HTTPTransport
    package let peers: PeerCalls
    package let gates: GateKeeper
    package let statuses: StatusDesk
    let indexing: IndexWriting
    private let keeping: RunKeeping
    package let housekeeping: Housekeeping
    /// Why this process cannot go on; whoever started the server ends it, and another process takes up all that is recorded.
    package let faults: AsyncStream<DiagnosticError>
    private let fault: AsyncStream<DiagnosticError>.Continuation
    let changes: ChangeTelling
    let calls: RunnerCalls
    private let lock: FileLock
    let ownRunner: OwnRunner
    let report: @Sendable (DiagnosticError) -> Void
    private let now: @Sendable () -> Int64
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
        /// The own runner of an earlier start, where there is to be none: it ends once it has no job.
        var retiring: EntryID?
        /// As the runs know them.
        var runners: [EntryID: Runner] = [:]
        var ticker: Task<Void, Never>?
        /// The last round of seeing what others have written, and whether it has begun.
        var following: (round: Task<DiagnosticError?, Never>, hasBegun: Bool)?
        /// Other servers as they were told of last: addresses by names.
        var members: [String: String] = [:]
        /// Told of; until it answers again.
        var isDatabaseAway = false
        /// Whether what is believed of homes and leases holds, and since when.
        var trust: (Bool, at: ContinuousClock.Instant)?
        /// The last beat that was asked for.
        var beat: Task<Void, Never>?
        /// Says that this server lives, where there may be others.
        var beater: Task<Void, Never>?
        var sweeper: Task<Void, Never>?
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
    ///   - transport: sends requests to other services.
    ///   - web: the ways to addresses that people give; `nil`: there are none.
    ///   - now: milliseconds since the epoch.
    ///   - report: told what goes wrong while nobody waits.
    /// - Throws: ``DiagnosticCode/serverFolderTaken``, and what is wrong with the folder or its keys.
    package init(
        _ settings: ServerSettings, program: String,
        transport: @escaping HTTPTransport = { (call) throws(DiagnosticError) in
            throw DiagnosticError(.webUnreachable, "This server calls nobody; not \(call.url.prefix(80)) either.")
        },
        streaming: @escaping HTTPStreaming = { (call) throws(DiagnosticError) in
            throw DiagnosticError(.webUnreachable, "This server calls nobody; not \(call.url.prefix(80)) either.")
        }, web: WebReach? = nil,
        now: @escaping @Sendable () -> Int64 = { Timestamp.now().milliseconds },
        report: @escaping @Sendable (DiagnosticError) -> Void
    ) throws(DiagnosticError) {
        (self.settings, self.report, self.now) = (settings, report, now)
        let counts = ServerCounts(version: settings.version)
        let ground = try ServerGround(settings, counts, transport: transport, streaming: streaming)
        defer { withExtendedLifetime(ground) {} }
        let store = ground.store
        (self.counts, lock, self.store, index, lists) = (counts, ground.lock, store, ground.index, ground.lists)
        (peers, homes) = (ground.peers, ground.homes)
        feed = LiveFeed()
        counts.metrics.read(ServerMetrics.followers) { [feed] in [MetricSample([], Double(feed.subscriberCount))] }
        directory = try DirectoryKeeper(store: store)
        identification = Identification(keeper: directory)
        references = ReferencedSecrets(folder: store.root + "/references", key: store.sealingKey)
        keptAnswers = KeptAnswers(store: store)
        people = try People(
            settings, store: store, directory: directory, references: references,
            now: Timestamp(milliseconds: now()))
        let vaults = try ServerVaults.open(settings, root: store.root)
        (vault, variables) = (vaults.secrets, vaults.variables)
        gates = GateKeeper(store: store, directory: directory, now: { Timestamp(milliseconds: now()) }, report: report)
        (ownAddress, self.transport) = (OwnAddress(publicURL: settings.publicURL), transport)
        let parts = TellingParts(
            settings: settings, store: store, index: index, lists: lists, homes: homes, directory: directory,
            references: references, counts: counts, address: ownAddress, web: web ?? .only(transport), now: now,
            report: report)
        desk = try Self.desk(parts)
        announcer = try Self.announcer(parts)
        traces = try ServerTraces(parts)
        (heard, ear) = AsyncStream<Heard>.makeStream()
        changes = ChangeTelling(store: store, report: report)
        indexing = IndexWriting(
            store: store, index: index, report: report,
            put: { [lists] (rows) throws(DiagnosticError) in try lists.put(rows) })
        keeping = RunKeeping(store: store, index: index, homes: homes, report: report)
        ownRunner = OwnRunner(settings, ownFolder: ground.ownFolder, shared: store.root, program: program)
        (faults, fault) = AsyncStream<DiagnosticError>.makeStream()
        calls = RunnerCalls(database: store.database, name: settings.name, report: report)
        var surroundings = Self.running(parts, feed, gates, vaults, calls)
        surroundings.failed = { [fault] in fault.yield($0) }
        surroundings.changed = { [ear, indexing, keeping, changes] change in
            counts.note(change)
            indexing.note(change)
            changes.note(change)
            keeping.note(change)
            ear.yield(.run(change))
        }
        let notes = [{ counts.note($0) }, indexing.note, keeping.note] as [@Sendable (JobChange) -> Void]
        surroundings.jobEnded = { [ear] change in
            for note in notes { note(change) }
            ear.yield(.job(change))
        }
        runs = RunCoordinator(surroundings)
        housekeeping = Housekeeping(parts, runs: runs, gates: gates)
        statuses = StatusDesk(Self.statusSurroundings(parts, transport))
        var triggering = Self.surroundings(settings, store, directory, references, runs, statuses, report)
        triggering.isHome = { [homes] in homes.isHere($0) }
        triggering.reach = Self.reach(parts)
        triggering.variables = Self.variables(vaults.variables)
        triggers = TriggerDesk(triggering)
    }

    private static func running(
        _ parts: TellingParts, _ feed: LiveFeed, _ gates: GateKeeper, _ vaults: ServerVaults, _ calls: RunnerCalls
    ) -> RunCoordinator.Surroundings {
        let (homes, counts) = (parts.homes, parts.counts)
        var surroundings = RunCoordinator.Surroundings(
            store: parts.store, feed: feed, now: parts.now,
            secrets: { (record, _, environment) throws(DiagnosticError) in
                try JobSecretReading(vaults).secrets(of: record, environment)
            }, enter: { [gates] in await gates.enter($0) }, report: parts.report)
        surroundings.isHome = { homes.isHere($0) }
        surroundings.isElsewhere = { homes.isElsewhere($0) }
        if parts.store.database != nil { surroundings.call = { calls.call($0) } }
        surroundings.leaseMs = Int64(parts.settings.leaseSeconds) * 1_000
        surroundings.noted = { counts.note($0) }
        return surroundings
    }

    private static func statusSurroundings(
        _ parts: TellingParts, _ transport: @escaping HTTPTransport
    ) -> StatusDesk.Surroundings {
        let (directory, references, counts, now) = (parts.directory, parts.references, parts.counts, parts.now)
        let address = parts.settings.publicURL
        var surroundings = StatusDesk.Surroundings(
            store: parts.store, now: { Timestamp(milliseconds: now()) },
            target: { statusTarget($0, directory.current, references) },
            url: { run, _ in address.map { "\($0)/runs/\(run)" } }, transport: transport)
        let guarded = GuardedCalls(addressGuard: addressRules(parts.settings), web: parts.web)
        surroundings.guardedTransport = { (call) throws(DiagnosticError) in try await guarded.send(call) }
        surroundings.report = parts.report
        surroundings.counted = { counts.noteDelivery("status", $0) }
        return surroundings
    }

    private static func surroundings(
        _ settings: ServerSettings, _ store: RunStore, _ directory: DirectoryKeeper, _ references: ReferencedSecrets,
        _ runs: RunCoordinator, _ statuses: StatusDesk, _ report: @escaping @Sendable (DiagnosticError) -> Void
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
        surroundings.goOn = { run in if !(await runs.isActive(run)) { _ = try await runs.recover([run]) } }
        surroundings.credential = { (project) throws(DiagnosticError) in
            let known = EntryID(project.id).flatMap { directory.current.projects[$0] }
            return try known.flatMap { (known) throws(DiagnosticError) in
                try credential(known, references, store.root)
            }
        }
        surroundings.worked = { project, verdicts in
            Task {
                do throws(DiagnosticError) {
                    try await statuses.planned(verdicts, of: project.id)
                } catch {
                    report(error)
                }
            }
        }
        surroundings.report = report
        return surroundings
    }

    /// Where a project's statuses go; `nil`: it has no forge, or no token for it.
    private static func statusTarget(
        _ project: String, _ directory: Directory, _ references: ReferencedSecrets
    ) -> StatusTarget? {
        guard let known = EntryID(project).flatMap({ directory.projects[$0] }),
            let reference = tokenReference(known.settings), let token = try? references.text(reference)
        else { return nil }
        let trigger = TriggerProject(known)
        let route: StatusRoute
        switch trigger.forge {
        case .github: route = known.settings.options["checks"] == "true" ? .githubChecks : .githubStatuses
        case .gitlab: route = .gitlabStatuses
        case .gitea: route = .giteaStatuses
        case .git: return nil
        }
        guard let address = try? ProjectPlaces.address(known.settings),
            let place = ProjectPlaces(known.settings).forge
        else { return nil }
        var target = StatusTarget(address, route: route, token: token, repository: trigger.fullName)
        target.tellsJobs = known.settings.options["tellsJobs"] == "true"
        target.tellsFiltered = known.settings.options["tellsFiltered"] == "true"
        target.isGuarded = known.settings.guardedPlaces.contains(place)
        return target
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
    /// - Parameters:
    ///   - url: where the server listens; its own runner, too, unless that has a socket.
    ///   - keepsHouse: `false`: whoever asked says when what is old goes.
    package func start(url: String, keepsHouse: Bool = true) async throws {
        state.withLock { $0.url = url }
        ownAddress.set(url)
        let mine = try await enter(settings.peerURL ?? url)
        await listen()
        await noteRunners()
        if settings.capacity > 0 {
            try await startOwnRunner(settings.runnerSocketPath.map { "http+unix://\(FormText.encoded($0))" } ?? url)
        } else {
            try await retireOwnRunner(url)
        }
        let restored = RestoredMark(store.root)
        let going =
            store.database == nil ? try await recover(restoredFrom: restored?.backupAt) : try await takeUp(mine)
        if restored != nil { try RestoredMark.forget(store.root) }
        if store.database == nil { try await triggers.start() } else { try fillLists() }
        try await announcer.start()
        if store.database == nil { try changes.tell(going: going) { _ in true } }
        changes.start(listeners) { [gates] in await gates.forget($0.run, attempt: $0.attempt) }
        keeping.start()
        keepHouse(removing: keepsHouse)
        let ticker = Task { [weak self] in
            var beats = 0
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.beat)
                guard let self else { return }
                await self.runs.tick()
                for (work, answer) in await self.gates.tick() { await self.runs.answer(work, answer) }
                await self.runs.cancelStrays(of: Set(self.directory.current.projects.keys.map(\.description)))
                await self.forgetSpentRunners()
                await self.endOwnRunner()
                if beats % Self.beatsPerTrigger == 0 {
                    self.changes.tick()
                    await self.triggers.tick()
                    if self.homes.isSteward {
                        await self.statuses.tick()
                        await self.announcer.tick()
                    }
                }
                beats += 1
                if beats % Self.beatsPerSign == 0 {
                    self.feed.beat()
                    self.desk.keep(only: await self.runs.leasesNow)
                }
            }
        }
        let beater = isShared ? startBeating() : nil
        calls.listen { [runs] runner in
            Task { await runs.rouse(runner) }
        } settle: { [weak self] in
            Task { await self?.beat() }
        }
        state.withLock { state in
            (state.ticker, state.beater) = (ticker, beater)
            state.isReady = true
        }
    }

    /// Takes up what an earlier process was cut off in: runs, and the lists of them.
    ///
    /// - Returns: the runs that go on.
    private func recover(restoredFrom backupAt: Timestamp?) async throws -> [RunID] {
        let isWhole = try index.isWhole()
        let open = try unfinished()
        let going = Set(try await runs.recover(open, restoredFrom: backupAt))
        guard !isWhole else {
            // Of those that were over already the lists may not have heard.
            var unheard: [RunID] = []
            for run in open {
                if !going.contains(run) {
                    unheard.append(run)
                } else if try index.run(run) == nil {
                    unheard.append(run)
                }
            }
            try await indexing.catchUp(unheard)
            return going.sorted()
        }
        let (indexing, store, report) = (indexing, store, report)
        Task {
            do throws(DiagnosticError) {
                try await indexing.fill(try store.runs())
            } catch {
                report(error)
            }
        }
        return going.sorted()
    }

    /// Runs are listed behind their beginnings, and not quite in their order: so many before the newest may be missing.
    static let unlistedRuns = 1_000

    /// Runs that may not be over: those that the lists have as such, and those that they do not have yet.
    private func unfinished() throws(DiagnosticError) -> [RunID] {
        guard try index.isWhole() else { return try store.runs() }
        let newest = try index.newest()
        var found: Set<RunID> = []
        for run in try store.runs() where run.number > newest - Self.unlistedRuns {
            var isListed = run.number <= newest
            if isListed { isListed = try index.run(run) != nil }
            if !isListed { found.insert(run) }
        }
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

    /// Whether it has gone on with what an earlier process left.
    package var hasStarted: Bool { state.withLock { $0.isReady } }

    /// Whether it answers requests as it should.
    package var isReady: Bool { state.withLock { $0.isReady && !$0.isStopping } }

    /// Whether it has been told to end.
    package var isStopping: Bool { state.withLock(\.isStopping) }

    /// Takes nothing new; what is under way with runners goes on there.
    package func stop() async {
        let ticker = state.withLock { state in
            state.isStopping = true
            return state.ticker
        }
        ticker?.cancel()
        state.withLock(\.sweeper)?.cancel()
        let beater = state.withLock(\.beater)
        beater?.cancel()
        // What it is just taking up is done first.
        await beater?.value
        await state.withLock(\.beat)?.value
        await triggers.stop()
        await runs.stop()
        feed.end()
        await announcer.stop()
        keeping.stop()
        do throws(DiagnosticError) {
            try identification.keep(in: TokenUses(store: store), now: Timestamp(milliseconds: now()))
        } catch {
            report(error)
        }
        await traces?.finish()
        await leave()
        calls.stop()
    }

    /// It cannot go on in this process.
    func fail(_ error: DiagnosticError) { fault.yield(error) }

    /// What is old goes, on a thread of its own.
    private func keepHouse(removing: Bool) {
        let (housekeeping, keeping, now) = (housekeeping, keeping, now)
        let (identification, uses, report) = (identification, TokenUses(store: store), report)
        do throws(DiagnosticError) { try identification.recall(uses) } catch { report(error) }
        let sweeper = Task {
            var nextUses = Timestamp(milliseconds: now()) + Self.usesRhythm
            while !Task.isCancelled {
                let time = Timestamp(milliseconds: now())
                if removing { await housekeeping.tick(time) }
                // What it puts may take long, and nothing else waits for it.
                Task { await keeping.tick(time) }
                if time >= nextUses {
                    nextUses = time + Self.usesRhythm
                    do throws(DiagnosticError) { try identification.keep(in: uses, now: time) } catch { report(error) }
                }
                try? await Task.sleep(for: Self.housekeepingBeat)
            }
        }
        state.withLock { $0.sweeper = sweeper }
    }

    private static let housekeepingBeat = Duration.seconds(5)
    /// The journal is told as often of tokens that were used.
    private static let usesRhythm = Timestamp.Span.minutes(60)
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
