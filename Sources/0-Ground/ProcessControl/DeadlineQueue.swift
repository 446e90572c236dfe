// SPDX-License-Identifier: Apache-2.0

/// Timers by deadline: a binary heap, first in time first out.
struct DeadlineQueue {
    private(set) var items: [Item] = []

    struct Item {
        var deadline: BootInstant
        var token: Poller.Token
    }

    var first: Item? { items.first }

    /// Equal deadlines come in the order they were set, which is the order of their tokens.
    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (items[left].deadline, items[left].token.number) < (items[right].deadline, items[right].token.number)
    }

    mutating func insert(_ token: Poller.Token, at deadline: BootInstant) {
        items.append(Item(deadline: deadline, token: token))
        siftUp(items.count - 1)
    }

    mutating func remove(_ token: Poller.Token) {
        guard let index = items.firstIndex(where: { $0.token == token }) else { return }
        remove(at: index)
    }

    mutating func removeDue(at now: BootInstant, _ body: (Poller.Token) -> Void) {
        while let item = items.first, item.deadline <= now {
            remove(at: 0)
            body(item.token)
        }
    }

    private mutating func remove(at index: Int) {
        items.swapAt(index, items.count - 1)
        items.removeLast()
        guard index < items.count else { return }
        siftDown(index)
        siftUp(index)
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0, isBefore(index, (index - 1) / 2) {
            items.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func siftDown(_ start: Int) {
        var index = start
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < items.count && isBefore(child, least) {
                least = child
            }
            if least == index { return }
            items.swapAt(index, least)
            index = least
        }
    }
}
