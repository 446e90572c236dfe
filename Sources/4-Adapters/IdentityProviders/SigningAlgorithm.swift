// SPDX-License-Identifier: Apache-2.0

/// How an id-token may be signed. There is none without a signature, and none with a shared secret: a public key can then
/// never be taken for one.
package enum SigningAlgorithm: String, Hashable, Sendable, CaseIterable {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    case rs256 = "RS256"
    /// ECDSA over P-256 with SHA-256.
    case es256 = "ES256"
}
