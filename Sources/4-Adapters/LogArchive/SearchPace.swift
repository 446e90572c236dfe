// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Why a part of a log was not searched to its end.
enum SearchStop: Error, Hashable {
    case outOfTime
    case cancelled
    /// The pattern explodes.
    case tooMuchWork
    /// The same, and on which line of the part, from 0.
    case tooMuchWorkOn(line: Int)
    case failed(LogError)
}

/// Sees to it that a search ends when its time is over, or when nobody waits for it.
package struct SearchPace {
    /// Steps between two looks at the clock; an easy one takes 30 ms at most.
    private static let stepsBetweenLooks = 16

    private let deadline: Int64
    private let isCancelled: () -> Bool
    private let clock: () -> Int64
    private var steps = 0

    init(deadline: Int64, isCancelled: @escaping () -> Bool, clock: @escaping () -> Int64) {
        self.deadline = deadline
        self.isCancelled = isCancelled
        self.clock = clock
    }

    /// Of a clock that never goes back, in milliseconds.
    package static func now() -> Int64 {
        var moment = timespec()
        clock_gettime(CLOCK_MONOTONIC, &moment)
        return Int64(moment.tv_sec) * 1000 + Int64(moment.tv_nsec) / 1_000_000
    }

    mutating func step() throws(SearchStop) {
        steps &+= 1
        if steps >= Self.stepsBetweenLooks { try look() }
    }

    mutating func look() throws(SearchStop) {
        steps = 0
        if isCancelled() { throw .cancelled }
        if clock() >= deadline { throw .outOfTime }
    }
}
