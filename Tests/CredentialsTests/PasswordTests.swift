// SPDX-License-Identifier: Apache-2.0

import Credentials
import Diagnostics
import Testing

/// Cheap ones: what is tested here does not depend on how dear a guess is.
private let cheap = PasswordHash.Parameters(logRounds: 6, blockSize: 8, parallelism: 1)

@Suite("Passwords")
struct PasswordTests {
    @Test("A password matches its own hash after it was written and read, and no other password does")
    func roundTrip() throws {
        let hash = try PasswordHash(of: "correct pony", parameters: cheap)
        #expect(hash.text.hasPrefix("$scrypt$ln=6,r=8,p=1$"))
        let read = try PasswordHash(text: hash.text)
        #expect(read == hash)
        #expect(try PasswordHash.isMatch("correct pony", read))
        for other in ["correct ponY", "correct pony ", "", "x", String(repeating: "a", count: 1025)] {
            #expect(try !PasswordHash.isMatch(other, read), "\(other.prefix(20))")
        }
    }

    @Test("Two hashes of one password differ")
    func salted() throws {
        #expect(
            try PasswordHash(of: "correct pony", parameters: cheap).text
                != PasswordHash(of: "correct pony", parameters: cheap).text)
    }

    /// RFC 7914, section 12: the third vector, in our form.
    @Test("A hash that another program derived is accepted: RFC 7914's vector")
    func vector() throws {
        let derived: [UInt8] = [
            0x70, 0x23, 0xbd, 0xcb, 0x3a, 0xfd, 0x73, 0x48, 0x46, 0x1c, 0x06, 0xcd, 0x81, 0xfd, 0x38, 0xeb, 0xfd, 0xa8,
            0xfb, 0xba, 0x90, 0x4f, 0x8e, 0x3e, 0xa9, 0xb5, 0x43, 0xf6, 0x54, 0x5d, 0xa1, 0xf2, 0xd5, 0x43, 0x29, 0x55,
            0x61, 0x3f, 0x0f, 0xcf, 0x62, 0xd4, 0x97, 0x05, 0x24, 0x2a, 0x9a, 0xf9, 0xe6, 0x1e, 0x85, 0xdc, 0x0d, 0x65,
            0x1e, 0x40, 0xdf, 0xcf, 0x01, 0x7b, 0x45, 0x57, 0x58, 0x87,
        ]
        let salt = Base64Text.text(Array("SodiumChloride".utf8), .standard)
        let text = "$scrypt$ln=14,r=8,p=1$\(salt)$\(Base64Text.text(derived, .standard))"
        #expect(try PasswordHash.isMatch("pleaseletmein", PasswordHash(text: text)))
        #expect(try !PasswordHash.isMatch("pleaseletmeout", PasswordHash(text: text)))
    }

    @Test("The standard parameters are OWASP's, and work on this machine")
    func standard() throws {
        let hash = try PasswordHash(of: "a rather long sentence")
        #expect(hash.text.hasPrefix("$scrypt$ln=17,r=8,p=1$"))
        #expect(hash.parameters.memoryBytes == 128 << 20)
        #expect(try PasswordHash.isMatch("a rather long sentence", hash))
        #expect(!hash.needsRehash())
        #expect(try PasswordHash(of: "a rather long sentence", parameters: cheap).needsRehash())
    }

    @Test("An account without a password matches nothing, not even an empty one")
    func nobody() throws {
        #expect(try !PasswordHash.isMatch("anything at all", nil, decoy: cheap))
        #expect(try !PasswordHash.isMatch("", nil, decoy: cheap))
        #expect(try !PasswordHash.isMatch("", PasswordHash(of: "x", parameters: cheap)))
        #expect(throws: DiagnosticError.self) { try PasswordHash(of: "") }
    }

    @Test(
        "A stored text that would exhaust the machine, or is not ours, is refused",
        arguments: [
            "", "$", "password", "$argon2id$v=19$m=65536$c2FsdHNhbHQ$aGFzaA", "$scrypt$ln=17,r=8$c2FsdHNhbHQ$aGFzaA",
            "$scrypt$ln=31,r=8,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2g",
            "$scrypt$ln=20,r=32,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2g",
            "$scrypt$ln=99999999999999999999,r=8,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2g",
            "$scrypt$ln=-6,r=8,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2g",
            "$scrypt$ln=6,r=8,p=1$$aGFzaGhhc2hoYXNoaGFzaGhhc2g", "$scrypt$ln=6,r=8,p=1$c2FsdHNhbHRzYWx0$",
            "$scrypt$ln=6,r=8,p=0$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2g",
            "$scrypt$r=8,ln=6,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2g",
        ])
    func malformed(text: String) {
        let error = #expect(throws: DiagnosticError.self) { try PasswordHash(text: text) }
        #expect(error?.diagnostic.code == .passwordHashUnusable)
    }

    @Test("A hash does not show itself in a log")
    func hidden() throws {
        let hash = try PasswordHash(of: "correct pony", parameters: cheap)
        var dumped = ""
        dump(hash, to: &dumped)
        #expect("\(hash)" == "a password hash")
        #expect(!dumped.contains("["))
    }

    @Test(
        "Good passwords are taken",
        arguments: ["four words of nonsense", "kestrel-92-umbra", "비밀번호는길어야한다", "Tr0ub4dor&3x", "qwertz-asdfgh-1"])
    func good(password: String) throws {
        try PasswordRules.check(password, names: ["ada", "ada@example.org", "martlet"])
    }

    @Test(
        "Short, long, common and named passwords are not",
        arguments: [
            "", "tiny", "ninechars", "password123", "PASSWORD123", "Pass-word-123", "1234567890", "0987654321",
            "abcdefghijkl", "aaaaaaaaaaaa", "abababababab", "ada.lovelace", "ada-lovelace!", "Ada.Lovelace@Example.org",
            "ecalevol.ada", "ada.lovelaceada.lovelace",
        ])
    func bad(password: String) {
        let error = #expect(throws: DiagnosticError.self) {
            try PasswordRules.check(password, names: ["ada.lovelace", "ada.lovelace@example.org", ""])
        }
        #expect(error?.diagnostic.code == .passwordRefused)
        if !password.isEmpty { #expect(error?.diagnostic.message.contains(password) == false) }
    }

    @Test("1024 bytes are a password, one more is not")
    func longest() throws {
        let sentence = String(repeating: "abcd efgh ", count: 103)
        try PasswordRules.check(String(sentence.prefix(1024)), names: [])
        #expect(throws: DiagnosticError.self) { try PasswordRules.check(String(sentence.prefix(1025)), names: []) }
    }
}
