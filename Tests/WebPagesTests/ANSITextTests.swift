// SPDX-License-Identifier: Apache-2.0

import Testing
import Timekeeping

@testable import WebPages

@Suite("Colours of a log")
struct ANSITextTests {
    private func shown(_ line: String) -> [String] {
        ANSIText.pieces(of: line.utf8).map { piece in
            let text = String(decoding: piece.text, as: UTF8.self)
            return piece.style.classes.isEmpty ? text : "\(piece.style.classes):\(text)"
        }
    }

    @Test(
        "Styles are put on and taken off",
        arguments: [
            ("plain", ["plain"]),
            ("\u{1B}[31mred\u{1B}[0m on", ["f1:red", " on"]),
            ("\u{1B}[1;32mgood\u{1B}[22m still\u{1B}[39m!", ["f2 ab:good", "f2: still", "!"]),
            ("\u{1B}[94mbright\u{1B}[m.", ["f12:bright", "."]),
            ("\u{1B}[41;97mloud", ["f15 b1:loud"]),
            ("\u{1B}[3;4;9mx\u{1B}[23;24;29my", ["ai au as:x", "y"]),
        ])
    func styles(line: String, pieces: [String]) {
        #expect(shown(line) == pieces)
    }

    @Test("256 colours and 24 bits become the nearest of sixteen")
    func manyColours() {
        #expect(shown("\u{1B}[38;5;196mx") == ["f9:x"])
        #expect(shown("\u{1B}[38;5;3mx") == ["f3:x"])
        #expect(shown("\u{1B}[38;5;240mx") == ["f8:x"])
        #expect(shown("\u{1B}[38;2;20;20;160mx") == ["f4:x"])
        #expect(shown("\u{1B}[48;2;250;250;250mx") == ["b15:x"])
        #expect(shown("\u{1B}[38:5:196mx") == ["f9:x"])
    }

    @Test(
        "What is no colour is dropped, and what it holds is not shown",
        arguments: [
            ("\u{1B}[2K\u{1B}[1Gok", "ok"), ("\u{1B}]0;title\u{7}ok", "ok"),
            ("\u{1B}]8;;https://x\u{1B}\\link\u{1B}]8;;\u{1B}\\", "link"), ("\u{1B}(Bok", "ok"), ("\u{1B}7ok", "ok"),
            ("a\u{7}\u{8}b", "ab"), ("a\u{9B}b", "ab"), ("open\u{1B}[31", "open"), ("open\u{1B}", "open"),
            ("open\u{1B}]0;never ends", "open"), ("a\u{1B}[?25lb", "ab"), ("x\u{1B}[38;5mx", "xx"), ("a\u{7F}b", "ab"),
        ])
    func dropped(line: String, text: String) {
        #expect(shown(line).joined() == text)
    }

    @Test("A line that was written over shows the last writing")
    func overwritten() {
        #expect(shown("10%\r55%\r100%").joined() == "100%")
        #expect(shown("done\r").joined() == "done")
    }

    @Test("Hangul and emoji next to escapes stay whole")
    func wideText() {
        #expect(shown("\u{1B}[32m성공 ✔\u{1B}[0m 🐦") == ["f2:성공 ✔", " 🐦"])
    }

    @Test("No sequence of bytes makes markup")
    func noInjection() {
        var html = Markup(PageContext(language: .english, now: .init(milliseconds: 0)))
        html.ansi("\u{1B}[31m<script>\u{1B}[0m\"><img src=x onerror=alert(1)>\u{1B}[999;<b>m")
        let text = String(decoding: html.bytes, as: UTF8.self)
        #expect(!text.contains("<script") && !text.contains("<img") && !text.contains("<b>"))
    }

    @Test("Random bytes give text without controls, in order")
    func anyBytes() {
        var state: UInt64 = 20_261_126
        for _ in 0..<400 {
            let bytes = (0..<60).map { _ -> UInt8 in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let value = UInt8(truncatingIfNeeded: state >> 40)
                return value % 5 == 0 ? 0x1B : value % 7 == 0 ? UInt8(ascii: "[") : value
            }
            let kept = ANSIText.pieces(of: bytes).flatMap(\.text)
            #expect(!kept.contains { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F })
            var rest = kept[...]
            for byte in bytes where byte == rest.first { rest.removeFirst() }
            #expect(rest.isEmpty)
        }
    }
}

@Suite("Lines and groups of a log")
struct LogLineTests {
    @Test(
        "A marker gives a line its kind and is not shown",
        arguments: [
            ("##[group]Tests", LogLine.Kind.groupStart, "Tests"), ("##[endgroup]", .groupEnd, ""),
            ("##[error]no", .error, "no"), ("##[warning]hm", .warning, "hm"), ("::group::Old", .groupStart, "Old"),
            ("##[command]make", .command, "make"), ("##[other]x", .plain, "##[other]x"), ("", .plain, ""),
        ])
    func kinds(raw: String, kind: LogLine.Kind, text: String) {
        let line = LogLine(number: 1, raw: raw)
        #expect(line.kind == kind && line.text == text)
    }

    @Test("A group with an error is open; one that never ends goes to the last line")
    func groups() {
        let raw = ["##[group]a", "x", "##[endgroup]", "between", "##[group]b", "##[error]no", "##[group]c", "y"]
        let lines = raw.enumerated().map {
            LogLine(number: $0 + 1, raw: $1, time: .init(milliseconds: Int64($0) * 1000))
        }
        let groups = LogGroup.groups(of: lines)
        #expect(
            groups == [
                LogGroup(start: 1, end: 3, durationMs: 2000, isOpen: false),
                LogGroup(start: 5, end: 6, durationMs: 2000, isOpen: true),
                LogGroup(start: 7, end: 8, durationMs: 1000, isOpen: false),
            ])
    }
}
