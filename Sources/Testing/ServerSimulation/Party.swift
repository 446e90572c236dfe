// SPDX-License-Identifier: Apache-2.0

/// A process of the world: it may stand still for a while, and it ends.
class Party {
    let name: String
    /// `false`: killed, or ended by itself. Nothing of it happens any more.
    var isUp = true
    /// It stands still until then.
    var pausedUntil: Int64 = 0

    init(_ name: String) { self.name = name }
}

/// An actor's thread: while a call to the database is under way, what comes waits.
final class Lane {
    private var isBlocked = false
    private var waiting: [() -> Void] = []

    func enter(_ body: @escaping () -> Void) {
        if isBlocked { waiting.append(body) } else { body() }
    }

    func block() { isBlocked = true }

    func unblock(_ body: () -> Void) {
        isBlocked = false
        body()
        while !isBlocked, !waiting.isEmpty { waiting.removeFirst()() }
    }
}
