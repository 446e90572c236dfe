// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// One request and its answer, where two threads meet: the event loop, which never waits, and the thread of the call, which
/// does. What came in is kept here up to ``bufferLimitBytes``; then the loop reads no more until it was taken, so that an
/// engine that is faster than its reader waits in its own write.
final class Exchange: Sendable {
    /// Past this much that nobody has taken yet, the socket is left alone.
    static let bufferLimitBytes = 1 << 20
    /// Pieces that are handed to the loop and are not in the socket yet.
    static let writeLimit = 4

    /// How the answer ended.
    enum Ending: Sendable {
        case complete
        case failed(DiagnosticError)
    }

    /// Who waits: the one that reads the answer, or the one that sends.
    enum Side: Int, Sendable {
        case reader
        case writer
    }

    struct State: Sendable {
        var channel: (any Channel)?
        var head: HTTPResponseHead?
        /// The connection carries bytes in both directions, no longer HTTP.
        var isRaw = false
        var chunks: [ByteBuffer] = []
        var bufferedBytes = 0
        var isPaused = false
        var writesUnderWay = 0
        var isWaiting = [false, false]
        var ending: Ending?
    }

    /// For messages.
    let summary: String
    private let state = Mutex(State())
    private let signals = [ThreadSignal(), ThreadSignal()]

    init(summary: String) {
        self.summary = summary
    }

    // MARK: From the event loop

    func opened(_ channel: any Channel) {
        change { $0.channel = channel }
        if state.withLock({ $0.ending != nil }) { channel.close(promise: nil) }
    }

    func received(_ head: HTTPResponseHead, isRaw: Bool) {
        change { state in
            state.head = head
            state.isRaw = isRaw
        }
    }

    func received(_ bytes: ByteBuffer) {
        change { state in
            guard state.ending == nil else { return }
            state.bufferedBytes += bytes.readableBytes
            state.chunks.append(bytes)
        }
    }

    /// Whether the loop may read on; if not, ``take(until:)`` sets it going again.
    func wantsMore() -> Bool {
        state.withLock { state in
            state.isPaused = state.bufferedBytes >= Self.bufferLimitBytes && state.ending == nil
            return !state.isPaused
        }
    }

    /// Only the first ending counts.
    func end(_ ending: Ending) {
        change { state in
            if state.ending == nil { state.ending = ending }
        }
    }

    /// The connection is gone; an answer that was not complete is lost.
    func lost(_ reason: String? = nil) {
        end(.failed(EngineFailure.lost(summary, reason)))
    }

    private func written(_ result: Result<Void, any Error>) {
        change { state in
            state.writesUnderWay -= 1
            // An engine that answers before it has read all closes early: then the answer says more than the broken pipe.
            if case .failure(let error) = result, state.ending == nil, state.head == nil || state.isRaw {
                state.ending = .failed(EngineFailure.lost(summary, "\(error)"))
            }
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let woken = state.withLock { state in
            body(&state)
            defer { state.isWaiting = [false, false] }
            return state.isWaiting
        }
        for (signal, isWaiting) in zip(signals, woken) where isWaiting { signal.wake() }
    }

    // MARK: From the threads of the call

    /// Gives the call up at once.
    func cancel() {
        giveUp(EngineFailure.cancelled(summary))
    }

    /// Ends the exchange, whatever state it is in.
    func close() {
        end(.complete)
        state.withLock { $0.channel }?.close(promise: nil)
    }

    /// What has come and was not taken yet is dropped, so that the reader hears of it at once.
    func giveUp(_ failure: DiagnosticError) {
        change { state in
            state.ending = .failed(failure)
            state.chunks = []
            state.bufferedBytes = 0
        }
        state.withLock { $0.channel }?.close(promise: nil)
    }

    func waitForHead(until deadline: CallDeadline) throws(DiagnosticError) -> HTTPResponseHead {
        try wait(.reader, until: deadline) { state throws(DiagnosticError) in
            if let head = state.head { return head }
            if case .failed(let error) = state.ending { throw error }
            if state.ending != nil { throw EngineFailure.lost(summary, nil) }
            return nil
        }
    }

    /// All that came since the last call; waits where nothing did.
    ///
    /// - Returns: `nil` at the end.
    func take(until deadline: CallDeadline) throws(DiagnosticError) -> [ByteBuffer]? {
        let taken: (chunks: [ByteBuffer], paused: (any Channel)?)? = try wait(.reader, until: deadline) {
            state throws(DiagnosticError) in
            if state.chunks.isEmpty {
                switch state.ending {
                case .complete: return .some(nil)
                case .failed(let error): throw error
                case nil: return nil
                }
            }
            let channel = state.isPaused ? state.channel : nil
            let chunks = state.chunks
            state.chunks = []
            state.bufferedBytes = 0
            state.isPaused = false
            return (chunks, channel)
        }
        taken?.paused?.read()
        return taken?.chunks
    }

    /// Hands a part of the request, or raw bytes, to the loop; waits while it has ``writeLimit`` of them.
    ///
    /// - Returns: `false` where nothing more is to be sent, for the answer is there.
    func send(_ part: some Sendable, until deadline: CallDeadline) throws(DiagnosticError) -> Bool {
        let channel: (any Channel)? = try wait(.writer, until: deadline) { state throws(DiagnosticError) in
            if case .failed(let error) = state.ending { throw error }
            if state.ending != nil || (state.head != nil && !state.isRaw) { return .some(nil) }
            guard state.writesUnderWay < Self.writeLimit, let channel = state.channel else { return nil }
            state.writesUnderWay += 1
            return channel
        }
        guard let channel else { return false }
        channel.writeAndFlush(part).whenComplete { self.written($0) }
        return true
    }

    /// Says that no more bytes come from here, once those that were sent are out.
    func closeOutput(until deadline: CallDeadline) throws(DiagnosticError) {
        let channel: (any Channel)? = try wait(.writer, until: deadline) { state throws(DiagnosticError) in
            if case .failed(let error) = state.ending { throw error }
            if state.ending != nil { return .some(nil) }
            // `nil` says to wait: of two optionals it must be the outer one.
            guard state.writesUnderWay == 0, let channel = state.channel else { return nil }
            return .some(channel)
        }
        channel?.close(mode: .output, promise: nil)
    }

    /// Hands the last bytes to the loop, however many, and says that no more come; waits for nothing.
    func sendLast(_ bytes: ByteBuffer) {
        let channel = state.withLock { state in
            state.writesUnderWay += 1
            return state.channel
        }
        channel?.writeAndFlush(bytes).whenComplete { result in
            self.written(result)
            channel?.close(mode: .output, promise: nil)
        }
    }

    /// - Parameter check: gives the value that is waited for, or `nil` where it is not there yet.
    private func wait<Value: Sendable>(
        _ side: Side, until deadline: CallDeadline,
        for check: (inout State) throws(DiagnosticError) -> Value?
    ) throws(DiagnosticError) -> Value {
        while true {
            let found = try state.withLock { state throws(DiagnosticError) in
                let value = try check(&state)
                if value == nil { state.isWaiting[side.rawValue] = true }
                return value
            }
            if let found { return found }
            guard !deadline.isOver else {
                let failure = deadline.failure(summary)
                giveUp(failure)
                throw failure
            }
            signals[side.rawValue].wait(atMost: deadline.remaining)
        }
    }
}
