// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import StructuredData

/// One entry of the stream `directory`: who, and what. When, the journal says.
package struct DirectoryEvent: Hashable, Sendable {
    package var actor: Actor
    package var fact: DirectoryFact

    /// The actor's key in the payload; no payload has a field of that name.
    static let actorKey = "by"

    package init(_ fact: DirectoryFact, by actor: Actor) {
        self.actor = actor
        self.fact = fact
    }

    package var typeName: String { fact.typeName }
    package var version: Int { fact.version }

    package var payload: DataValue {
        var object: DataObject = [Self.actorKey: actor.data]
        for (key, value) in fact.body.data.object ?? [:] { object[key] = value }
        return .object(object)
    }

    /// Tolerant of unknown keys. A type or a version that is not known throws: the directory stops there rather than
    /// being folded wrongly.
    ///
    /// - Throws: ``DiagnosticCode/unknownDirectoryEvent``, ``DiagnosticCode/malformedDirectoryEvent``.
    package init(typeName: String, version: Int, payload: DataValue) throws(DiagnosticError) {
        fact = try DirectoryFact(typeName: typeName, version: version, payload: payload)
        do {
            actor = try Actor(data: payload[Self.actorKey] ?? .null)
        } catch {
            throw DiagnosticError(
                .malformedDirectoryEvent, "The event \(typeName) of the directory does not say who did it.",
                remedy: "The journal was written by something else or is damaged; run `martlet doctor`.")
        }
    }
}
