// SPDX-License-Identifier: Apache-2.0

internal import Credentials
internal import Crypto
internal import Diagnostics
internal import StructuredData
internal import Timekeeping

/// An id-token that was taken apart, and nothing more: nothing in it is true before ``verify(_:keys:now:)``.
///
/// Source: OpenID Connect Core 1.0, section 3.1.3.7; RFC 7515; RFC 8725 (best practices).
struct IDToken: Sendable {
    let algorithm: SigningAlgorithm
    let keyID: String?
    private let signed: [UInt8]
    private let signature: [UInt8]
    private let claims: DataValue

    /// What a token has to say to be ours and of now.
    struct Expectation: Sendable {
        var issuer: String
        var clientID: String
        var nonce: String
        /// Where the token came with one: a token that names its digest must name this one's.
        var accessToken: String?
    }

    static let textLimitBytes = 64 << 10
    /// How far clocks may be apart.
    static let skewSeconds: Int64 = 60
    /// A token is asked for and used at once.
    static let maximumAgeSeconds: Int64 = 600

    /// - Throws: ``DiagnosticCode/idTokenRefused`` for what is no token, or is signed in a way that is not accepted.
    init(_ text: String, algorithms: Set<SigningAlgorithm>) throws(DiagnosticError) {
        let parts =
            text.utf8.count <= Self.textLimitBytes
            ? text.split(separator: ".", omittingEmptySubsequences: false) : []
        guard parts.count == 3, let header = Self.object(parts[0]), let claims = Self.object(parts[1]),
            let signature = Base64Text.bytes(parts[2], .url)
        else { throw .idToken("is no signed JSON Web Token") }
        // What is marked as critical has to be understood, and nothing is.
        guard header["crit"] == nil, header["b64"] == nil else { throw .idToken("asks for what is not understood") }
        guard let algorithm = header["alg"]?.string.flatMap(SigningAlgorithm.init(rawValue:)),
            algorithms.contains(algorithm)
        else {
            throw .idToken("is signed with '\(header["alg"]?.string?.shown ?? "nothing")', which is not accepted")
        }
        self.algorithm = algorithm
        keyID = header["kid"]?.string
        signed = Array("\(parts[0]).\(parts[1])".utf8)
        self.signature = signature
        self.claims = claims
    }

    /// Whether `keys` hold a key that the token could be signed with; where not, newer ones have to be fetched.
    func isKnown(_ keys: ProviderKeys) -> Bool { !keys.candidates(id: keyID, algorithm).isEmpty }

    /// The claims, once all that can be checked holds.
    ///
    /// - Throws: ``DiagnosticCode/idTokenRefused``.
    func verify(_ wanted: Expectation, keys: ProviderKeys, now: Timestamp) throws(DiagnosticError) -> DataValue {
        let candidates = keys.candidates(id: keyID, algorithm)
        guard !candidates.isEmpty else { throw .idToken("is signed with a key that the provider does not publish") }
        guard candidates.contains(where: { $0.isSignature(signature, of: signed) }) else {
            throw .idToken("has a signature that does not hold")
        }
        guard claims["iss"]?.string == wanted.issuer else { throw .idToken("is of another issuer") }
        try checkAudience(wanted.clientID)
        try checkTimes(now.milliseconds / 1000)
        guard let nonce = claims["nonce"]?.string, Secrecy.isSame(Array(nonce.utf8), Array(wanted.nonce.utf8)) else {
            throw .idToken("is not the answer to this sign-in")
        }
        guard let subject = claims["sub"]?.string, (1...255).contains(subject.utf8.count) else {
            throw .idToken("names nobody")
        }
        if let digest = claims["at_hash"], let accessToken = wanted.accessToken {
            let half = SHA256.hash(data: Array(accessToken.utf8)).prefix(16)
            guard digest.string == Base64Text.text(Array(half), .url) else {
                throw .idToken("belongs to another access token")
            }
        }
        return claims
    }

    private func checkAudience(_ clientID: String) throws(DiagnosticError) {
        let audience: [DataValue] = claims["aud"]?.array ?? claims["aud"].map { [$0] } ?? []
        guard audience.contains(.string(clientID)) else { throw .idToken("is for somebody else") }
        let party = claims["azp"]
        guard audience.count == 1 || party != nil, party == nil || party == .string(clientID) else {
            throw .idToken("was given to somebody else")
        }
    }

    private func checkTimes(_ now: Int64) throws(DiagnosticError) {
        guard let end = seconds("exp"), let made = seconds("iat") else {
            throw .idToken("does not say when it is good")
        }
        guard now < end + Self.skewSeconds else { throw .idToken("has expired") }
        guard made <= now + Self.skewSeconds else {
            throw .idToken("was made in the future: see that the clocks are right")
        }
        guard now - made <= Self.maximumAgeSeconds + Self.skewSeconds else { throw .idToken("is too old") }
        if claims["nbf"] != nil {
            guard let start = seconds("nbf"), start <= now + Self.skewSeconds else { throw .idToken("is not good yet") }
        }
    }

    /// Seconds since the epoch, parts of one cut off; `nil` for what no clock says.
    private func seconds(_ key: String) -> Int64? {
        guard let number = claims[key]?.number, (0...1e11).contains(number) else { return nil }
        return Int64(number)
    }

    private static func object(_ part: Substring) -> DataValue? {
        guard let bytes = Base64Text.bytes(part, .url), let value = try? DataValue(json: bytes), value.object != nil
        else {
            return nil
        }
        return value
    }
}
