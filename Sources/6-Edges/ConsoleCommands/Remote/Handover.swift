// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Synchronization

/// Passes things on from tasks to the one thread that shows them, in order. Who puts waits while the thread is behind.
final class Handover<Item: Sendable>: Sendable {
    private struct State: Sendable {
        var items: [Item] = []
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let ready = DispatchSemaphore(value: 0)
    private let limit: Int

    /// Things that may wait to be taken.
    static var standardLimit: Int { 1_024 }

    init(limit: Int = Handover.standardLimit) { self.limit = limit }

    /// Returns once there is room again.
    func put(_ item: Item) async {
        let isFull = state.withLock { state in
            state.items.append(item)
            return state.items.count > limit
        }
        ready.signal()
        guard isFull else { return }
        await withCheckedContinuation { continuation in
            let hasRoom = state.withLock { state in
                guard state.items.count > limit else { return true }
                state.waiting.append(continuation)
                return false
            }
            if hasRoom { continuation.resume() }
        }
    }

    /// Puts it, whatever waits already.
    func push(_ item: Item) {
        state.withLock { $0.items.append(item) }
        ready.signal()
    }

    /// Everything that is there; waits until there is something.
    func take() -> [Item] {
        while true {
            ready.wait()
            let (items, waiting) = state.withLock { state in
                let taken = (state.items, state.waiting)
                state = State()
                return taken
            }
            for continuation in waiting { continuation.resume() }
            // A signal of something that was taken with what came before it.
            if !items.isEmpty { return items }
        }
    }
}
