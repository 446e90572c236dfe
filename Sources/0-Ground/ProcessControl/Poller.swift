// SPDX-License-Identifier: Apache-2.0

internal import CProcessControl
package import Diagnostics

/// Waits for descriptors, deadlines, signals and wake-ups from other threads: the heart of an event loop.
///
/// For use by one thread; only its ``waker`` may be used from others. A token is never given twice, so
/// that an event for something that was removed meanwhile is simply not found in the caller's table.
package final class Poller {
    /// Names one watched descriptor or one timer.
    package struct Token: Hashable, Sendable {
        let number: UInt64
    }

    package struct Readiness: OptionSet, Hashable, Sendable {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }
        package static let readable = Readiness(rawValue: Int32(PC_READABLE.rawValue))
        package static let writable = Readiness(rawValue: Int32(PC_WRITABLE.rawValue))
        /// The other end is closed; what it wrote before is still to be read.
        package static let hungUp = Readiness(rawValue: Int32(PC_HUNG_UP.rawValue))
    }

    package enum Event: Hashable, Sendable {
        case ready(Token, Readiness)
        /// The deadline has passed; the timer is gone.
        case due(Token)
        case signal(Int32)
        /// ``Waker/wake()`` was called, once or more.
        case woken
    }

    /// Can be used from any thread.
    package let waker: Waker
    private let timer: Int32
    /// The first are the poller's own: waker, timer, signals.
    private var watches: [pc_watch] = []
    private var tokens: [Token] = []
    private var timers = DeadlineQueue()
    private var armedDeadline: BootInstant?
    private var lastToken: UInt64 = 0
    private var events: [Event] = []
    private static let ownCount = 3

    /// - Throws: ``DiagnosticCode/descriptorUnavailable``.
    package init() throws(DiagnosticError) {
        waker = try Waker()
        timer = pc_timer_open()
        for descriptor in [waker.readEnd, max(timer, -1), -1] {
            watches.append(Self.watch(descriptor, .readable))
            tokens.append(Token(number: 0))
        }
    }

    deinit {
        if timer >= 0 { pc_close(timer) }
    }

    // MARK: descriptors

    private static func watch(_ descriptor: Int32, _ interest: Readiness) -> pc_watch {
        pc_watch(descriptor: descriptor, events: pc_poll_events(interest.rawValue), ready: 0)
    }

    /// From now on reports when the descriptor is ready. It must stay open until ``remove(_:)``.
    package func watch(_ descriptor: Int32, for interest: Readiness = .readable) -> Token {
        let token = nextToken()
        watches.append(Self.watch(descriptor, interest))
        tokens.append(token)
        return token
    }

    /// Changes what is waited for.
    package func change(_ token: Token, to interest: Readiness) {
        guard let index = tokens.lastIndex(of: token) else { return }
        watches[index].events = pc_poll_events(interest.rawValue)
    }

    /// Leaves a descriptor out of account, hang-ups included, until ``resume(_:)``.
    package func suspend(_ token: Token) {
        guard let index = tokens.lastIndex(of: token), watches[index].descriptor >= 0 else { return }
        // poll(2) passes over what is negative.
        watches[index].descriptor = -1 - watches[index].descriptor
    }

    package func resume(_ token: Token) {
        guard let index = tokens.lastIndex(of: token), watches[index].descriptor < 0 else { return }
        watches[index].descriptor = -1 - watches[index].descriptor
    }

    /// Forgets a descriptor or a timer.
    package func remove(_ token: Token) {
        if let index = tokens.lastIndex(of: token), index >= Self.ownCount {
            watches.swapAt(index, watches.count - 1)
            tokens.swapAt(index, tokens.count - 1)
            watches.removeLast()
            tokens.removeLast()
        } else {
            timers.remove(token)
        }
    }

    // MARK: timers and signals

    /// Reports ``Event/due(_:)`` once, at or after the deadline; one that passed during suspend comes on waking.
    package func schedule(at deadline: BootInstant) -> Token {
        let token = nextToken()
        timers.insert(token, at: deadline)
        return token
    }

    /// From now on the signal is reported instead of doing what it does. One poller in a process may catch signals.
    ///
    /// - Throws: ``DiagnosticCode/descriptorUnavailable``.
    package func catchSignal(_ signal: Int32) throws(DiagnosticError) {
        let descriptor = pc_signal_catch(signal)
        guard descriptor >= 0 else { throw unavailableDescriptor("signal pipe", -descriptor) }
        watches[2].descriptor = descriptor
    }

    /// Gives the signal its usual effect again.
    package func releaseSignal(_ signal: Int32) {
        _ = pc_signal_restore(signal)
    }

    private func nextToken() -> Token {
        lastToken += 1
        return Token(number: lastToken)
    }

    // MARK: waiting

    /// Waits until something has happened, or until `deadline`, and returns what has: nothing at
    /// the deadline, and now and then without a cause.
    package func wait(until deadline: BootInstant? = nil) -> [Event] {
        events.removeAll(keepingCapacity: true)
        let ready = watches.withUnsafeMutableBufferPointer { [timeout = timeout(until: deadline)] in
            pc_poll($0.baseAddress, $0.count, timeout)
        }
        if ready > 0 { collect(ready) }
        if let first = timers.first, first.deadline <= BootInstant.now() {
            timers.removeDue(at: BootInstant.now()) { events.append(.due($0)) }
        }
        return events
    }

    /// In nanoseconds, negative for ever. The timer descriptor is set only when the first deadline changed.
    private func timeout(until deadline: BootInstant?) -> Int64 {
        let first = timers.first?.deadline
        if timer >= 0, first != armedDeadline, let first {
            _ = pc_timer_set(timer, first.nanoseconds)
            armedDeadline = first
        }
        guard let earliest = timer >= 0 ? deadline : [deadline, first].compactMap({ $0 }).min() else { return -1 }
        return max(0, (earliest - BootInstant.now()).wholeNanoseconds)
    }

    private func collect(_ ready: Int32) {
        var left = ready
        if watches[0].ready != 0 {
            pc_waker_clear(waker.readEnd)
            events.append(.woken)
            left -= 1
        }
        if watches[1].ready != 0 {
            pc_timer_clear(timer)
            armedDeadline = nil
            left -= 1
        }
        if watches[2].ready != 0 {
            collectSignals()
            left -= 1
        }
        var index = Self.ownCount
        while left > 0, index < watches.count {
            if watches[index].ready != 0 {
                events.append(.ready(tokens[index], Readiness(rawValue: pc_poll_readiness(watches[index].ready))))
                left -= 1
            }
            index += 1
        }
    }

    private func collectSignals() {
        var numbers: (UInt64, UInt64) = (0, 0)
        withUnsafeMutableBytes(of: &numbers) { space in
            let count = pc_read(watches[2].descriptor, space.baseAddress, space.count)
            guard count > 0 else { return }
            for number in space.prefix(Int(count)) where !events.contains(.signal(Int32(number))) {
                events.append(.signal(Int32(number)))
            }
        }
    }
}

/// Wakes a ``Poller`` from any thread.
package final class Waker: Sendable {
    let readEnd: Int32
    private let writeEnd: Int32

    fileprivate init() throws(DiagnosticError) {
        var ends: (read: Int32, write: Int32) = (-1, -1)
        let error = pc_waker_open(&ends.read, &ends.write)
        guard error == 0 else { throw unavailableDescriptor("wake-up pipe", error) }
        readEnd = ends.read
        writeEnd = ends.write
    }

    deinit {
        pc_close(readEnd)
        pc_close(writeEnd)
    }

    package func wake() {
        pc_waker_signal(writeEnd)
    }
}

func unavailableDescriptor(_ what: String, _ error: Int32) -> DiagnosticError {
    DiagnosticError(
        .descriptorUnavailable, "No \(what) could be made: \(SystemError(number: error)).",
        remedy: "Raise the limit of open files (ulimit -n), or run fewer jobs at a time.")
}
