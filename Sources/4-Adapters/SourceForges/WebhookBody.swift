// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import HTTPMessages
internal import StructuredData

/// The bytes of a webhook: JSON, or a form with the JSON in its field `payload`.
package enum WebhookBody {
    package static func checkSize(_ body: [UInt8]) throws(DiagnosticError) {
        guard body.count > ForgeLimits.webhookBytes else { return }
        throw DiagnosticError(
            .webhookTooLarge,
            "The webhook has \(body.count) bytes; \(ForgeLimits.webhookBytes) are taken.",
            remedy: "What it told of is found by polling, or push in smaller parts.")
    }

    /// The field of a form; `nil` where the body is none.
    static func payload(_ headers: HTTPHeaders, _ body: [UInt8]) -> [UInt8]? {
        guard isForm(headers), let text = String(validating: body, as: UTF8.self),
            let pair = FormText.pairs(text)?.first(where: { $0.name == "payload" })
        else { return nil }
        return Array(pair.value.utf8)
    }

    static func isForm(_ headers: HTTPHeaders) -> Bool {
        headers["Content-Type"]?.lowercased().hasPrefix("application/x-www-form-urlencoded") == true
    }

    /// - Throws: ``DiagnosticCode/webhookTooLarge``, ``DiagnosticCode/webhookMalformed``.
    static func object(_ headers: HTTPHeaders, _ body: [UInt8], of forge: ForgeKind) throws(DiagnosticError)
        -> DataObject
    {
        try checkSize(body)
        let json = payload(headers, body)
        if json == nil, isForm(headers) {
            throw malformed("The webhook of \(forge.title) is a form without a readable field 'payload'.")
        }
        return try object(json ?? body, of: forge)
    }

    static func object(_ json: [UInt8], of forge: ForgeKind) throws(DiagnosticError) -> DataObject {
        let value: DataValue
        do {
            value = try DataValue(json: json, limits: JSONLimits(maximumBytes: ForgeLimits.webhookBytes))
        } catch {
            throw malformed("The webhook of \(forge.title) is not JSON: \(error).")
        }
        guard let object = value.object else { throw malformed("The webhook of \(forge.title) is not a JSON object.") }
        return object
    }

    static func malformed(_ message: String) -> DiagnosticError {
        DiagnosticError(
            .webhookMalformed, message,
            remedy: "Choose JSON as the hook's content type, and no template of your own for its body.")
    }
}
