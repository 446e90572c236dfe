// SPDX-License-Identifier: Apache-2.0

internal import EventJournal
internal import HomeRules
internal import JobDispatch
internal import JournalSimulation
internal import PipelineModel

/// A server's place among those that share the database.
extension ServerProcess {
    /// Takes the seat, and serves from then on. A database that does not answer is waited for.
    func start() {
        let (world, name) = (world, serverName)
        world.ask(self) { (model) throws(JournalError) in
            model.enter(name, address: name, clock: world.clock)
        } then: { [self] result in
            guard case .success(let seat) = result else { return world.after(500, self) { self.start() } }
            self.seat = world.defect == .writesWithoutASeat ? nil : seat
            self.beatSeat = seat
            for runner in world.runners { dispatch.add(DispatchRunner(id: runner.id, runner.offering)) }
            if let cluster = world.cluster { dispatch.add(DispatchRunner(id: cluster.id, cluster.offering)) }
            isServing = true
            beatLater()
            tickLater()
            beat()
        }
    }

    private func beatLater() {
        world.after(World.silenceMs / HomeBook.beatsPerSilence, self) { [self] in
            beat()
            beatLater()
        }
    }

    private func tickLater() {
        world.after(1_000, self) { [self] in
            coordinator.enter { self.tick() }
            deskTick()
            tickLater()
        }
    }

    /// One beat after another.
    func beat() {
        guard !isBeating, let seat = beatSeat else { return }
        isBeating = true
        let world = world
        let begun = homes.beginBeat(at: world.clock)
        world.ask(self) { (model) throws(JournalError) in
            try model.beat(seat, clock: world.clock)
        } then: { [self] result in
            guard case .success(let servers) = result else { return endBeat(result) }
            let peers = servers.map { HomeBook.Peer(id: $0.id, address: $0.server.address, silentMs: $0.silentMs) }
            world.ask(self) { (model) throws(JournalError) in
                model.settleHomes(
                    of: world.projects, goneMs: begun.goneMs, turn: begun.turn, clock: world.clock)
            } then: { result in
                guard case .success = result else { return self.endBeat(result) }
                world.ask(self) { (model) throws(JournalError) in
                    model.homes
                } then: { result in
                    guard case .success(let said) = result else { return self.endBeat(result) }
                    self.heard(peers, said)
                }
            }
        }
    }

    private func endBeat<Value>(_ result: Result<Value, JournalError>) {
        isBeating = false
        if case .failure(let error) = result, case .unseated = error { fail(error) }
    }

    private func heard(_ peers: [HomeBook.Peer], _ said: [String: WorldModel.Home]) {
        let mine = homes.heard(peers, homes: said.mapValues { HomeBook.Home(server: $0.server, heir: $0.heir) })
        let goOn: () -> Void = { self.handOver(self.homes.departing[...]) { self.isBeating = false } }
        guard !mine.isEmpty else { return goOn() }
        say("takes up \(mine.sorted().joined(separator: " "))")
        world.ledger.count("takeovers", mine.count)
        takeUp(mine) { [self] isDone in
            guard isDone else {
                isBeating = false
                return
            }
            goOn()
        }
    }

    // MARK: giving away

    private func handOver(_ projects: ArraySlice<String>, then: @escaping () -> Void) {
        guard let project = projects.first else { return then() }
        let (world, name) = (world, serverName)
        homes.beginLeaving(project)
        let rest = projects.dropFirst()
        letGo(of: project) { [self] isFree in
            guard isFree || world.defect == .handsOverWhileARunIsUnderWay else {
                homes.stay(project)
                return world.ask(self) { (model) throws(JournalError) in
                    model.keep(project, at: name)
                } then: { _ in
                    self.handOver(rest, then: then)
                }
            }
            world.ask(self) { (model) throws(JournalError) in
                model.handOver(project, from: name)
            } then: { result in
                guard case .success = result else {
                    self.isBeating = false
                    return
                }
                self.say("gave \(project) away")
                world.ledger.count("handovers")
                self.homes.gave(project)
                self.handOver(rest, then: then)
            }
        }
    }

    private func letGo(of project: String, then: @escaping (Bool) -> Void) {
        desk.enter { [self] in
            guard lines[project].map({ !$0.isBusy && $0.tasks.isEmpty && $0.uncertainUntil == nil }) ?? true else {
                return then(false)
            }
            lines[project] = nil
            coordinator.enter { [self] in
                guard !runs.values.contains(where: { $0.record.project == project }) else { return then(false) }
                arbiters[project] = nil
                then(true)
            }
        }
    }

    // MARK: taking up

    private func takeUp(_ projects: Set<String>, then: @escaping (Bool) -> Void) {
        let world = world
        world.ask(self) { (model) throws(JournalError) in
            model.openRunStreams()
        } then: { [self] result in
            guard case .success(let streams) = result else { return then(false) }
            let begun = streams.compactMap { RunID($0.text.dropFirst(4)) }
            let unbegun = world.records.keys.filter { world.database.model.streams[WorldRun.stream($0)] == nil }
            let others = unbegun.filter { !world.isBegunAsAnother($0) }
            let ours = Set(begun + others).filter { run in
                world.records[run].map { projects.contains($0.project) } ?? false
            }
            recover(ours.sorted()) { isDone in
                guard isDone else { return then(false) }
                self.homes.takeUp(projects)
                self.startDesk(projects) { isDone in
                    // The next beat offers them again.
                    if !isDone { self.homes.drop(projects) }
                    then(isDone)
                }
            }
        }
    }
}
