// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import PipelineModel
package import StructuredData
package import Timekeeping

/// What asked for runs, as a list shows it: without its payload.
package struct Delivery: Hashable, Sendable {
    package enum State: Hashable, Sendable {
        case waiting
        case worked([DeliveryNote], dropped: Int)
        /// - Parameter retryAt: `nil`: it is not tried again unless somebody asks for it.
        case failed(Diagnostic, retryAt: Timestamp?)
    }

    package var project: String
    /// As it was given; see ``DeliveryLog/stream(_:_:)``.
    package var id: String
    /// `push`, `workflow_dispatch`, …
    package var title: String
    package var ref: String?
    package var actor: String?
    package var receivedAt: Timestamp
    package var state = State.waiting
    /// How often it was tried.
    package var attempts = 0
}

/// What a delivery meant for one workflow.
package struct DeliveryNote: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case started
        /// Another delivery told the same, and its run is the one.
        case known
        case skipped
        case unreadable
        /// It could not be started.
        case refused
    }

    package var kind: Kind
    package var path: String
    package var run: RunID?
    /// A sentence.
    package var reason: String

    package init(_ kind: Kind, path: String, run: RunID? = nil, reason: String) {
        self.kind = kind
        self.path = path.cut(to: TriggerLimits.pathBytes)
        self.run = run
        self.reason = reason.cut(to: TriggerLimits.noteBytes)
    }
}

extension DeliveryNote: DataRepresentable {
    package var data: DataValue {
        var object: DataObject = ["kind": .string(kind.rawValue), "path": .string(path), "reason": .string(reason)]
        object.set("run", run.map { .number(Double($0.number)) })
        return .object(object)
    }

    package init(data: DataValue) throws(DataShapeError) {
        kind = try data.required("kind") { $0.string.flatMap(Kind.init(rawValue:)) }
        path = try data.string("path")
        reason = data["reason"]?.string ?? ""
        run = data["run"]?.int.map { RunID($0) }
    }
}

extension String {
    /// At most so many bytes, whole characters; what is cut off leaves an ellipsis.
    func cut(to bytes: Int) -> String {
        guard utf8.count > bytes else { return self }
        var text = ""
        for character in self {
            guard text.utf8.count + character.utf8.count + 3 <= bytes else { break }
            text.append(character)
        }
        return text + "…"
    }
}
