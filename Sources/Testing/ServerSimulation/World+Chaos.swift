// SPDX-License-Identifier: Apache-2.0

internal import JournalSimulation
internal import RunSimulation

/// What is there at first, and what goes wrong.
extension World {
    static let silenceMs: Int64 = 5_000

    /// Projects with a schedule.
    var scheduled: [String] { seed % 4 == 0 ? [projects[0]] : [] }
    var schedulesRest: Bool { isCalm }

    func setUp() {
        if defect == .writesWithoutASeat { database.model.checksSeats = false }
        for number in 1...shape.runners {
            let runner = WorldRunner("r\(number)", capacity: random.within(1...2))
            runners.append(runner)
        }
        setUpCluster()
        for number in 1...shape.servers {
            let slot = ServerSlot("s\(number)")
            servers.append(slot)
            after(Int64(random.below(300)), nil) { [unowned self] in startServer(slot) }
        }
        for runner in runners { after(Int64(random.within(50...600)), nil) { [unowned self] in startRunner(runner) } }
        setUpForge()
        setUpChaos()
        after(1_000, nil) { [unowned self] in look() }
    }

    private func setUpChaos() {
        let time: () -> Int64 = { [unowned self] in Int64(random.below(Int(shape.chaosMs))) }
        for _ in 0..<shape.outages {
            after(time(), nil) { [unowned self] in
                let length = Int64(
                    random.chance(percent: 70) ? random.within(200...4_000) : random.within(4_000...20_000))
                note("database: away for \(length) ms")
                ledger.count("outages")
                database.generation += 1
                database.awayUntil = max(database.awayUntil, clock + length)
            }
        }
        for _ in 0..<shape.serverKills {
            after(time(), nil) { [unowned self] in
                guard let process = random.pick(servers).process else { return }
                note("\(process.name): killed")
                ledger.count("servers killed")
                endProcess(process)
            }
        }
        for _ in 0..<shape.serverPauses {
            after(time(), nil) { [unowned self] in
                guard let process = random.pick(servers).process else { return }
                pause(process, Int64(random.within(1_000...20_000)))
                ledger.count("servers that stood still")
                // Somebody starts another process of the same name meanwhile.
                if random.chance(percent: 25) {
                    after(Int64(random.within(500...4_000)), nil) {
                        guard let slot = self.servers.first(where: { $0.process === process }) else { return }
                        self.startServer(slot)
                    }
                }
            }
        }
        for _ in 0..<shape.runnerKills {
            after(time(), nil) { [unowned self] in
                let runner = random.pick(runners)
                guard let process = runner.process else { return }
                note("\(process.name): killed")
                ledger.count("runners killed")
                kill(process)
                runner.process = nil
                let away = random.chance(percent: 60) ? random.within(500...4_000) : random.within(4_000...40_000)
                after(Int64(away), nil) { self.startRunner(runner) }
            }
        }
        for _ in 0..<shape.runnerPauses {
            after(time(), nil) { [unowned self] in
                guard let process = random.pick(runners).process else { return }
                ledger.count("runners that stood still")
                pause(process, Int64(random.within(2_000...40_000)))
            }
        }
    }

    private func pause(_ party: Party, _ length: Int64) {
        note("\(party.name): stands still for \(length) ms")
        ledger.frozen.insert(ObjectIdentifier(party))
        ledger.parties.append(party)
        party.pausedUntil = max(party.pausedUntil, clock + length)
    }

    func kill(_ party: Party) {
        party.isUp = false
        ledger.parties.append(party)
        endProcesses(of: party)
    }

    // MARK: servers and runners

    func startServer(_ slot: ServerSlot) {
        ledger.count("server processes")
        let process = ServerProcess(slot.name, number: ledger.counts["server processes", default: 0], self)
        ledger.parties.append(process)
        slot.process = process
        note("\(process.name): starts")
        process.start()
    }

    /// Somebody starts another one after a while.
    func endProcess(_ process: ServerProcess) {
        process.isUp = false
        guard let slot = servers.first(where: { $0.process === process }) else { return }
        slot.process = nil
        let away = random.chance(percent: 70) ? random.within(300...3_000) : random.within(3_000...15_000)
        after(Int64(away), nil) { [unowned self] in if slot.process == nil { startServer(slot) } }
    }

    func server(at address: String) -> ServerProcess? { servers.first { $0.name == address }?.process }

    func startRunner(_ runner: WorldRunner) {
        guard runner.process == nil else { return }
        ledger.count("runner processes")
        let process = RunnerProcess(runner, number: ledger.counts["runner processes", default: 0], self)
        ledger.parties.append(process)
        runner.process = process
        note("\(process.name): starts")
        process.start()
    }

    func tearDown() {
        servers = []
        runners = []
        ledger.parties = []
    }
}
