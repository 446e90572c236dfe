// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import StructuredData
package import Timekeeping

/// A fact of a gate's history, in a form that is read for ever.
package enum GateEvent: Hashable, Sendable {
    case opened(GateOpened)
    case reviewed(GateReviewed)
    case freezeChanged(GateFreezeChanged)
    case closed(GateClosed)

    package var typeName: String {
        switch self {
        case .opened: "gateOpened"
        case .reviewed: "gateReviewed"
        case .freezeChanged: "gateFreezeChanged"
        case .closed: "gateClosed"
        }
    }

    package var version: Int { 1 }

    package var payload: DataValue {
        switch self {
        case .opened(let body): body.data
        case .reviewed(let body): body.data
        case .freezeChanged(let body): body.data
        case .closed(let body): body.data
        }
    }

    /// - Throws: ``DiagnosticCode/unknownDirectoryEvent``, ``DiagnosticCode/malformedDirectoryEvent``.
    package init(typeName: String, version: Int, payload: DataValue) throws(DiagnosticError) {
        guard version == 1 else { throw .unknownDirectoryEvent(typeName, version: version) }
        do throws(DataShapeError) {
            switch typeName {
            case "gateOpened": self = .opened(try GateOpened(data: payload))
            case "gateReviewed": self = .reviewed(try GateReviewed(data: payload))
            case "gateFreezeChanged": self = .freezeChanged(try GateFreezeChanged(data: payload))
            case "gateClosed": self = .closed(try GateClosed(data: payload))
            default: throw DataShapeError("")
            }
        } catch {
            guard Self.typeNames.contains(typeName) else { throw .unknownDirectoryEvent(typeName, version: version) }
            throw DiagnosticError(
                .malformedDirectoryEvent, "The event \(typeName) of a gate cannot be read: \(error.description).",
                remedy: "The journal was written by something else or is damaged; run `martlet doctor`.")
        }
    }

    package static let typeNames = ["gateClosed", "gateFreezeChanged", "gateOpened", "gateReviewed"]
}

/// Always the first.
package struct GateOpened: Hashable, Sendable, DataRepresentable {
    package var request: GateRequest
    /// Not before.
    package var waitUntil: Timestamp
    package var expiresAt: Timestamp

    package var data: DataValue {
        ["request": request.data, "waitUntil": .time(waitUntil), "expiresAt": .time(expiresAt)]
    }

    package init(request: GateRequest, waitUntil: Timestamp, expiresAt: Timestamp) {
        self.request = request
        self.waitUntil = waitUntil
        self.expiresAt = expiresAt
    }

    package init(data: DataValue) throws(DataShapeError) {
        request = try data.part("request")
        waitUntil = try data.required("waitUntil") { $0.int.map { Timestamp(milliseconds: Int64($0)) } }
        expiresAt = try data.required("expiresAt") { $0.int.map { Timestamp(milliseconds: Int64($0)) } }
    }
}

package struct GateReviewed: Hashable, Sendable, DataRepresentable {
    package var review: GateReview

    package var data: DataValue { ["review": review.data] }

    package init(review: GateReview) { self.review = review }

    package init(data: DataValue) throws(DataShapeError) { review = try data.part("review") }
}

/// The environment was frozen, or is no more.
package struct GateFreezeChanged: Hashable, Sendable, DataRepresentable {
    package var freeze: Freeze?

    package var data: DataValue { .present(["freeze": freeze?.data]) }

    package init(freeze: Freeze?) { self.freeze = freeze }

    package init(data: DataValue) throws(DataShapeError) {
        freeze = data["freeze"] == nil ? nil : try data.part("freeze")
    }
}

/// Always the last.
package struct GateClosed: Hashable, Sendable, DataRepresentable {
    package enum Outcome: String, Hashable, Sendable, CaseIterable {
        case approved
        case rejected
        case expired
        /// The branch may not be deployed there.
        case refused
        /// Passed in an emergency.
        case overridden
    }

    package var outcome: Outcome
    package var sentence: String
    /// Who overrode it.
    package var by: EntryID?

    package var data: DataValue {
        .present(["outcome": .string(outcome.rawValue), "sentence": .string(sentence), "by": .id(by)])
    }

    package init(_ outcome: Outcome, _ sentence: String, by: EntryID? = nil) {
        self.outcome = outcome
        self.sentence = sentence
        self.by = by
    }

    package init(data: DataValue) throws(DataShapeError) {
        outcome = try data.value("outcome")
        sentence = data["sentence"]?.string ?? ""
        by = data.optionalID("by")
    }
}
