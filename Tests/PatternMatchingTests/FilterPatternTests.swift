// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import PatternMatching
import Testing

@Suite("Filter patterns")
struct FilterPatternTests {
    @Test(
        "A pattern matches the whole text, with GitHub's meaning of each sign",
        arguments: [
            ("a.c", "abc", false), ("a.c", "a.c", true), ("\\!x", "!x", true), ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("v?", "", true), ("v?", "v", true), ("v+", "vvv", true), ("v+", "", false), ("[ab]?c", "c", true),
            ("[a-c]+", "abcabc", true), ("[a-c]+", "abd", false), ("*", "", true), ("*", "a/b", false),
            ("**", "a/b", true),
            ("a/**", "a/", true), ("a/**", "a", false), ("**/a", "a", true), ("**/a", "xa", false),
            ("**/a", "x/y/a", true),
            ("**/a", "/a", false), ("+", "+", true), ("?", "?", true), ("**/*.é?", "ü/x.", true), ("*?x", "yyx", true),
            ("", "", true), ("[a.]b", ".b", true),
        ])
    func meaning(pattern: String, text: String, expected: Bool) throws {
        #expect(try FilterPattern(pattern).matches(text) == expected)
    }

    @Test("The last pattern that matches decides, and says which it was")
    func orderedNegation() throws {
        let list = try FilterPatternList(sources: ["releases/**", "!releases/**-alpha", "releases/v9-alpha"])
        #expect(list.selection(of: "releases/v1") == .init(isSelected: true, decidingPattern: 0))
        #expect(list.selection(of: "releases/v1-alpha") == .init(isSelected: false, decidingPattern: 1))
        #expect(list.selection(of: "releases/v9-alpha") == .init(isSelected: true, decidingPattern: 2))
        #expect(list.selection(of: "main") == .init(isSelected: false, decidingPattern: nil))
        #expect(list.filtersOut(["main", "releases/v1-alpha"]))
        #expect(!list.filtersOut(["main", "releases/v1"]))
    }

    @Test("A list of no patterns filters nothing; no inputs are filtered out by any pattern")
    func emptyLists() throws {
        let none = FilterPatternList([])
        #expect(!none.filtersOut(["x"]) && !none.ignoresAll(["x"]) && !none.filtersOut([]) && !none.ignoresAll([]))
        let some = try FilterPatternList(sources: ["a"])
        #expect(some.filtersOut([]) && some.ignoresAll([]))
    }

    @Test(
        "A pattern without a meaning is refused at its character",
        arguments: [
            ("v[0-", 2, 251), ("v[abc", 1, 251), ("a[]", 1, 251), ("[9-0]", 1, 251), ("ab\\", 2, 256), ("![x", 1, 251),
        ])
    func refused(pattern: String, offset: Int, code: Int) {
        let error = #expect(throws: PatternError.self) { try FilterPattern(pattern) }
        #expect(error?.finding.offset == offset)
        #expect(error?.diagnostic.code == DiagnosticCode(code))
    }

    @Test("A pattern over the length limit is refused")
    func tooLong() {
        let long = String(repeating: "*a", count: FilterPattern.maximumLength)
        let error = #expect(throws: PatternError.self) { try FilterPattern(long) }
        #expect(error?.diagnostic.code == .patternTooLong)
        #expect(FilterPattern.lint(long, as: .path).map(\.code) == [.patternTooLong])
    }

    @Test("Many wildcards cost no more than pattern length times text length")
    func noBlowUp() throws {
        let pattern = try FilterPattern(String(repeating: "**a", count: 200) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 2_000)))
    }

    @Test(
        "What can never match is found, at its place",
        arguments: [
            ("main", FilterPattern.Subject.ref, [:]), ("feature/**", .ref, [:]), ("v[12].[0-9]+", .ref, [:]),
            ("[x]", .ref, [0: 251]), (" ", .ref, [0: 253]), ("!*", .ref, [:]), ("!", .path, [0: 250]),
            ("/v\\d+/", .ref, [0: 253, 2: 253, 5: 253]), ("v[0-", .ref, [2: 251, 1: 251]), ("v[9-0]", .ref, [2: 251]),
            ("foo\\bar", .path, [:]), ("  foo", .path, [0: 254]), ("foo\n", .path, [3: 254]), (".", .path, [0: 254]),
            ("!./foo", .path, [1: 254]), ("../x", .path, [0: 254]), (".github/**", .path, [:]), ("**.js", .path, [:]),
            ("*+", .path, [1: 252]), ("?a", .path, [0: 252]), ("a\\?", .ref, [2: 253]), ("a\\?", .path, [:]),
            ("^x", .ref, [0: 253]), ("x.", .ref, [1: 253]), ("", .ref, [0: 250]),
        ] as [(String, FilterPattern.Subject, [Int: Int])])
    func lint(pattern: String, subject: FilterPattern.Subject, expected: [Int: Int]) {
        let findings = FilterPattern.lint(pattern, as: subject)
        let found = Dictionary(findings.map { ($0.offset, $0.code.number) }, uniquingKeysWith: { first, _ in first })
        #expect(found == expected)
    }

    @Test("A finding points into the file")
    func position() {
        let finding = FilterPattern.lint("v[9-0]", as: .ref)[0]
        let diagnostic = finding.diagnostic(start: SourcePosition(line: 12, column: 9))
        #expect(diagnostic.position == SourcePosition(line: 12, column: 11))
    }
}
