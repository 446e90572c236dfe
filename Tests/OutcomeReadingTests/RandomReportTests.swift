// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import OutcomeReading
import ProblemMatching
import Testing

/// A generator whose numbers depend on its seed alone.
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Bytes changed, left out, doubled and moved.
    mutating func mutate(_ bytes: [UInt8], with words: [String]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...6, using: &self) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &self)
            let end = min(bytes.count, place + Int.random(in: 0...12, using: &self))
            switch Int.random(in: 0...3, using: &self) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &self)
            case 1: bytes.removeSubrange(place..<end)
            case 2: bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &self))
            default: bytes.insert(contentsOf: Array((words.randomElement(using: &self) ?? "").utf8), at: place)
            }
        }
        return bytes
    }
}

@Suite("No input brings the readers down")
struct RandomReportTests {
    private static let xml = """
        <?xml version="1.0"?><testsuites><testsuite name="pytest" file="a"><testcase classname="a.b" name="c" time="0.1" \
        line="3"><failure message="m&lt;" type="t"><![CDATA[x\ntests/a.py:3: E]]></failure></testcase></testsuite></testsuites>
        """
    private static let sarif = #"""
        {"version":"2.1.0","runs":[{"tool":{"driver":{"name":"L","rules":[{"id":"R","messageStrings":{"d":{"text":"{0}{{"}}}]}},
        "results":[{"ruleId":"R","ruleIndex":0,"message":{"id":"d","arguments":["x"]},"locations":[{"physicalLocation":
        {"artifactLocation":{"uri":"a%20","index":0,"uriBaseId":"B"},"region":{"startLine":1e3}}}]}]}]}
        """#
    private static let matchers = #"""
        {"problemMatcher":[{"owner":"o","severity":"error","pattern":[{"regexp":"^\\s*(.*)$","file":1},
        {"regexp":"(\\d+):(.+?)(a|b)*","line":1,"message":2,"loop":true}]}]}
        """#

    @Test("test reports", arguments: 0..<6)
    func reports(seed: UInt64) {
        var generator = SeededGenerator(state: seed)
        let words = [
            "<testcase>", "</testcase>", "<!DOCTYPE a>", "&#0;", "]]>", "<error/>", "\u{FEFF}", "<?x?>", "&b;",
        ]
        var read = 0
        for _ in 0..<1_500 {
            let bytes = generator.mutate(Array(Self.xml.utf8), with: words)
            let diagnostic = thrown { () throws(DiagnosticError) in _ = try TestReport.read(bytes) }
            if diagnostic == nil { read += 1 }
            #expect(diagnostic?.position != nil || diagnostic == nil)
        }
        #expect(read > 20, "the changes leave too few reports whole to say anything")
    }

    @Test("analysis reports", arguments: 0..<6)
    func analyses(seed: UInt64) {
        var generator = SeededGenerator(state: seed)
        let words = ["null", "-1", "1e308", "{}", "[]", "\"\"", "%", "{", "}", "99999999999999"]
        for _ in 0..<1_500 {
            let bytes = generator.mutate(Array(Self.sarif.utf8), with: words)
            let diagnostic = thrown { () throws(DiagnosticError) in _ = try AnalysisReport.readSARIF(bytes) }
            #expect(diagnostic?.code == .analysisUnreadable || diagnostic == nil)
        }
    }

    @Test("matcher files, and output under those that can be read", arguments: 0..<6)
    func matchers(seed: UInt64) throws {
        var generator = SeededGenerator(state: seed)
        let words = [
            "(?<n>", "(?R)", "\\\\K", "(?=", "*", "{3}", "[", "\\\\u", "(*ACCEPT)", "\\\\x", "|", "\\\\1", "(?i)",
        ]
        var read = 0
        for _ in 0..<600 {
            let bytes = generator.mutate(Array(Self.matchers.utf8), with: words)
            var job = JobMatchers()
            guard let matchers = try? MatcherFile.read(bytes), (try? job.add(matchers)) != nil else { continue }
            read += 1
            var scanner = job.scanner()
            let output = generator.mutate(
                Array("\u{1B}[1ma.c\n 12:bad b\r\n\n 13:worse é\n".utf8), with: ["\u{1B}[", "a"])
            var plain = 0
            output.withUnsafeBytes { scanner.take(lines: $0, plain: { plain += $0.count }, report: { _ in }) }
            #expect(plain <= output.count)
        }
        #expect(read > 20, "the changes leave too few matchers whole to say anything")
    }
}
