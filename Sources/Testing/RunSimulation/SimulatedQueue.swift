// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunEngine

/// A job attempt: what a supervisor, a stream of events and a log belong to.
struct JobRun: Hashable, Sendable {
    var job: JobID
    var attempt: Int
}

/// Something that will happen at a virtual time.
indirect enum Happening: Sendable {
    case toRun(RunInput, epoch: Int)
    case toJob(JobRun, JobInput, epoch: Int)
    case processEnded(Int, version: Int)
    /// Supervisors notice, each in its own time, that their coordinator is gone.
    case leftoverKilled(Int)
    case resumed
    case secondResume
    case cancelRun(CancelLevel)
    case cancelJob(Int)
    case outsiderLeaves(GroupHolder, String)
    case capacity(Int)
    case tick(epoch: Int)

    /// Addressed to a coordinator that may be gone by then; -1 reaches whichever is there.
    static let anyEpoch = -1
}

/// Virtual time: happenings in the order of their times, those of one time in the order they were planned.
struct HappeningQueue: Sendable {
    private struct Entry: Sendable {
        var time: Int64
        var sequence: Int
        var happening: Happening

        func isBefore(_ other: Entry) -> Bool { (time, sequence) < (other.time, other.sequence) }
    }

    private var heap: [Entry] = []
    private var sequence = 0

    var isEmpty: Bool { heap.isEmpty }

    mutating func insert(_ happening: Happening, at time: Int64) {
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

    mutating func popFirst() -> (time: Int64, happening: Happening)? {
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
