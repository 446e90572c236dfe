// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import StructuredData

/// A fact of a job's history.
package enum JobEvent: MachineEvent {
    case jobBegan(JobBegan)
    case stepsListed(StepsListed)
    case jobPrepared(JobPrepared)
    case stepScheduled(StepScheduled)
    case stepHeld(StepHeld)
    case stepStarted(StepStarted)
    case stepExpanded(StepExpanded)
    case stepCompleting(StepCompleting)
    case stepCancelling(StepCancelling)
    case stepRetried(StepRetried)
    case stepFinished(StepFinished)
    case waitBegan(WaitBegan)
    case backgroundJoined(BackgroundJoined)
    case stepsAbandoned(StepsAbandoned)
    case postStepAdded(PostStepAdded)
    case jobCancelling(JobCancelling)
    case jobClosing(JobClosing)
    case jobEnded(JobEnded)

    private var body: any EventPayload {
        switch self {
        case .jobBegan(let body): body
        case .stepsListed(let body): body
        case .jobPrepared(let body): body
        case .stepScheduled(let body): body
        case .stepHeld(let body): body
        case .stepStarted(let body): body
        case .stepExpanded(let body): body
        case .stepCompleting(let body): body
        case .stepCancelling(let body): body
        case .stepRetried(let body): body
        case .stepFinished(let body): body
        case .waitBegan(let body): body
        case .backgroundJoined(let body): body
        case .stepsAbandoned(let body): body
        case .postStepAdded(let body): body
        case .jobCancelling(let body): body
        case .jobClosing(let body): body
        case .jobEnded(let body): body
        }
    }

    package var typeName: String { type(of: body).typeName }
    package var version: Int { type(of: body).version }
    package var payload: DataValue { body.data }

    package init(typeName: String, version: Int, payload: DataValue) throws(DiagnosticError) {
        guard let reader = Self.readers[typeName] else {
            throw .unknownEvent(typeName, version: version, machine: "job")
        }
        self = try reader(typeName, version, payload)
    }

    /// Every type name that a job's stream may hold.
    package static var typeNames: [String] { readers.keys.sorted() }

    private typealias Reader = @Sendable (String, Int, DataValue) throws(DiagnosticError) -> JobEvent

    private static func reader<Body: EventPayload>(
        _ wrap: @escaping @Sendable (Body) -> JobEvent
    ) -> (String, Reader) {
        let read: Reader = { name, version, payload throws(DiagnosticError) in
            wrap(try Body.read(version: version, payload))
        }
        return (Body.typeName, read)
    }

    private static let readers: [String: Reader] = Dictionary(
        uniqueKeysWithValues: [
            reader(JobEvent.jobBegan),
            reader(JobEvent.stepsListed),
            reader(JobEvent.jobPrepared),
            reader(JobEvent.stepScheduled),
            reader(JobEvent.stepHeld),
            reader(JobEvent.stepStarted),
            reader(JobEvent.stepExpanded),
            reader(JobEvent.stepCompleting),
            reader(JobEvent.stepCancelling),
            reader(JobEvent.stepRetried),
            reader(JobEvent.stepFinished),
            reader(JobEvent.waitBegan),
            reader(JobEvent.backgroundJoined),
            reader(JobEvent.stepsAbandoned),
            reader(JobEvent.postStepAdded),
            reader(JobEvent.jobCancelling),
            reader(JobEvent.jobClosing),
            reader(JobEvent.jobEnded),
        ])
}
