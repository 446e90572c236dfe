// SPDX-License-Identifier: Apache-2.0

package import StructuredData
package import Timekeeping

/// One line of the audit log.
package struct AuditRow: Hashable, Sendable {
    /// Of the event in its stream, from 1.
    package var sequence: Int
    package var time: Timestamp
    package var actor: Actor
    /// `ada`, `ada's token ci`, `the server (schedule)`.
    package var who: String
    /// What they did, as the rest of a sentence: `revoked the token ci of ada`.
    package var what: String
    /// What they did it to: `token ci`.
    package var subject: String
    package var place: AccessTarget
    /// The event's type name, to filter by.
    package var type: String
    /// All that the event says, without who did it.
    package var details: DataValue

    /// An object of one line of NDJSON.
    package var data: DataValue {
        .present([
            "sequence": .int(sequence), "at": .string(time.description), "who": .string(who), "what": .string(what),
            "subject": .string(subject), "type": .string(type), "actor": actor.data, "details": details,
        ])
    }
}

/// Reads the directory's stream from its beginning and says each event in words, with the names of that time.
package struct AuditReading: Sendable {
    package private(set) var directory = Directory()

    package init() {}

    package mutating func row(_ event: DirectoryEvent, sequence: Int, at time: Timestamp) -> AuditRow {
        let body = event.fact.body
        let names = directory.name(of:)
        let row = AuditRow(
            sequence: sequence, time: time, actor: event.actor, who: event.actor.words(names),
            what: body.words(names), subject: body.subject(names), place: body.place, type: event.typeName,
            details: Self.shown(body.data))
        directory.apply(event, at: time)
        return row
    }

    /// Digests of tokens are of no use to a reader.
    private static func shown(_ data: DataValue) -> DataValue {
        guard var object = data.object else { return data }
        object["sha256"] = nil
        return .object(object)
    }
}

extension Actor {
    /// The name as it was then; a token with whose it is.
    package func words(_ names: EntryNames) -> String {
        switch kind {
        case .account: name
        case .token: (owner.map { "\(names($0))'s token " } ?? "the token ") + name
        case .runner: "the runner \(name)"
        case .system: "the server (\(name))"
        case .forge: "\(name) at the forge"
        }
    }
}
