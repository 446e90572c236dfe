// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import StructuredData

/// An event that a program tells of, with a type and a payload of its own.
package struct RepositoryDispatch: Hashable, Sendable {
    package var type: String
    package var payload: DataObject
    /// The login of who asked.
    package var actor: String

    /// - Throws: ``DiagnosticCode/dispatchTypeInvalid``, ``DiagnosticCode/dispatchTooLarge``.
    package init(type: String, payload: DataObject, actor: String) throws(DiagnosticError) {
        guard !type.isEmpty, type.count <= TriggerLimits.eventTypeCharacters else {
            throw DiagnosticError(
                .dispatchTypeInvalid,
                "'event_type' has \(type.count) characters; it has 1 to \(TriggerLimits.eventTypeCharacters).")
        }
        guard payload.count <= TriggerLimits.clientPayloadKeys else {
            throw DiagnosticError(
                .dispatchTooLarge,
                "'client_payload' has \(payload.count) keys at its top; \(TriggerLimits.clientPayloadKeys) are taken.",
                remedy: "Put them below one key.")
        }
        let size = DataValue.object(payload).jsonText().utf8.count
        guard size <= TriggerLimits.clientPayloadBytes else {
            throw DiagnosticError(
                .dispatchTooLarge,
                "'client_payload' has \(size) bytes; \(TriggerLimits.clientPayloadBytes) are taken.")
        }
        self.type = type
        self.payload = payload
        self.actor = actor
    }
}

extension RepositoryDispatch: DataRepresentable {
    package var data: DataValue { ["type": .string(type), "payload": .object(payload), "actor": .string(actor)] }

    package init(data: DataValue) throws(DataShapeError) {
        type = try data.string("type")
        payload = data["payload"]?.object ?? [:]
        actor = data["actor"]?.string ?? ""
    }
}
