// SPDX-License-Identifier: Apache-2.0

/// How hard something is being cancelled. It only ever rises.
package enum CancelLevel: String, Hashable, Sendable, Comparable {
    case none
    /// What asks for it (`always()`, `cancelled()`) still runs.
    case soft
    /// Nothing more runs.
    case force

    private var rank: Int {
        switch self {
        case .none: 0
        case .soft: 1
        case .force: 2
        }
    }

    package static func < (left: CancelLevel, right: CancelLevel) -> Bool { left.rank < right.rank }
}

/// What is done about an attempt that was cut off in the middle. Asked for, never assumed.
package struct RetryPolicy: Hashable, Sendable {
    /// How many further attempts an interrupted one may have; 0: interrupted is a failure.
    package var interruptedRetries: Int

    package init(interruptedRetries: Int = 0) {
        self.interruptedRetries = min(interruptedRetries, EngineLimits.attempts)
    }

    package static let never = RetryPolicy()
}

/// Deadlines with the earliest first. Removal is by rebuilding the top only, so that equal histories give equal heaps.
package struct DeadlineHeap: Hashable, Sendable {
    private struct Entry: Hashable, Sendable {
        var time: Int64
        var index: Int
    }

    private var entries: [Entry] = []

    package init() {}

    /// The earliest deadline, and whose it is.
    package var first: (time: Int64, index: Int)? { entries.first.map { ($0.time, $0.index) } }

    package mutating func insert(_ time: Int64, index: Int) {
        entries.append(Entry(time: time, index: index))
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].time < entries[parent].time else { break }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    /// Drops entries from the top as long as `isStale` says so.
    package mutating func dropStale(_ isStale: (_ time: Int64, _ index: Int) -> Bool) {
        while let top = entries.first, isStale(top.time, top.index) { removeFirst() }
    }

    private mutating func removeFirst() {
        let last = entries.removeLast()
        guard !entries.isEmpty else { return }
        entries[0] = last
        var parent = 0
        while true {
            var child = parent * 2 + 1
            guard child < entries.count else { return }
            if child + 1 < entries.count, entries[child + 1].time < entries[child].time { child += 1 }
            guard entries[child].time < entries[parent].time else { return }
            entries.swapAt(child, parent)
            parent = child
        }
    }
}
