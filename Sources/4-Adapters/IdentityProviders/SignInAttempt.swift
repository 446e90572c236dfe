// SPDX-License-Identifier: Apache-2.0

internal import Credentials
internal import Crypto
package import StructuredData

/// What one browser was sent away with. The caller keeps it with the browser, in a ticket of the purpose `signIn` in a
/// cookie that scripts cannot read, and takes it away when the browser comes back: it is good once.
package struct SignInAttempt: Hashable, Sendable, DataRepresentable {
    /// Comes back in the address.
    package let state: String
    /// Comes back in the id-token.
    package let nonce: String
    /// RFC 7636: what the code is exchanged with.
    package let verifier: String

    private static let randomBytes = 32

    package init() {
        state = Base64Text.text(Secrecy.randomBytes(Self.randomBytes), .url)
        nonce = Base64Text.text(Secrecy.randomBytes(Self.randomBytes), .url)
        verifier = Base64Text.text(Secrecy.randomBytes(Self.randomBytes), .url)
    }

    /// RFC 7636, section 4.2.
    var challenge: String { Base64Text.text(Array(SHA256.hash(data: Array(verifier.utf8))), .url) }

    package var data: DataValue { ["s": .string(state), "n": .string(nonce), "v": .string(verifier)] }

    package init(data: DataValue) throws(DataShapeError) {
        state = try data.string("s")
        nonce = try data.string("n")
        verifier = try data.string("v")
        guard [state, nonce, verifier].allSatisfy({ $0.utf8.count >= Self.randomBytes }) else {
            throw DataShapeError("a sign-in")
        }
    }
}

/// Where to send the browser, and what to keep.
package struct SignInStart: Hashable, Sendable {
    package var url: String
    package var attempt: SignInAttempt
}
