// SPDX-License-Identifier: Apache-2.0

import Foundation
import SecretRedaction
import Testing

@Suite("Encoded forms of a secret")
struct SecretFormTests {
    private let secret = "p@ss/w\"ord<&>'s+ü %"

    private func masked(_ text: String) throws -> String {
        try SecretRedactor(secrets: [Secret(name: "S", value: secret)]).redactingAll(text)
    }

    @Test("Base64 is masked at each offset, in both alphabets, padded or not", arguments: 0..<9)
    func base64(before: Int) throws {
        let prefix = String(repeating: "u", count: before)
        for suffix in ["", "x", ":y", "zzz"] {
            for value in [secret, "abcd", "0123456789", "\u{7f}\u{1}~~??>>"] {
                let redactor = try SecretRedactor(secrets: [Secret(name: "S", value: value)])
                let encoded = Data((prefix + value + suffix).utf8).base64EncodedString()
                let url = encoded.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
                for text in [encoded, url] {
                    let output = redactor.redactingAll(text)
                    #expect(output.contains("***"), "\(text)")
                    // At most the digits that the neighbours share stay.
                    let left = output.replacing("***", with: "").utf8.count
                    #expect(left <= (before * 8 + 5) / 6 + (suffix.utf8.count * 8 + 5) / 6 + 5)
                }
                if before % 3 == 0, suffix.isEmpty {
                    #expect(redactor.redactingAll(encoded).hasSuffix("***"))
                }
            }
        }
    }

    @Test("What GitHub's runner looks for at the shifted offsets is masked whole", arguments: 0..<3)
    func shifted(shift: Int) throws {
        let encoded = Data(secret.utf8.dropFirst(shift)).base64EncodedString()
        #expect(try masked("<\(encoded)>") == "<***>")
    }

    @Test(
        "Escapes are masked whole",
        arguments: [
            "p%40ss%2Fw%22ord%3C%26%3E%27s%2B%C3%BC%20%25", "p%40ss%2fw%22ord%3c%26%3e%27s%2b%c3%bc%20%25",
            "p%40ss%2Fw%22ord%3C%26%3E's%2B%C3%BC%20%25", "p%40ss/w%22ord%3C%26%3E%27s%2B%C3%BC%20%25",
            "p%40ss%2Fw%22ord%3C%26%3E%27s%2B%C3%BC+%25", #"p@ss/w\"ord<&>'s+ü %"#, #"p@ss\/w\"ord<&>'s+ü %"#,
            #"p@ss/w\"ord\u003c\u0026\u003e's+ü %"#, #"p@ss/w\"ord<&>'s+\u00fc %"#,
            #"p@ss/w\"ord\u003C\u0026\u003E\u0027s\u002B\u00FC %"#, "p@ss/w&quot;ord&lt;&amp;&gt;&apos;s+ü %",
            "p@ss/w&#34;ord&lt;&amp;&gt;&#39;s+ü %", "p@ss/w\"ord&lt;&amp;&gt;'s+ü %", "p@ss/w\"ord<&>''s+ü %",
            #"'p@ss/w"ord<&>'\''s+ü %'"#, "p@ss/w\"ord<&>'s+ü %25",
        ])
    func escapes(text: String) throws {
        let expected = text.hasPrefix("'") ? "<'***'>" : "<***>"
        #expect(try masked("<\(text)>") == expected)
    }

    @Test("Lines, the trimmed value, the value without quotes and PowerShell's parts are masked")
    func parts() throws {
        func mask(_ value: String, _ text: String) throws -> String {
            try SecretRedactor(secrets: [Secret(name: "S", value: value)]).redactingAll(text)
        }
        let key = "-----BEGIN-----\r\nMIIEabcd/+12\n{\n  }\nlast-line\n"
        #expect(try mask(key, "x MIIEabcd/+12 y") == "x *** y")
        #expect(try mask(key, "last-line") == "***")
        #expect(try mask(key, "{\n  }") == "{\n  }")
        #expect(try mask(key, key) == "***")
        #expect(try mask("  padded value\n", "padded value") == "***")
        #expect(try mask("\"quoted-value\"", "quoted-value") == "***")
        #expect(try mask("secret1&secret2&secret3", "secret1&secret2& secret3") == "*** ***")
        #expect(try mask("secret1&+secret2&secret3", "secret1&+ ecret2&secret3") == "*** ***")
    }

    @Test("Base64 of a long value is masked when it is wrapped", arguments: [76, 64])
    func wrapped(width: Int) throws {
        let value = String((0..<300).map { Character(Unicode.Scalar(UInt8(35 + $0 * 7 % 57))) })
        let encoded = Array(Data(value.utf8).base64EncodedString())
        let lines = stride(from: 0, to: encoded.count, by: width).map {
            String(encoded[$0..<min($0 + width, encoded.count)])
        }
        let redactor = try SecretRedactor(secrets: [Secret(name: "S", value: value)])
        let output = redactor.redactingAll(lines.joined(separator: "\n"))
        #expect(output.split(separator: "\n").dropLast().allSatisfy { $0 == "***" })
    }

    @Test("A secret that is no valid UTF-8 is masked too")
    func binary() throws {
        let value: [UInt8] = [0xFF, 0x00, 0xC3, 0x28, 0x0A, 0x41]
        let redactor = try SecretRedactor(secrets: [Secret(name: "S", value: value)])
        #expect(redactor.redactingAll([1] + value + [2]) == [1] + Array("***".utf8) + [2])
    }
}
