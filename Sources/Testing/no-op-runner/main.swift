// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Glibc
import HTTPCalling
import PipelineModel
import RunCoordination
import RunEngine
import RunnerAgent
import RunnerProtocol
import StructuredData

// A runner whose executor does nothing: what a server costs, without what steps cost.
//   no-op-runner URL REGISTRATION-TOKEN [CAPACITY [NAME]]
// Every job's own machine is driven, in memory, each step of it being over at once, and its events told to the server with
// the messages and the client of a real runner: one with what happened, one with the job's end. Says `ready` once it is
// known to the server; works until it is killed.

/// All that a job's machine decides where everything that it asks for is done at once.
func events(of content: JobContent, _ work: JobTry) throws -> (events: [JobEvent], outcome: JobOutcome) {
    guard let planned = content.record.plan.jobs.first(where: { $0.key == work.job.key }),
        case .steps(let steps) = planned.work
    else { throw DataShapeError("a job with steps") }
    let leg = try JobLeg(data: content.object["leg"] ?? .null)
    let definition = JobDefinition(
        job: work.job, attempt: work.number, planDigest: content.planDigest, planned: steps, leg: leg)
    var state = JobMachine.initialState
    var inputs: [JobInput] = [.start]
    var events: [JobEvent] = []
    let success = StepResult(outcome: .success, conclusion: .success)
    while let input = inputs.first {
        inputs.removeFirst()
        let decision = JobMachine.step(input, now: 0, definition: definition, state: &state)
        events += decision.events
        for effect in decision.effects {
            switch effect {
            case .prepareJob: inputs.append(.prepared(failure: nil))
            case .startStep(let attempt, _):
                inputs += [.reported(attempt, .started(deadline: nil)), .reported(attempt, .finished(success))]
            case .cancelStep, .completeStep: break
            case .finishJob: inputs.append(.closed(JobClosure()))
            }
        }
    }
    guard case .jobEnded(let end) = events.last else { throw DataShapeError("a job that ends") }
    return (events, end.outcome)
}

func carry(_ assignment: JobAssignment, _ link: ServerLink) async throws {
    let (events, outcome) = try events(of: JobContent(object: assignment.content), assignment.lease.work)
    let told = events.map { event in
        var payload: [UInt8] = []
        event.payload.appendJSON(to: &payload)
        return Progress.Event(type: event.typeName, version: event.version, payload: payload, ageMs: 0)
    }
    _ = try await link.progress(Progress(lease: assignment.lease, parts: [.events(first: 1, told)]))
    let end = Progress.Part.finished(outcome: outcome.data.object ?? DataObject(), outputs: DataObject())
    _ = try await link.progress(Progress(lease: assignment.lease, parts: [end]))
}

actor Held {
    private(set) var leases: Set<LeaseKey> = []
    func add(_ lease: LeaseKey) { leases.insert(lease) }
    func remove(_ lease: LeaseKey) { leases.remove(lease) }
}

func say(_ text: String) {
    var line = text + "\n"
    _ = line.withUTF8 { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
}

let arguments = CommandLine.arguments
guard arguments.count >= 3 else {
    say("usage: no-op-runner URL REGISTRATION-TOKEN [CAPACITY [NAME]]")
    exit(2)
}
let capacity = arguments.count > 3 ? Int(arguments[3]) ?? 64 : 64
let client = try WebClient()
let name = arguments.count > 4 ? arguments[4] : "no-op"
let offering = RunnerOffering(name: name, labels: ["ubuntu-latest", "linux", "self-hosted"], capacity: capacity)
let registration = try await ServerLink.register(
    RegistrationRequest(token: arguments[2], offering: offering), at: arguments[1], transport: client.transport)
let link = ServerLink(url: arguments[1], credential: registration.credential, transport: client.transport)
let held = Held()
say("ready")
while true {
    let leases = await held.leases
    let answer = try await link.poll(
        PollRequest(instance: name, free: capacity - leases.count, holds: Array(leases)))
    for assignment in answer.assignments {
        await held.add(assignment.lease)
        Task {
            do {
                try await carry(assignment, link)
            } catch {
                say("\(assignment.lease.work): \(error)")
            }
            await held.remove(assignment.lease)
        }
    }
}
