// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import StructuredData
package import Timekeeping

/// What came of one attempt to deliver.
package struct DeliveryAttempt: Hashable, Sendable {
    /// `nil` where there was no answer.
    package var status: Int?
    /// Why there was none, in a sentence.
    package var problem: String?
    /// How long the answer asks to be left alone.
    package var retryAfter: Timestamp.Span?
    package var durationMs: Int

    package init(status: Int, retryAfter: Timestamp.Span? = nil, durationMs: Int = 0) {
        self.status = status
        self.retryAfter = retryAfter
        self.durationMs = durationMs
    }

    package init(problem: String, durationMs: Int = 0) {
        self.problem = problem.cut(NoticeLimits.sentenceBytes)
        self.durationMs = durationMs
    }

    /// For lists: `200`, or why there was no answer.
    package var text: String { status.map { "The answer was \($0)." } ?? problem ?? "There was no answer." }
}

/// A fact of one delivery to one endpoint, or of the endpoint.
package enum DeliveryEvent: Hashable, Sendable {
    /// - `seed`: of the times between its attempts.
    case deliveryCreated(id: String, endpoint: String, type: String, seed: UInt64, at: Timestamp)
    case deliveryAttempted(id: String, attempt: DeliveryAttempt, at: Timestamp)
    case deliveryPostponed(id: String, until: Timestamp)
    case deliverySucceeded(id: String, at: Timestamp)
    case deliveryGivenUp(id: String, reason: String, at: Timestamp)
    /// A person asked for it once more: all attempts from the first.
    case redeliveryRequested(id: String, by: String, at: Timestamp)
    /// The endpoint's first failure after a success.
    case endpointFailing(endpoint: String, since: Timestamp)
    case endpointRecovered(endpoint: String, at: Timestamp)
    /// Nothing more is sent to it; its owner is told.
    case endpointDisabled(endpoint: String, reason: String, at: Timestamp)
    case endpointEnabled(endpoint: String, by: String, at: Timestamp)
}

extension DeliveryEvent {
    /// Past tense, never renamed.
    package var typeName: String {
        switch self {
        case .deliveryCreated: "deliveryCreated"
        case .deliveryAttempted: "deliveryAttempted"
        case .deliveryPostponed: "deliveryPostponed"
        case .deliverySucceeded: "deliverySucceeded"
        case .deliveryGivenUp: "deliveryGivenUp"
        case .redeliveryRequested: "redeliveryRequested"
        case .endpointFailing: "endpointFailing"
        case .endpointRecovered: "endpointRecovered"
        case .endpointDisabled: "endpointDisabled"
        case .endpointEnabled: "endpointEnabled"
        }
    }

    package var version: Int { 1 }

    package var payload: DataValue {
        switch self {
        case .deliveryCreated(let id, let endpoint, let type, let seed, let time):
            // A seed has 64 bits, and a number of JSON holds 53.
            [
                "id": .string(id), "endpoint": .string(endpoint), "type": .string(type),
                "seed": .string(String(seed, radix: 16)), "at": .moment(time),
            ]
        case .deliveryAttempted(let id, let attempt, let time):
            .entries([
                "id": .string(id), "status": attempt.status.map { .whole($0) },
                "problem": attempt.problem.map { .string($0) },
                "retryAfterMs": attempt.retryAfter.map { .whole(Int($0.milliseconds)) },
                "durationMs": .whole(attempt.durationMs), "at": .moment(time),
            ])
        case .deliveryPostponed(let id, let until): ["id": .string(id), "until": .moment(until)]
        case .deliverySucceeded(let id, let time): ["id": .string(id), "at": .moment(time)]
        case .deliveryGivenUp(let id, let reason, let time):
            ["id": .string(id), "reason": .string(reason), "at": .moment(time)]
        case .redeliveryRequested(let id, let person, let time):
            ["id": .string(id), "by": .string(person), "at": .moment(time)]
        case .endpointFailing(let endpoint, let since): ["endpoint": .string(endpoint), "since": .moment(since)]
        case .endpointRecovered(let endpoint, let time): ["endpoint": .string(endpoint), "at": .moment(time)]
        case .endpointDisabled(let endpoint, let reason, let time):
            ["endpoint": .string(endpoint), "reason": .string(reason), "at": .moment(time)]
        case .endpointEnabled(let endpoint, let person, let time):
            ["endpoint": .string(endpoint), "by": .string(person), "at": .moment(time)]
        }
    }

    /// - Throws: ``DiagnosticCode/noticeEventUnreadable``, also for a type or version that this program does not know.
    package init(typeName: String, version: Int, payload: DataValue) throws(DiagnosticError) {
        guard version == 1 else { throw .unreadableNotice(typeName, "its version \(version) is not known") }
        do {
            self = try Self.read(typeName, payload)
        } catch {
            throw .unreadableNotice(typeName, error.description)
        }
    }

    private static func read(_ typeName: String, _ data: DataValue) throws(DataShapeError) -> DeliveryEvent {
        switch typeName {
        case "deliveryCreated":
            return .deliveryCreated(
                id: try data.string("id"), endpoint: try data.string("endpoint"), type: try data.string("type"),
                seed: try data.required("seed") { $0.string.flatMap { UInt64($0, radix: 16) } },
                at: try data.requiredMoment("at"))
        case "deliveryAttempted":
            var attempt = DeliveryAttempt(problem: "", durationMs: data["durationMs"]?.int ?? 0)
            attempt.status = data["status"]?.int
            attempt.problem = data["problem"]?.string
            attempt.retryAfter = data["retryAfterMs"]?.int.map { .milliseconds(Int64($0)) }
            return .deliveryAttempted(
                id: try data.string("id"), attempt: attempt, at: try data.requiredMoment("at"))
        case "deliveryPostponed":
            return .deliveryPostponed(id: try data.string("id"), until: try data.requiredMoment("until"))
        case "deliverySucceeded":
            return .deliverySucceeded(id: try data.string("id"), at: try data.requiredMoment("at"))
        case "deliveryGivenUp":
            return .deliveryGivenUp(
                id: try data.string("id"), reason: data["reason"]?.string ?? "", at: try data.requiredMoment("at"))
        case "redeliveryRequested":
            return .redeliveryRequested(
                id: try data.string("id"), by: data["by"]?.string ?? "", at: try data.requiredMoment("at"))
        case "endpointFailing":
            return .endpointFailing(endpoint: try data.string("endpoint"), since: try data.requiredMoment("since"))
        case "endpointRecovered":
            return .endpointRecovered(endpoint: try data.string("endpoint"), at: try data.requiredMoment("at"))
        case "endpointDisabled":
            return .endpointDisabled(
                endpoint: try data.string("endpoint"), reason: data["reason"]?.string ?? "",
                at: try data.requiredMoment("at"))
        case "endpointEnabled":
            return .endpointEnabled(
                endpoint: try data.string("endpoint"), by: data["by"]?.string ?? "", at: try data.requiredMoment("at"))
        default: throw DataShapeError("an event that this program knows")
        }
    }
}
