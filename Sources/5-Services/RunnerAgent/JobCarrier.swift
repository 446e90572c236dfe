// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import HTTPMessages
internal import PipelineModel
internal import ProcessControl
internal import RunCoordination
internal import RunEngine
internal import RunnerProtocol
internal import StructuredData
internal import Synchronization
internal import ThreadExecution

/// One job that this runner has: the thread that drives it, and the task that tells the server.
final class JobCarrier: Sendable {
    private struct State: Sendable {
        var sender: LoopSender<LeasedJob.Word>?
        /// Said before the job could hear.
        var words: [LeasedJob.Word] = []
        var isAbandoned = false
        var isOver = false
        /// The job's end, where the disk could not be told of it.
        var unkeptEnd: LeasedJob.End?
        /// Nothing but the end is told any more.
        var isLastWord = false

        var isGivenUp: Bool { isAbandoned || isLastWord }
    }

    let lease: LeaseKey
    private let store: RunStore
    private let link: ServerLink
    private let pace: AskingPace
    private let report: @Sendable (DiagnosticError) -> Void
    private let state = Mutex(State())
    private let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation

    /// A message that the server refuses so often is given up, and the job with it. That the server is away, or takes nothing
    /// just now, is no refusal.
    private static let refusalLimit = 20

    init(
        _ lease: LeaseKey, store: RunStore, link: ServerLink, pace: AskingPace,
        report: @escaping @Sendable (DiagnosticError) -> Void
    ) {
        self.lease = lease
        self.pace = pace
        self.report = report
        self.store = store
        self.link = link
        (bell, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: from any thread

    func say(_ word: LeasedJob.Word) {
        send(word) { state in
            if case .abandon = word { state.isAbandoned = true }
        }
    }

    private func send(_ word: LeasedJob.Word, noting change: (inout State) -> Void) {
        let sender = state.withLock { state in
            change(&state)
            if state.sender == nil { state.words.append(word) }
            return state.sender
        }
        sender?.send(word)
        ring.yield()
    }

    /// The server is there again, or something is to be looked at.
    func wake() { ring.yield() }

    // MARK: the job's thread

    /// - Parameters:
    ///   - content: `nil`: the job is over, and only has to be told.
    ///   - isFar: nothing of the server's disk is here.
    func start(
        _ content: JobContent?, isFar: Bool,
        settings: @escaping @Sendable (JobContent) throws(DiagnosticError) -> RunSession.Settings
    ) {
        guard let content else {
            state.withLock { $0.isOver = true }
            ring.yield()
            return
        }
        let object = content.object
        SerialThread.start(name: "job \(lease.work.job)") { [self] in
            do throws(DiagnosticError) {
                try carry(try JobContent(object: object), isFar: isFar, settings)
            } catch {
                fail(error)
            }
            state.withLock { state in
                state.isOver = true
                state.sender = nil
            }
            ring.yield()
        }
    }

    private func carry(
        _ content: JobContent, isFar: Bool,
        _ settings: @Sendable (JobContent) throws(DiagnosticError) -> RunSession.Settings
    ) throws(DiagnosticError) {
        guard isFar else {
            var settings = try settings(content)
            settings.home = line
            return try drive(content, settings)
        }
        let far = try FarPlace(line, store: store, record: content.record)
        let brought = try far.bring(content)
        // Given up while its code came: no step of it begins.
        if state.withLock({ $0.isGivenUp }) { return }
        var settings = try settings(brought)
        settings.far = far
        try drive(brought, settings)
    }

    private var line: ServerLine {
        let asking = PatientAsking(link: link) { [weak self] in self?.state.withLock { $0.isGivenUp } ?? true }
        return ServerLine(lease, store: link.exchange) { (name, body, form) throws(DiagnosticError) in
            try asking.ask(name, body, form)
        }
    }

    private func drive(_ content: JobContent, _ settings: RunSession.Settings) throws(DiagnosticError) {
        let ring = ring
        var observer = RunObserver(update: { _ in ring.yield() }, output: { _, _ in })
        observer.kept = { _ in ring.yield() }
        let job = try LeasedJob(
            store: store, work: lease.work, content: content, settings: settings, observer: observer)
        let waiting = state.withLock { state in
            state.sender = job.sender
            defer { state.words = [] }
            return state.words
        }
        for word in waiting { job.sender?.send(word) }
        if let end = try job.run() { try LeasedEnd.save(end, store, lease.work) }
    }

    /// The job could not go on: that is its end, and the server is told why.
    private func fail(_ error: DiagnosticError) {
        report(error)
        let reason = Reason(.setup, "\(error.diagnostic.code): \(error.diagnostic.message)")
        let end = LeasedJob.End(outcome: JobOutcome(.failure, reason: reason), outputs: [:])
        do throws(DiagnosticError) {
            try LeasedEnd.save(end, store, lease.work)
        } catch {
            // A disk that is full is no reason to say nothing.
            state.withLock { $0.unkeptEnd = $0.unkeptEnd ?? end }
        }
    }

    // MARK: telling the server

    /// Tells the server everything until it has it, or the job is lost.
    ///
    /// - Parameter heard: called whenever the server has answered.
    /// - Returns: whether the server has all of it, and this end.
    func tell(heard: @Sendable () -> Void) async -> Bool {
        var progress = LeasedProgress(store: store, lease: lease)
        var hasPosition = false
        var pause = pace.first
        var refusals = 0
        for await _ in bell {
            while !Task.isCancelled {
                if state.withLock({ $0.isAbandoned && $0.isOver }) { return false }
                do throws(DiagnosticError) {
                    if !hasPosition {
                        progress = LeasedProgress(store: store, lease: lease, position: try await link.position(lease))
                        hasPosition = true
                    }
                    // Looked at before what is there is read: what comes later is told by another ring.
                    guard let message = try next(&progress) else { break }
                    let known = try await link.progress(message)
                    progress.acknowledge(message, known)
                    heard()
                    (pause, refusals) = (pace.first, 0)
                    guard known.isFinished else { continue }
                    if state.withLock({ $0.isOver }) { return true }
                    // It has an end that is not this one: the lease was lost, and the job ended for that.
                    say(.abandon)
                    await waitForEnd()
                    return false
                } catch {
                    switch error.diagnostic.code {
                    case .leaseLost:
                        say(.abandon)
                        await waitForEnd()
                        return false
                    case .webUnreachable, .serverBusy: break
                    default:
                        // What the server has is asked anew.
                        hasPosition = false
                        refusals += 1
                        if refusals == Self.refusalLimit { giveUp(error) }
                    }
                    try? await Task.sleep(for: pause)
                    pause = pace.next(after: pause)
                }
            }
        }
        return false
    }

    private func next(_ progress: inout LeasedProgress) throws(DiagnosticError) -> Progress? {
        let (end, isLastWord) = state.withLock { ($0.unkeptEnd, $0.isLastWord && $0.isOver) }
        if let end, isLastWord { return progress.lastWord(end) }
        return try progress.next(orEnd: isLastWord ? nil : end)
    }

    /// What the job had to tell is refused time and again: its steps end, and that is all that is told.
    private func giveUp(_ error: DiagnosticError) {
        let text = "\(error.diagnostic.code): What the job had to tell was refused: \(error.diagnostic.message)"
        let outcome = JobOutcome(.failure, reason: Reason(.setup, text))
        send(.abandon) { state in
            state.unkeptEnd = LeasedJob.End(outcome: outcome, outputs: [:])
            state.isLastWord = true
        }
    }

    private func waitForEnd() async {
        for await _ in bell where state.withLock({ $0.isOver }) { return }
    }
}
