// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import ProblemMatching
import StructuredData
import Testing

@Suite("A problem matcher's file")
struct MatcherFileTests {
    private func read(_ patterns: String, owner: String = #""mine""#, more: String = "") -> Diagnostic? {
        let text = #"{"problemMatcher":[{"owner":\#(owner)\#(more),"pattern":[\#(patterns)]}]}"#
        return thrown { () throws(DiagnosticError) in _ = try MatcherFile.read(Array(text.utf8)) }
    }

    @Test("eslint's file, as setup-node brings it, is read whole")
    func eslint() throws {
        let text = #"""
            {"problemMatcher": [{"owner": "eslint-stylish", "pattern": [
                {"regexp": "^\\s*([^\\s].*)$", "file": 1},
                {"regexp": "^\\s+(\\d+):(\\d+)\\s+(error|warning|info)\\s+(.*)\\s\\s+(.*)$",
                 "line": 1, "column": 2, "severity": 3, "message": 4, "code": 5, "loop": true}]}]}
            """#
        #expect(try MatcherFile.read(Array(text.utf8)) == [Matchers.stylish])
    }

    @Test("keys may be in any case, numbers in quotes, and what is unknown is passed over")
    func tolerance() throws {
        let text =
            "\u{FEFF}" + #"""
                {"ProblemMatcher":[{"Owner":"a","name":"x","severity":null,"fromPath":"p/q.proj",
                  "pattern":[{"RegExp":"(.*)","Message":"1","loop":false,"kind":"location","file":null}]}]}
                """#
        let expected = ProblemMatcher(
            owner: "a", fromPath: "p/q.proj", patterns: [ProblemPattern("(.*)", [.message: 1])])
        #expect(try MatcherFile.read(Array(text.utf8)) == [expected])
    }

    @Test("a file without matchers has none", arguments: ["{}", "null", #"{"problemMatcher":[]}"#])
    func nothing(text: String) throws {
        #expect(try MatcherFile.read(Array(text.utf8)).isEmpty)
    }

    @Test("matchers that are kept read back as they were")
    func keeping() throws {
        var matchers = [Matchers.gcc, Matchers.tsc, Matchers.stylish]
        matchers[0].severity = "warning"
        matchers[1].fromPath = "a/b.csproj"
        #expect(try MatcherFile.read(Array(MatcherFile.data(matchers).jsonText().utf8)) == matchers)
    }

    @Test(
        "what the runner refuses is refused in its words",
        arguments: [
            (
                #"{"regexp":"^(.+)$","message":1,"loop":true}"#,
                "Only the last pattern in a multiline matcher may set 'loop'."
            ),
            (
                #"{"regexp":"a(.)","file":1},{"regexp":"b","loop":true},{"regexp":"(.)","message":1}"#,
                "Only the last pattern in a multiline matcher may set 'loop'."
            ),
            (
                #"{"regexp":"^(.+)$","message":1},{"regexp":"^(.+)$","file":1,"loop":true}"#,
                "The loop pattern must set 'message'."
            ),
            (#"{"regexp":"^(.+)$","file":1}"#, "At least one pattern must set 'message'."),
            (
                #"{"regexp":"^(.+)$","file":1},{"regexp":"^(.+)$","message":1,"file":1}"#,
                "The property 'file' is set twice."
            ),
            (#"{"regexp":"^(.+)$","message":2}"#, "The property 'message' is set to 2 which is out of range."),
            (#"{"regexp":"^(.+)$","message":-1}"#, "The property 'message' is set to -1 which is out of range."),
            ("", "Matcher 'mine' does not contain any patterns."),
        ])
    func rules(patterns: String, message: String) {
        let diagnostic = read(patterns)
        #expect(diagnostic?.message == message)
        #expect(diagnostic?.code == .matcherInvalid)
    }

    @Test("the owner and the default severity are checked")
    func owners() throws {
        let pattern = #"{"regexp":"(.)","message":1}"#
        #expect(read(pattern, owner: #""""#)?.message == "Owner must not be empty.")
        #expect(read(pattern, owner: "null")?.message == "Owner must not be empty.")
        #expect(
            read(pattern, more: #","severity":"fatal""#)?.message
                == "Matcher 'mine' contains unexpected default severity 'fatal'.")
        #expect(read(pattern, more: #","severity":"WARNing""#) == nil)
        let twice = #"{"problemMatcher":[{"owner":"a","pattern":[\#(pattern)]},{"owner":"A","pattern":[\#(pattern)]}]}"#
        let diagnostic = thrown { () throws(DiagnosticError) in _ = try MatcherFile.read(Array(twice.utf8)) }
        #expect(diagnostic?.message == "Duplicate owner name 'A'.")
    }

    @Test("a loop in the last of several patterns, and a message in the first, are allowed")
    func allowed() {
        #expect(read(#"{"regexp":"^(.+)$","file":1},{"regexp":"^(.+)$","message":1,"loop":true}"#) == nil)
        #expect(read(#"{"regexp":"^(.+)$","message":1},{"regexp":"^(.+)$","file":1}"#) == nil)
        #expect(read(#"{"regexp":"x","message":0}"#) == nil)
    }

    @Test(
        "a text that is no matcher's file is told with its place",
        arguments: [
            ("{\n \"problemMatcher\": [,]}", 2, "not JSON"), ("[]", 0, "the file must be an object"),
            (#"{"problemMatcher":{}}"#, 0, "problemMatcher must be an array"),
            (#"{"problemMatcher":[1]}"#, 0, "problemMatcher[0] must be an object"),
            (
                #"{"problemMatcher":[{"owner":"a","pattern":{"regexp":"x"}}]}"#, 0,
                "problemMatcher[0].pattern must be an array"
            ),
            (
                #"{"problemMatcher":[{"owner":"a","pattern":[{"regexp":"x","line":"one"}]}]}"#, 0,
                "problemMatcher[0].pattern[0].line must be the number of a group"
            ),
        ])
    func unreadable(text: String, line: Int, message: String) throws {
        let diagnostic = try #require(
            thrown { () throws(DiagnosticError) in _ = try MatcherFile.read(Array(text.utf8)) })
        #expect(diagnostic.code == .matcherUnreadable)
        #expect(diagnostic.message.contains(message), "\(diagnostic.message)")
        #expect(diagnostic.position?.line ?? 0 == line)
        #expect(diagnostic.remedy != nil)
    }

    @Test("a regular expression that cannot be compiled is told with the character")
    func badPattern() throws {
        let diagnostic = try #require(read(#"{"regexp":"^(.+$","message":0}"#))
        #expect(diagnostic.code == .matcherPatternInvalid)
        #expect(diagnostic.message.contains("'^(.+$'") && diagnostic.message.contains("character 6"))
    }

    @Test("what grows has a limit")
    func limits() {
        let long = String(repeating: "a", count: 20_000)
        #expect(read(#"{"regexp":"\#(long)","message":0}"#)?.code == .matcherLimit)
        let many = Array(repeating: #"{"regexp":"x"}"#, count: 40).joined(separator: ",")
        #expect(read(many)?.code == .matcherLimit)
        let huge = [UInt8](repeating: 0x20, count: MatcherFile.maximumBytes + 1)
        #expect(thrown { () throws(DiagnosticError) in _ = try MatcherFile.read(huge) }?.code == .matcherLimit)
    }
}
