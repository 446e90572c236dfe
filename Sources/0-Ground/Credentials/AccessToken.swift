// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Diagnostics
internal import StructuredData

/// A secret that a program shows instead of a password: `mrt_pat_` and 30 random letters and digits, `_`, and six of a
/// checksum. Only its digest is kept, so it is shown once.
///
/// The checksum lets scanners and forms tell a token from noise, and a typing error from a token that was revoked,
/// without asking anybody. It protects nothing.
package struct AccessToken: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A person's, for the command line and programs of theirs.
        case personal = "pat"
        /// A project's, for programs that are nobody's.
        case project = "prj"
        /// A running job's.
        case run = "run"
        /// Registers a runner, once or for a while.
        case registration = "reg"
        /// A runner's own.
        case runner = "rnr"
        /// The link that makes the first administrator.
        case firstAdmin = "adm"
    }

    package let kind: Kind
    /// The whole secret.
    package let text: String

    /// 178 bits: 62 to the power of 30.
    private static let randomLength = 30
    private static let checksumLength = 6
    package static let shownLength = 8
    /// `mrt_xxx_`.
    private static let headLength = 8
    package static let textBytes = headLength + randomLength + 1 + checksumLength
    private static let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    /// A new one.
    package static func mint(_ kind: Kind) -> AccessToken {
        var generator = SystemRandomNumberGenerator()
        return mint(kind, using: &generator)
    }

    package static func mint(_ kind: Kind, using generator: inout some RandomNumberGenerator) -> AccessToken {
        let random = (0..<randomLength).map { _ in digits[Int.random(in: 0..<digits.count, using: &generator)] }
        let head = "mrt_\(kind.rawValue)_" + String(decoding: random, as: UTF8.self)
        return AccessToken(kind: kind, text: head + "_" + checksum(of: head))
    }

    private init(kind: Kind, text: String) {
        self.kind = kind
        self.text = text
    }

    /// Reads a token that somebody shows.
    ///
    /// - Throws: ``DiagnosticCode/malformedToken``; the message never holds the text.
    package init(text: String) throws(DiagnosticError) {
        guard text.utf8.count == Self.textBytes, text.hasPrefix("mrt_"),
            let kind = Kind(rawValue: String(text.dropFirst(4).prefix(3))),
            text.utf8.dropFirst(7).first == UInt8(ascii: "_"),
            text.utf8.dropFirst(Self.headLength).prefix(Self.randomLength).allSatisfy({ Self.digits.contains($0) })
        else {
            throw DiagnosticError(
                .malformedToken,
                "This is not a Martlet token: those look like mrt_pat_… and have \(Self.textBytes) characters.",
                remedy: "Copy the whole token, or make a new one with `martlet token create`.")
        }
        let head = String(text.prefix(Self.headLength + Self.randomLength))
        guard text == head + "_" + Self.checksum(of: head) else {
            throw DiagnosticError(
                .malformedToken, "The token's checksum is wrong: it was cut off or changed.",
                remedy: "Copy the whole token, or make a new one with `martlet token create`.")
        }
        self.kind = kind
        self.text = text
    }

    /// What lists show of it: the first eight of its random characters, which nobody can guess the rest from.
    package var prefix: String { String(text.dropFirst(Self.headLength).prefix(Self.shownLength)) }

    /// What is kept of it, 64 hexadecimal digits. A plain digest will do: there are too many tokens to try.
    package var sha256: String { Hexadecimal.text(SHA256.hash(data: Array(text.utf8))) }

    /// Whether this is the token of which `sha256` was kept; compared in constant time.
    package func isMatch(sha256 kept: String) -> Bool { Secrecy.isSame(Array(sha256.utf8), Array(kept.utf8)) }

    /// CRC-32 (ISO 3309) in six digits to the base of 62.
    private static func checksum(of head: String) -> String {
        var value = Checksum.crc32(head.utf8)
        var text: [UInt8] = []
        for _ in 0..<checksumLength {
            text.append(digits[Int(value % 62)])
            value /= 62
        }
        return String(decoding: text.reversed(), as: UTF8.self)
    }
}

extension AccessToken: CustomStringConvertible, CustomReflectable {
    /// Never the secret.
    package var description: String { "mrt_\(kind.rawValue)_\(prefix)…" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
