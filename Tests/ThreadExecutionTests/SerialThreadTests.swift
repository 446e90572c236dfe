// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing
import ThreadExecution

private actor Counter {
    private let thread: SerialThread
    private(set) var values: [Int] = []
    private(set) var threads: Set<UInt> = []

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(_ thread: SerialThread) { self.thread = thread }

    func add(_ value: Int) {
        values.append(value)
        threads.insert(UInt(pthread_self()))
    }
}

private struct Refusal: Error, Equatable {}

@Suite("An actor with a thread of its own")
struct SerialThreadTests {
    @Test("Everything happens on one thread, one after another, and nothing is lost")
    func oneThread() async {
        let counter = Counter(SerialThread(name: "counter"))
        await withTaskGroup(of: Void.self) { group in
            for value in 0..<1_000 { group.addTask { await counter.add(value) } }
        }
        #expect(await counter.values.sorted() == Array(0..<1_000))
        #expect(await counter.threads.count == 1)
    }

    @Test("Two actors may share one")
    func shared() async {
        let thread = SerialThread(name: "shared")
        let (left, right) = (Counter(thread), Counter(thread))
        await left.add(1)
        await right.add(2)
        #expect(await left.threads == right.threads)
    }

    @Test("What blocks is done elsewhere, and its failure comes back")
    func blocking() async {
        #expect(await BlockingWork.run { 7 } == 7)
        await #expect(throws: Refusal()) {
            try await BlockingWork.attempt { () throws(Refusal) -> Int in throw Refusal() }
        }
    }
}

@Suite("Work that waits")
struct BlockingWorkTests {
    @Test("What waits for minutes has threads of its own: what only reads is done meanwhile")
    func longWaits() async {
        let count = BlockingWork.longWaitLimit * 2
        let gate = Gate()
        await withTaskGroup(of: Int.self) { group in
            for number in 0..<count {
                group.addTask {
                    await BlockingWork.attemptLong {
                        gate.wait()
                        return number
                    }
                }
            }
            for number in 0..<100 { #expect(await BlockingWork.run { number } == number) }
            gate.open()
            var seen: Set<Int> = []
            for await number in group { seen.insert(number) }
            #expect(seen == Set(0..<count))
        }
    }

    @Test("What fails there fails for whoever asked")
    func failure() async {
        await #expect(throws: Refusal()) {
            try await BlockingWork.attemptLong { () throws(Refusal) -> Int in throw Refusal() }
        }
    }

    /// Shut until it is opened.
    private final class Gate: Sendable {
        private let ends: (read: Int32, write: Int32)

        init() {
            var pair: [Int32] = [0, 0]
            precondition(pipe(&pair) == 0, "there is no pipe left")
            ends = (pair[0], pair[1])
        }

        /// Readable for ever once the writing end is shut.
        func wait() {
            var byte: UInt8 = 0
            _ = read(ends.read, &byte, 1)
        }

        func open() { close(ends.write) }

        deinit { close(ends.read) }
    }
}
