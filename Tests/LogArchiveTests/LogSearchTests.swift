// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import LogArchive
import Synchronization
import TestFolders
import Testing

/// What a search must find: each line is looked at alone, by other code than the product's.
private func numbers(_ pattern: LogPattern, _ bytes: [UInt8]) throws -> [Int] {
    let expression = try? NSRegularExpression(pattern: pattern.text, options: .useUnixLineSeparators)
    return LogTestFiles.lines(bytes).enumerated().compactMap { index, line in
        let text = line.last == UInt8(ascii: "\r") ? Array(line.dropLast()) : line
        let shown = String(decoding: text, as: UTF8.self)
        let isFound =
            switch pattern.kind {
            case .text: Data(text).range(of: Data(pattern.text.utf8)) != nil
            case .textIgnoringCase: shown.lowercased().contains(pattern.text.lowercased())
            case .regularExpression:
                expression?.firstMatch(in: shown, range: NSRange(shown.startIndex..., in: shown)) != nil
            }
        return isFound ? index + 1 : nil
    }
}

private let expressions = [
    "fo+", "a.b", "^é", "b$", "^$", "x|ab", "[^a]b", "\\Aab", "c\\z", "a++b", "(ab)+c", "\\s", "\\S\\s\\S", "a(?!b)",
    "(?<!a)b",
    "ab{2,3}", "foo.*bar", "(?:a|b)é", "^[ab]+$", "\\d+é?", "a\\.b", "(?i)FOO", "é+b", "[^\\n]\\t", "b\\s*$",
]

@Suite("A search in logs", .ownFolders)
struct LogSearchTests {
    @Test("It finds what a look at each line alone finds, whatever the lines are", arguments: 0..<40)
    func agreesWithNaive(seed: Int) throws {
        var random = SeededNumbers(UInt64(seed))
        let words: [[UInt8]] =
            ["a", "b", "ab", "foo", "bar", "é", "x", "abb", " ", "\t", "1", "FOO", ".", "c", "\r"].map {
                Array($0.utf8)
            }
            + [[0xFF], [0xC3], [0xE2, 0x82]]
        var bytes: [UInt8] = []
        for _ in 0..<random.next(300) {
            for _ in 0..<random.next(7) { bytes += random.pick(words) }
            bytes += random.pick([Array("\n".utf8), Array("\r\n".utf8), Array("\n".utf8)])
        }
        if random.next(2) == 0 { bytes += random.pick(words) }
        let path = try LogTestFiles.folder() + "/a.log"
        try LogTestFiles.write(bytes, to: path)
        var patterns = expressions.map { LogPattern(.regularExpression, $0) }
        for text in ["a", "ab", "foo", "é", " ", "b\r", "FoO", "no such"] {
            patterns += [LogPattern(.text, text), LogPattern(.textIgnoringCase, text)]
        }
        for pattern in patterns {
            let expected = try numbers(pattern, bytes)
            var limits = LogSearchLimits()
            limits.matches = 1 + random.next(40)
            var found: [Int] = []
            var cursor: LogCursor? = .start
            while let at = cursor {
                let page = try LogSearch(pattern, in: [LogTestFiles.source(path)], limits: limits).page(from: at)
                #expect(page.matchingLines == expected.count - found.count)
                #expect(page.isCounted)
                found += page.matches.map(\.line)
                cursor = page.next
            }
            #expect(found == expected, "\(pattern)")
        }
    }

    @Test("Lines on the borders of what is read at once are found once, with their numbers", arguments: [1, 2, 5])
    func borders(threads: Int) throws {
        var random = SeededNumbers(7)
        var bytes: [UInt8] = []
        while bytes.count < 7 << 19 {
            let length = random.next(50) == 0 ? random.next(700_000) : random.next(400)
            bytes += Array("line \(random.next(1000)) ".utf8) + [UInt8](repeating: UInt8(ascii: "="), count: length)
            bytes.append(UInt8(ascii: "\n"))
        }
        // A line that ends just on a border, and one that begins just there.
        for border in [1 << 20, 2 << 20, 3 << 20] { bytes[border - 1] = UInt8(ascii: "\n") }
        bytes += Array("line 77 has no end".utf8)
        let path = try LogTestFiles.folder() + "/a.log"
        let marked = try LogTestFiles.folder() + "/b.log"
        try LogTestFiles.write(bytes, to: path)
        _ = try LogTestFiles.written(bytes, marked)
        for pattern in [
            LogPattern(.text, "line 77"), LogPattern(.regularExpression, "77 =*$"),
            LogPattern(.regularExpression, "^l.*7"), LogPattern(.textIgnoringCase, "LINE 7"),
            LogPattern(.regularExpression, "^=*$"),
        ] {
            let expected = try numbers(pattern, bytes)
            for path in [path, marked] {
                var limits = LogSearchLimits()
                limits.threads = threads
                limits.matches = 223
                var found: [Int] = []
                var cursor: LogCursor? = .start
                while let at = cursor {
                    let search = LogSearch(
                        pattern, in: [LogTestFiles.source(path)], limits: limits, countsAll: found.isEmpty)
                    let page = try search.page(from: at)
                    if found.isEmpty { #expect(page.matchingLines == expected.count) }
                    found += page.matches.map(\.line)
                    cursor = page.next
                }
                #expect(found == expected, "\(pattern)")
            }
        }
    }

    @Test("All logs of an attempt are searched in order, in pages")
    func severalLogs() throws {
        let folder = try LogTestFiles.folder()
        var sources: [LogSource] = []
        var expected: [[Int]] = []
        for log in 0..<9 {
            let path = "\(folder)/\(log).log"
            let text = (0..<(log * 3)).map { "\($0 % 2 == 0 ? "hit" : "miss") \($0)\n" }.joined()
            try LogTestFiles.write(Array(text.utf8), to: path)
            sources.append(LogTestFiles.source(path))
            expected += (0..<(log * 3)).filter { $0 % 2 == 0 }.map { [log, $0 + 1] }
        }
        var limits = LogSearchLimits()
        limits.matches = 4
        var found: [[Int]] = []
        var cursor: LogCursor? = .start
        while let at = cursor {
            let page = try LogSearch(LogPattern(.text, "hit"), in: sources, limits: limits).page(from: at)
            #expect(page.matchingLines == expected.count - found.count)
            found += page.matches.map { [$0.log, $0.line] }
            cursor = page.next
        }
        #expect(found == expected)
        let behind = try LogSearch(LogPattern(.text, "hit"), in: sources).page(from: LogCursor(log: 8, line: 999))
        #expect(behind.matches.isEmpty && behind.next == nil)
        #expect(try LogSearch(LogPattern(.text, "hit"), in: []).page().matches.isEmpty)
    }

    @Test("Words and digits are ASCII's; a literal that every match holds is looked for first, and changes nothing")
    func literalsAndWords() throws {
        let path = try LogTestFiles.folder() + "/a.log"
        let lines = [
            "error: E12 failed", "error: 12 failed", "Error: E1 failed", "xerror: E1 failed", "error: E1 failed é",
            "err", "errr: +?{2}", "über 1٣", "[x] done", "a(b)c", "",
        ]
        try LogTestFiles.write(Array((lines.joined(separator: "\r\n") + "\r\n").utf8), to: path)
        for (pattern, expected) in [
            ("error: E\\d+ failed$", [1, 4]), ("\\berror: E?\\d+", [1, 2, 5]), ("(?i)ERROR: e1 ", [3, 4, 5]),
            ("err?or:", [1, 2, 4, 5]), ("er{2}or|done", [1, 2, 4, 5, 9]), ("er{3}", [7]), ("\\+\\?\\{2}", [7]),
            ("\\d\\d$", []), ("\\w\\w+ 1.", [8]), ("\\[x\\] (?:do|be)ne?", [9]), ("a\\(b\\)c", [10]),
            ("a[(]b.c$", [10]),
            ("(?x) e r r o r : [ ] E \\d # error", [1, 4, 5]), ("\\Q[x]\\E do", [9]), ("failed (?:é)?$", [5]),
            ("(*COMMIT)err$", [6]), ("(*NO_JIT)E1 f.*d.é", [5]), ("erro*r: E12", [1]), ("r: E12? f", [1, 3, 4, 5]),
            ("über*", [8]), ("é+$", [5]), ("fail(?=ed é)", [5]), ("f{0}err$", [6]), ("^.{0}$", [11]),
        ] as [(String, [Int])] {
            let page = try LogSearch(LogPattern(.regularExpression, pattern), in: [LogTestFiles.source(path)]).page()
            #expect(page.matches.map(\.line) == expected, "\(pattern)")
        }
    }

    @Test("A long line is cut to what stands around the match, in whole characters")
    func excerpts() throws {
        let path = try LogTestFiles.folder() + "/a.log"
        let long = String(repeating: "é", count: 500) + "NEEDLE" + String(repeating: "ü", count: 500)
        try LogTestFiles.write(Array("short needle\r\n\(long)\n".utf8) + [0xFF] + Array("€ needle\n".utf8), to: path)
        var limits = LogSearchLimits()
        limits.textBytes = 101
        let page = try LogSearch(
            LogPattern(.textIgnoringCase, "needle"), in: [LogTestFiles.source(path)], limits: limits
        ).page()
        let excerpts = page.matches.map(\.excerpt)
        #expect(excerpts[0].text == "short needle")
        #expect(!excerpts[0].isCutBefore && !excerpts[0].isCutAfter)
        #expect(excerpts[1].isCutBefore && excerpts[1].isCutAfter)
        #expect(excerpts[1].text.utf8.count <= 101)
        #expect(!excerpts[1].text.contains("\u{FFFD}"))
        #expect(excerpts[2].text == "\u{FFFD}€ needle")
        for excerpt in excerpts {
            let matched = Array(excerpt.text.utf8)[excerpt.match]
            #expect(String(decoding: matched, as: UTF8.self).lowercased() == "needle")
        }
    }

    @Test("A long line is searched to its end, also in parts")
    func longLine() throws {
        let path = try LogTestFiles.folder() + "/a.log"
        let long = String(repeating: "é0", count: 100_000) + "needle 7"
        try LogTestFiles.write(Array("one\n\(long)\nthree needle 8".utf8), to: path)
        for pattern in ["needle \\d", "(?<=0)needle", "e+dle|nothing", "7$", "^é0.*7$"] {
            let page = try LogSearch(LogPattern(.regularExpression, pattern), in: [LogTestFiles.source(path)]).page()
            #expect(page.matches.first?.line == 2, "\(pattern)")
        }
        let anchored = LogPattern(.regularExpression, "^0")
        #expect(try LogSearch(anchored, in: [LogTestFiles.source(path)]).page().matches.isEmpty)
    }

    @Test(
        "A pattern that explodes has a code and never hangs",
        arguments: [
            "(a+)+$", "(a|aa)+$", "^(?:a?){40}a{40}$", "(a*)*[bc]", "(.*)(.*)(.*)(.*)(.*)(.*)[=;]", "(?R)?a+(?R)?[bc]",
        ])
    func explodingPattern(pattern: String) throws {
        let path = try LogTestFiles.folder() + "/a.log"
        let line = String(repeating: "a", count: 3000) + "!\n"
        try LogTestFiles.write(Array(("harmless\n" + String(repeating: line, count: 20)).utf8), to: path)
        var limits = LogSearchLimits()
        limits.milliseconds = 60_000
        let search = LogSearch(LogPattern(.regularExpression, pattern), in: [LogTestFiles.source(path)], limits: limits)
        let error = #expect(throws: LogError.self) { try search.page() }
        #expect(error?.diagnostic.code == .logSearchExhausted)
        #expect(error?.diagnostic.message.contains("too much work on line ") == true)
    }

    @Test("Time that runs out ends the page, which says where to go on; together the pages are everything")
    func pagesOfTime() throws {
        let path = try LogTestFiles.folder() + "/a.log"
        let lines = (1...300_000).map { $0 % 1000 == 0 ? "a match\n" : "a line\n" }.joined()
        try LogTestFiles.write(Array(lines.utf8), to: path)
        var limits = LogSearchLimits()
        limits.milliseconds = 10_000
        limits.threads = 1
        let search = LogSearch(
            LogPattern(.regularExpression, "m[a]t.h"), in: [LogTestFiles.source(path)], limits: limits)
        var found: [Int] = []
        var cursor: LogCursor? = .start
        var pages = 0
        while let at = cursor {
            // Each look at this clock is a millisecond; there is a look every few lines.
            let time = Atomic<Int64>(0)
            let page = try search.page(from: at) {
                false
            } clock: {
                time.add(1, ordering: .relaxed).newValue
            }
            found += page.matches.map(\.line)
            cursor = page.next
            pages += 1
            #expect(page.isCounted == (cursor == nil))
            #expect(page.matchingLines == page.matches.count)
        }
        #expect(found == Array(stride(from: 1000, through: 300_000, by: 1000)))
        #expect(pages > 1)
    }

    @Test("A search that has no time says so, and one that nobody waits for ends")
    func timeAndCancelling() throws {
        let path = try LogTestFiles.folder() + "/a.log"
        try LogTestFiles.write(Array(String(repeating: "some line\n", count: 500_000).utf8), to: path)
        var limits = LogSearchLimits()
        limits.milliseconds = 0
        let search = LogSearch(LogPattern(.text, "some"), in: [LogTestFiles.source(path)], limits: limits)
        let late = #expect(throws: LogError.self) { try search.page() }
        #expect(late?.diagnostic.code == .logSearchExhausted)
        let patient = LogSearch(LogPattern(.text, "some"), in: [LogTestFiles.source(path)])
        let gone = #expect(throws: LogError.self) { try patient.page { true } }
        #expect(gone?.diagnostic.code == .logSearchCancelled)
    }

    @Test("What is no pattern is refused with its code")
    func refusals() throws {
        let path = try LogTestFiles.folder() + "/a.log"
        try LogTestFiles.write(Array("x\n".utf8), to: path)
        func code(_ kind: LogPattern.Kind, _ text: String) -> DiagnosticCode? {
            let search = LogSearch(LogPattern(kind, text), in: [LogTestFiles.source(path)])
            return #expect(throws: LogError.self) { try search.page() }?.diagnostic.code
        }
        #expect(code(.text, "") == .logPatternInvalid)
        #expect(code(.textIgnoringCase, "a\nb") == .logPatternInvalid)
        for pattern in ["(", "[a", "a{2,1}", "\\G1", "(?<n>a)(?<n>b)", "\\C", "(?:(?:a{999}){999}){999}"] {
            #expect(code(.regularExpression, pattern) == .logPatternInvalid, "\(pattern)")
        }
        #expect(code(.regularExpression, String(repeating: "a", count: 5000)) == .logPatternLimit)
        let absent = LogSearch(LogPattern(.text, "x"), in: [LogTestFiles.source(path + ".absent")])
        let error = #expect(throws: LogError.self) { try absent.page() }
        #expect(error?.diagnostic.code == .logUnreadable)
    }
}
