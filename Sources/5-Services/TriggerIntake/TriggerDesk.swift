// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
package import PipelineModel
package import RunCoordination
internal import ScheduleRules
internal import SourceControl
package import SourceForges
package import ThreadExecution
package import Timekeeping

/// Takes in what asks for runs, and begins them: in order within a project, side by side across projects.
///
/// What it has accepted is on the disk. A process that ends in the middle goes on with it at the next start, and no run begins twice.
package actor TriggerDesk {
    /// What was made of a delivery that came in.
    package enum Receipt: String, Hashable, Sendable {
        case accepted
        /// It was told before.
        case known
    }

    let surroundings: TriggerSurroundings
    package nonisolated let log: DeliveryLog
    private let thread = SerialThread(name: "triggers")
    var lines: [String: DeskLine] = [:]
    /// Projects whose first task waits for a place.
    private var ready: [String] = []
    private var busyCount = 0
    /// Those that wait for what becomes of a delivery.
    var waiters: [StreamID: [CheckedContinuation<Delivery, any Error>]] = [:]
    private var idleWaiters: [CheckedContinuation<Void, Never>] = []
    var isStopping = false

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    package init(_ surroundings: TriggerSurroundings) {
        self.surroundings = surroundings
        log = DeliveryLog(surroundings.store)
    }

    var now: Timestamp { surroundings.now() }

    // MARK: what is asked of it

    /// Goes on with what an earlier process did not finish, after the runs were recovered, and with what is recorded and not known here.
    ///
    /// - Parameter projects: whose; `nil`: all.
    package func start(_ projects: Set<String>? = nil) throws(DiagnosticError) {
        var found: [(stream: StreamID, delivery: Delivery)] = []
        for stream in try log.unfinished() {
            guard let delivery = try log.delivery(stream), projects?.contains(delivery.project) ?? true else {
                continue
            }
            found.append((stream, delivery))
        }
        for (stream, delivery) in found where !line(delivery.project).isWorking(stream) {
            var task = DeskLine.Task(kind: .delivery(stream), id: delivery.id)
            task.receivedAt = delivery.receivedAt
            task.attempts = delivery.attempts
            task.isAgain = true
            put(task, on: line(delivery.project))
        }
    }

    /// Records a webhook that was verified; it is on the disk when the call returns, and worked after that.
    package func receive(_ delivery: ForgeDelivery, of project: String) throws(DiagnosticError) -> Receipt {
        let line = line(project)
        let isNew = try receive(.forge(delivery.events), id: delivery.id, on: line)
        for event in delivery.events { line.memory?.note(event) }
        return isNew ? .accepted : .known
    }

    /// Starts a workflow, and returns once it has begun.
    ///
    /// - Parameter id: of the request; the same one is worked once.
    /// - Throws: for an unknown workflow, ref or input, and what ``TriggerSurroundings/start`` throws.
    package func dispatch(
        _ request: WorkflowDispatch, of project: String, id: String
    ) async throws -> [DeliveryNote] {
        try request.check()
        return try await finished(.dispatch(request), id: OwnDeliveryID.dispatch.id(id), of: project)
    }

    /// A project's workflows that people can start, as its default branch has them; empty while that is not known.
    package func startable(in project: String) -> [StartableWorkflow] { line(project).table?.startable ?? [] }

    /// Starts the workflows that wait for a `repository_dispatch` of its type.
    package func dispatch(
        _ request: RepositoryDispatch, of project: String, id: String
    ) async throws -> [DeliveryNote] {
        try await finished(.repositoryDispatch(request), id: OwnDeliveryID.dispatch.id(id), of: project)
    }

    /// Works a delivery that failed, or that was worked, once more, and one that is to be tried again at once. Runs that it has begun do not begin again.
    ///
    /// - Parameter name: who asks.
    /// - Throws: ``DiagnosticCode/deliveryMissing``, ``DiagnosticCode/deliveryUnfinished``.
    package func redeliver(_ id: String, of project: String, by name: String) throws(DiagnosticError) {
        let stream = DeliveryLog.stream(project, id)
        guard let delivery = try log.delivery(stream) else {
            throw DiagnosticError(.deliveryMissing, "There is no delivery '\(id.prefix(200))' of this project.")
        }
        let line = line(project)
        let isUnderWay = line.tasks.contains {
            if case .delivery(stream) = $0.kind { true } else { false }
        }
        if isUnderWay, case .failed(_, retryAt: _?) = delivery.state { return hurry(stream, on: line) }
        guard !isUnderWay else {
            throw DiagnosticError(
                .deliveryUnfinished, "The delivery '\(id.prefix(200))' is still being worked.",
                remedy: "Wait for it to end.")
        }
        try log.askedAgain(stream, by: name, at: now)
        var task = DeskLine.Task(kind: .delivery(stream), id: delivery.id)
        task.receivedAt = delivery.receivedAt
        task.isAgain = true
        put(task, on: line)
    }

    /// A run began, has a runner, or ended: what waits for that by `workflow_run` is asked for. Telling it again changes nothing.
    package func runChanged(_ change: RunChange) throws(DiagnosticError) {
        let line = line(change.project)
        // Where nothing waits for runs, no run is noted down.
        if let table = line.table, !table.events.contains("workflow_run") { return }
        let news = WorkflowRunNews(change)
        _ = try receive(.workflowRun(news), id: news.id, on: line)
    }

    /// Returns when nothing is being worked and nothing waits, other than for a time.
    package func idle() async {
        guard busyCount > 0 || !ready.isEmpty else { return }
        await withCheckedContinuation { idleWaiters.append($0) }
    }

    /// Nothing more is begun; what is recorded is worked by the next process. Whoever waits for it is told.
    package func stop() {
        isStopping = true
        let underWay = lines.values.filter(\.isBusy).compactMap { line -> StreamID? in
            if case .delivery(let stream)? = line.tasks.first?.kind { stream } else { nil }
        }
        for (stream, known) in waiters where !underWay.contains(stream) {
            waiters[stream] = nil
            for waiter in known { waiter.resume(throwing: Self.stopping) }
        }
    }

    static let stopping = DiagnosticError(
        .serverStopping, "The server is about to stop; what was asked for is kept, and begins when it is back.")

    /// Forgets what is known of a project that another server is to have.
    ///
    /// - Returns: `false` where something that came to it is being worked, or waits for it, or may be recorded yet: then nothing is
    ///   forgotten.
    package func letGo(of project: String) -> Bool {
        guard lines[project].map(\.isIdle) ?? true else { return false }
        lines[project] = nil
        log.forget(project)
        return true
    }

    // MARK: taking in

    func line(_ project: String) -> DeskLine {
        if let line = lines[project] { return line }
        let line = DeskLine(project)
        lines[project] = line
        return line
    }

    func receive(
        _ cause: TriggerCause, id: String, on line: DeskLine, with others: [StreamAppend] = []
    ) throws(DiagnosticError) -> Bool {
        guard surroundings.isHome(line.project) else {
            throw DiagnosticError(
                .homeAway, "Another server does what is of this project now.", remedy: "Try again.")
        }
        let time = now
        do throws(DiagnosticError) {
            guard try log.receive(cause, id: id, project: line.project, at: time, with: others) else {
                if !line.isWorking(DeliveryLog.stream(line.project, id)) {
                    line.uncertainUntil = max(line.uncertainUntil ?? time, time)
                }
                return false
            }
        } catch {
            // It may be there all the same: then nobody works it unless it is looked for.
            line.uncertainUntil = time + TriggerLimits.uncertainty
            throw error
        }
        var task = DeskLine.Task(kind: .delivery(DeliveryLog.stream(line.project, id)), id: id)
        // Those that wait behind others are read again: payloads may be large.
        if line.tasks.count < TriggerLimits.causesInMemory { task.cause = cause }
        task.receivedAt = time
        put(task, on: line)
        return true
    }

    func isAwaited(_ stream: StreamID) -> Bool { waiters[stream] != nil }

    func put(_ task: DeskLine.Task, on line: DeskLine) {
        line.tasks.append(task)
        pump(line)
    }

    /// Begins with the line's first task, where it may and there is a place.
    func pump(_ line: DeskLine) {
        guard !isStopping, !line.isBusy, !line.tasks.isEmpty, line.retryAt.map({ $0 <= now }) ?? true else { return }
        guard busyCount < TriggerLimits.projectsAtOnce else {
            if !ready.contains(line.project) { ready.append(line.project) }
            return
        }
        line.retryAt = nil
        line.isBusy = true
        busyCount += 1
        let task = line.tasks[0]
        Task { await self.work(task, on: line) }
    }

    private func work(_ task: DeskLine.Task, on line: DeskLine) async {
        var retryAt: Timestamp?
        switch task.kind {
        case .delivery(let stream):
            retryAt = await work(stream, task, on: line)
            if let known = waiters.removeValue(forKey: stream) { answer(known, stream) }
        case .look: await look(line)
        case .poll: await poll(line)
        case .sweep: await sweep(line)
        }
        line.isBusy = false
        busyCount -= 1
        if let retryAt {
            line.retryAt = retryAt
            line.tasks[0].attempts += 1
            line.tasks[0].isAgain = true
        } else {
            line.tasks.removeFirst()
        }
        pump(line)
        while busyCount < TriggerLimits.projectsAtOnce, !ready.isEmpty {
            if let next = lines[ready.removeFirst()] { pump(next) }
        }
        if busyCount == 0, ready.isEmpty {
            for waiter in idleWaiters { waiter.resume() }
            idleWaiters = []
        }
    }
}
