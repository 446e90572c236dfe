// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Diagnostics

/// The keys that sign tickets: one that signs, and the one before it, whose tickets are still good.
///
/// To rotate is to make ``rotated(to:)`` the keys; what the second last key signed is refused from then on.
package struct TicketKeys: Sendable {
    package struct Key: Sendable {
        /// 1 to 16 letters and digits; it stands in each ticket.
        package let id: String
        let secret: SymmetricKey

        package static let secretBytes = 32

        /// - Throws: ``DiagnosticCode/signingSecretUnusable``.
        package init(id: String, secret: [UInt8]) throws(DiagnosticError) {
            let isName = (1...16).contains(id.utf8.count) && id.utf8.allSatisfy { Self.isNameByte($0) }
            guard isName, secret.count >= Self.secretBytes else {
                throw DiagnosticError(
                    .signingSecretUnusable,
                    "A key that signs has a name of 1 to 16 letters and digits and at least \(Self.secretBytes) bytes.")
            }
            self.id = id
            self.secret = SymmetricKey(data: secret)
        }

        private static func isNameByte(_ byte: UInt8) -> Bool {
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        }
    }

    package let current: Key
    package let previous: Key?

    package init(current: Key, previous: Key? = nil) {
        self.current = current
        self.previous = previous
    }

    package func rotated(to new: Key) -> TicketKeys { TicketKeys(current: new, previous: current) }

    func key(_ id: some StringProtocol) -> Key? {
        if current.id == id { return current }
        return previous.flatMap { $0.id == id ? $0 : nil }
    }
}
