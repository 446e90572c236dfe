// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import ProblemMatching
import Testing

@Suite("Problems in a step's output")
struct ProblemScannerTests {
    @Test("gcc's line becomes a finding with all its parts, and the line is no plain output")
    func gcc() throws {
        var output = try Output(Matchers.gcc)
        output.write("src/a.c:12:5: warning: unused variable ‘x’ [-Wunused-variable]", "make: done")
        let finding = try #require(output.findings.first)
        #expect(finding.level == .warning)
        #expect(finding.message == "unused variable ‘x’ [-Wunused-variable]")
        #expect(finding.file == "src/a.c" && finding.line == 12 && finding.column == 5)
        #expect(finding.owner == "gcc" && finding.code == nil)
        #expect(output.plain == ["make: done"])
    }

    @Test("tsc's code is taken, and `info`, which is no level, stays plain output")
    func tsc() throws {
        var output = try Output(Matchers.tsc)
        output.write("src/a.ts(3,7): error TS2322: Type 'a' is no 'b'.", "src/a.ts:3:7 - info TS1: x")
        #expect(output.findings.map(\.code) == ["2322"])
        #expect(output.plain.count == 1)
        #expect(output.remarks.first?.contains("severity 'info' is not supported") == true)
    }

    @Test("eslint's findings share the file that stands above them, until a line breaks the loop")
    func stylish() throws {
        var output = try Output(Matchers.stylish)
        output.write(
            "", "/w/src/a.js", "  1:10  error    'x' is never used  no-unused-vars",
            "  4:1   warning  Unexpected console  no-console", "", "  9:9  error  Orphan  rule",
            "/w/src/b.js", "  2:2  error  Second  rule-b")
        #expect(output.findings.map(\.file) == ["/w/src/a.js", "/w/src/a.js", "/w/src/b.js"])
        #expect(output.findings.map(\.code) == ["no-unused-vars", "no-console", "rule-b"])
        #expect(output.findings.map(\.level) == [.error, .warning, .error])
    }

    @Test("levels are read in any case; none is an error; the default of the file fills in")
    func levels() throws {
        let pattern = ProblemPattern("(.*): (.+)", [.severity: 1, .message: 2])
        var output = try Output(ProblemMatcher(owner: "a", patterns: [pattern]))
        output.write("ERRor: 1", "WARNing: 2", "Notice: 3", ": 4", "info: 5")
        #expect(output.findings.map(\.level) == [.error, .warning, .notice, .error])
        var other = try Output(ProblemMatcher(owner: "a", severity: "Warning", patterns: [pattern]))
        other.write(": 1", "error: 2")
        #expect(other.findings.map(\.level) == [.warning, .error])
    }

    @Test("a line or column that is no number is left out, with a remark in the runner's words")
    func numbers() throws {
        var output = try Output(
            ProblemMatcher(
                owner: "a", patterns: [ProblemPattern(#"\((.*),(.*)\): (.+)"#, [.line: 1, .column: 2, .message: 3])]))
        output.write("(12,34): a", "(12,thirty-four): b", "(twelve,34): c", "(99999999999,+1): d", "(,): e")
        #expect(output.findings.map(\.line) == [12, 12, nil, nil, nil])
        #expect(output.findings.map(\.column) == [34, nil, 34, nil, nil])
        #expect(
            output.remarks == [
                "Unable to parse column number 'thirty-four'", "Unable to parse line number 'twelve'",
                "Unable to parse line number '99999999999'", "Unable to parse column number '+1'",
            ])
    }

    @Test("an empty code is none, an empty message no finding")
    func emptyParts() throws {
        var output = try Output(
            ProblemMatcher(owner: "a", patterns: [ProblemPattern("(.*): (.*)", [.code: 1, .message: 2])]))
        output.write("BAD : real bad", ": not working", "X:   ")
        #expect(output.findings.map(\.code) == ["BAD", nil])
        #expect(output.plain == ["X:   "])
        #expect(
            output.remarks == ["Skipping logging an issue for the matched line because the message is empty."])
    }

    @Test("colour codes are gone before matching, and from the finding's line")
    func colours() throws {
        var output = try Output(Matchers.simple("a", "^the error: (.+)$"))
        output.write("the error: \u{1B}[31mred, \u{1B}[1;31mbright red, \u{1B}[mreset")
        #expect(output.messages == ["red, bright red, reset"])
        #expect(output.findings.first?.text == "the error: red, bright red, reset")
    }

    @Test("bytes that are no UTF-8 do not hide a problem")
    func badBytes() throws {
        var output = try Output(Matchers.gcc)
        let line = Array("na".utf8) + [0xEF, 0x76, 0xFF] + Array(".c:1:2: error: b".utf8)
        let reports = line.withUnsafeBytes { output.scanner.take($0) }
        guard case .finding(let finding) = reports.last else {
            Issue.record("no finding: \(reports)")
            return
        }
        #expect(finding.file == "na\u{FFFD}v\u{FFFD}.c")
    }

    @Test("a dot is one character, a \\u escape JavaScript's, and \\d ASCII")
    func dialect() throws {
        var output = try Output(Matchers.simple("a", #"^.(\u00e9\x41\d)\/$"#))
        output.write("한éA7/", "한éA٣/")
        #expect(output.messages == ["éA7"])
    }

    @Test("named groups are counted after the others, as in .NET")
    func namedGroups() throws {
        var output = try Output(
            ProblemMatcher(
                owner: "a", patterns: [ProblemPattern("^(?<m>.+) at (.+):(.+)$", [.file: 1, .line: 2, .message: 3])]))
        output.write("broken at a.c:7")
        #expect(output.findings.first?.file == "a.c")
        #expect(output.findings.first?.line == 7)
        #expect(output.messages == ["broken"])
    }

    @Test("a line over the limit is no problem, and ends a loop")
    func longLines() throws {
        var output = try Output(Matchers.stylish)
        output.write("a.js", "  1:1  error  one  r", String(repeating: " 1:1 ", count: 20_000), "  1:1  error  two  r")
        #expect(output.messages == ["one"])
    }

    @Test("the empty line can match")
    func emptyLine() throws {
        var output = try Output(Matchers.rows([("^$", [:]), ("^(.+)$", [.message: 1])]))
        output.write("", "first", "second")
        #expect(output.messages == ["first"])
    }
}

@Suite("Whole lines in one piece")
struct PiecesOfOutputTests {
    @Test("plain output passes byte for byte; a finding stands for its line", arguments: ["\n", "\r\n", "\r"])
    func pieces(lineBreak: String) throws {
        var output = try Output(Matchers.gcc)
        let lines = ["one", "a.c:1:2: error: x", "", "\u{1B}[1mtwo é", "b.c:3:4: error: y", "last"]
        var shown = ""
        Array(lines.joined(separator: lineBreak).utf8).withUnsafeBytes { bytes in
            output.scanner.take(
                lines: bytes, plain: { shown += String(decoding: $0, as: UTF8.self) },
                report: { if case .finding(let finding) = $0 { shown += "<\(finding.message)>" } })
        }
        let expected = ["one\n<x>\n\u{1B}[1mtwo é\n<y>last"].map {
            $0.split(separator: "\n", omittingEmptySubsequences: false)
        }
        #expect(shown == expected.joined().joined(separator: lineBreak))
    }

    @Test("without matchers everything passes in one piece")
    func idle() throws {
        var scanner = ProblemScanner()
        #expect(scanner.isIdle)
        var pieces = 0
        Array("a\nb\n".utf8).withUnsafeBytes { bytes in
            scanner.take(lines: bytes, plain: { _ in pieces += 1 }, report: { _ in Issue.record("nothing to report") })
        }
        #expect(pieces == 1)
    }

    @Test("each length and each place of an odd byte are seen alike, eight bytes at a time or one")
    func everyLength() throws {
        for length in 0..<40 {
            for odd in 0..<max(length, 1) {
                var output = try Output(Matchers.simple("a", "^(a*é?a*)$"))
                let text = (0..<length).map { $0 == odd ? "é" : "a" }.joined()
                var found: [String] = []
                Array("\(text)\nX\n".utf8).withUnsafeBytes { bytes in
                    output.scanner.take(
                        lines: bytes, plain: { _ in },
                        report: { if case .finding(let finding) = $0 { found.append(finding.message) } })
                }
                #expect(found == (text.isEmpty ? [] : [text]))
            }
        }
    }
}
