// SPDX-License-Identifier: Apache-2.0

internal import JournalSimulation
internal import PipelineModel
internal import RunEngine
internal import RunSimulation
internal import RunnerProtocol
internal import ScheduleRules

/// What is recorded in the world's database.
enum WorldFact: Sendable {
    case run(RunEvent)
    /// A step of a job began or ended, as its runner said.
    case step(WorldStep)
    case delivery(WorldDelivery)
    /// A delivery was worked.
    case worked(RunID?)
    /// Which run a key stands for.
    case origin(RunID)
    case schedules(ScheduleBook)
    /// Why a job was given away or taken back.
    case reason(String)

    var typeName: String {
        switch self {
        case .run(let event): event.typeName
        case .step(let step): step.isEnd ? "stepFinished" : "stepStarted"
        case .delivery: "deliveryReceived"
        case .worked: "deliveryWorked"
        case .origin: "runOrigin"
        case .schedules: "schedulesKept"
        case .reason: "reasonKept"
        }
    }
}

typealias WorldModel = DatabaseModel<WorldFact>
typealias WorldAppend = DatabaseModel<WorldFact>.Append

struct WorldStep: Hashable, Sendable {
    var number: Int
    var isEnd: Bool
    var succeeded = true
}

/// Something that asks for a run.
struct WorldDelivery: Hashable, Sendable {
    var id: String
    var project: String
    /// What the run is told from others by: a commit's digest, a schedule's tick.
    var origin: String
    /// Of the plan that the run gets.
    var planSeed: UInt64
    /// Of a tick of a schedule: how many before it are left out; `nil`: it is none.
    var leftOut: Int?
}

/// What lies in a run's folder on the disk that all servers mount.
final class WorldRecord {
    let run: RunID
    let project: String
    let origin: String
    let delivery: String
    let plan: SimulatedPlan
    let definition: RunDefinition
    let madeAt: Int64
    /// Tries whose steps have said something.
    var logs: Set<JobTry> = []

    init(run: RunID, delivery: WorldDelivery, at time: Int64) {
        self.run = run
        project = delivery.project
        origin = delivery.origin
        self.delivery = delivery.id
        madeAt = time
        var random = SeededRandom(seed: delivery.planSeed)
        plan = SimulatedPlan(small: &random)
        definition = RunDefinition(
            plan: plan.plan(droppingNeeds: false), planDigest: "plan-\(delivery.planSeed)",
            evaluator: SimulatedEvaluator(plan: plan))
    }

    /// What a runner does for a job.
    func spec(of job: JobID) -> JobSpec {
        guard let planned = plan.byKey[job.key] else { return JobSpec(steps: []) }
        let leg = UInt64(job.text.split(separator: "#").last.flatMap { Int($0) } ?? 0)
        return JobSpec(
            steps: planned.steps.prefix(2).map { step in
                (min(step.durationMs, 8_000) + 20, step.failsOn >> (leg & 63) & 1 == 1 && !step.continueOnError)
            })
    }
}

/// A job as a runner carries it out: how long each step takes, and whether it fails.
struct JobSpec: Sendable {
    var steps: [(durationMs: Int, fails: Bool)]
}
