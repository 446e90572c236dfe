// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Gives up calls from another thread: those under way, and those that begin afterwards.
package final class CallCancellation: Sendable {
    private struct State {
        var isCancelled = false
        var lastNumber = 0
        var exchanges: [Int: Exchange] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    package var isCancelled: Bool { state.withLock { $0.isCancelled } }

    package func cancel() {
        let exchanges = state.withLock { state in
            state.isCancelled = true
            defer { state.exchanges = [:] }
            return Array(state.exchanges.values)
        }
        for exchange in exchanges { exchange.cancel() }
    }

    /// - Returns: the number to ``forget(_:)``; `nil` where it is cancelled already.
    func add(_ exchange: Exchange) -> Int? {
        state.withLock { state in
            guard !state.isCancelled else { return nil }
            state.lastNumber += 1
            state.exchanges[state.lastNumber] = exchange
            return state.lastNumber
        }
    }

    func forget(_ number: Int) {
        state.withLock { $0.exchanges[number] = nil }
    }
}
