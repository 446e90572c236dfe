// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import CryptoExtras
package import Diagnostics

/// A password as it is kept: derived by scrypt (RFC 7914), with its salt and parameters.
///
/// Its text is `$scrypt$ln=17,r=8,p=1$SALT$HASH`, both in base64 without padding (the PHC string format). Passwords are
/// taken as the bytes of their UTF-8.
package struct PasswordHash: Hashable, Sendable {
    /// What makes guessing dear: `2^logRounds` rounds over blocks of `128 * blockSize` bytes.
    package struct Parameters: Hashable, Sendable {
        package var logRounds: Int
        package var blockSize: Int
        package var parallelism: Int

        /// Source: OWASP Password Storage Cheat Sheet, the first of its scrypt settings (N = 2^17, r = 8, p = 1). Takes
        /// 128 MiB and about a third of a second a derivation: the caller bounds how many go on at once.
        package static let standard = Parameters(logRounds: 17, blockSize: 8, parallelism: 1)

        package init(logRounds: Int, blockSize: Int, parallelism: Int) {
            self.logRounds = logRounds
            self.blockSize = blockSize
            self.parallelism = parallelism
        }

        /// What one derivation takes, in bytes.
        package var memoryBytes: Int { 128 * blockSize * (1 << logRounds) }

        /// Beyond these a stored text would be a way to exhaust the machine.
        var isUsable: Bool {
            (4...20).contains(logRounds) && (1...32).contains(blockSize) && (1...16).contains(parallelism)
                && memoryBytes <= PasswordHash.memoryLimitBytes
        }
    }

    package let parameters: Parameters
    private let salt: [UInt8]
    private let derived: [UInt8]

    private static let saltBytes = 16
    private static let derivedBytes = 32
    static let memoryLimitBytes = 1 << 30
    private static let textLimitBytes = 512

    /// Derives anew, with a fresh salt. The rules of ``PasswordRules`` are the caller's to ask first.
    ///
    /// - Throws: ``DiagnosticCode/passwordRefused`` for one that is empty or longer than any may be;
    ///   ``DiagnosticCode/passwordHashUnusable`` where there is no memory for it.
    package init(of password: String, parameters: Parameters = .standard) throws(DiagnosticError) {
        guard PasswordRules.isDerivable(password) else {
            throw DiagnosticError(
                .passwordRefused, "A password has 1 to \(PasswordRules.maximumBytes) bytes.")
        }
        self.parameters = parameters
        salt = Secrecy.randomBytes(Self.saltBytes)
        derived = try Self.derive(password, salt: salt, parameters, count: Self.derivedBytes)
    }

    /// Reads what ``text`` wrote.
    ///
    /// - Throws: ``DiagnosticCode/passwordHashUnusable``.
    package init(text: String) throws(DiagnosticError) {
        let parts =
            text.utf8.count <= Self.textLimitBytes
            ? text.split(separator: "$", omittingEmptySubsequences: false) : []
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt", let parameters = Self.parameters(parts[2]),
            let salt = Base64Text.bytes(parts[3], .standard), (8...64).contains(salt.count),
            let derived = Base64Text.bytes(parts[4], .standard), (16...64).contains(derived.count)
        else {
            throw DiagnosticError(
                .passwordHashUnusable, "A stored password is not of the form $scrypt$ln=…,r=…,p=…$salt$hash.",
                remedy: "Set a new password for the account.")
        }
        self.parameters = parameters
        self.salt = salt
        self.derived = derived
    }

    package var text: String {
        "$scrypt$ln=\(parameters.logRounds),r=\(parameters.blockSize),p=\(parameters.parallelism)"
            + "$\(Base64Text.text(salt, .standard))$\(Base64Text.text(derived, .standard))"
    }

    /// Whether the hash was made with other parameters than are wanted now: after a good sign-in it is made anew.
    package func needsRehash(_ wanted: Parameters = .standard) -> Bool { parameters != wanted }

    /// Whether `password` is the one that `hash` was made of.
    ///
    /// Where there is no hash (no such account, or one without a password) the same work is done for nothing, so that
    /// the time of an answer does not tell which accounts exist.
    ///
    /// - Throws: ``DiagnosticCode/passwordHashUnusable`` where there is no memory for it.
    package static func isMatch(
        _ password: String, _ hash: PasswordHash?, decoy: Parameters = .standard
    ) throws(DiagnosticError) -> Bool {
        guard PasswordRules.isDerivable(password) else { return false }
        guard let hash else {
            _ = try derive(password, salt: decoySalt, decoy, count: derivedBytes)
            return false
        }
        let candidate = try derive(password, salt: hash.salt, hash.parameters, count: hash.derived.count)
        return Secrecy.isSame(candidate, hash.derived)
    }

    private static let decoySalt = [UInt8](repeating: 0x5A, count: saltBytes)

    private static func derive(
        _ password: String, salt: [UInt8], _ parameters: Parameters, count: Int
    ) throws(DiagnosticError) -> [UInt8] {
        guard parameters.isUsable else {
            throw DiagnosticError(.passwordHashUnusable, "A password hash has parameters beyond what is supported.")
        }
        do {
            let key = try KDF.Scrypt.deriveKey(
                from: Array(password.utf8), salt: salt, outputByteCount: count, rounds: 1 << parameters.logRounds,
                blockSize: parameters.blockSize, parallelism: parameters.parallelism)
            return key.withUnsafeBytes { Array($0) }
        } catch {
            throw DiagnosticError(
                .passwordHashUnusable, "A password could not be derived: \(error).",
                remedy: "Each derivation takes \(parameters.memoryBytes >> 20) MiB of memory; see that it is there.")
        }
    }

    /// `ln=17,r=8,p=1`, in that order.
    private static func parameters(_ text: Substring) -> Parameters? {
        let pairs = text.split(separator: ",", omittingEmptySubsequences: false)
        guard pairs.count == 3, let rounds = value("ln=", pairs[0]), let block = value("r=", pairs[1]),
            let parallelism = value("p=", pairs[2])
        else { return nil }
        guard (0..<32).contains(rounds), (0..<64).contains(block) else { return nil }
        let parameters = Parameters(logRounds: rounds, blockSize: block, parallelism: parallelism)
        return parameters.isUsable ? parameters : nil
    }

    private static func value(_ name: String, _ pair: Substring) -> Int? {
        guard pair.hasPrefix(name) else { return nil }
        let digits = pair.dropFirst(name.count)
        return digits.utf8.allSatisfy { (48...57).contains($0) } ? Int(digits) : nil
    }
}

extension PasswordHash: CustomStringConvertible, CustomReflectable {
    /// Never the hash: a log line that shows one is a leak.
    package var description: String { "a password hash" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
