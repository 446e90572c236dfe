// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Testing
import YAMLReading

@Suite struct YAMLReaderTests {
    @Test func positionsAreOneBasedAndCountScalars() throws {
        let root = try #require(try read("a: 1\n😀é: [x,\n  y]\n").root)
        let entries = try #require(root.entries)
        #expect(root.position == SourcePosition(line: 1, column: 1))
        #expect(entries[1].key.position == SourcePosition(line: 2, column: 1))
        #expect(entries[1].value.position == SourcePosition(line: 2, column: 5))
        #expect(entries[1].value.items?[1].position == SourcePosition(line: 3, column: 3))
        #expect(entries[1].value.end == SourcePosition(line: 3, column: 5))
    }

    @Test func stylesAndTagsAreKept() throws {
        let items = try #require(try read("[a, 'b', \"c\", !!int 1, !mine d]").root?.items)
        #expect(items.map(\.style) == [.plain, .singleQuoted, .doubleQuoted, .plain, .plain])
        #expect(items.map(\.tag) == [nil, nil, nil, "tag:yaml.org,2002:int", "!mine"])
        let blocks = try #require(try read("- |\n  a\n- >\n  b\n").root?.items)
        #expect(blocks.map(\.style) == [.literal, .folded])
    }

    @Test func duplicateKeysAreKept() throws {
        #expect(try read("a: 1\na: 2\n").root?.entries?.count == 2)
    }

    @Test func aliasesAreResolvedAndTellWhereTheyStand() throws {
        let document = try read("base: &b { x: 1 }\ncopy: *b\nunused: &u 1\n")
        let copy = try #require(document.root?.entries?[1].value)
        #expect(copy.entries?.count == 1)
        #expect(copy.alias == SourcePosition(line: 2, column: 7))
        #expect(copy.position == SourcePosition(line: 1, column: 7))
        #expect(document.anchors.map(\.name) == ["b", "u"])
        #expect(document.anchors.map(\.isUsed) == [true, false])
    }

    @Test func aLaterAnchorOfTheSameNameTakesOver() throws {
        let items = try #require(try read("[&a 1, *a, &a 2, *a]").root?.items)
        #expect(items.map(\.text) == ["1", "1", "2", "2"])
    }

    @Test(arguments: ["", "# only a comment\n", "---\n...\n", "\u{FEFF}"])
    func anEmptyDocumentHasNoRootOrAnEmptyOne(text: String) throws {
        let root = try read(text).root
        #expect(root == nil || root?.text == "")
    }

    @Test func aByteOrderMarkMovesNoColumn() throws {
        let entries = try #require(try read("\u{FEFF}a: 1\nb: 2\n").root?.entries)
        #expect(
            entries.map(\.key.position) == [SourcePosition(line: 1, column: 1), SourcePosition(line: 2, column: 1)])
    }

    @Test func windowsLineEndsAreLineEnds() throws {
        let entries = try #require(try read("a: |\r\n  x\r\n  y\r\nb: 2\r\n").root?.entries)
        #expect(entries[0].value.text == "x\ny\n")
        #expect(entries[1].key.position == SourcePosition(line: 4, column: 1))
    }
}

/// What hostile or broken texts get: a coded error with a position.
@Suite struct YAMLFaultTests {
    @Test(arguments: [
        ("a: b: c\n", 1), ("a:\n\tb: 1\n", 2), ("a: [1, 2\n", 2), ("a: 'x\n", 2), ("a: \"\\q\"\n", 1), ("{", 1),
        ("a: &\n", 1), ("%YAML 9\n---\n", 1), ("- a\n b\n- c\nd", 4), ("@x", 1),
    ])
    func syntaxErrorsNameTheirLine(text: String, line: Int) {
        let diagnostic = fault(text)
        #expect(diagnostic?.code == .yamlSyntax)
        #expect((diagnostic?.position?.line ?? 0) <= line + 1 && (diagnostic?.position?.line ?? 0) >= line)
    }

    @Test func aNULByteIsAnEncodingError() {
        #expect(fault("a: 1\nb: x\u{0}y\n") == .init(.yamlEncoding, at: 2, 5))
    }

    @Test(arguments: [
        ([0x61, 0x3A, 0x20, 0xFF], 1, 4), ([0x61, 0x0A, 0xC3, 0xA9, 0xE2, 0x82], 2, 2), ([0x80], 1, 1),
        ([0x61, 0xED, 0xA0, 0x80], 1, 2), ([0xFF, 0xFE, 0x61, 0x00], 1, 4),
    ])
    func bytesThatAreNotUTF8AreFoundWhereTheyStand(bytes: [UInt8], line: Int, column: Int) {
        #expect(throws: DiagnosticError.self) { try YAMLReader.read(bytes) }
        #expect(fault(bytes) == .init(.yamlEncoding, at: line, column))
    }

    @Test func aSecondDocumentIsRefused() {
        #expect(fault("a: 1\n---\nb: 2\n") == .init(.yamlSeveralDocuments, at: 2, 1))
    }

    @Test func anUnknownAliasIsRefused() {
        #expect(fault("a: *nowhere\n") == .init(.yamlUnknownAlias, at: 1, 4))
    }

    @Test(arguments: ["a: &a [*a]\n", "&a { b: { c: *a } }\n", "&a\n? *a\n: 1\n"])
    func aNodeThatHoldsItselfIsRefused(text: String) {
        #expect(fault(text)?.code == .yamlRecursiveAlias)
    }

    @Test func anAliasBombIsRefusedBeforeItGrows() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...60 {
            text += "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "]\n"
        }
        let diagnostic = fault(text)
        #expect(diagnostic?.code == .yamlTooManyNodes)
        #expect((diagnostic?.position?.line ?? 99) < 9)
    }

    @Test func manyAliasesAreRefused() {
        var limits = YAMLLimits()
        limits.aliases = 100
        let text = "a: &a 1\nb: [" + String(repeating: "*a ,", count: 101) + "]\n"
        #expect(fault(Array(text.utf8), limits)?.code == .yamlTooManyNodes)
    }

    @Test(arguments: ["[", "{a: ", "- ", "? "])
    func deepNestingIsRefused(opening: String) {
        let diagnostic = fault(String(repeating: opening, count: 200_000))
        #expect(diagnostic?.code == .yamlTooDeep || diagnostic?.code == .yamlSyntax)
    }

    @Test func nestingUpToTheLimitIsRead() throws {
        let depth = YAMLLimits().depth
        let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        #expect(try read(text).root != nil)
        #expect(fault("[" + text + "]")?.code == .yamlTooDeep)
    }

    @Test func aHugeTextIsRefusedUnread() {
        let diagnostic = fault([UInt8](repeating: UInt8(ascii: "x"), count: YAMLLimits().bytes + 1), YAMLLimits())
        #expect(diagnostic?.code == .yamlTooLarge)
    }

    @Test func manyNodesAreRefused() {
        var limits = YAMLLimits()
        limits.nodes = 1000
        let text = "[" + String(repeating: "x,", count: 1001) + "]"
        #expect(fault(Array(text.utf8), limits)?.code == .yamlTooManyNodes)
    }

    @Test func randomBytesNeverCrashTheReader() {
        let alphabet = Array("ab:-[]{}&*!|>'\"%@,?# \n\t~.0\\".utf8) + [0xC3, 0xA9, 0xE2]
        var state: UInt64 = 42
        for _ in 0..<3000 {
            var text: [UInt8] = []
            for _ in 0..<60 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text.append(alphabet[Int(state >> 33) % alphabet.count])
            }
            let document = try? YAMLReader.read(text)
            #expect(document?.root?.weight ?? 0 <= YAMLLimits().nodes)
        }
    }
}

private func read(_ text: String) throws -> YAMLDocument { try YAMLReader.read(Array(text.utf8)) }

/// What a text's fault is, without its words.
private struct Fault: Equatable {
    var code: DiagnosticCode
    var position: SourcePosition?

    init(_ code: DiagnosticCode, at line: Int, _ column: Int) {
        self.code = code
        position = SourcePosition(line: line, column: column)
    }

    init(_ diagnostic: Diagnostic) {
        code = diagnostic.code
        position = diagnostic.position
    }
}

private func fault(_ text: String) -> Fault? { fault(Array(text.utf8)) }

private func fault(_ text: [UInt8], _ limits: YAMLLimits = YAMLLimits()) -> Fault? {
    do throws(DiagnosticError) {
        _ = try YAMLReader.read(text, limits: limits)
        return nil
    } catch {
        return Fault(error.diagnostic)
    }
}

extension YAMLNode {
    fileprivate var entries: [YAMLEntry]? { if case .mapping(let entries) = content { entries } else { nil } }
    fileprivate var items: [YAMLNode]? { if case .sequence(let items) = content { items } else { nil } }
    fileprivate var text: String? { if case .scalar(let text, _) = content { text } else { nil } }
    fileprivate var style: YAMLScalarStyle? { if case .scalar(_, let style) = content { style } else { nil } }
}
