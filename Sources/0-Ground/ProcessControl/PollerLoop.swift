// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
import Dispatch
import Synchronization

/// An event loop over a ``Poller``: calls what was left for a descriptor, a deadline or a wake-up. One thread.
package final class PollerLoop {
    package typealias Token = Poller.Token

    private let poller: Poller
    /// Shared by all who read on this loop.
    package let readBuffer: ReadBuffer
    private var watchers: [Token: (Poller.Readiness) -> Void] = [:]
    private var outputs: Set<Token> = []
    private var timers: [Token: () -> Void] = [:]
    private var signals: [Int32: () -> Void] = [:]
    private let inbox = LoopInbox()
    private var answers: [Int: (any Sendable) -> Void] = [:]
    private var lastAnswer = 0
    private var receivers: [Int: (any Sendable) -> Void] = [:]

    package init() throws(DiagnosticError) {
        poller = try Poller()
        readBuffer = try ReadBuffer()
    }

    /// Calls `body` whenever the descriptor is ready, until ``remove(_:)``.
    package func watch(
        _ descriptor: Int32, for interest: Poller.Readiness = .readable, _ body: @escaping (Poller.Readiness) -> Void
    ) -> Token {
        let token = poller.watch(descriptor, for: interest)
        watchers[token] = body
        return token
    }

    /// ``watch(_:for:_:)`` for the output of a process: left waiting, in its pipe, while ``isOutputHeld``.
    package func watchOutput(_ descriptor: Int32, _ body: @escaping (Poller.Readiness) -> Void) -> Token {
        let token = watch(descriptor, body)
        outputs.insert(token)
        if isOutputHeld { poller.suspend(token) }
        return token
    }

    /// While nobody takes what processes write, nothing more of it is read: a full pipe makes them wait. Their ends,
    /// deadlines and signals are served all the same.
    package var isOutputHeld = false {
        didSet {
            guard isOutputHeld != oldValue else { return }
            for token in outputs { if isOutputHeld { poller.suspend(token) } else { poller.resume(token) } }
        }
    }

    package func change(_ token: Token, to interest: Poller.Readiness) {
        poller.change(token, to: interest)
    }

    /// Calls `body` once, when the time has come.
    package func schedule(at deadline: BootInstant, _ body: @escaping () -> Void) -> Token {
        let token = poller.schedule(at: deadline)
        timers[token] = body
        return token
    }

    /// Forgets a watched descriptor or a timer; nothing more is called for it.
    package func remove(_ token: Token) {
        watchers[token] = nil
        timers[token] = nil
        outputs.remove(token)
        poller.remove(token)
    }

    /// Calls `body` for each delivery of a signal, instead of what the signal does.
    package func onSignal(_ signal: Int32, _ body: @escaping () -> Void) throws(DiagnosticError) {
        try poller.catchSignal(signal)
        signals[signal] = body
    }

    /// Gives the signals their usual effect again.
    package func releaseSignals() {
        for signal in signals.keys { poller.releaseSignal(signal) }
        signals = [:]
    }

    /// Does long work on another thread; `then` is called on the loop with its result.
    ///
    /// - Parameter isLong: it waits for somebody else, for as long as that takes: it has a thread of its own then.
    package func offload<Value: Sendable>(
        isLong: Bool = false, _ work: @escaping @Sendable () -> Value, then: @escaping (Value) -> Void
    ) {
        lastAnswer += 1
        let number = lastAnswer
        answers[number] = { value in
            if let value = value as? Value { then(value) }
        }
        let inbox = inbox
        let waker = poller.waker
        // A queue of its own is not held up by the others, however many of them wait.
        let queue = isLong ? DispatchQueue(label: "waiting") : DispatchQueue.global()
        queue.async {
            inbox.put(number, work())
            waker.wake()
        }
    }

    /// A way in for other threads: what they send is given to `body` on the loop, in order.
    package func receive<Value: Sendable>(_ body: @escaping (Value) -> Void) -> LoopSender<Value> {
        lastAnswer += 1
        let number = lastAnswer
        receivers[number] = { value in
            if let value = value as? Value { body(value) }
        }
        let (inbox, waker) = (inbox, poller.waker)
        return LoopSender {
            inbox.put(number, $0)
            waker.wake()
        }
    }

    /// Waits for something to happen and serves it; returns at `deadline` at the latest.
    package func turn(until deadline: BootInstant? = nil) {
        for event in poller.wait(until: deadline) {
            switch event {
            case .ready(let token, let readiness): watchers[token]?(readiness)
            case .due(let token): timers.removeValue(forKey: token)?()
            case .signal(let number): signals[number]?()
            case .woken:
                for (number, value) in inbox.takeAll() {
                    (receivers[number] ?? answers.removeValue(forKey: number))?(value)
                }
            }
        }
    }

    /// Serves what happens for as long as `isNeeded` says.
    package func run(while isNeeded: () -> Bool) {
        while isNeeded() { turn() }
    }
}

/// Sends to a loop from any thread. What is sent to a loop that is gone is dropped.
package struct LoopSender<Value: Sendable>: Sendable {
    private let put: @Sendable (Value) -> Void

    fileprivate init(_ put: @escaping @Sendable (Value) -> Void) { self.put = put }

    package func send(_ value: Value) { put(value) }
}

/// What other threads have finished.
private final class LoopInbox: Sendable {
    private let items = Mutex<[(Int, any Sendable)]>([])

    func put(_ number: Int, _ value: any Sendable) {
        items.withLock { $0.append((number, value)) }
    }

    func takeAll() -> [(Int, any Sendable)] {
        items.withLock { items in
            defer { items = [] }
            return items
        }
    }
}
