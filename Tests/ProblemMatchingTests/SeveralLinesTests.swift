// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import ProblemMatching
import Testing

/// The runner's own cases (`IssueMatcherL0`), by their facts.
@Suite("Matches over several lines")
struct SeveralLinesTests {
    private static let loop = Matchers.rows(
        [("^(.+)$", [.file: 1]), ("^(.+)$", [.code: 1]), ("^message:(.+)$", [.message: 1])], loops: true)

    @Test("a loop keeps what came before it, and a line that breaks it may begin the next match")
    func loops() throws {
        var output = try Output(Self.loop)
        output.write(
            "file1", "code1", "message:1", "message:1-2", "abc", "file2", "code2", "message:2", "abc", "abc", "file3",
            "code3", "message:3")
        #expect(output.messages == ["1", "1-2", "2", "3"])
        #expect(output.findings.map(\.file) == ["file1", "file1", "file2", "file3"])
        #expect(output.findings.map(\.code) == ["code1", "code1", "code2", "code3"])
    }

    @Test("after a broken loop a line of the last pattern's form counts for the pattern whose turn it is")
    func brokenLoop() throws {
        var output = try Output(Self.loop)
        output.write(
            "my-file.cs", "bad", "message:not-working", "message:problem", "other-file.cs", "message:not-good",
            "message:broken")
        #expect(output.messages == ["not-working", "problem", "broken"])
        #expect(output.findings.last?.file == "other-file.cs")
        #expect(output.findings.last?.code == "message:not-good")
    }

    @Test("without a loop a match ends with its last line")
    func withoutLoop() throws {
        var output = try Output(Matchers.rows([("^file:(.+)$", [.file: 1]), ("^message:(.+)$", [.message: 1])]))
        output.write("file:a", "message:1", "message:2", "file:b", "x", "message:3", "file:c", "message:4")
        #expect(output.messages == ["1", "4"])
        #expect(output.findings.map(\.file) == ["a", "c"])
    }

    @Test("patterns that match every line count in turns")
    func everyLine() throws {
        var output = try Output(
            Matchers.rows([("^(.+)$", [.file: 1]), ("^(.+)$", [.code: 1]), ("^(.+)$", [.message: 1])]))
        output.write("f1", "c1", "m1", "f2", "c2", "m2")
        #expect(output.messages == ["m1", "m2"])
        #expect(output.findings.map(\.file) == ["f1", "f2"])
        #expect(output.findings.map(\.code) == ["c1", "c2"])
    }

    @Test("a default severity fills in where the group took no part")
    func defaults() throws {
        var matcher = Matchers.rows([
            ("^(ERROR)?(?: )?(.+):$", [.severity: 1, .code: 2]), ("^(.+)$", [.message: 1]),
        ])
        matcher.severity = "warning"
        var output = try Output(matcher)
        output.write("ABC:", "not-working", "ERROR ABC:", "not-working")
        #expect(output.findings.map(\.level) == [.warning, .error])
        #expect(output.findings.map(\.code) == ["ABC", "ABC"])
    }

    @Test("rustc's message stands a line above its place")
    func messageFirst() throws {
        var output = try Output(
            Matchers.rows([
                (#"^(warning|error)(?:\[(\w+)\])?: (.+)$"#, [.severity: 1, .code: 2, .message: 3]),
                (#"^\s*--> (.+):(\d+):(\d+)$"#, [.file: 1, .line: 2, .column: 3]),
            ]))
        output.write("error[E0308]: mismatched types", "  --> src/main.rs:2:5")
        #expect(output.messages == ["mismatched types"])
        #expect(output.findings.first?.file == "src/main.rs")
        #expect(output.plain == ["error[E0308]: mismatched types"])
    }
}

@Suite("Several matchers")
struct SeveralMatchersTests {
    @Test("a finding makes every other matcher forget what it was in the middle of")
    func resets() throws {
        let first = Matchers.rows([("both: .+", [:]), ("1 only: (.+)", [.message: 1])])
        var second = Matchers.rows([("both: (.+)", [:]), ("(.+)", [.message: 1])])
        second.owner = "second"
        var output = try Output(first, second)
        output.write("both: hello", "1 only: it broke", "regular 1", "regular 2", "both: again", "oh no")
        #expect(output.messages == ["it broke", "oh no"])
        #expect(output.findings.map(\.owner) == ["rows", "second"])
    }

    @Test("what was added last is asked first; a namesake takes the place of the older one")
    func order() throws {
        var output = try Output(Matchers.simple("one", "ERROR: (.+)"), Matchers.simple("two", "NOT GOOD: (.+)"))
        output.write("ERROR: 1")
        output.scanner.add([try PreparedMatcher(Matchers.simple("new", "ERROR: (.+) END"))])
        output.write("ERROR: 2 END", "ERROR: 3")
        output.scanner.add([try PreparedMatcher(Matchers.simple("ONE", "FAIL: (.+)"))])
        output.write("ERROR: 4", "FAIL: 5", "NOT GOOD: 6")
        #expect(output.messages == ["1", "2", "3", "5", "6"])
        #expect(output.findings.map(\.owner) == ["one", "new", "one", "ONE", "two"])
        #expect(output.plain == ["ERROR: 4"])
    }

    @Test("a removed owner's lines are plain output again")
    func removal() throws {
        var output = try Output(Matchers.simple("one", "ERROR: (.+)"), Matchers.simple("two", "NOT GOOD: (.+)"))
        output.scanner.remove(owners: ["ONE"])
        output.write("ERROR: 1", "NOT GOOD: 2")
        #expect(output.messages == ["2"])
        output.scanner.remove(owners: ["two"])
        #expect(output.scanner.isIdle)
    }

    @Test("the job keeps its matchers for the steps to come")
    func job() throws {
        var job = JobMatchers()
        let (one, two) = (Matchers.simple("one", "(.)"), Matchers.simple("two", "(.)"))
        _ = try job.add([one])
        #expect(try job.add([two, Matchers.gcc]).count == 2)
        #expect(job.definitions.map(\.owner) == ["two", "gcc", "one"])
        _ = try job.add([Matchers.simple("TWO", "x(.)")])
        #expect(job.definitions.map(\.owner) == ["TWO", "gcc", "one"])
        #expect(job.remove(owners: ["GCC", "none"]) == ["gcc"])
        #expect(JobMatchers.removedText(["gcc"]) == "Removed matchers: 'gcc'")
        #expect(JobMatchers.addedText([one, two]).hasPrefix("Added matchers: 'one', 'two'. Problem matchers scan"))
        #expect(!job.isEmpty && !job.scanner().isIdle)
    }

    @Test("a match that is no finding leaves the line to the next matcher")
    func fallThrough() throws {
        let picky = ProblemMatcher(
            owner: "picky", patterns: [ProblemPattern("(info|error): (.+)", [.severity: 1, .message: 2])])
        var output = try Output(picky, Matchers.simple("any", "(.+)"))
        output.write("info: hello")
        #expect(output.findings.map(\.owner) == ["any"])
        #expect(output.remarks.count == 1)
    }

    @Test("a job has no more matchers than the limit")
    func limit() throws {
        var job = JobMatchers()
        for index in 0..<JobMatchers.maximumMatchers { _ = try job.add([Matchers.simple("m\(index)", "(.)")]) }
        let diagnostic = thrown { () throws(DiagnosticError) in _ = try job.add([Matchers.simple("more", "(.)")]) }
        #expect(diagnostic?.code == .matcherLimit)
        #expect(job.definitions.count == JobMatchers.maximumMatchers)
    }
}

@Suite("No pattern holds a step up")
struct ExhaustionTests {
    @Test(
        "a pattern that explodes is forgiven twice and dropped the third time; the others go on",
        arguments: [
            "^(a+)+$", "^((([a-z])+)+)+$", "(?:a|aa|aaa)+$", "(\\w|\\s|.)+:$",
        ])
    func dropping(regexp: String) throws {
        var output = try Output(
            ProblemMatcher(owner: "email", patterns: [ProblemPattern(regexp, [.message: 0])]),
            Matchers.simple("err", "ERR: (.+)"))
        let evil = String(repeating: "a", count: 2_000) + "! d:x"
        output.write(evil, evil)
        #expect(output.remarks.filter { $0.hasPrefix("Timeout processing issue matcher 'email'") }.count == 2)
        #expect(output.dropped.isEmpty)
        output.write(evil, evil, "ERR: this")
        #expect(output.dropped.count == 1)
        #expect(output.dropped.first?.code == .matcherDropped)
        #expect(
            output.dropped.first?.message.hasPrefix("Removing issue matcher 'email'. Matcher failed 3 times.") == true)
        #expect(output.messages == ["this"])
        #expect(output.plain.count == 4)
    }

    @Test("a pattern that is slow on every line, and never too slow, is dropped in the end")
    func slowOnEveryLine() throws {
        var output = try Output(Matchers.simple("slow", "^(?:(.+)(.+)(.+))x$"))
        let line = "x" + String(repeating: "a", count: 70)
        for _ in 0..<1_000 { output.write(line) }
        #expect(output.dropped.isEmpty && output.remarks.isEmpty)
        output.write(line)
        #expect(
            output.dropped.first?.message
                == "Removing issue matcher 'slow'. It was slow on more than 1000 lines.")
        #expect(output.scanner.isIdle)
    }

    @Test("what needs a long line is found in a long line")
    func longButCheap() throws {
        var output = try Output(Matchers.gcc, Matchers.tsc)
        let long = String(repeating: "function a(b,c){return b:3} ", count: 2_000)
        // More often than a matcher may be slow.
        for _ in 0..<1_100 { output.write(long) }
        output.write("\(long):1:2: error: here")
        #expect(output.messages == ["here"])
        #expect(output.dropped.isEmpty && output.remarks.isEmpty)
    }
}
