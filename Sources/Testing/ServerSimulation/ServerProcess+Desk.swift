// SPDX-License-Identifier: Apache-2.0

internal import EventJournal
internal import HomeRules
internal import JournalSimulation
internal import PipelineModel
internal import RunEngine
internal import RunSimulation
internal import ScheduleRules
internal import Timekeeping

/// The schedules of a project, as a server has them in memory.
struct ScheduleState {
    var book: ScheduleBook
    var version: Int
    var nextFire: Int64
}

/// From what came to a project to runs that begin.
extension ServerProcess {
    /// Waits between tries, in milliseconds.
    private static let retries: [Int64] = [1_000, 3_000, 10_000, 30_000, 60_000, 60_000, 60_000, 60_000]

    static func stream(_ delivery: WorldDelivery) -> StreamID {
        StreamID("delivery/\(delivery.project)/\(delivery.id)")
    }
    private static func list(_ project: String) -> StreamID { StreamID("deliveries/\(project)") }
    static func origin(_ project: String, _ key: String) -> StreamID { StreamID("origin/\(project)/\(key)") }
    static func bookStream(_ project: String) -> StreamID { StreamID("schedule/\(project)") }

    private func line(_ project: String) -> Line {
        if let line = lines[project] { return line }
        let line = Line()
        lines[project] = line
        return line
    }

    // MARK: at the door

    /// - Parameter reply: `true`: it was accepted, or is known; `nil`: a 503.
    func deliver(_ delivery: WorldDelivery, _ reply: @escaping (Bool?) -> Void) {
        guard isServing else { return reply(nil) }
        switch homes.place(of: delivery.project) {
        case .here: receive(delivery, reply)
        case .at(let address):
            world.call(self, world.server(at: address)) { (server: ServerProcess, reply: @escaping (Bool?) -> Void) in
                server.receive(delivery, reply)
            } then: {
                reply($0)
            }
        case .nowhere: reply(nil)
        }
    }

    func cancel(_ run: RunID, _ reply: @escaping (Bool?) -> Void) {
        coordinator.enter { [self] in
            guard let served = runs[run], !served.isOver, !isStalled else { return reply(nil) }
            give(.cancelRequested(.run, .soft, Reason(.cancelled, "Somebody asked for it.")), to: run) {
                reply($0 ? true : nil)
            }
        }
    }

    // MARK: receiving

    private func receive(
        _ delivery: WorldDelivery, with others: [WorldAppend] = [], _ reply: @escaping (Bool?) -> Void
    ) {
        guard homes.isHere(delivery.project) || world.defect == .firesSchedulesAwayFromHome else { return reply(nil) }
        desk.enter { [self] in
            block(desk) { (model) throws(JournalError) in
                (
                    model.streams[Self.stream(delivery)]?.version ?? 0,
                    model.streams[Self.list(delivery.project)]?.version ?? 0
                )
            } then: { result in
                guard case .success(let (version, listed)) = result else { return reply(nil) }
                if version > 0 {
                    self.noteKnown(delivery)
                    return reply(true)
                }
                self.record(delivery, listed, others, reply)
            }
        }
    }

    private func record(
        _ delivery: WorldDelivery, _ listed: Int, _ others: [WorldAppend],
        _ reply: @escaping (Bool?) -> Void
    ) {
        var received = WorldAppend(
            Self.stream(delivery), expectedVersion: 0,
            events: [("deliveryReceived", .delivery(delivery))])
        received.wakeUp = .at(Timestamp(milliseconds: world.clock))
        let listing = WorldAppend(
            Self.list(delivery.project), expectedVersion: listed, events: [("deliveryListed", .reason(delivery.id))])
        block(desk, appending: [received, listing] + others) { [self] result in
            switch result {
            case .success:
                put(Line.Task(delivery: delivery, receivedAt: world.clock), on: delivery.project)
                reply(true)
            case .failure(.conflict(Self.list(delivery.project), _, let actual)):
                record(delivery, actual, others, reply)
            case .failure(.conflict(Self.stream(delivery), _, _)):
                noteKnown(delivery)
                reply(true)
            case .failure:
                if world.defect != .forgetsADeliveryWhoseAnswerWasLost {
                    line(delivery.project).uncertainUntil = world.clock + 30_000
                }
                reply(nil)
            }
        }
    }

    private func noteKnown(_ delivery: WorldDelivery) {
        guard world.defect != .forgetsADeliveryWhoseAnswerWasLost else { return }
        let line = line(delivery.project)
        if !line.tasks.contains(where: { $0.delivery.id == delivery.id }) {
            line.uncertainUntil = max(line.uncertainUntil ?? 0, world.clock)
        }
    }

    /// What earlier homes have taken in and not worked.
    func startDesk(_ projects: Set<String>, then: @escaping (Bool) -> Void) {
        let world = world
        desk.enter { [self] in
            block(desk) { (model) throws(JournalError) in
                model.streams.values.filter { $0.wakeAt != nil }.compactMap { stream -> (Int64, WorldDelivery)? in
                    guard let first = stream.events.first, case .delivery(let delivery) = first.payload,
                        projects.contains(delivery.project)
                    else { return nil }
                    return (first.at, delivery)
                }.sorted { ($0.0, $0.1.id) < ($1.0, $1.1.id) }
            } then: { result in
                guard case .success(let found) = result else { return then(false) }
                for (time, delivery) in found
                where !self.line(delivery.project).tasks.contains(where: { $0.delivery.id == delivery.id }) {
                    self.put(Line.Task(delivery: delivery, receivedAt: time, isAgain: true), on: delivery.project)
                }
                then(true)
            }
        }
    }

    // MARK: working

    private func put(_ task: Line.Task, on project: String) {
        line(project).tasks.append(task)
        pump(line(project))
    }

    private func pump(_ line: Line) {
        guard !line.isBusy, let task = line.tasks.first, line.retryAt <= world.clock else { return }
        line.isBusy = true
        work(task) { [self] isDone in
            line.isBusy = false
            if isDone {
                line.tasks.removeFirst()
            } else {
                line.retryAt = world.clock + Self.retries[min(task.attempts, Self.retries.count - 1)]
                line.tasks[0].attempts += 1
                line.tasks[0].isAgain = true
            }
            pump(line)
        }
    }

    private func work(_ task: Line.Task, then: @escaping (Bool) -> Void) {
        let delivery = task.delivery
        let origin = Self.origin(delivery.project, delivery.origin)
        // Fetching and planning take their time.
        world.after(Int64(world.random.within(5...400)), self) { [self] in
            world.ask(self) { (model) throws(JournalError) -> (RunID?, Bool) in
                var known: RunID?
                if case .origin(let run)? = model.streams[origin]?.events.first?.payload { known = run }
                let isWorked = model.streams[Self.stream(delivery)]?.events.last?.type == "deliveryWorked"
                return (known, isWorked)
            } then: { result in
                guard case .success(let (known, isWorked)) = result else { return then(false) }
                if isWorked { return then(true) }
                if let known { return self.worked(delivery, known, isKnown: true, then) }
                if task.isAgain, let begun = self.world.run(of: delivery) {
                    // An earlier try began it, or an earlier process: or was about to.
                    guard self.world.defect != .takesARecordForABegunRun else {
                        return self.worked(delivery, begun, isKnown: false, then)
                    }
                    return self.recover([begun]) { isDone in
                        guard isDone else { return then(false) }
                        self.worked(delivery, begun, isKnown: false, then)
                    }
                }
                self.beginRun(delivery) { run in
                    guard let run else { return then(false) }
                    self.worked(delivery, run, isKnown: false, then)
                }
            }
        }
    }

    private func beginRun(_ delivery: WorldDelivery, then: @escaping (RunID?) -> Void) {
        coordinator.enter { [self] in
            guard !isStalled, homes.isHere(delivery.project) || world.defect == .firesSchedulesAwayFromHome else {
                return then(nil)
            }
            block(coordinator) { (model) throws(JournalError) in
                model.nextRunNumber()
            } then: { result in
                guard case .success(let number) = result else { return then(nil) }
                let record = WorldRecord(run: RunID(number), delivery: delivery, at: self.world.clock)
                self.world.records[record.run] = record
                self.runs[record.run] = WorldRun(record)
                self.give(.start(RunStart(run: record.run, attempt: 1)), to: record.run) { isRecorded in
                    then(isRecorded ? record.run : nil)
                }
            }
        }
    }

    private func worked(
        _ delivery: WorldDelivery, _ run: RunID, isKnown: Bool, _ then: @escaping (Bool) -> Void
    ) {
        let (stream, origin) = (Self.stream(delivery), Self.origin(delivery.project, delivery.origin))
        world.ask(self) { (model) throws(JournalError) in
            (model.streams[stream]?.version ?? 0, model.streams[origin]?.version ?? 0)
        } then: { [self] result in
            guard case .success(let (version, origins)) = result else { return then(false) }
            var done = WorldAppend(stream, expectedVersion: version, events: [("deliveryWorked", .worked(run))])
            done.wakeUp = .none
            var appends = [done]
            if origins == 0 {
                appends.append(WorldAppend(origin, expectedVersion: 0, events: [("runOrigin", .origin(run))]))
            }
            say("worked \(delivery.id): \(isKnown ? "known as" : "began") run \(run)")
            world.append(appends, self) { result in
                if case .success = result { then(true) } else { then(false) }
            }
        }
    }

    // MARK: schedules

    func deskTick() {
        for project in world.scheduled where homes.isHere(project) || world.defect == .firesSchedulesAwayFromHome {
            fire(project)
        }
        for (project, line) in lines.sorted(by: { $0.key < $1.key }) {
            if let until = line.uncertainUntil, homes.isHere(project) {
                let begunAt = world.clock
                startDesk([project]) { isDone in if isDone, until <= begunAt { line.uncertainUntil = nil } }
            }
            pump(line)
        }
    }

    private func fire(_ project: String) {
        let line = line(project)
        guard let state = line.book else { return readBook(project, line) }
        guard state.nextFire <= world.clock, !world.schedulesRest else { return }
        desk.enter { [self] in
            guard line.book?.version == state.version, lines[project] === line else { return }
            let time = Timestamp(milliseconds: world.clock)
            var book = state.book
            let decision = ScheduleDecision(book, at: time)
            for (entry, until, _) in decision.missed { book.note(entry, until: until) }
            for tick in decision.ticks { book.note(tick.line, until: tick.time) }
            let next = decision.next?.milliseconds ?? .max
            guard let tick = decision.ticks.first else {
                line.book?.nextFire = next
                return
            }
            // The tick and that it is dealt with are one change.
            let kept = WorldAppend(
                Self.bookStream(project), expectedVersion: state.version, events: [("schedulesKept", .schedules(book))])
            let delivery = WorldDelivery(
                id: "tick-\(tick.key)" + (world.defect == .firesSchedulesAwayFromHome ? serverName : ""),
                project: project, origin: "tick \(tick.key)", planSeed: world.seed &+ UInt64(tick.time.milliseconds),
                leftOut: tick.leftOut)
            let others = world.defect == .firesSchedulesAwayFromHome ? [] : [kept]
            receive(delivery, with: others) { isAccepted in
                if isAccepted == true { self.say("fires \(tick.key)") }
                // What became of it where this failed, or was there before, the database knows.
                line.book = nil
            }
        }
    }

    private func readBook(_ project: String, _ line: Line) {
        guard !line.isReadingBook else { return }
        line.isReadingBook = true
        let world = world
        world.ask(self) { (model) throws(JournalError) in
            model.streams[Self.bookStream(project)].map { ($0.version, $0.events.last?.payload) } ?? (0, nil)
        } then: { result in
            line.isReadingBook = false
            guard case .success(let (version, payload)) = result else { return }
            var book = ScheduleBook()
            if case .schedules(let known)? = payload { book = known }
            // A line that is new begins when the world does: what is due is due whoever looks first.
            book.set([ScheduleLine(path: "tick.yml", cron: "* * * * *")], at: Timestamp(milliseconds: world.begin))
            let decision = ScheduleDecision(book, at: Timestamp(milliseconds: world.clock))
            let isBehind = !(decision.ticks.isEmpty && decision.missed.isEmpty)
            line.book = ScheduleState(
                book: book, version: version,
                nextFire: isBehind ? world.clock : decision.next?.milliseconds ?? .max)
        }
    }
}
