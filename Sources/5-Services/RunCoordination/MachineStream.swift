// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import EventJournal
internal import RunEngine
internal import StructuredData
internal import Timekeeping

/// One machine with its stream: the state, how many events it has, and what to write.
struct MachineStream<M: Machine> {
    let stream: StreamID
    let definition: M.Definition
    private(set) var state = M.initialState
    private(set) var version = 0

    init(_ stream: StreamID, definition: M.Definition) {
        self.stream = stream
        self.definition = definition
    }

    /// Folds what the journal has; returns the events with their times.
    mutating func replay(_ recorded: [RecordedEvent]) throws(DiagnosticError) -> [(event: M.Event, at: Int64)] {
        var events: [(event: M.Event, at: Int64)] = []
        events.reserveCapacity(recorded.count)
        for entry in recorded {
            let event = try Self.event(entry)
            M.apply(event, to: &state)
            events.append((event, entry.recordedAt.milliseconds))
        }
        version = recorded.count
        return events
    }

    static func event(_ entry: RecordedEvent) throws(DiagnosticError) -> M.Event {
        guard let payload = try? DataValue(json: entry.event.payload) else {
            throw DiagnosticError(
                .runRecordUnreadable, "Event \(entry.sequence) of type '\(entry.event.type)' is damaged.")
        }
        return try M.Event(typeName: entry.event.type, version: entry.event.version, payload: payload)
    }

    /// Decides one input. What it came to is written with ``append``; then its effects may be done.
    mutating func decide(_ input: M.Input, now: Int64) -> Decision<M> {
        M.step(input, now: now, definition: definition, state: &state)
    }

    /// The journal's part of a decision.
    mutating func append(_ events: [M.Event]) -> StreamAppend {
        let encoded = events.map { event in
            var payload: [UInt8] = []
            event.payload.appendJSON(to: &payload)
            return NewEvent(type: event.typeName, version: event.version, payload: payload)
        }
        var append = StreamAppend(stream, expectedVersion: version, events: encoded)
        append.wakeUp = M.wakeUp(of: state).map { WakeUp.at(Timestamp(milliseconds: $0)) } ?? WakeUp.none
        version += events.count
        return append
    }
}
