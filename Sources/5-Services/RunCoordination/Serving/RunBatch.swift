// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import EventJournal
internal import PipelineModel
internal import RunEngine
internal import Timekeeping

/// What was decided of some runs, and is to be recorded, in one transaction, before anybody hears of it.
struct RunBatch {
    var arrivals: [RunCoordinator.Arrival] = []
    private(set) var effects: [(ServedRun, RunEffect)] = []
    private(set) var events: [(ServedRun, [RunEvent])] = []
    private var parts: [RunID: [StreamAppend]] = [:]
    private(set) var touched: [RunID: ServedRun] = [:]
    private(set) var runs: Set<RunID> = []
    /// Runs whose part can never be recorded, and why: they are not in it any more.
    private(set) var faults: [(run: ServedRun, fault: DiagnosticError)] = []
    /// All that is to be written, once that is known.
    var transaction: [StreamAppend]?

    /// No further run is taken then: what is recorded with the runs' own events, for each that begins and twice for each project,
    /// has its room in the transaction.
    private static let fullAppends = JournalLimits.appendsPerTransaction / 4
    private var appendCount = 0

    var isFull: Bool { max(appendCount, runs.count) >= Self.fullAppends }

    mutating func take(_ arrival: RunCoordinator.Arrival) {
        arrivals.append(arrival)
        runs.insert(arrival.run)
    }

    mutating func note(_ effects: [RunEffect], of run: ServedRun) { self.effects += effects.map { (run, $0) } }

    /// - Parameter append: the events as the journal takes them.
    mutating func note(_ decided: [RunEvent], _ append: StreamAppend, of run: ServedRun) {
        touched[run.run] = run
        events.append((run, decided))
        var own = parts[run.run] ?? []
        let known = own.count
        Self.add(append, to: &own)
        appendCount += own.count - known
        parts[run.run] = own
    }

    /// A run may decide more at once than one append takes.
    private static func add(_ append: StreamAppend, to parts: inout [StreamAppend]) {
        var version = append.expectedVersion
        var events = append.events[...]
        while !events.isEmpty {
            if parts.last.map({ $0.events.count >= JournalLimits.eventsPerAppend }) ?? true {
                parts.append(StreamAppend(append.stream, expectedVersion: version, events: []))
            }
            let last = parts.count - 1
            let some = events.prefix(JournalLimits.eventsPerAppend - parts[last].events.count)
            parts[last].events += some
            version += some.count
            events = events.dropFirst(some.count)
        }
        for index in parts.indices { parts[index].wakeUp = .unchanged }
        parts[parts.count - 1].wakeUp = append.wakeUp
    }

    var appends: [StreamAppend] { parts.values.flatMap(\.self) }

    func appends(of run: RunID) -> [StreamAppend] { parts[run] ?? [] }

    func events(of run: RunID) -> [RunEvent] { events.filter { $0.0.run == run }.flatMap(\.1) }

    /// Takes a run out; whoever waits for it is told why.
    mutating func leaveOut(_ run: ServedRun, _ fault: DiagnosticError) {
        for arrival in arrivals where arrival.run == run.run { arrival.done?.resume(throwing: fault) }
        arrivals.removeAll { $0.run == run.run }
        effects.removeAll { $0.0.run == run.run }
        events.removeAll { $0.0.run == run.run }
        parts[run.run] = nil
        touched[run.run] = nil
        faults.append((run, fault))
    }
}
