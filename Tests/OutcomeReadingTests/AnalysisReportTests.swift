// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import OutcomeReading
import Testing

@Suite("SARIF files")
struct AnalysisReportTests {
    private static let file = #"""
        {"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{
          "tool":{"driver":{"name":"Lint","rules":[
            {"id":"R1","defaultConfiguration":{"level":"error"},"messageStrings":{"default":{"text":"{0} is {{not}} {1}, {9}"}}},
            {"id":"R2","shortDescription":{"text":"Second rule"}}]}},
          "originalUriBaseIds":{"%SRCROOT%":{"uri":"file:///home/me/w/"},"SUB":{"uri":"sub","uriBaseId":"%SRCROOT%"}},
          "artifacts":[{"location":{"uri":"src/listed.c"}}],
          "results":[
            {"ruleId":"R1","ruleIndex":0,"message":{"id":"default","arguments":["x","y"]},"locations":[{"physicalLocation":{
               "artifactLocation":{"uri":"src/a%20b.c"},
               "region":{"startLine":3,"startColumn":5,"endLine":4,"endColumn":9}}}]},
            {"ruleId":"R2/7","message":{"text":"plain"},"level":"note","locations":[{"physicalLocation":{
               "artifactLocation":{"uri":"c.c","uriBaseId":"SUB"}}}]},
            {"rule":{"index":1},"message":{},"suppressions":[{"kind":"inSource"}],
             "locations":[{"physicalLocation":{"artifactLocation":{"index":0},"region":{"startLine":0}}}]},
            {"message":{"text":"no rule"},"kind":"pass","suppressions":[{"kind":"external","status":"rejected"}]},
            {"message":{"markdown":"**m**"},"locations":[]}
          ]}, {"tool":{"driver":{"name":"Other"}}, "results":null}]}
        """#

    @Test("rules, levels, messages with arguments and places are read as the standard says")
    func reading() throws {
        let findings = try AnalysisReport.readSARIF(Array(Self.file.utf8))
        #expect(findings.map(\.rule) == ["R1", "R2/7", "R2", "", ""])
        #expect(findings.map(\.level) == [.error, .note, .warning, .none, .warning])
        #expect(findings.map(\.message) == ["x is {not} y, {9}", "plain", "Second rule", "no rule", "**m**"])
        #expect(findings.map(\.file) == ["src/a b.c", "/home/me/w/sub/c.c", "src/listed.c", nil, nil])
        #expect(findings.map(\.isSuppressed) == [false, false, true, false, false])
        let first = try #require(findings.first)
        #expect(first.tool == "Lint" && first.line == 3 && first.column == 5)
        #expect(first.endLine == 4 && first.endColumn == 9)
        #expect(findings[2].line == nil)
    }

    @Test(
        "addresses of files lose their scheme, others keep it",
        arguments: [
            ("file:///a/b.c", "/a/b.c"), ("file:/a/b.c", "/a/b.c"), ("file://host/a%2Bb.c", "/a+b.c"),
            ("https://x/y.c", "https://x/y.c"), ("a%zz%4", "a%zz%4"), ("%ED%95%9C.c", "한.c"),
        ])
    func addresses(address: String, expected: String) throws {
        let text = #"""
            {"version":"2.1.0","runs":[{"results":[{"message":{"text":"m"},
            "locations":[{"physicalLocation":{"artifactLocation":{"uri":"\#(address)"}}}]}]}]}
            """#
        #expect(try AnalysisReport.readSARIF(Array(text.utf8)).first?.file == expected)
    }

    @Test("base addresses that go in a circle come to an end")
    func circle() throws {
        let text = #"""
            {"version":"2.1.0","runs":[{"originalUriBaseIds":{"A":{"uri":"a/","uriBaseId":"A"}},"results":[{"message":
            {"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"f.c","uriBaseId":"A"}}}]}]}]}
            """#
        #expect(try AnalysisReport.readSARIF(Array(text.utf8)).first?.file?.hasSuffix("a/f.c") == true)
    }

    @Test(
        "what is no SARIF is told with its line or its path",
        arguments: [
            ("{\n\"version\": ,}", 2, "cannot be read"), ("[]", nil, "version must be"),
            (#"{"version":"1.0.0"}"#, nil, "is of version 1.0.0"),
            (#"{"version":"2.1.0"}"#, nil, "runs must be an array"),
            (#"{"version":"2.1.0","runs":[1]}"#, nil, "runs[0] must be"),
            (#"{"version":"2.1.0","runs":[{"results":{}}]}"#, nil, "runs[0].results must be"),
            (
                #"{"version":"2.1.0","runs":[{"results":[{}]}]}"#, nil,
                "runs[0].results[0] must be an object with a message"
            ),
        ] as [(String, Int?, String)])
    func unreadable(text: String, line: Int?, message: String) {
        let diagnostic = thrown { () throws(DiagnosticError) in _ = try AnalysisReport.readSARIF(Array(text.utf8)) }
        #expect(diagnostic?.code == .analysisUnreadable)
        #expect(diagnostic?.message.contains(message) == true)
        #expect(diagnostic?.position?.line == line)
        #expect(diagnostic?.remedy != nil)
    }

    @Test("what grows has a limit")
    func limits() {
        let few = OutcomeLimits(maximumCount: 4)
        #expect(
            thrown { () throws(DiagnosticError) in
                _ = try AnalysisReport.readSARIF(Array(Self.file.utf8), limits: few)
            }?.code == .reportLimit)
        let small = OutcomeLimits(maximumBytes: 100)
        #expect(
            thrown { () throws(DiagnosticError) in
                _ = try AnalysisReport.readSARIF(Array(Self.file.utf8), limits: small)
            }?.code == .reportLimit)
    }
}
