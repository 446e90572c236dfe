// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import StepExecution

@Suite("Command files") struct FileCommandTests {
    private typealias Pair = FileCommandPairs.Pair

    @Test(
        "lines and blocks are read as the runner for Linux reads them",
        arguments: [
            ("", []),
            ("\n\n", []),
            ("a=1", [("a", "1")]),
            ("a=1\nb=2\n", [("a", "1"), ("b", "2")]),
            ("a=", [("a", "")]),
            ("a=b=c<<d\n", [("a", "b=c<<d")]),
            ("a<<EOF\nEOF\n", [("a", "")]),
            ("a<<EOF\none\ntwo\nEOF\nb=1", [("a", "one\ntwo"), ("b", "1")]),
            ("a<<EOF\n\n\nEOF", [("a", "\n")]),
            ("a<<EOF\none=1\n EOF\nEOF\n", [("a", "one=1\n EOF")]),
            ("a<<==\nx\n==\n", [("a", "x")]),
            ("a=1\r\n", [("a", "1\r")]),
            ("a<<EOF\r\nx\r\nEOF\r\n", [("a", "x\r")]),
            ("\u{FEFF}a=1", [("a", "1")]),
            ("ä ö=ü", [("ä ö", "ü")]),
        ] as [(String, [(String, String)])])
    func reads(text: String, expected: [(String, String)]) {
        let content = FileCommandPairs(text)
        #expect(content.pairs == expected.map { Pair($0.0, $0.1) })
        #expect(content.error == nil)
    }

    @Test(
        "a mistake is told in the runner's words, and what was before it counts",
        arguments: [
            ("a=1\nbare", "Invalid format 'bare'"),
            ("a=1\n=x", "Invalid format '=x'. Name must not be empty"),
            ("a=1\n<<EOF\nEOF", "Invalid format '<<EOF'. Name must not be empty and delimiter must not be empty"),
            ("a=1\nb<<\n", "Invalid format 'b<<'. Name must not be empty and delimiter must not be empty"),
            ("a=1\nb<<EOF\nx\n", "Invalid value. Matching delimiter not found 'EOF'"),
            ("a=1\nb<<EOF\nx", "Invalid value. EOF marker missing new line."),
        ])
    func explains(text: String, message: String) {
        let content = FileCommandPairs(text)
        #expect(content.pairs == [Pair("a", "1")])
        #expect(content.error?.message == message)
    }

    @Test("path files have one folder a line")
    func readsPaths() {
        #expect(Array("/a\r\n\n/b c\r/d".utf8).withUnsafeBytes(pathEntries) == ["/a", "/b c", "/d"])
    }
}
