// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Diagnostics

/// What signs the webhooks that are sent: `whsec_` and 24 to 64 bytes in base64.
package struct WebhookSecret: Sendable {
    let key: SymmetricKey

    private static let head = "whsec_"
    private static let sizes = 24...64
    private static let mintedBytes = 32

    package static func mint() -> WebhookSecret { WebhookSecret(key: SymmetricKey(size: .bits256)) }

    private init(key: SymmetricKey) { self.key = key }

    /// - Throws: ``DiagnosticCode/signingSecretUnusable``.
    package init(text: String) throws(DiagnosticError) {
        guard text.hasPrefix(Self.head), let bytes = Base64Text.bytes(text.dropFirst(Self.head.count), .standard),
            Self.sizes.contains(bytes.count)
        else {
            throw DiagnosticError(
                .signingSecretUnusable, "A webhook's secret is whsec_ and 24 to 64 bytes in base64.",
                remedy: "Let Martlet make one, or copy the other side's as it is.")
        }
        key = SymmetricKey(data: bytes)
    }

    /// The whole secret, to be shown once or sealed.
    package var text: String {
        Self.head + Base64Text.text(key.withUnsafeBytes { Array($0) }, .standard, isPadded: true)
    }
}

extension WebhookSecret: CustomStringConvertible, CustomReflectable {
    package var description: String { "a webhook secret" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
