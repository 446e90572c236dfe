// SPDX-License-Identifier: Apache-2.0

internal import EventJournal
internal import JobDispatch
internal import JournalSimulation
internal import PipelineModel
internal import RunEngine
internal import RunSimulation
internal import RunnerProtocol
internal import ScheduleRules
internal import Timekeeping

/// What must hold, whatever goes wrong.
extension World {
    // MARK: at each step

    /// An append that the database has taken.
    func noteAppended(
        _ appends: [WorldAppend], _ process: ServerProcess, _ seat: WorldModel.Seat?, _ model: WorldModel
    ) {
        if let believed = process.beatSeat, model.seats[believed.server] != believed.epoch {
            violate("an append of \(process.name) is taken although its seat was taken over")
        }
        for append in appends {
            if isWrittenTwice(append, model) {
                violate("\(process.name) writes twice what \(append.stream) has already")
            }
            for event in append.events { note(event.payload, of: append, process, model) }
        }
    }

    /// Whether a run's stream ends twice with the same events.
    private func isWrittenTwice(_ append: WorldAppend, _ model: WorldModel) -> Bool {
        let count = append.events.count
        guard count > 0, let events = model.streams[append.stream]?.events, events.count >= 2 * count else {
            return false
        }
        for (index, event) in append.events.enumerated() {
            let before = events[events.count - 2 * count + index]
            guard case .run(let new) = event.payload, case .run(let old) = before.payload, new == old else {
                return false
            }
        }
        return true
    }

    private func note(_ fact: WorldFact, of append: WorldAppend, _ process: ServerProcess, _ model: WorldModel) {
        switch fact {
        case .run(let event): note(event, append.stream, process)
        case .delivery(let delivery): note("\(process.name): records \(delivery.id)")
        case .step:
            guard let epoch = append.epoch, epoch == model.streams[append.stream]?.epoch else {
                return violate("progress of \(append.stream) is taken without its lease's fence")
            }
        default: break
        }
    }

    private func note(_ event: RunEvent, _ stream: StreamID, _ process: ServerProcess) {
        note("\(process.name): \(stream) \(event.typeName)")
        switch event {
        case .runFinished:
            if !ledger.ended.insert(stream).inserted { violate("\(stream) ends twice") }
        case .legFinished(let body):
            if body.conclusion != .success, body.outcome.reason?.text.isEmpty != false {
                violate("\(stream): \(body.leg) ended with \(body.conclusion) and no reason is recorded")
            }
        case .jobFinished(let body):
            if body.result != .success, body.result != .failure, body.reason?.text.isEmpty != false,
                body.result == .skipped
            {
                violate("\(stream): \(body.job) was skipped and no reason is recorded")
            }
        default: break
        }
    }

    // MARK: in between

    func hasEnded(_ run: RunID) -> Bool { ledger.ended.contains(WorldRun.stream(run)) }

    /// A record that a server left that lost its seat before it could begin the run; its delivery has another one.
    func isBegunAsAnother(_ run: RunID) -> Bool {
        guard database.model.streams[WorldRun.stream(run)] == nil, let record = records[run],
            case .origin(let begun)? = database.model.streams[
                ServerProcess.origin(record.project, record.origin)]?.events.first?.payload
        else { return false }
        return begun != run
    }

    /// The run that was made for a delivery, whether it has begun or not.
    func run(of delivery: WorldDelivery) -> RunID? {
        records.values.filter { $0.project == delivery.project && $0.origin == delivery.origin }.map(\.run).min()
    }

    /// Ends the world once nothing is left to be done, or when it takes too long.
    func look() {
        if isCalm, isQuiet { return end() }
        guard elapsed < shape.chaosMs + WorldShape.calmMs else { return end() }
        after(1_000, nil) { [unowned self] in look() }
    }

    private var isQuiet: Bool { firstUnfinished == nil }

    /// Something that is not over.
    private var firstUnfinished: String? {
        for delivery in forge.deliveries where !forge.accepted.contains(delivery.id) {
            return "the delivery \(delivery.id) was not accepted"
        }
        for (name, stream) in database.model.streams where stream.wakeAt != nil {
            return "\(name) was not worked"
        }
        for run in records.keys.sorted() where !hasEnded(run) && !isBegunAsAnother(run) {
            return "run \(run) did not end"
        }
        for runner in runners {
            if let carrier = runner.process?.carriers.values.first {
                return "\(runner.id) still has \(carrier.lease.work)"
            }
        }
        for slot in servers {
            guard let process = slot.process, process.isServing else { return "\(slot.name) is not there" }
            if let lease = process.dispatch.leases.values.first {
                return "\(process.name) still has a lease of \(lease.demand.work)"
            }
        }
        return clusterUnfinished
    }

    // MARK: at the end

    func checkEnd() {
        if let unfinished = firstUnfinished { return violate("after \(elapsed / 1_000) s \(unfinished)") }
        checkDeliveries()
        checkSchedules()
        for run in records.keys.sorted() where violation == nil && !isBegunAsAnother(run) { check(run) }
    }

    private func checkDeliveries() {
        for delivery in forge.deliveries {
            guard case .worked? = database.model.streams[ServerProcess.stream(delivery)]?.events.last?.payload else {
                return violate("the delivery \(delivery.id) was accepted and not worked")
            }
        }
        var origins: [String: RunID] = [:]
        for record in records.values.sorted(by: { $0.run < $1.run }) where !isBegunAsAnother(record.run) {
            let key = "\(record.project) \(record.origin)"
            if let other = origins.updateValue(record.run, forKey: key) {
                return violate("runs \(other) and \(record.run) are both of \(key)")
            }
        }
        for delivery in forge.deliveries where origins["\(delivery.project) \(delivery.origin)"] == nil {
            return violate("no run is of the delivery \(delivery.id)")
        }
    }

    /// Each minute fired once, or is counted among those that are left out.
    private func checkSchedules() {
        for project in scheduled {
            var minutes: [Int64] = []
            var dealtWith: Int64 = 0
            for (name, stream) in database.model.streams where name.text.hasPrefix("delivery/\(project)/tick-") {
                guard case .delivery(let delivery)? = stream.events.first?.payload, let left = delivery.leftOut else {
                    continue
                }
                minutes.append(stream.events[0].at)
                dealtWith += Int64(left + 1)
            }
            guard
                case .schedules(let book)? = database.model.streams[ServerProcess.bookStream(project)]?.events.last?
                    .payload,
                let entry = book.entries.first
            else {
                if !minutes.isEmpty { violate("the schedule of \(project) fired and its book says nothing of it") }
                continue
            }
            let due = (entry.checkedUntil.milliseconds - begin) / 60_000
            if due != dealtWith {
                violate("of \(due) minutes of the schedule of \(project), \(dealtWith) fired or were left out")
            }
        }
    }

    private func check(_ run: RunID) {
        guard let record = records[run], let stream = database.model.streams[WorldRun.stream(run)] else { return }
        let events = stream.events.compactMap { entry -> RunEvent? in
            if case .run(let event) = entry.payload { event } else { nil }
        }
        let ends = events.filter { if case .runFinished = $0 { true } else { false } }
        if ends.count != 1 { return violate("run \(run) ended \(ends.count) times") }
        if database.model.outbox["run-end/\(run)"] == nil { return violate("nobody is told of the end of run \(run)") }
        var outcomes: [JobRun: JobOutcome] = [:]
        var starts: [JobRun: Int] = [:]
        for event in events {
            if case .legStarted(let body) = event {
                starts[JobRun(job: body.leg, attempt: body.attempt), default: 0] += 1
            }
            guard case .legFinished(let body) = event else { continue }
            outcomes[JobRun(job: body.leg, attempt: 1)] = body.outcome
            if let complaint = complaint(about: body, run, record) { return violate("run \(run): \(complaint)") }
        }
        if let twice = starts.first(where: { $0.value > 1 }) {
            return violate("run \(run): \(twice.key.job) starts twice")
        }
        let oracle = RunOracle(plan: record.plan, events: events) { outcomes[$0] }
        if let complaint = oracle.check(cancelsJobs: false) { violate("run \(run): \(complaint)") }
    }

    /// What a job's end says against what its steps came to, as the database has them.
    private func complaint(about end: LegFinished, _ run: RunID, _ record: WorldRecord) -> String? {
        let work = JobTry(run: run, attempt: 1, job: end.leg, number: 1)
        var steps: [WorldStep] = []
        for entry in database.model.streams[WorldRun.stream(work)]?.events ?? [] {
            if case .step(let step) = entry.payload { steps.append(step) }
        }
        let spec = record.spec(of: end.leg)
        for index in 0..<spec.steps.count where steps.filter({ $0.number == index && !$0.isEnd }).count > 1 {
            return "the step \(index) of \(end.leg) began twice"
        }
        switch end.outcome.conclusion {
        case .success where steps.filter { $0.isEnd && $0.succeeded }.count != spec.steps.count:
            return "\(end.leg) succeeded, and of its \(spec.steps.count) steps \(steps.count / 2) are recorded"
        case .success where spec.steps.contains(where: \.fails):
            return "\(end.leg) succeeded although a step of it fails"
        case .failure where end.outcome.reason?.kind == .condition && !spec.steps.contains(where: \.fails):
            return "\(end.leg) failed although none of its steps does"
        default: return nil
        }
    }
}
