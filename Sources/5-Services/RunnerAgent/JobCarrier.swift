// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
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
    /// How it went.
    enum Ending: Sendable {
        /// The server has everything.
        case told
        /// The job is somebody else's.
        case lost
    }

    private struct State: Sendable {
        var sender: LoopSender<LeasedJob.Word>?
        /// Said before the job could hear.
        var words: [LeasedJob.Word] = []
        var isAbandoned = false
        var isOver = false
    }

    let lease: LeaseKey
    private let store: RunStore
    private let link: ServerLink
    private let state = Mutex(State())
    private let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation

    /// A failed message is sent again after so long, at first and at most.
    private static let firstPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(2)

    init(_ lease: LeaseKey, store: RunStore, link: ServerLink) {
        self.lease = lease
        self.store = store
        self.link = link
        (bell, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: from any thread

    func say(_ word: LeasedJob.Word) {
        let sender = state.withLock { state in
            if case .abandon = word { state.isAbandoned = true }
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
        guard isFar else { return try drive(content, try settings(content)) }
        let far = try FarPlace(line, store: store, record: content.record)
        let brought = try far.bring(content)
        var settings = try settings(brought)
        settings.far = far
        try drive(brought, settings)
    }

    private var line: ServerLine {
        let asking = PatientAsking(link: link) { [weak self] in self?.state.withLock { $0.isAbandoned } ?? true }
        return ServerLine(lease) { (name, body, form) throws(DiagnosticError) in try asking.ask(name, body, form) }
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
        let reason = Reason(.setup, "\(error.diagnostic.code): \(error.diagnostic.message)")
        let end = LeasedJob.End(outcome: JobOutcome(.failure, reason: reason), outputs: [:])
        // Where not even that can be written the server learns of it when the lease runs out.
        try? LeasedEnd.save(end, store, lease.work)
    }

    // MARK: telling the server

    /// Tells the server everything until it has it, or the job is lost.
    ///
    /// - Parameter heard: called whenever the server has answered.
    func tell(heard: @Sendable () -> Void) async -> Ending {
        var progress = LeasedProgress(store: store, lease: lease)
        var hasPosition = false
        var pause = Self.firstPause
        for await _ in bell {
            while !Task.isCancelled {
                if state.withLock({ $0.isAbandoned && $0.isOver }) { return .lost }
                do throws(DiagnosticError) {
                    if !hasPosition {
                        progress = LeasedProgress(store: store, lease: lease, position: try await link.position(lease))
                        hasPosition = true
                    }
                    // Looked at before what is there is read: what comes later is told by another ring.
                    guard let message = try progress.next() else { break }
                    let known = try await link.progress(message)
                    progress.acknowledge(message, known)
                    heard()
                    pause = Self.firstPause
                    if known.isFinished {
                        if state.withLock({ $0.isOver }) { return .told }
                        // It has an end that is not this one: the lease was lost, and the job ended for that.
                        say(.abandon)
                        await waitForEnd()
                        return .lost
                    }
                } catch {
                    switch error.diagnostic.code {
                    case .leaseLost:
                        say(.abandon)
                        await waitForEnd()
                        return .lost
                    case .runnerMessageInvalid:
                        // What the server has is asked anew.
                        hasPosition = false
                    default: break
                    }
                    try? await Task.sleep(for: pause)
                    pause = min(pause * 2, Self.longestPause)
                }
            }
        }
        return .lost
    }

    private func waitForEnd() async {
        for await _ in bell where state.withLock({ $0.isOver }) { return }
    }
}
