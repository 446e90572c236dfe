// SPDX-License-Identifier: Apache-2.0

internal import EventJournal
internal import HomeRules
internal import JobDispatch
internal import JournalSimulation
internal import PipelineModel
internal import RunEngine
internal import RunnerProtocol
internal import StructuredData

/// What runners ask, and what they say: at the door, and at the home.
extension ServerProcess {
    private static let roundMs: Int64 = 500

    // MARK: at the door

    /// - Parameter reply: `nil` is a 503.
    func poll(_ runner: String, _ request: PollRequest, until end: Int64, reply: @escaping (PollAnswer?) -> Void) {
        guard isServing else { return reply(nil) }
        whetherTrusted { [self] isTrusted in
            guard isTrusted else { return reply(nil) }
            pollTrusted(runner, request, until: end, reply: reply)
        }
    }

    /// Whether what this server believes of homes can still be so: the database hears it, or it hears nobody.
    func whetherTrusted(then: @escaping (Bool) -> Void) {
        guard !homes.isHeard(at: world.clock) else { return then(true) }
        let others = homes.others
        askWhetherUnheard(others[...], isSaid: others.isEmpty, then)
    }

    /// - Parameter isSaid: somebody said so.
    private func askWhetherUnheard(
        _ others: ArraySlice<String>, isSaid: Bool, _ then: @escaping (Bool) -> Void
    ) {
        guard let other = others.first else { return then(isSaid) }
        world.call(self, world.server(at: other), timeoutMs: 1_000) {
            (server: ServerProcess, reply: @escaping (Bool?) -> Void) in
            reply(!server.homes.isHeard(at: server.world.clock))
        } then: { [self] isUnheard in
            guard isUnheard != false else { return then(false) }
            askWhetherUnheard(others.dropFirst(), isSaid: isSaid || isUnheard == true, then)
        }
    }

    private func pollTrusted(
        _ runner: String, _ request: PollRequest, until end: Int64, reply: @escaping (PollAnswer?) -> Void
    ) {
        guard !homes.others.isEmpty else {
            var own = request
            own.waitMs = max(0, end - world.clock)
            return pollHere(runner, own, reply)
        }
        var round = PollRound(request) { place(of: $0) }
        guard round.isHeard else { return reply(nil) }
        pollHere(runner, round.part(for: .here)) { [self] answer in
            round.take(answer)
            ask(homes.others[...], runner, round) { round in
                guard let round else { return reply(nil) }
                self.wait(runner, request, round.answer, until: end, reply)
            }
        }
    }

    private func ask(
        _ others: ArraySlice<String>, _ runner: String, _ round: PollRound, then: @escaping (PollRound?) -> Void
    ) {
        guard let other = others.first else { return then(round) }
        let request = round.part(for: .at(other))
        world.call(self, world.server(at: other)) { (server: ServerProcess, reply: @escaping (PollAnswer?) -> Void) in
            server.pollHere(runner, request, reply)
        } then: { [self] answer in
            var round = round
            if let answer {
                round.take(answer)
            } else {
                round.miss(.at(other))
                guard round.isHeard else { return then(nil) }
            }
            ask(others.dropFirst(), runner, round, then: then)
        }
    }

    private func wait(
        _ runner: String, _ request: PollRequest, _ answer: PollAnswer, until end: Int64,
        _ reply: @escaping (PollAnswer?) -> Void
    ) {
        let rest = end - world.clock
        guard answer.isEmpty, rest > 0 else { return reply(answer) }
        let round = PollRound(request) { place(of: $0) }
        pollHere(runner, round.part(for: .here, waitMs: min(Self.roundMs, max(1, rest)))) { [self] waited in
            guard waited.isEmpty else { return reply(waited) }
            poll(runner, request, until: end, reply: reply)
        }
    }

    func place(of run: RunID) -> HomePlace { world.records[run].map { homes.place(of: $0.project) } ?? .here }

    /// Passes on what is of a run to its home.
    func passOn<Answer>(
        of run: RunID, _ handle: @escaping (ServerProcess, @escaping (Answer?) -> Void) -> Void,
        reply: @escaping (Answer?) -> Void
    ) {
        guard isServing else { return reply(nil) }
        switch place(of: run) {
        case .here: handleTrusted(handle, reply)
        case .at(let address):
            world.call(
                self, world.server(at: address),
                { (home: ServerProcess, reply: @escaping (Answer?) -> Void) in home.handleTrusted(handle, reply) },
                then: reply)
        case .nowhere: reply(nil)
        }
    }

    private func handleTrusted<Answer>(
        _ handle: @escaping (ServerProcess, @escaping (Answer?) -> Void) -> Void, _ reply: @escaping (Answer?) -> Void
    ) {
        whetherTrusted { [self] isTrusted in
            if isTrusted { handle(self, reply) } else { reply(nil) }
        }
    }

    // MARK: at the home

    func pollHere(_ runner: String, _ request: PollRequest, _ reply: @escaping (PollAnswer) -> Void) {
        hear(runner, request) { [self] answer in
            guard !answer.lost.isEmpty else { return reply(answer) }
            whetherSeated { isSeated in
                var answer = answer
                if !isSeated { answer.lost = [] }
                reply(answer)
            }
        }
    }

    /// What a server does not know is nothing, but by the word of the database that it still has its seat.
    func whetherSeated(then: @escaping (Bool) -> Void) {
        let seat = seat
        world.ask(self) { (model) throws(JournalError) in
            try model.confirm(seat)
        } then: { result in
            if case .success = result { then(true) } else { then(false) }
        }
    }

    private func hear(_ runner: String, _ request: PollRequest, _ reply: @escaping (PollAnswer) -> Void) {
        coordinator.enter { [self] in
            let start = world.clock
            let hearing = dispatch.heard(
                runner, instance: request.instance, holds: request.holds, elsewhere: request.elsewhere,
                others: request.others, now: start)
            let lost = hearing.forgotten.map { lease in
                (lease, lease.isRestored ? "It never came to its runner." : "Its runner began anew without it.")
            }
            lose(lost[...]) {
                self.waiters.removeValue(forKey: runner)?.reply(PollAnswer(leaseMs: self.dispatch.leaseMs))
                var answer = PollAnswer(leaseMs: self.dispatch.leaseMs)
                answer.lost = hearing.foreign
                answer.assignments = hearing.missed.compactMap { self.assignment($0) }
                self.fill(answer, for: runner, request) { answer in
                    let wait = min(max(0, request.waitMs), RunnerLimits.pollMs(ofLease: self.dispatch.leaseMs))
                    guard answer.isEmpty, wait > 0 else { return reply(answer) }
                    self.nextWaiter += 1
                    let id = self.nextWaiter
                    self.waiters[runner] = Waiter(id: id, request: request, deadline: start + wait, reply: reply)
                    self.world.after(wait, self) { self.endWait(runner, id) }
                }
            }
        }
    }

    private func endWait(_ runner: String, _ id: Int) {
        guard let waiter = waiters[runner], waiter.id == id else { return }
        waiters[runner] = nil
        waiter.reply(PollAnswer(leaseMs: dispatch.leaseMs))
    }

    /// Answers the polls that there is something to say to.
    func serveWaiters() { serve(waiters.keys.sorted()[...]) }

    private func serve(_ rest: ArraySlice<String>) {
        guard let runner = rest.first else { return }
        guard let waiter = waiters[runner] else { return serve(rest.dropFirst()) }
        fill(PollAnswer(leaseMs: dispatch.leaseMs), for: runner, waiter.request) { [self] answer in
            if !answer.isEmpty, let now = waiters[runner], now.id == waiter.id {
                waiters[runner] = nil
                waiter.reply(answer)
            }
            serve(rest.dropFirst())
        }
    }

    private func fill(
        _ answer: PollAnswer, for runner: String, _ request: PollRequest, then: @escaping (PollAnswer) -> Void
    ) {
        guard !isStalled else { return then(answer) }
        var answer = answer
        for lease in dispatch.holds(runner) {
            guard let run = runs[lease.demand.work.run], let job = run.jobs[lease.demand.work.job],
                let cancellation = job.cancellation, cancellation.lease == lease.key,
                world.clock - job.cancellationToldAt > 2_000
            else { continue }
            run.jobs[lease.demand.work.job]?.cancellationToldAt = world.clock
            answer.cancellations.append(cancellation)
        }
        let taken = dispatch.take(runner, free: request.free, now: world.clock)
        guard !taken.isEmpty else { return then(answer) }
        assign(taken, to: runner) { assignments in
            answer.assignments += assignments
            then(answer)
        }
    }

    /// Claims the jobs' streams, so that whoever had them before is refused.
    private func assign(_ leases: [DispatchLease], to runner: String, then: @escaping ([JobAssignment]) -> Void) {
        let works = leases.map(\.demand.work)
        let seat = seat
        block(coordinator) { (model) throws(JournalError) in
            try model.claim(works.map { WorldRun.stream($0) }, owner: runner, seat)
        } then: { [self] result in
            guard case .success(let fences) = result else {
                for lease in leases {
                    dispatch.release(lease.demand.work)
                    dispatch.enqueue(lease.demand, atFront: true)
                }
                return then([])
            }
            for (work, fence) in zip(works, fences) { dispatch.fence(work, fence) }
            then(
                works.compactMap { work in
                    guard let lease = dispatch.leases[work], let assignment = assignment(lease) else { return nil }
                    open[lease.key] = open[lease.key] ?? runs[work.run]?.jobs[work.job]?.events ?? 0
                    say("gives \(work) to \(runner), fence \(lease.fence)")
                    world.ledger.count("leases")
                    return assignment
                })
        }
    }

    private func assignment(_ lease: DispatchLease) -> JobAssignment? {
        let work = lease.demand.work
        guard let run = runs[work.run] else { return nil }
        var assignment = JobAssignment(lease: lease.key, content: [:], leaseMs: dispatch.leaseMs)
        assignment.cancellation = run.jobs[work.job]?.cancellation.flatMap { $0.lease == lease.key ? $0 : nil }
        return assignment
    }

    /// What a runner must have again that began anew. `false`: it is not its any more.
    ///
    /// - Parameter reply: `nil` is a 503.
    func fetch(_ key: LeaseKey, of runner: String, _ reply: @escaping (Bool?) -> Void) {
        coordinator.enter { [self] in
            guard let lease = dispatch.leases[key.work], lease.runner == runner, lease.fence == key.fence,
                dispatch.renew(key, by: runner, now: world.clock)
            else { return whetherSeated { reply($0 ? false : nil) } }
            reply(runs[key.work.run] != nil)
        }
    }

    // MARK: losing

    /// Leases ended without their jobs' ends.
    func lose(_ leases: ArraySlice<(DispatchLease, String)>, then: @escaping () -> Void) {
        guard let (lease, text) = leases.first else { return then() }
        let (work, rest, seat) = (lease.demand.work, leases.dropFirst(), seat)
        open[lease.key] = nil
        guard let run = runs[work.run], let job = run.jobs[work.job], job.number == work.number else {
            return lose(rest, then: then)
        }
        block(coordinator) { (model) throws(JournalError) in
            try model.claim([WorldRun.stream(work)], owner: StartedJob.ownerWithout, seat)
        } then: { [self] _ in
            let traces = JobTraces(
                hasBegun: job.hasBegun, hasLogs: run.record.logs.contains(work), isCancelled: job.cancellation != nil)
            say("lost \(lease.key.work) fence \(lease.fence): \(text)\(traces.returns ? " It returns." : "")")
            world.ledger.count(traces.returns ? "leases lost and returned" : "jobs cut off")
            if traces.returns || world.defect == .givesABegunJobToAnother {
                run.jobs[work.job] = WorldRun.Job(number: work.number, events: job.events)
                dispatch.enqueue(lease.demand, atFront: true)
            } else {
                give(Self.cutOff(work, text), to: work.run)
            }
            lose(rest, then: then)
        }
    }

    /// Its runner says that what carried a job is gone.
    ///
    /// - Parameter reply: `nil` is a 503.
    func forsake(_ key: LeaseKey, _ text: String, of runner: String, _ reply: @escaping (Bool?) -> Void) {
        coordinator.enter { [self] in
            guard dispatch.renew(key, by: runner, now: world.clock), let lease = dispatch.release(key.work) else {
                return whetherSeated { reply($0 ? false : nil) }
            }
            lose([(lease, text)]) {
                self.serveWaiters()
                reply(true)
            }
        }
    }
}
