// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Diagnostics

/// What an endpoint checks messages with: `whsec_` and 24 to 64 bytes in Base64, as Standard Webhooks has it.
package struct WebhookSecret: Hashable, Sendable {
    /// To be shown to the endpoint's owner, once.
    package let text: String
    private let bytes: [UInt8]

    private static let prefix = "whsec_"
    private static let allowedBytes = 24...64

    /// A new one.
    package init() {
        bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        text = Self.prefix + Base64Text.text(bytes)
    }

    /// - Throws: ``DiagnosticCode/webhookSecretInvalid``.
    package init(_ text: String) throws(DiagnosticError) {
        guard text.hasPrefix(Self.prefix), let bytes = Base64Text.bytes(text.dropFirst(Self.prefix.count)),
            Self.allowedBytes.contains(bytes.count)
        else {
            throw DiagnosticError(
                .webhookSecretInvalid, "The secret of a webhook is none.",
                remedy: "Give 'whsec_' and 24 to 64 bytes in Base64, or have the server make one.")
        }
        self.text = text
        self.bytes = bytes
    }

    /// `v1,` and the HMAC of the id, the time in seconds and the body.
    func signature(id: String, seconds: Int64, body: [UInt8]) -> String {
        let signed = Array("\(id).\(seconds).".utf8) + body
        let tag = HMAC<SHA256>.authenticationCode(for: signed, using: SymmetricKey(data: bytes))
        return "v1," + Base64Text.text(Array(tag))
    }
}
