// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import SecretRedaction
import Testing

private func redactor(_ values: String...) throws -> SecretRedactor {
    try SecretRedactor(secrets: values.enumerated().map { Secret(name: "S\($0)", value: $1) })
}

/// What comes out when the text is written in these pieces.
func redacted(_ redactor: SecretRedactor, _ pieces: [[UInt8]]) -> [UInt8] {
    var redactor = redactor.forAnotherStream()
    var output: [UInt8] = []
    for piece in pieces { redactor.redact(piece, into: &output) }
    redactor.finish(into: &output)
    return output
}

func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
    guard !part.isEmpty, text.count >= part.count else { return false }
    return (0...(text.count - part.count)).contains { text[$0..<($0 + part.count)].elementsEqual(part) }
}

@Suite("Redaction of a stream")
struct SecretRedactorTests {
    @Test("Without secrets every byte passes at once")
    func transparent() {
        var redactor = SecretRedactor()
        var output: [UInt8] = []
        redactor.redact(Array("héllo\0\n".utf8), into: &output)
        #expect(output == Array("héllo\0\n".utf8))
        #expect(!redactor.isHolding)
    }

    @Test("A secret becomes stars, wherever the write is cut")
    func everyCut() throws {
        let redactor = try redactor("hunter2-hunter3", "ter2", "two\nlines here")
        let text = Array("a hunter2-hunter3 b ter2\ntwo\nlines here!\nlines here hunter2-hunter".utf8)
        let whole = redacted(redactor, [text])
        #expect(String(decoding: whole, as: UTF8.self) == "a *** b ***\n***!\n*** hun***-hunter")
        for first in 0...text.count {
            for second in first...text.count {
                let pieces = [text[..<first], text[first..<second], text[second...]].map(Array.init)
                #expect(redacted(redactor, pieces) == whole)
            }
        }
        #expect(redacted(redactor, text.map { [$0] }) == whole)
    }

    @Test("Secrets that overlap or touch become one `***`")
    func merging() throws {
        #expect(try redactor("abcdef", "defghi").redactingAll("xabcdefghiy") == "x***y")
        #expect(try redactor("abcd", "efgh").redactingAll("abcdefgh abcd") == "*** ***")
        #expect(try redactor("0000").redactingAll("00000000000") == "***")
    }

    @Test("Stars of one secret never complete another")
    func stars() throws {
        #expect(try redactor("abcd", "x***y").redactingAll("xabcdy") == "***")
        #expect(try redactor("abcd", "****").redactingAll("*abcd abcd*** ****") == "*** *** ***")
        let both = try redactor("abcd", "x***y", "q***")
        for text in ["qxabcdy", "qxabcdyabcd", "xxabcdyy", "q****", "x*x***y*y"] {
            for pieces in [[Array(text.utf8)], text.utf8.map { [$0] }] {
                let output = redacted(both, pieces)
                for secret in ["abcd", "x***y", "q***"] { #expect(!contains(output, Array(secret.utf8)), "\(text)") }
            }
        }
    }

    @Test("Values under four bytes are not looked for, and are reported")
    func shortValues() throws {
        let redactor = try SecretRedactor(secrets: [Secret(name: "PIN", value: "123"), Secret(name: "NONE", value: "")])
        #expect(redactor.redactingAll("123") == "123")
        #expect(redactor.ignoredNames == ["PIN"])
    }

    @Test("A secret that is added while the stream runs is looked for from then on")
    func addedLater() throws {
        var redactor = SecretRedactor()
        var output: [UInt8] = []
        redactor.redact(Array("token=abcdef\n".utf8), into: &output)
        try redactor.add(Secret(name: "T", value: "abcdef"))
        redactor.redact(Array("token=abcdef abc".utf8), into: &output)
        try redactor.add(Secret(name: "U", value: "c!!!"))
        redactor.redact(Array("!!!\n".utf8), into: &output)
        redactor.finish(into: &output)
        #expect(String(decoding: output, as: UTF8.self) == "token=abcdef\ntoken=*** ab***\n")
        #expect(redactor.counts == ["T": 1, "U": 1])
    }

    @Test("After an end in between, what follows stands on its own")
    func endInBetween() throws {
        var redactor = try redactor("abcd")
        var output: [UInt8] = []
        for piece in ["1 abcd", "abcd", "ab"] {
            redactor.redact(Array(piece.utf8), into: &output)
            redactor.finish(into: &output)
            output.append(10)
        }
        #expect(String(decoding: output, as: UTF8.self) == "1 ***\n***\nab\n")
    }

    @Test("A prompt shows up when the stream is quiet, unless four or more bytes of a secret may have come")
    func idle() throws {
        var redactor = try redactor("y/n] secret", "Pass: zzzz")
        var output: [UInt8] = []
        redactor.redact(Array("Go? [y".utf8), into: &output)
        #expect(String(decoding: output, as: UTF8.self) == "Go? [")
        #expect(redactor.isHolding)
        redactor.releaseIdle(into: &output)
        #expect(String(decoding: output, as: UTF8.self) == "Go? [y")
        redactor.redact(Array("/n] secret Pass: ".utf8), into: &output)
        redactor.releaseIdle(into: &output)
        #expect(String(decoding: output, as: UTF8.self) == "Go? [y*** ")
        redactor.finish(into: &output)
        #expect(String(decoding: output, as: UTF8.self) == "Go? [y*** Pass: ")
    }

    @Test("Each secret counts once for each place, whatever forms of it match there")
    func counts() throws {
        let redactor = try SecretRedactor(secrets: [
            Secret(name: "A", value: "first-value"), Secret(name: "B", value: "never there"),
        ])
        var stream = redactor
        var output: [UInt8] = []
        stream.redact(Array("first-value Zmlyc3QtdmFsdWU= first-val".utf8), into: &output)
        stream.redact(Array("ue".utf8), into: &output)
        stream.finish(into: &output)
        #expect(String(decoding: output, as: UTF8.self) == "*** *** ***")
        #expect(stream.counts == ["A": 3])
    }

    @Test("A long secret is masked as one, and so is a long part of it")
    func longSecret() throws {
        let value = String((0..<5_000).map { Character(Unicode.Scalar(UInt8(33 + ($0 * $0 / 7) % 90))) })
        let redactor = try redactor(value)
        #expect(redactor.redactingAll("<\(value)>") == "<***>")
        #expect(redactor.redactingAll("<\(value.prefix(600))>").hasPrefix("<***"))
    }

    @Test("Past the size limit adding fails, so that nothing goes on unmasked")
    func limit() {
        let huge = Secret(name: "HUGE", value: String(repeating: "x", count: SecretRedactor.maximumSecretBytes + 1))
        let error = #expect(throws: RedactionError.self) { try SecretRedactor(secrets: [huge]) }
        #expect(error?.diagnostic.code.description == "MRT0440")
        #expect(error?.diagnostic.message.contains("HUGE") == true)
    }
}
