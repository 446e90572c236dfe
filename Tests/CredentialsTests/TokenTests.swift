// SPDX-License-Identifier: Apache-2.0

import Credentials
import Diagnostics
import Testing

/// The same numbers each time.
private struct Fixed: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state
    }
}

@Suite("Access tokens")
struct TokenTests {
    @Test("A token has its kind in its name and is read as what it is", arguments: AccessToken.Kind.allCases)
    func roundTrip(kind: AccessToken.Kind) throws {
        let token = AccessToken.mint(kind)
        #expect(token.text.hasPrefix("mrt_\(kind.rawValue)_"))
        #expect(token.text.utf8.count == AccessToken.textBytes)
        let read = try AccessToken(text: token.text)
        #expect(read == token)
        #expect(read.kind == kind)
        #expect(token.prefix.count == 8)
        #expect(token.text.dropFirst(8).hasPrefix(token.prefix))
    }

    @Test("Tokens are not made twice, and their characters are spread evenly")
    func random() {
        var seen: Set<String> = []
        var counts: [Character: Int] = [:]
        for _ in 0..<2000 {
            let token = AccessToken.mint(.personal)
            seen.insert(token.text)
            for character in token.text.dropFirst(8).prefix(30) { counts[character, default: 0] += 1 }
        }
        #expect(seen.count == 2000)
        #expect(counts.count == 62)
        // 60 000 characters, 968 of each: the spread of a fair draw stays within five deviations, about 155.
        #expect(counts.values.allSatisfy { (800...1140).contains($0) })
    }

    @Test("Each single changed, lost or doubled character is noticed")
    func checksum() throws {
        var generator = Fixed(state: 7)
        let text = AccessToken.mint(.project, using: &generator).text
        let characters = Array(text)
        for index in characters.indices {
            var changed = characters
            changed[index] = changed[index] == "a" ? "b" : "a"
            var shortened = characters
            shortened.remove(at: index)
            var doubled = characters
            doubled.insert(characters[index], at: index)
            for wrong in [changed, shortened, doubled] where wrong != characters {
                let error = #expect(throws: DiagnosticError.self) { try AccessToken(text: String(wrong)) }
                #expect(error?.diagnostic.code == .malformedToken)
            }
        }
    }

    /// Made with another program: Python's `zlib.crc32` over the first 38 characters.
    @Test("A checksum that another program computed is accepted")
    func foreign() throws {
        let token = try AccessToken(text: "mrt_pat_0123456789ABCDEFGHIJKLMNOPQRST_1Zofac")
        #expect(token.prefix == "01234567")
    }

    @Test(
        "What is no token is refused without being repeated",
        arguments: [
            "", "mrt_", "ghp_0123456789ABCDEFGHIJKLMNOPQRSTabcdef", "mrt_xyz_0123456789ABCDEFGHIJKLMNOPQRST_000000",
            "mrt_pat_0123456789ABCDEFGHIJKLMNOPQR-é_000000", String(repeating: "a", count: 100_000),
        ])
    func malformed(text: String) {
        let error = #expect(throws: DiagnosticError.self) { try AccessToken(text: text) }
        if text.count > 8 { #expect(error?.diagnostic.message.contains(text) == false) }
    }

    @Test("Of a token only its digest is kept, and that is enough to know it again")
    func digest() {
        let token = AccessToken.mint(.runner)
        #expect(token.sha256.count == 64)
        #expect(token.isMatch(sha256: token.sha256))
        #expect(!token.isMatch(sha256: AccessToken.mint(.runner).sha256))
        #expect(!token.isMatch(sha256: ""))
        #expect(!token.isMatch(sha256: token.sha256 + "0"))
        #expect(!token.sha256.contains(token.prefix))
    }

    @Test("A token does not show itself in a log")
    func hidden() {
        let token = AccessToken.mint(.firstAdmin)
        var dumped = ""
        dump(token, to: &dumped)
        #expect("\(token)" == "mrt_adm_\(token.prefix)…")
        #expect(!dumped.contains(token.text))
    }

    @Test("Base64 is read in one spelling only")
    func base64() {
        #expect(Base64Text.text(Array("foobar".utf8), .standard) == "Zm9vYmFy")
        #expect(Base64Text.text(Array("fooba".utf8), .standard, isPadded: true) == "Zm9vYmE=")
        #expect(Base64Text.text(Array("foob".utf8), .standard, isPadded: true) == "Zm9vYg==")
        #expect(Base64Text.text([251, 255], .url) == "-_8")
        #expect(Base64Text.text([251, 255], .standard) == "+/8")
        #expect(Base64Text.bytes("-_8", .url) == [251, 255])
        #expect(Base64Text.bytes("+/8=", .standard) == [251, 255])
        for wrong in ["-_9", "A", "AA=A", "+/8", "A A=", "====", "Zm9vYg=", "Zg="] {
            #expect(Base64Text.bytes(wrong, .url) == nil, "\(wrong)")
        }
        #expect(Base64Text.bytes("", .url) == [])
        for count in 0..<50 {
            let bytes = Secrecy.randomBytes(count)
            #expect(bytes.count == count)
            for alphabet in [Base64Text.Alphabet.standard, .url] {
                for isPadded in [true, false] {
                    let isRead = alphabet == .standard || !isPadded || count % 3 == 0
                    let text = Base64Text.text(bytes, alphabet, isPadded: isPadded)
                    #expect(Base64Text.bytes(text, alphabet) == (isRead ? bytes : nil))
                }
            }
        }
    }
}
