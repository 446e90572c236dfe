// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import StructuredData

/// A fact of a run's history.
package enum RunEvent: MachineEvent {
    case runStarted(RunStarted)
    case resultsTakenOver(ResultsTakenOver)
    case jobsListed(JobsListed)
    case jobExpanded(JobExpanded)
    case legQueued(LegQueued)
    case legStarted(LegStarted)
    case legCancelling(LegCancelling)
    case legRetried(LegRetried)
    case legFinished(LegFinished)
    case failFastTripped(FailFastTripped)
    case jobFinished(JobFinished)
    case waitingJobCancelled(WaitingJobCancelled)
    case groupAsked(GroupAsked)
    case groupHeld(GroupHeld)
    case groupReleased(GroupReleased)
    case runCancelling(RunCancelling)
    case capacityChanged(CapacityChanged)
    case runFinished(RunFinished)

    private var body: any EventPayload {
        switch self {
        case .runStarted(let body): body
        case .resultsTakenOver(let body): body
        case .jobsListed(let body): body
        case .jobExpanded(let body): body
        case .legQueued(let body): body
        case .legStarted(let body): body
        case .legCancelling(let body): body
        case .legRetried(let body): body
        case .legFinished(let body): body
        case .failFastTripped(let body): body
        case .jobFinished(let body): body
        case .waitingJobCancelled(let body): body
        case .groupAsked(let body): body
        case .groupHeld(let body): body
        case .groupReleased(let body): body
        case .runCancelling(let body): body
        case .capacityChanged(let body): body
        case .runFinished(let body): body
        }
    }

    package var typeName: String { type(of: body).typeName }
    package var version: Int { type(of: body).version }
    package var payload: DataValue { body.data }

    package init(typeName: String, version: Int, payload: DataValue) throws(DiagnosticError) {
        guard let reader = Self.readers[typeName] else {
            throw .unknownEvent(typeName, version: version, machine: "run")
        }
        self = try reader(typeName, version, payload)
    }

    /// Every type name that a run's stream may hold.
    package static var typeNames: [String] { readers.keys.sorted() }

    private typealias Reader = @Sendable (String, Int, DataValue) throws(DiagnosticError) -> RunEvent

    private static func reader<Body: EventPayload>(
        _ wrap: @escaping @Sendable (Body) -> RunEvent
    ) -> (String, Reader) {
        let read: Reader = { name, version, payload throws(DiagnosticError) in
            wrap(try Body.read(version: version, payload))
        }
        return (Body.typeName, read)
    }

    private static let readers: [String: Reader] = Dictionary(
        uniqueKeysWithValues: [
            reader(RunEvent.runStarted), reader(RunEvent.resultsTakenOver), reader(RunEvent.jobsListed),
            reader(RunEvent.jobExpanded), reader(RunEvent.legQueued), reader(RunEvent.legStarted),
            reader(RunEvent.legCancelling), reader(RunEvent.legRetried), reader(RunEvent.legFinished),
            reader(RunEvent.failFastTripped), reader(RunEvent.jobFinished), reader(RunEvent.groupAsked),
            reader(RunEvent.groupHeld), reader(RunEvent.groupReleased), reader(RunEvent.runCancelling),
            reader(RunEvent.waitingJobCancelled), reader(RunEvent.capacityChanged), reader(RunEvent.runFinished),
        ])
}

extension EventPayload {
    /// Reads one payload, or says which event of the stream cannot be read.
    package static func read(version: Int, _ payload: DataValue) throws(DiagnosticError) -> Self {
        guard (1...Self.version).contains(version) else {
            throw .unknownEvent(typeName, version: version, machine: nil)
        }
        do {
            return try Self(data: payload)
        } catch {
            throw DiagnosticError(
                .malformedEvent, "The event \(typeName) cannot be read: \(error.description).",
                remedy: "The journal was written by something else or is damaged; run `martlet doctor`.")
        }
    }
}

extension DiagnosticError {
    static func unknownEvent(_ name: String, version: Int, machine: String?) -> DiagnosticError {
        DiagnosticError(
            .unknownEvent,
            "The journal holds an event that this version of Martlet does not know: \(name), version \(version)"
                + (machine.map { ", in a \($0)'s stream." } ?? "."),
            remedy: "Use the newer Martlet that wrote it.")
    }
}
