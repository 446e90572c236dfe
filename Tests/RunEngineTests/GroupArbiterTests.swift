// SPDX-License-Identifier: Apache-2.0

import PipelineModel
import RunEngine
import Testing

@Suite struct GroupArbiterTests {
    private func run(_ number: Int, _ job: String? = nil) -> GroupHolder {
        GroupHolder(run: RunID(number), attempt: 1, job: job.map { JobID($0) })
    }

    private let request = GroupRequest(group: "prod")

    @Test func oneHoldsAndOneWaitsAndANewerTakesItsPlace() {
        var arbiter = GroupArbiter()
        #expect(arbiter.acquire(run(1), request).map(\.verdict) == [.granted])
        #expect(arbiter.acquire(run(2), request).isEmpty)
        #expect(arbiter.acquire(run(3), request).map(\.holder) == [run(2)])
        #expect(arbiter.release(run(1), group: "PROD").map(\.holder) == [run(3)])
    }

    @Test func aLongQueueIsServedInOrder() {
        var arbiter = GroupArbiter()
        let request = GroupRequest(group: "prod", queue: .max)
        for number in 1...4 { _ = arbiter.acquire(run(number), request) }
        #expect(arbiter.release(run(1), group: "prod").map(\.holder) == [run(2)])
        #expect(arbiter.release(run(2), group: "prod").map(\.holder) == [run(3)])
    }

    @Test func aFullQueueRefuses() {
        var arbiter = GroupArbiter()
        let request = GroupRequest(group: "prod", queue: .max)
        for number in 1...EngineLimits.groupQueue + 1 { _ = arbiter.acquire(run(number), request) }
        guard case .refused? = arbiter.acquire(run(1_000), request).first?.verdict else {
            Issue.record("taken")
            return
        }
    }

    @Test func cancelInProgressSupersedesTheHolder() {
        var arbiter = GroupArbiter()
        _ = arbiter.acquire(run(1), request)
        let answers = arbiter.acquire(run(2), GroupRequest(group: "prod", cancelsInProgress: true))
        #expect(answers.map(\.holder) == [run(1)])
        #expect(arbiter.holder(of: "prod") == run(1))
        #expect(arbiter.release(run(1), group: "prod").map(\.holder) == [run(2)])
    }

    @Test func askingTwiceIsAskingOnce() {
        var arbiter = GroupArbiter()
        _ = arbiter.acquire(run(1), request)
        #expect(arbiter.acquire(run(1), request).map(\.verdict) == [.granted])
        _ = arbiter.acquire(run(2), request)
        #expect(arbiter.acquire(run(2), request).isEmpty)
    }

    @Test func twoThatWouldWaitForEachOtherAreToldSo() {
        var arbiter = GroupArbiter()
        _ = arbiter.acquire(run(1, "a"), GroupRequest(group: "one"))
        _ = arbiter.acquire(run(2, "b"), GroupRequest(group: "two"))
        #expect(arbiter.acquire(run(1, "a/inner"), GroupRequest(group: "two")).isEmpty)
        let answer = arbiter.acquire(run(2, "b/inner"), GroupRequest(group: "one")).first
        guard case .refused(let reason)? = answer?.verdict else {
            Issue.record("no deadlock seen")
            return
        }
        #expect(reason.text.hasPrefix("MRT0606"))
    }
}
