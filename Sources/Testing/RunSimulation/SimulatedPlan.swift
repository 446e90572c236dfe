// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import RunEngine

/// A step of a simulated job, with what its process will do.
package struct SimulatedStep: Hashable, Sendable {
    package var listing: StepListing
    var condition = SimulatedCondition.success
    package var durationMs = 10
    /// One bit a leg: whether it fails there.
    package var failsOn: UInt64 = 0
    package var continueOnError = false
    var timeoutMs: Int?
    /// How long it lives on after SIGINT; at 10 000 it is killed.
    var cancelMs = 5
    var addsPostStep = false
    /// Not empty: a composite action.
    var inner: [SimulatedStep] = []
}

package struct SimulatedJob: Hashable, Sendable {
    package var key: JobKey
    /// Places in the same file.
    var needs: [Int] = []
    var condition = SimulatedCondition.success
    var isMatrix = false
    var legs: [JobLeg] = []
    var failFast = true
    var maxParallel = 0
    var exclusion: Reason?
    package var steps: [SimulatedStep] = []
    var prepareFails = false
    /// The called workflow's jobs.
    var call: [SimulatedJob]?
    var isInvalid = false
}

/// A random workflow, and what happens around it.
package struct SimulatedPlan: Sendable {
    package var jobs: [SimulatedJob] = []
    package var byKey: [JobKey: SimulatedJob] = [:]
    var runGroup: GroupRequest?
    package var capacity = Int.max
    var stepRetries = 0
    package var jobRetries = 0
    var backgroundLimit = 10

    package init(_ random: inout SeededRandom) {
        let isBig = random.below(400) == 0
        let count = isBig ? random.within(12...40) : random.within(1...5)
        jobs = Self.jobs(count, prefix: "", depth: 0, &random)
        index(jobs)
        if random.chance(percent: 8) { runGroup = Self.group(&random) }
        if random.chance(percent: 40) { capacity = random.within(1...3) }
        if random.chance(percent: 30) { stepRetries = random.within(1...2) }
        if random.chance(percent: 20) { jobRetries = 1 }
        if random.chance(percent: 30) { backgroundLimit = random.within(1...2) }
    }

    /// A small one, for a world of many runs: no called workflows, no limits of its own.
    package init(small random: inout SeededRandom) {
        jobs = Self.jobs(random.within(1...3), prefix: "", depth: 2, &random)
        index(jobs)
        if random.chance(percent: 10) { runGroup = Self.group(&random) }
    }

    /// The plan as the engine gets it. `need` drops: see ``SimulatedDefect/ignoresANeed``.
    package func plan(droppingNeeds: Bool) -> Plan {
        var planned: [PlannedJob] = []
        append(jobs, droppingNeeds, to: &planned)
        return Plan(
            workflowPath: "simulated.yml", workflowName: "simulated", trigger: Trigger(event: "push"), jobs: planned)
    }

    private func append(_ jobs: [SimulatedJob], _ droppingNeeds: Bool, to planned: inout [PlannedJob]) {
        for job in jobs {
            let work: PlannedWork =
                job.call == nil
                ? .steps(PlannedSteps(runsOn: .null, steps: [])) : .call(PlannedCall(reference: "./called.yml"))
            var one = PlannedJob(key: job.key, work: work)
            one.needs = (droppingNeeds ? Array(job.needs.dropLast()) : job.needs).map { jobs[$0].key }
            if let reason = job.exclusion {
                one.isIncluded = false
                one.reason = reason
            }
            planned.append(one)
            if let call = job.call { append(call, droppingNeeds, to: &planned) }
        }
    }

    private mutating func index(_ jobs: [SimulatedJob]) {
        for job in jobs {
            byKey[job.key] = job
            if let call = job.call { index(call) }
        }
    }

    private static func jobs(
        _ count: Int, prefix: String, depth: Int, _ random: inout SeededRandom
    ) -> [SimulatedJob] {
        var jobs: [SimulatedJob] = []
        for place in 0..<count {
            var job = SimulatedJob(key: JobKey("\(prefix)j\(place)"))
            for earlier in 0..<place where random.chance(percent: count > 6 ? 12 : 40) { job.needs.append(earlier) }
            job.condition = SimulatedCondition.make(&random, needs: job.needs.count)
            job.exclusion = exclusion(&random)
            job.isInvalid = random.below(60) == 0
            job.isMatrix = random.chance(percent: 25)
            job.failFast = random.chance(percent: 70)
            if job.isMatrix, random.chance(percent: 50) { job.maxParallel = random.within(1...2) }
            for number in 1...(job.isMatrix ? random.within(1...4) : 1) {
                job.legs.append(leg(number, isMatrix: job.isMatrix, &random))
            }
            if depth < 2, random.chance(percent: 10) {
                let inner = random.within(0...3)
                job.call = Self.jobs(inner, prefix: "\(job.key.text)/", depth: depth + 1, &random)
            } else {
                job.prepareFails = random.below(40) == 0
                job.steps = SimulatedStep.list(random.within(1...4), depth: 0, &random)
            }
            jobs.append(job)
        }
        return jobs
    }

    private static func exclusion(_ random: inout SeededRandom) -> Reason? {
        switch random.below(50) {
        case 0: Reason(.unavailable, "No runner here has the label.")
        case 1: Reason(.notSelected, "Other jobs were asked for.")
        default: nil
        }
    }

    private static func leg(_ number: Int, isMatrix: Bool, _ random: inout SeededRandom) -> JobLeg {
        var leg = JobLeg(name: "leg \(number)", matrixDigest: isMatrix ? "m\(number)" : nil)
        leg.continueOnError = random.chance(percent: 15)
        if random.chance(percent: 15) { leg.timeoutMs = Int64(random.within(5_000...40_000)) }
        if random.chance(percent: 30) { leg.cancelTimeoutMs = Int64(random.within(1_000...15_000)) }
        if random.chance(percent: 12) { leg.concurrency = group(&random) }
        if random.below(60) == 0 { leg.unavailable = Reason(.unavailable, "No runner here has the label.") }
        return leg
    }

    private static func group(_ random: inout SeededRandom) -> GroupRequest {
        GroupRequest(
            group: random.pick(["deploy", "Deploy", "docs"]), cancelsInProgress: random.chance(percent: 30),
            queue: random.chance(percent: 30) ? .max : .single)
    }
}

extension SimulatedStep {
    static func list(_ count: Int, depth: Int, _ random: inout SeededRandom) -> [SimulatedStep] {
        var steps: [SimulatedStep] = []
        let hasBackground = random.chance(percent: 25)
        for place in 0..<count {
            var step = SimulatedStep(listing: StepListing(id: "s\(place)"))
            if hasBackground, depth == 0, place > 0, random.chance(percent: 30) {
                step.listing.kind = control(place, &random)
                steps.append(step)
                continue
            }
            step.condition = SimulatedCondition.make(&random, needs: 0)
            step.listing.isBackground = hasBackground && random.chance(percent: 60)
            step.durationMs = random.chance(percent: 70) ? random.below(2_000) : random.below(25_000)
            if random.below(25) == 0 { step.durationMs = random.within(60_000...120_000) }
            if random.chance(percent: 22) { step.failsOn = random.next() | 1 }
            step.continueOnError = random.chance(percent: 15)
            if random.chance(percent: 12) { step.timeoutMs = random.within(500...15_000) }
            step.cancelMs = random.chance(percent: 70) ? random.below(200) : random.below(10_000)
            step.addsPostStep = random.chance(percent: 6)
            if depth < 2, random.chance(percent: 12) {
                step.inner = Self.list(random.within(1...3), depth: depth + 1, &random)
            }
            steps.append(step)
        }
        return steps
    }

    private static func control(_ place: Int, _ random: inout SeededRandom) -> StepListing.Kind {
        let target = "s\(random.below(place))"
        switch random.below(4) {
        case 0, 1: return .wait([target, "s\(random.below(place))"])
        case 2: return .waitAll
        default: return .cancel([target])
        }
    }

    /// A step that an action asked for after the last.
    static let post = SimulatedStep(listing: StepListing(id: "post"), condition: .always, durationMs: 50)
}
