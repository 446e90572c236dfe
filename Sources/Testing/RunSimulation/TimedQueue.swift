// SPDX-License-Identifier: Apache-2.0

/// Virtual time: happenings in the order of their times, those of one time in the order they were planned.
package struct TimedQueue<Happening> {
    // What is inlinable is made for each kind of happening: the queue is where simulations spend their time.
    @usableFromInline struct Entry {
        @usableFromInline var time: Int64
        @usableFromInline var sequence: Int
        @usableFromInline var happening: Happening

        @inlinable init(time: Int64, sequence: Int, happening: Happening) {
            (self.time, self.sequence, self.happening) = (time, sequence, happening)
        }

        @inlinable func isBefore(_ other: Entry) -> Bool { (time, sequence) < (other.time, other.sequence) }
    }

    @usableFromInline var heap: [Entry] = []
    @usableFromInline var sequence = 0

    @inlinable package init() {}

    @inlinable package var isEmpty: Bool { heap.isEmpty }

    @inlinable package mutating func insert(_ happening: Happening, at time: Int64) {
        sequence += 1
        heap.append(Entry(time: time, sequence: sequence, happening: happening))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    @inlinable package mutating func popFirst() -> (time: Int64, happening: Happening)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            var parent = 0
            while true {
                var child = parent * 2 + 1
                guard child < heap.count else { break }
                if child + 1 < heap.count, heap[child + 1].isBefore(heap[child]) { child += 1 }
                guard heap[child].isBefore(heap[parent]) else { break }
                heap.swapAt(child, parent)
                parent = child
            }
        }
        return (first.time, first.happening)
    }
}
