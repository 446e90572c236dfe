// SPDX-License-Identifier: Apache-2.0

internal import Credentials
internal import Crypto
internal import CryptoExtras
internal import StructuredData

/// The public keys of a provider: a JSON Web Key Set.
///
/// Source: RFC 7517; RFC 7518, section 6. Keys that are not for signatures, or of a kind that is not accepted, are passed
/// over, as the standard asks.
struct ProviderKeys: Sendable {
    struct Key: Sendable {
        var id: String?
        var material: Material

        /// A key signs with one algorithm: which one, its kind decides, not the token.
        var algorithm: SigningAlgorithm {
            switch material {
            case .rsa: .rs256
            case .p256: .es256
            }
        }
    }

    enum Material: Sendable {
        case rsa(_RSA.Signing.PublicKey)
        case p256(P256.Signing.PublicKey)
    }

    let keys: [Key]

    private static let keyLimit = 100
    private static let minimumModulusBytes = 256
    private static let maximumModulusBytes = 1024

    /// `nil` where it is no key set.
    init?(_ data: DataValue) {
        guard let list = data["keys"]?.array else { return nil }
        keys = list.prefix(Self.keyLimit).compactMap(Self.key)
    }

    /// The keys that a token's header may mean. Without a name in the header there must be no choice.
    func candidates(id: String?, _ algorithm: SigningAlgorithm) -> [Key] {
        let fitting = keys.filter { $0.algorithm == algorithm }
        guard let id else { return fitting.count == 1 ? fitting : [] }
        return fitting.filter { $0.id == id }
    }

    private static func key(_ data: DataValue) -> Key? {
        if let use = data["use"]?.string, use != "sig" { return nil }
        if let uses = data["key_ops"]?.array, !uses.contains("verify") { return nil }
        let key: Key? =
            switch data["kty"]?.string {
            case "RSA": rsa(data).map { Key(id: data["kid"]?.string, material: .rsa($0)) }
            case "EC": p256(data).map { Key(id: data["kid"]?.string, material: .p256($0)) }
            default: nil
            }
        guard let key else { return nil }
        if let algorithm = data["alg"]?.string, algorithm != key.algorithm.rawValue { return nil }
        return key
    }

    private static func rsa(_ data: DataValue) -> _RSA.Signing.PublicKey? {
        guard let modulus = bytes("n", data), let exponent = bytes("e", data),
            (minimumModulusBytes...maximumModulusBytes).contains(modulus.drop { $0 == 0 }.count),
            // An exponent of 1 would make every text its own signature.
            exponent != [1], (1...8).contains(exponent.count), exponent.last.map({ $0 & 1 == 1 }) == true
        else { return nil }
        return try? _RSA.Signing.PublicKey(n: modulus, e: exponent)
    }

    private static func p256(_ data: DataValue) -> P256.Signing.PublicKey? {
        guard data["crv"]?.string == "P-256", let x = bytes("x", data), let y = bytes("y", data), x.count == 32,
            y.count == 32
        else { return nil }
        return try? P256.Signing.PublicKey(x963Representation: [4] + x + y)
    }

    private static func bytes(_ key: String, _ data: DataValue) -> [UInt8]? {
        data[key]?.string.flatMap { Base64Text.bytes($0, .url) }
    }
}

extension ProviderKeys.Key {
    func isSignature(_ signature: [UInt8], of text: [UInt8]) -> Bool {
        switch material {
        case .rsa(let key):
            return key.isValidSignature(
                _RSA.Signing.RSASignature(rawRepresentation: signature), for: text, padding: .insecurePKCS1v1_5)
        case .p256(let key):
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: text)
        }
    }
}
