// SPDX-License-Identifier: Apache-2.0

import JobDispatch
import PipelineModel
import RunnerProtocol
import Testing

@Suite("Which runner gets which job")
struct JobDispatchTests {
    static func work(_ name: String) -> JobTry { JobTry(run: RunID(1), attempt: 1, job: JobID(name), number: 1) }

    static func demand(_ name: String, _ labels: [String] = ["linux"], at time: Int64 = 0, group: String = "")
        -> JobDemand
    {
        JobDemand(work(name), labels: labels, group: group, queuedAt: time)
    }

    static func runner(
        _ id: String, _ labels: [String] = ["linux"], capacity: Int = 1, group: String = "", ephemeral: Bool = false,
        own: Bool = false
    ) -> DispatchRunner {
        DispatchRunner(
            id: id,
            RunnerOffering(name: id, labels: labels, group: group, capacity: capacity, isEphemeral: ephemeral),
            isOwn: own)
    }

    static func names(_ leases: [DispatchLease]) -> [String] { leases.map(\.demand.work.job.text) }

    /// What was asked of the dispatch is evaluated first: it changes it.
    func expect(_ names: [String], _ wanted: [String], sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(names == wanted, sourceLocation: sourceLocation)
    }

    /// Takes, and fences by a running number.
    static func take(_ dispatch: inout DispatchTable, _ id: String, free: Int = 1, fence: Int = 1) -> [LeaseKey] {
        dispatch.take(id, free: free, now: 0).map { lease in
            dispatch.fence(lease.demand.work, fence)
            return LeaseKey(lease.demand.work, fence: fence)
        }
    }

    @Test("First come, first served, among the jobs that a runner can take")
    func order() {
        var dispatch = DispatchTable()
        dispatch.add(Self.runner("r", ["linux", "x64"], capacity: 10))
        dispatch.add(Self.runner("g", ["linux", "gpu"], capacity: 10))
        for (name, labels) in [("a", ["linux"]), ("b", ["GPU"]), ("c", ["linux", "x64"]), ("d", ["linux"])] {
            dispatch.enqueue(Self.demand(name, labels))
        }
        expect(Self.names(dispatch.take("r", free: 2, now: 0)), ["a", "c"])
        expect(Self.names(dispatch.take("g", free: 5, now: 0)), ["b", "d"])
        #expect(dispatch.queuedCount == 0)
    }

    @Test("What a runner holds back it is not given, others are; and those who wait are told its reason")
    func holdbacks() {
        var dispatch = DispatchTable()
        dispatch.add(Self.runner("r", ["linux", "off-peak"], capacity: 10))
        _ = dispatch.heard("r", instance: "x", holds: [], now: 0)
        func demand(_ name: String, _ labels: [String], _ project: String) -> JobDemand {
            JobDemand(Self.work(name), labels: labels, project: project, queuedAt: 0)
        }
        dispatch.enqueue(demand("a", ["linux"], "prj_1"))
        dispatch.enqueue(demand("b", ["linux"], "prj_2"))
        dispatch.enqueue(demand("c", ["linux", "off-peak"], "prj_2"))
        dispatch.note(
            refusal: nil,
            holdbacks: [
                Holdback(project: "prj_1", reason: "the budget is used up."),
                Holdback(label: "off-peak", reason: "jobs with the label begin at night."),
            ], of: "r")
        expect(Self.names(dispatch.take("r", free: 5, now: 0)), ["b"])
        let budget = dispatch.waitingReason(of: Self.work("a"), at: 0)?.text
        #expect(budget == "1 runner has the label 'linux'; the budget is used up.")
        #expect(dispatch.waitingReason(of: Self.work("c"), at: 0)?.text.hasSuffix("begin at night.") == true)
        dispatch.note(refusal: nil, of: "r")
        expect(Self.names(dispatch.take("r", free: 5, now: 0)), ["a", "c"])
    }

    @Test("A runner gets no more than it has room for, whatever it says")
    func capacity() {
        var dispatch = DispatchTable()
        dispatch.add(Self.runner("r", capacity: 2))
        for name in ["a", "b", "c"] { dispatch.enqueue(Self.demand(name)) }
        expect(Self.names(dispatch.take("r", free: 100, now: 0)), ["a", "b"])
        expect(Self.names(dispatch.take("r", free: 100, now: 0)), [])
        dispatch.release(Self.work("a"))
        expect(Self.names(dispatch.take("r", free: 1, now: 0)), ["c"])
    }

    @Test("Of a server that began anew a runner keeps what it names; what it does not name never came to it")
    func restoredAndNamed() {
        for (holds, isKept) in [(true, true), (false, false)] {
            var dispatch = DispatchTable()
            dispatch.add(Self.runner("r"))
            dispatch.restore(Self.demand("a"), runner: "r", fence: 3, now: 0)
            let key = LeaseKey(Self.work("a"), fence: 3)
            let hearing = dispatch.heard("r", instance: "i", holds: holds ? [key] : [], now: 1)
            #expect(hearing.forgotten.map(\.key) == (isKept ? [] : [key]))
            #expect((dispatch.leases[Self.work("a")] != nil) == isKept)
        }
        var dispatch = DispatchTable()
        dispatch.add(Self.runner("r"))
        dispatch.restore(Self.demand("a"), runner: "r", fence: 3, now: 0)
        // It says something of the job before it asks for more: it has it.
        let isRenewed = dispatch.renew(LeaseKey(Self.work("a"), fence: 3), by: "r", now: 1)
        #expect(isRenewed)
        let later = dispatch.heard("r", instance: "i", holds: [], now: 2)
        #expect(later.forgotten.isEmpty)
    }

    @Test("What another server may still bring is not lost before a runner would begin it no more")
    func onItsWay() {
        var dispatch = DispatchTable()
        dispatch.add(Self.runner("r"))
        dispatch.restore(Self.demand("a"), runner: "r", fence: 3, mayBeOnItsWay: true, now: 0)
        let silence = RunnerLimits.silenceMs(ofLease: RunnerLimits.leaseMs)
        let early = dispatch.heard("r", instance: "i", holds: [], now: silence)
        #expect(early.forgotten.isEmpty)
        let late = dispatch.heard("r", instance: "i", holds: [], now: silence + 1)
        #expect(late.forgotten.map(\.key) == [LeaseKey(Self.work("a"), fence: 3)])
    }

    @Test("A lease lasts as long as the server is set to")
    func leaseTime() {
        var dispatch = DispatchTable(leaseMs: 3_000)
        dispatch.add(Self.runner("r"))
        dispatch.enqueue(Self.demand("a"))
        _ = Self.take(&dispatch, "r")
        #expect(dispatch.nextDeadline == 3_001)
        let (early, late) = (dispatch.overdue(at: 3_000), dispatch.overdue(at: 3_001))
        #expect(early.isEmpty)
        #expect(late.map(\.demand.work) == [Self.work("a")])
        // A runner that hears nothing ends before that, with polls to spare.
        #expect(RunnerLimits.silenceMs(ofLease: 3_000) < 3_000)
        #expect(RunnerLimits.pollMs(ofLease: 3_000) * 3 <= RunnerLimits.silenceMs(ofLease: 3_000))
        #expect(RunnerLimits.pollMs(ofLease: RunnerLimits.leaseMs) == RunnerLimits.pollMs)
    }

    @Test("A clock that is set back takes no lease from a runner that is heard of")
    func setBack() {
        var dispatch = DispatchTable()
        dispatch.add(Self.runner("r"))
        dispatch.enqueue(Self.demand("a"))
        let keys = dispatch.take("r", free: 1, now: 1_000_000).map { lease in
            dispatch.fence(lease.demand.work, 1)
            return LeaseKey(lease.demand.work, fence: 1)
        }
        _ = dispatch.heard("r", instance: "i", holds: keys, now: 700_000)
        expect(Self.names(dispatch.overdue(at: 1_000_000 + RunnerLimits.leaseMs)), [])
        let isRenewed = dispatch.renew(keys[0], by: "r", now: 700_500)
        #expect(isRenewed)
        expect(Self.names(dispatch.overdue(at: 1_000_001 + RunnerLimits.leaseMs)), [])
        let late = stride(
            from: 1_002_001 + RunnerLimits.leaseMs, through: 1_000_001 + 2 * RunnerLimits.leaseMs, by: 1_000)
        expect(late.flatMap { Self.names(dispatch.overdue(at: $0)) }, ["a"])
    }

    @Test("What passed while nobody looked, for the server stood still or its clock was set, is no runner's silence")
    func unseen() {
        var dispatch = DispatchTable(leaseMs: 15_000)
        dispatch.add(Self.runner("r"))
        dispatch.enqueue(Self.demand("a"))
        _ = Self.take(&dispatch, "r")
        expect((0...5).flatMap { Self.names(dispatch.overdue(at: $0 * 1_000)) }, [])
        // Hours later, at once.
        let back: Int64 = 7_200_000
        expect((0...9).flatMap { Self.names(dispatch.overdue(at: back + $0 * 1_000)) }, [])
        // Five seconds before and ten since: one more is too long.
        expect(Self.names(dispatch.overdue(at: back + 10_001)), ["a"])
    }

    @Test("Whoever was heard of while nobody looked has a lease's time from then on, and no more")
    func heardUnseen() {
        var dispatch = DispatchTable(leaseMs: 15_000)
        dispatch.add(Self.runner("r"))
        dispatch.enqueue(Self.demand("a"))
        let keys = dispatch.take("r", free: 1, now: 0).map { lease in
            dispatch.fence(lease.demand.work, 1)
            return LeaseKey(lease.demand.work, fence: 1)
        }
        expect(Self.names(dispatch.overdue(at: 0)), [])
        // For an hour nothing can be written, and polls are heard.
        _ = dispatch.heard("r", instance: "i", holds: keys, now: 3_599_000)
        expect((0...15).flatMap { Self.names(dispatch.overdue(at: 3_600_000 + $0 * 1_000)) }, [])
        expect(Self.names(dispatch.overdue(at: 3_615_001)), ["a"])
    }

    @Test("Groups keep apart, paused runners rest, and an ephemeral one takes one job")
    func kinds() {
        var dispatch = DispatchTable()
        dispatch.add(Self.runner("r", capacity: 5))
        dispatch.add(Self.runner("s", capacity: 5, group: "secure"))
        dispatch.add(Self.runner("e", capacity: 5, ephemeral: true))
        dispatch.enqueue(Self.demand("a", group: "secure"))
        for name in ["b", "c", "d"] { dispatch.enqueue(Self.demand(name)) }
        expect(Self.names(dispatch.take("s", free: 5, now: 0)), ["a"])
        expect(Self.names(dispatch.take("e", free: 5, now: 0)), ["b"])
        dispatch.pause("r", true)
        expect(Self.names(dispatch.take("r", free: 5, now: 0)), [])
        dispatch.pause("r", false)
        expect(Self.names(dispatch.take("r", free: 5, now: 0)), ["c", "d"])
    }

    @Test("An answer that was lost on the way is given again; one that arrived is not")
    func missedAnswer() {
        var dispatch = DispatchTable()
        dispatch.add(Self.runner("r"))
        dispatch.enqueue(Self.demand("a"))
        let keys = Self.take(&dispatch, "r")
        let missed = dispatch.heard("r", instance: "i", holds: [], now: 1).missed
        #expect(missed.map(\.key) == keys)
        for (time, holds) in [(Int64(2), keys), (3, [])] {
            let hearing = dispatch.heard("r", instance: "i", holds: holds, now: time)
            #expect(hearing.missed.isEmpty && hearing.foreign.isEmpty && hearing.forgotten.isEmpty)
        }
    }

    @Test("A runner that was not heard of for a lease's time has lost its jobs; the own one has not")
    func overdue() {
        var dispatch = DispatchTable()
        dispatch.add(Self.runner("r"))
        dispatch.add(Self.runner("own", own: true))
        for name in ["a", "b"] { dispatch.enqueue(Self.demand(name)) }
        let keys = Self.take(&dispatch, "r") + Self.take(&dispatch, "own")
        #expect(dispatch.nextDeadline == RunnerLimits.leaseMs + 1)
        _ = dispatch.heard("r", instance: "i", holds: [keys[0]], now: 10)
        for late in [1, 10] as [Int64] {
            expect(Self.names(dispatch.overdue(at: RunnerLimits.leaseMs + late)), [])
        }
        expect(Self.names(dispatch.overdue(at: RunnerLimits.leaseMs + 11)), ["a"])
        #expect(dispatch.leases.keys.map(\.job.text) == ["b"])
        #expect(dispatch.nextDeadline == nil)
    }

    @Test("Who lost a lease holds nothing, whatever it says: by its fence it is known")
    func fencing() {
        var dispatch = DispatchTable()
        dispatch.add(Self.runner("r"))
        dispatch.add(Self.runner("s"))
        dispatch.enqueue(Self.demand("a"))
        let old = Self.take(&dispatch, "r", fence: 1)[0]
        let lost = dispatch.overdue(at: 1_000_000)
        dispatch.enqueue(lost[0].demand, atFront: true)
        let new = Self.take(&dispatch, "s", fence: 2)[0]
        var answers: [Bool] = []
        for (key, runner) in [(old, "r"), (new, "r"), (old, "s"), (new, "s")] {
            answers.append(dispatch.renew(key, by: runner, now: 5))
        }
        #expect(answers == [false, false, false, true])
        let hearing = dispatch.heard("r", instance: "i", holds: [old], now: 6)
        #expect(hearing.foreign == [old])
    }

    @Test("A runner that begins anew keeps what it still has, and loses the rest")
    func anew() {
        var dispatch = DispatchTable()
        dispatch.add(Self.runner("r", capacity: 2))
        for name in ["a", "b"] { dispatch.enqueue(Self.demand(name)) }
        let keys = Self.take(&dispatch, "r", free: 2)
        _ = dispatch.heard("r", instance: "one", holds: keys, now: 1)
        let hearing = dispatch.heard("r", instance: "two", holds: [keys[0]], now: 2)
        #expect(Self.names(hearing.forgotten) == ["b"])
        #expect(dispatch.leases.keys.map(\.job.text) == ["a"])
    }

    @Test("What comes back stands before everything else")
    func front() {
        var dispatch = DispatchTable()
        dispatch.add(Self.runner("r", capacity: 9))
        for name in ["a", "b", "c"] { dispatch.enqueue(Self.demand(name)) }
        let taken = dispatch.take("r", free: 2, now: 0)
        for lease in dispatch.remove("r").reversed() { dispatch.enqueue(lease.demand, atFront: true) }
        #expect(Self.names(taken) == ["a", "b"])
        dispatch.add(Self.runner("s", capacity: 9))
        expect(Self.names(dispatch.take("s", free: 9, now: 0)), ["a", "b", "c"])
    }

    @Test("What was withdrawn is given to nobody, and enqueued twice is once")
    func withdrawn() {
        var dispatch = DispatchTable()
        dispatch.add(Self.runner("r", capacity: 9))
        dispatch.enqueue(Self.demand("a"))
        dispatch.enqueue(Self.demand("a"))
        dispatch.enqueue(Self.demand("b"))
        #expect(dispatch.queuedCount == 2)
        let answers = [dispatch.withdraw(Self.work("a")), dispatch.withdraw(Self.work("a"))]
        #expect(answers == [true, false])
        expect(Self.names(dispatch.take("r", free: 9, now: 0)), ["b"])
        dispatch.enqueue(Self.demand("b"))
        #expect(dispatch.queuedCount == 0)
    }

    @Test("A lease that was held when the server ended has its time to be heard of")
    func restored() {
        var dispatch = DispatchTable()
        dispatch.add(Self.runner("r"))
        dispatch.restore(Self.demand("a"), runner: "r", fence: 4, now: 100)
        let early = dispatch.overdue(at: 100 + RunnerLimits.leaseMs)
        #expect(early.isEmpty)
        let late = dispatch.overdue(at: 100 + RunnerLimits.leaseMs + 1)
        #expect(late.map(\.fence) == [4])
    }
}

@Suite("Why a job waits for a runner")
struct WaitingReasonTests {
    typealias Tests = JobDispatchTests

    func text(_ dispatch: DispatchTable, _ name: String, at now: Int64 = 0) -> String? {
        dispatch.waitingReason(of: Tests.work(name), at: now)?.text
    }

    @Test("Nobody is there")
    func nobody() {
        var dispatch = DispatchTable()
        dispatch.enqueue(Tests.demand("a"))
        dispatch.enqueue(Tests.demand("b", group: "secure"))
        #expect(text(dispatch, "a") == "No runner is registered.")
        #expect(text(dispatch, "b") == "No runner is registered in the group 'secure'.")
        #expect(text(dispatch, "c") == nil)
    }

    @Test("Nobody has the label, and one is near; or no one has all of them")
    func labels() {
        var dispatch = DispatchTable()
        dispatch.add(Tests.runner("r", ["ubuntu-22", "linux"]))
        dispatch.add(Tests.runner("s", ["gpu"]))
        dispatch.enqueue(Tests.demand("a", ["ubuntu-24"]))
        dispatch.enqueue(Tests.demand("b", ["linux", "gpu"]))
        #expect(text(dispatch, "a") == "No runner has the label 'ubuntu-24'; the nearest is 'ubuntu-22'.")
        #expect(text(dispatch, "b") == "No single runner has all the labels 'linux', 'gpu'.")
    }

    @Test("All are busy, and when the next is free")
    func busy() {
        var dispatch = DispatchTable()
        for id in ["r", "s"] {
            dispatch.add(Tests.runner(id, ["gpu"]))
            _ = dispatch.heard(id, instance: "i", holds: [], now: 0)
            var demand = Tests.demand("on-\(id)", ["gpu"])
            demand.expectedMs = id == "r" ? 360_000 : 90_000
            dispatch.enqueue(demand)
            _ = dispatch.take(id, free: 1, now: 0)
        }
        dispatch.enqueue(Tests.demand("a", ["gpu"]))
        dispatch.enqueue(Tests.demand("b", ["gpu"]))
        #expect(
            text(dispatch, "a") == "2 runners have the label 'gpu'; both are busy; the next is free in about 2 min.")
        #expect(
            text(dispatch, "b")
                == "2 runners have the label 'gpu'; both are busy, and 1 job stands before it; "
                + "the next is free in about 6 min.")
    }

    @Test("Whatever has no room by its own word is busy, though none of what it has is known here")
    func busyElsewhere() {
        var dispatch = DispatchTable()
        dispatch.add(Tests.runner("r", ["gpu"]))
        _ = dispatch.heard("r", instance: "i", free: 0, holds: [], now: 0)
        dispatch.enqueue(Tests.demand("a", ["gpu"]))
        #expect(text(dispatch, "a") == "1 runner has the label 'gpu'; it is busy.")
    }

    @Test("None is connected, or all are paused")
    func away() {
        var dispatch = DispatchTable()
        dispatch.add(Tests.runner("r"))
        dispatch.enqueue(Tests.demand("a"))
        #expect(
            text(dispatch, "a") == "1 runner has the label 'linux', and it is not connected: none was heard of yet.")
        _ = dispatch.heard("r", instance: "i", holds: [], now: 0)
        #expect(text(dispatch, "a") == "It is about to be given to a runner.")
        dispatch.pause("r", true)
        #expect(text(dispatch, "a") == "1 runner has the label 'linux', paused.")
        #expect(
            text(dispatch, "a", at: 180_000)
                == "1 runner has the label 'linux', and it is not connected: the last word came 3 min ago.")
    }
}

@Suite("How long a job is expected to take")
struct JobTimesTests {
    private func place(_ job: String) -> JobTimes.Place { JobTimes.Place(project: "p", workflow: "ci.yml", job: job) }

    @Test("The middle one of the last five")
    func median() {
        var times = JobTimes()
        #expect(times.expected(at: place("a")) == nil)
        for time: Int64 in [900, 900, 10, 20, 30, 40, 50] { times.note(time, at: place("a")) }
        #expect(times.expected(at: place("a")) == 30)
        #expect(times.expected(at: place("b")) == nil)
    }

    @Test("Those that were heard of longest ago go, the others stay")
    func bounded() {
        var times = JobTimes()
        for number in 0...JobTimes.placeLimit { times.note(5, at: place("\(number)")) }
        #expect(times.expected(at: place("0")) == nil)
        #expect(times.expected(at: place("\(JobTimes.placeLimit)")) == 5)
    }
}

@Suite("Runners that wait elsewhere are called for what waits here")
struct CallTests {
    private typealias Tests = JobDispatchTests

    private func table(_ runners: [(id: String, labels: [String], free: Int)]) -> DispatchTable {
        var dispatch = DispatchTable()
        for (id, labels, free) in runners {
            dispatch.add(Tests.runner(id, labels, capacity: 4))
            _ = dispatch.heard(id, instance: "i", free: free, holds: [], now: 0)
        }
        return dispatch
    }

    @Test("No more of them than there are jobs, each once until it is heard again")
    func once() {
        var dispatch = table([("r", ["linux"], 1), ("s", ["linux"], 1), ("t", ["linux"], 1)])
        #expect(dispatch.call(now: 1) == [])
        dispatch.enqueue(Tests.demand("a"))
        dispatch.enqueue(Tests.demand("b"))
        let first = dispatch.call(now: 1)
        #expect(first.count == 2)
        #expect(dispatch.call(now: 1) == [])
        // Whoever does not come is not waited for.
        let second = dispatch.call(now: 1_000)
        #expect(second.count == 1 && Set(first + second).count == 3)
        #expect(dispatch.call(now: 2_000) == [])
        _ = dispatch.heard("r", instance: "i", free: 4, holds: [], now: 2_000)
        #expect(dispatch.call(now: 2_000) == ["r"])
    }

    @Test("Not one without the label, without room, paused, unwilling, or not heard of")
    func fitting() {
        var dispatch = table([
            ("other", ["gpu"], 1), ("full", ["linux"], 0), ("paused", ["linux"], 1), ("unwilling", ["linux"], 1),
            ("fit", ["linux"], 1),
        ])
        dispatch.add(Tests.runner("unheard"))
        dispatch.pause("paused", true)
        dispatch.note(refusal: "Its disk is full.", of: "unwilling")
        for job in ["a", "b", "c", "d", "e", "f"] { dispatch.enqueue(Tests.demand(job)) }
        #expect(dispatch.call(now: 1) == ["fit"])
        _ = dispatch.heard("fit", instance: "i", free: 1, holds: [], now: 2)
        #expect(dispatch.call(now: 2 + dispatch.leaseMs + 1) == [])
    }
}
