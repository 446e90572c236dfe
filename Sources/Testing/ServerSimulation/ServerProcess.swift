// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import EventJournal
internal import HomeRules
internal import JobDispatch
internal import JournalSimulation
internal import PipelineModel
internal import RunEngine
internal import RunnerProtocol

/// A server's name, and the process that it is now.
final class ServerSlot {
    let name: String
    var process: ServerProcess?

    init(_ name: String) { self.name = name }
}

/// A run of which a server is the home.
final class WorldRun {
    struct Job {
        var number: Int
        /// The stream of its machine: how many events the journal has.
        var events = 0
        var hasBegun = false
        var cancellation: LeaseCancellation?
        var cancellationToldAt: Int64 = 0
    }

    let record: WorldRecord
    var state = RunMachine.initialState
    var version = 0
    var jobs: [JobID: Job] = [:]

    init(_ record: WorldRecord) { self.record = record }

    var run: RunID { record.run }
    var isOver: Bool { state.phase == .finished }
    var isSettled: Bool { isOver && RunMachine.effects(of: state).isEmpty }

    func work(_ job: JobID, _ number: Int) -> JobTry { JobTry(run: run, attempt: 1, job: job, number: number) }

    static func stream(_ run: RunID) -> StreamID { StreamID("run/\(run.number)") }
    static func stream(_ work: JobTry) -> StreamID { StreamID("job/\(work)") }
}

/// A process of a server: the shell around the decisions that a server makes. It does what `Server`, `RunCoordinator` and `TriggerDesk`
/// do, in the same order, with the same values.
final class ServerProcess: Party {
    struct Arrival {
        let run: RunID
        let input: RunInput
        let done: ((Bool) -> Void)?
    }

    struct Batch {
        var arrivals: [Arrival] = []
        var effects: [(WorldRun, RunEffect)] = []
        var appends: [WorldAppend] = []
        /// Runs that begin, and whether what they are for is in the appends.
        var beginning: [WorldRun] = []

        mutating func leaveOut(_ run: WorldRun) {
            for arrival in arrivals where arrival.run == run.run { arrival.done?(false) }
            arrivals.removeAll { $0.run == run.run }
            effects.removeAll { $0.0.run == run.run }
            appends.removeAll { $0.stream == WorldRun.stream(run.run) }
        }
    }

    struct Waiter {
        let id: Int
        let request: PollRequest
        let deadline: Int64
        let reply: (PollAnswer) -> Void
    }

    /// What a project's deliveries wait in.
    final class Line {
        struct Task {
            var delivery: WorldDelivery
            var receivedAt: Int64
            var isAgain = false
            var attempts = 0
        }

        var tasks: [Task] = []
        var isBusy = false
        var retryAt: Int64 = 0
        var book: ScheduleState?
        var isReadingBook = false
        /// An answer was lost: until then deliveries may be recorded that are not known here.
        var uncertainUntil: Int64?
    }

    unowned let world: World
    let number: Int
    var seat: WorldModel.Seat?
    var homes: HomeBook
    /// The seat that it believes it has.
    var beatSeat: WorldModel.Seat?
    var isServing = false
    var isBeating = false

    // The coordinator.
    let coordinator = Lane()
    var runs: [RunID: WorldRun] = [:]
    var dispatch = DispatchTable()
    var arbiters: [String: GroupArbiter] = [:]
    var arrivals: [Arrival] = []
    var willDrain = false
    var isDraining = false
    var unrecorded: Batch?
    var waiters: [String: Waiter] = [:]
    var nextWaiter = 0
    /// Leases whose progress is taken, and how many events of each are known.
    var open: [LeaseKey: Int] = [:]
    let intake = Lane()

    // The trigger desk.
    let desk = Lane()
    var lines: [String: Line] = [:]

    init(_ name: String, number: Int, _ world: World) {
        self.world = world
        self.number = number
        homes = HomeBook(name: name, silenceMs: World.silenceMs)
        super.init("\(name).\(number)")
    }

    var serverName: String { homes.name }
    var isStalled: Bool { unrecorded != nil }

    func say(_ text: @autoclosure () -> String) { world.note("\(name): \(text())") }

    /// A call to the database that the lane waits for.
    func block<Value>(
        _ lane: Lane, _ body: @escaping (inout WorldModel) throws(JournalError) -> Value,
        then: @escaping (Result<Value, JournalError>) -> Void
    ) {
        lane.block()
        world.ask(self, body) { result in lane.unblock { then(result) } }
    }

    func block(
        _ lane: Lane, appending appends: [WorldAppend], then: @escaping (Result<Int64, JournalError>) -> Void
    ) {
        lane.block()
        world.append(appends, self) { result in lane.unblock { then(result) } }
    }

    /// It cannot go on: its process ends, and is started again.
    func fail(_ error: JournalError) {
        guard isUp else { return }
        say("ends: \(error.diagnostic.code)")
        world.ledger.count("servers ended by themselves")
        world.endProcess(self)
    }

    /// Whether the journal is not this process's any more.
    static func isPassing(_ error: JournalError) -> Bool { error.diagnostic.code.isPassingForJournal }
}
