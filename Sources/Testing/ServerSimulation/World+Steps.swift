// SPDX-License-Identifier: Apache-2.0

internal import JournalSimulation
internal import PipelineModel
internal import RunEngine
internal import RunSimulation
internal import RunnerProtocol

/// A process of a step, on some machine.
struct StepProcess {
    let work: JobTry
    let step: Int
    let fence: Int
    let party: Party
    var isAlive = true
}

/// Steps as they are carried out.
extension World {
    /// Goes on with a job: with its first step, or behind the last that is over.
    func begin(_ carrier: Carrier, isResumed: Bool, tell: @escaping () -> Void) {
        let disk = carrier.disk
        guard disk.outcome == nil else { return }
        if let last = disk.steps.last, !last.isEnd {
            // It was cut off in the middle of a step.
            disk.outcome = JobOutcome(.failure, reason: Reason(.interrupted, "The runner ended while the step ran."))
            return
        }
        step(carrier, disk.steps.count / 2, tell)
    }

    private func step(_ carrier: Carrier, _ index: Int, _ tell: @escaping () -> Void) {
        let disk = carrier.disk
        guard disk.steps.last?.succeeded != false, index < carrier.spec.steps.count else {
            let hasFailed = disk.steps.last?.succeeded == false
            disk.outcome =
                hasFailed
                ? JobOutcome(.failure, reason: Reason(.condition, "A step failed.")) : JobOutcome(.success)
            return tell()
        }
        let spec = carrier.spec.steps[index]
        checkAlone(carrier)
        let process = ledger.processes.count
        ledger.processes.append(
            StepProcess(work: carrier.lease.work, step: index, fence: carrier.lease.fence, party: carrier.party))
        ledger.alive[carrier.lease.work, default: []].append(process)
        carrier.process = process
        disk.steps.append(WorldStep(number: index, isEnd: false))
        note("\(carrier.party.name): step \(index) of \(carrier.lease.work), fence \(carrier.lease.fence)")
        tell()
        after(Int64(spec.durationMs), carrier.party) { [unowned self] in
            guard ledger.processes[process].isAlive, !carrier.isAbandoned, disk.outcome == nil else { return }
            ended(process)
            disk.steps.append(WorldStep(number: index, isEnd: true, succeeded: !spec.fails))
            tell()
            step(carrier, index + 1, tell)
        }
    }

    /// Ends the step that runs.
    func stop(_ carrier: Carrier) {
        guard let process = carrier.process else { return }
        after(Int64(random.below(50)), nil) { [unowned self] in ended(process) }
    }

    func ended(_ process: Int) {
        guard ledger.processes[process].isAlive else { return }
        ledger.processes[process].isAlive = false
        ledger.alive[ledger.processes[process].work]?.removeAll { $0 == process }
    }

    /// Whatever a party has going ends with it: supervisors notice.
    func endProcesses(of party: Party) {
        for (index, process) in ledger.processes.enumerated() where process.isAlive && process.party === party {
            after(Int64(random.below(500)), nil) { [unowned self] in ended(index) }
        }
    }

    /// Two attempts of a job's steps never go on at the same time, unless the earlier one stood still while its lease ran out: then it
    /// can publish nothing.
    private func checkAlone(_ carrier: Carrier) {
        let recorded = database.model.streams[WorldRun.stream(carrier.lease.work)]?.events ?? []
        let isAnothers = ledger.processes.contains {
            $0.work == carrier.lease.work && $0.fence <= carrier.lease.fence
        }
        if isAnothers, carrier.disk.steps.isEmpty, recorded.contains(where: { $0.type == "stepStarted" }) {
            violate("\(carrier.party.name) begins \(carrier.lease.work), whose steps had begun elsewhere")
        }
        // So with one that stands still between what it was given and its first step.
        if carrier.party.pausedUntil > carrier.takenAt { return }
        for index in ledger.alive[carrier.lease.work] ?? [] {
            let other = ledger.processes[index]
            guard !ledger.frozen.contains(ObjectIdentifier(other.party)) else { continue }
            violate(
                "a step of \(other.work) starts at \(carrier.party.name), fence \(carrier.lease.fence), while one goes on "
                    + "at \(other.party.name), fence \(other.fence)")
        }
    }
}
