// SPDX-License-Identifier: Apache-2.0

package import ClusterAccess
internal import ClusterRules
internal import Credentials
package import Diagnostics
internal import PipelineModel
internal import ProcessControl
internal import RunCoordination
internal import RunEngine
package import RunnerAgent
package import RunnerProtocol
internal import StructuredData
internal import Timekeeping

/// A runner whose jobs are pods of a cluster: it asks its server for jobs, makes a Job of each, and says what becomes of those that
/// cannot speak for themselves. What it has is in the cluster, and nowhere else.
package actor ClusterRunner {
    package struct Surroundings: Sendable {
        package var cluster: ClusterClient
        package var manifest: JobManifest
        package var capacity: Int
        package var pace = AskingPace()
        /// The time of day, in milliseconds since the epoch: of budgets and off-peak hours.
        package var now: @Sendable () -> Int64 = { Timestamp.now().milliseconds }
        /// How long it waits for a server that is away; `nil`: for ever. Its jobs go on without it.
        package var awayLimit: Duration?
        /// Where the server is now.
        package var link: @Sendable () throws(DiagnosticError) -> ServerLink
        package var report: @Sendable (DiagnosticError) -> Void
        /// Something that is worth a line in its log.
        package var say: @Sendable (String) -> Void

        package init(
            cluster: ClusterClient, manifest: JobManifest, capacity: Int,
            link: @escaping @Sendable () throws(DiagnosticError) -> ServerLink,
            report: @escaping @Sendable (DiagnosticError) -> Void, say: @escaping @Sendable (String) -> Void
        ) {
            self.cluster = cluster
            self.manifest = manifest
            self.capacity = capacity
            self.link = link
            self.report = report
            self.say = say
        }
    }

    let surroundings: Surroundings
    /// Of this process.
    private let instance = String(UInt64.random(in: .min ... .max), radix: 36)
    /// Its leases and their pods.
    var book: PodBook
    private var isDismissed = false
    private var isLeaving = false
    private var reported: Set<DiagnosticCode> = []
    /// Leases whose Jobs a quota keeps from being made, and what it says: nothing new is taken while there is one.
    private var refusals: [LeaseKey: String] = [:]
    /// What leases take of their projects' budgets.
    var charges: [LeaseKey: PodCharge] = [:]
    var ledger: BudgetLedger
    /// What the cluster has of it is older.
    var isLedgerChanged = false
    var isLedgerWritten = false
    /// With the last poll.
    private(set) var toldWaits: [LeaseWait] = []
    private var waiting: OpenPolling?
    private var isFull = false
    /// Since when each question failed.
    private var awaySince: BootInstant?

    private static let lookRhythm = Duration.seconds(2)
    private static let sweepRhythm = Duration.seconds(60)

    var cluster: ClusterClient { surroundings.cluster }
    var names: LeaseNames { surroundings.manifest.names }
    var settings: ExecutorSettings { surroundings.manifest.settings }

    package init(_ surroundings: Surroundings) {
        self.surroundings = surroundings
        ledger = BudgetLedger(now: surroundings.now())
        let settings = surroundings.manifest.settings
        book = PodBook(
            PodBook.Limits(
                roomMs: Int64(settings.roomSeconds) * 1_000, imageMs: Int64(settings.imageSeconds) * 1_000))
    }

    /// Milliseconds that do not go back, for the book.
    static var now: Int64 { Int64(BootInstant.now().nanoseconds / 1_000_000) }

    /// Works until it is dismissed or asked to leave. Jobs go on without it.
    package func run() async throws(DiagnosticError) {
        try await takeStock()
        let watch = ObjectWatch(cluster, .pods, in: settings.namespace, labels: names.selector)
        let tasks = [
            Task { await watch.run(failed: { await self.failed($0) }, { await self.seen($0) }) },
            repeating(Self.lookRhythm) { await self.look() },
            Task { await self.sweep() }, repeating(Self.sweepRhythm) { await self.sweep() },
        ]
        defer { for task in tasks { task.cancel() } }
        var pause = surroundings.pace.first
        while !isDismissed, !isLeaving, !isForsaken {
            if await ask() {
                pause = surroundings.pace.first
                continue
            }
            try? await Task.sleep(for: pause)
            pause = surroundings.pace.next(after: pause)
        }
    }

    private var isForsaken: Bool {
        guard let limit = surroundings.awayLimit, let awaySince else { return false }
        return BootInstant.now() - awaySince >= limit
    }

    /// Takes nothing more. Its jobs are the cluster's, and go on.
    package func leave() {
        isLeaving = true
        waiting?.giveUp()
    }

    private nonisolated func repeating(
        _ rhythm: Duration, _ body: @escaping @Sendable () async -> Void
    ) -> Task<Void, Never> {
        Task {
            while !Task.isCancelled {
                try? await Task.sleep(for: rhythm)
                if !Task.isCancelled { await body() }
            }
        }
    }

    /// Said once until it works again.
    func failed(_ error: DiagnosticError) {
        guard reported.insert(error.diagnostic.code).inserted else { return }
        surroundings.report(error)
    }

    /// What an earlier process of this runner made: it is named before anything is asked for, or it would be taken for lost.
    private func takeStock() async throws(DiagnosticError) {
        var pause = surroundings.pace.first
        while true {
            do throws(DiagnosticError) {
                for job in try await cluster.list(.jobs, in: settings.namespace, labels: names.selector).items {
                    if let lease = LeaseNames.lease(of: job), book.take(lease, at: Self.now) { book.made(lease) }
                }
                return try await readLedger()
            } catch {
                guard [.clusterUnreachable, .clusterBusy].contains(error.diagnostic.code), !isLeaving else {
                    throw error
                }
                failed(error)
            }
            try? await Task.sleep(for: pause)
            pause = surroundings.pace.next(after: pause)
        }
    }

    // MARK: polling

    /// - Returns: whether the server answered.
    private func ask() async -> Bool {
        let link: ServerLink
        do throws(DiagnosticError) { link = try surroundings.link() } catch {
            failed(error)
            return false
        }
        let refusal = refusals.min { ("\($0.key.work)", $0.key.fence) < ("\($1.key.work)", $1.key.fence) }?.value
        let free = refusal == nil ? max(0, surroundings.capacity - book.held.count) : 0
        isFull = free == 0
        let leases = book.leases
        var request = PollRequest(instance: instance, free: free, holds: leases.waiting)
        request.elsewhere = leases.running
        request.refusal = refusal
        request.holdbacks = holdbacks
        toldWaits = waits
        request.waits = toldWaits
        let polling = OpenPolling(request, link)
        waiting = polling
        defer { waiting = nil }
        do throws(DiagnosticError) {
            guard let answer = try await polling.answer() else { return true }
            reported = []
            awaySince = nil
            take(answer, link)
            return true
        } catch {
            awaySince = awaySince ?? .now()
            if error.diagnostic.code == .credentialRefused { isDismissed = true }
            failed(error)
            return false
        }
    }

    private func take(_ answer: PollAnswer, _ link: ServerLink) {
        if answer.isDismissed { isDismissed = true }
        for lease in answer.lost where book.held[lease] != nil {
            surroundings.say("The job \(lease.work) is not this runner's any more.")
            drop(lease)
        }
        for cancellation in answer.cancellations { note(cancellation) }
        for assignment in answer.assignments where book.take(assignment.lease, at: Self.now) {
            note(projectOf: assignment)
            if let cancellation = assignment.cancellation { note(cancellation) }
            Task { await self.make(assignment, link) }
        }
    }

    private func note(_ cancellation: LeaseCancellation) {
        let acts = book.note(cancellation)
        Task { await self.perform(acts) }
    }

    /// Something is to be told that the poll under way does not tell.
    func pollAnew() { waiting?.giveUp() }

    /// Nothing more is taken while this lease waits for a quota; the poll under way, which asked for more, is given up.
    func refuse(for lease: LeaseKey, _ text: String) {
        guard book.held[lease] != nil else { return }
        if refusals.isEmpty {
            surroundings.say("No job is taken: \(text)")
            waiting?.giveUp()
        }
        refusals[lease] = text
    }

    /// The lease waits for no quota any more: its Job is made, or is not to be made.
    func endRefusal(for lease: LeaseKey) {
        guard refusals.removeValue(forKey: lease) != nil, refusals.isEmpty else { return }
        surroundings.say("Jobs are taken again.")
        if isFull { waiting?.giveUp() }
    }

    /// A lease is gone: there is room, and a poll that had none is given up for one that has.
    func drop(_ lease: LeaseKey) {
        settle(charges.removeValue(forKey: lease))
        book.drop(lease)
        endRefusal(for: lease)
        if isFull { waiting?.giveUp() }
        Task { await self.remove(self.names.name(lease)) }
    }
}
