// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestFolders
import Testing

@testable import ProcessControl

@Suite(.serialized, .ownFolders) struct PollerTests {
    @Test func timersComeInTheOrderOfTheirDeadlines() throws {
        let poller = try Poller()
        let now = BootInstant.now()
        let late = poller.schedule(at: now + .milliseconds(30))
        let early = poller.schedule(at: now + .milliseconds(10))
        let never = poller.schedule(at: now + .milliseconds(20))
        poller.remove(never)
        var seen: [Poller.Event] = []
        while seen.count < 2 { seen += poller.wait() }
        #expect(seen == [.due(early), .due(late)])
        #expect(BootInstant.now() >= now + .milliseconds(30))
    }

    @Test func aDeadlineThatHasPassedComesAtOnce() throws {
        let poller = try Poller()
        let token = poller.schedule(at: BootInstant(nanoseconds: 0))
        #expect(poller.wait() == [.due(token)])
        #expect(poller.wait(until: BootInstant.now() + .milliseconds(1)).isEmpty)
    }

    @Test func manyTimersKeepTheirOrder() {
        var queue = DeadlineQueue()
        var expected: [(UInt64, UInt64)] = []
        var state: UInt64 = 88_172_645_463_325_252
        for number in 0..<2000 as Range<UInt64> {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            let deadline = state % 500
            queue.insert(Poller.Token(number: number), at: BootInstant(nanoseconds: deadline))
            if number % 3 == 0 { expected.append((deadline, number)) }
        }
        for number in 0..<2000 as Range<UInt64> where number % 3 != 0 { queue.remove(Poller.Token(number: number)) }
        var order: [UInt64] = []
        queue.removeDue(at: BootInstant(nanoseconds: 1000)) { order.append($0.number) }
        #expect(order == expected.sorted { $0 < $1 }.map(\.1))
    }

    @Test func anotherThreadCanWakeIt() throws {
        let poller = try Poller()
        let waker = poller.waker
        Thread.detachNewThread { waker.wake() }
        #expect(poller.wait() == [.woken])
        for _ in 0..<100_000 { waker.wake() }
        #expect(poller.wait() == [.woken])
        #expect(poller.wait(until: BootInstant.now() + .milliseconds(1)).isEmpty)
    }

    @Test func signalsComeAsEvents() throws {
        let poller = try Poller()
        try poller.catchSignal(SIGWINCH)
        try poller.catchSignal(SIGUSR1)
        kill(getpid(), SIGWINCH)
        kill(getpid(), SIGUSR1)
        var seen: Set<Poller.Event> = []
        while seen.count < 2 { seen.formUnion(poller.wait()) }
        #expect(seen == [.signal(SIGWINCH), .signal(SIGUSR1)])
        poller.releaseSignal(SIGUSR1)
        poller.releaseSignal(SIGWINCH)
    }

    @Test func aDescriptorIsReportedUntilItIsRemoved() throws {
        let poller = try Poller()
        let pipe = try OutputPipe()
        let buffer = try ReadBuffer()
        let token = poller.watch(pipe.descriptor)
        let writer = try #require(pipe.writeEnd)
        write(writer, "abc", 3)
        #expect(poller.wait() == [.ready(token, .readable)])
        var text: [UInt8] = []
        #expect(pipe.drain(into: buffer) { text += $0 } == .empty)
        #expect(text == Array("abc".utf8))
        pipe.closeWriteEnd()
        #expect(poller.wait() == [.ready(token, .hungUp)])
        #expect(pipe.read(into: buffer) { _ in } == .ended)
        poller.remove(token)
        #expect(poller.wait(until: BootInstant.now() + .milliseconds(1)).isEmpty)
    }

    @Test func instantsNeitherOverflowNorGoBeforeBoot() {
        let end = BootInstant(nanoseconds: .max)
        #expect(end + .seconds(1) == end)
        #expect(BootInstant(nanoseconds: 5) + .seconds(-1) == BootInstant(nanoseconds: 0))
        #expect(BootInstant(nanoseconds: 5) + .seconds(Int64.max) > BootInstant(nanoseconds: 5))
        #expect((Duration.nanoseconds(1)).wholeMilliseconds == 1)
        #expect((Duration.seconds(-1)).wholeMilliseconds == 0)
    }
}
