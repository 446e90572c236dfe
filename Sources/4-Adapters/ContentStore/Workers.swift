// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

/// Work that is spread over threads.
enum Workers {
    /// Does `body` for each number below `count`; each thread has a scratch of its own. The first failure stops all.
    ///
    /// - Returns: the scratches that were used.
    static func each<Scratch>(
        _ count: Int, threads: Int, scratch: @escaping () throws(ContentError) -> Scratch,
        _ body: @escaping (inout Scratch, Int) throws(ContentError) -> Void
    ) throws(ContentError) -> [Scratch] {
        let threads = max(1, min(threads, count))
        if threads == 1 {
            var only = try scratch()
            for number in 0..<count { try body(&only, number) }
            return [only]
        }
        let next = Atomic(0)
        let failure = Mutex<ContentError?>(nil)
        // The threads share what the closures capture, and no more: numbers are handed out once, slots are one a number.
        nonisolated(unsafe) let scratches = UnsafeMutableBufferPointer<Scratch?>.allocate(capacity: threads)
        nonisolated(unsafe) let scratch = scratch
        nonisolated(unsafe) let body = body
        scratches.initialize(repeating: nil)
        defer {
            scratches.deinitialize()
            scratches.deallocate()
        }
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            do throws(ContentError) {
                var own = try scratch()
                while true {
                    let number = next.add(1, ordering: .relaxed).oldValue
                    guard number < count else { break }
                    try body(&own, number)
                }
                scratches[thread] = own
            } catch {
                next.store(count, ordering: .relaxed)
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        return scratches.compactMap { $0 }
    }
}

/// One place a number, each written by one thread.
final class Slots<Element> {
    let all: UnsafeMutableBufferPointer<Element>

    init(_ count: Int, _ element: Element) {
        all = .allocate(capacity: count)
        all.initialize(repeating: element)
    }

    deinit {
        all.deinitialize()
        all.deallocate()
    }

    subscript(number: Int) -> Element {
        get { all[number] }
        set { all[number] = newValue }
    }
}
