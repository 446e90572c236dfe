// SPDX-License-Identifier: Apache-2.0

import PageSamples
import Testing
import Timekeeping

@testable import WebPages

@Suite("Two languages")
struct WordingTests {
    private let now = Timestamp(milliseconds: 1_795_722_655_000)

    @Test(
        "A choice counts before the browser's wish, and English after both",
        arguments: [
            (nil, nil, Language.english), (nil, "ko-KR,ko;q=0.9,en;q=0.8", .korean),
            (nil, "en-GB;q=0.5, ko;q=0.7", .korean),
            (nil, "de, fr;q=0.9", .english), (nil, "de,ko;q=0", .english), ("en", "ko", .english),
            ("ko", "en", .korean),
            ("xx", "ko", .korean), (nil, "*", .english), (nil, ";;q=,,", .english),
        ])
    func chosen(cookie: String?, header: String?, language: Language) {
        #expect(Language.chosen(cookie: cookie, acceptLanguage: header) == language)
    }

    @Test(
        "Durations",
        arguments: [
            (0, "0s", "0초"), (850, "850 ms", "1초 미만"), (12_400, "12s", "12초"), (252_000, "4m 12s", "4분 12초"),
            (65_000, "1m 05s", "1분 05초"), (7_500_000, "2h 05m", "2시간 05분"), (273_600_000, "3d 4h", "3일 4시간"),
            (-5, "0s", "0초"),
        ])
    func durations(milliseconds: Int64, english: String, korean: String) {
        #expect(TimeText.duration(milliseconds: milliseconds, in: .english) == english)
        #expect(TimeText.duration(milliseconds: milliseconds, in: .korean) == korean)
    }

    @Test("Moments near and far, behind and ahead")
    func relative() {
        func text(_ seconds: Int64, _ language: Language) -> String {
            TimeText.relative(now + .seconds(-seconds), now: now, in: language)
        }
        #expect(text(3, .english) == "just now" && text(3, .korean) == "방금")
        #expect(text(725, .english) == "12 min ago" && text(725, .korean) == "12분 전")
        #expect(text(-7_300, .english) == "in 2 h" && text(-7_300, .korean) == "2시간 후")
        #expect(text(90_000, .english) == "1 day ago" && text(400_000, .english) == "4 days ago")
        #expect(TimeText.exact(now, in: .english) == "26 Nov 2026, 19:50:55 UTC")
        #expect(TimeText.exact(now, in: .korean) == "2026년 11월 26일 19:50:55 UTC")
    }

    @Test("Numbers and sizes")
    func numbers() {
        #expect(NumberText.grouped(1_234_567) == "1,234,567" && NumberText.grouped(-1_000) == "-1,000")
        #expect(NumberText.grouped(0) == "0" && NumberText.grouped(999) == "999")
        #expect(NumberText.size(bytes: 512) == "512 B" && NumberText.size(bytes: 1536) == "1.5 KiB")
        #expect(NumberText.size(bytes: 20 << 20) == "20 MiB")
    }

    @Test("The sentence on top says what failed and how much of it is new")
    func verdicts() {
        func text(_ failed: Int, _ new: Int) -> String {
            RunVerdict.failed(place: "test › linux", afterMs: 252_000, failedTests: failed, newTests: new).words.english
        }
        #expect(text(3, 2) == "Failed in test › linux after 4m 12s: 3 tests failed, 2 of them new")
        #expect(text(1, 1) == "Failed in test › linux after 4m 12s: 1 test failed, a new one")
        #expect(text(0, 0) == "Failed in test › linux after 4m 12s")
        let wait = WaitReason.noRunner(label: "ubuntu-24", nearest: "ubuntu-22")
        #expect(wait.words.english == "No runner has the label ubuntu-24; the nearest is ubuntu-22")
    }

    @Test("What is nearly over is not said to take ten seconds more")
    func forecasts() {
        #expect(PageText.timeLeft(300).english == "a few seconds left")
        #expect(PageText.timeLeft(12_000).english == "about 10 s left")
        #expect(PageText.timeLeft(0).english == "longer than usual")
    }

    @Test("A Korean page has no English words of the product's own")
    func completeness() {
        // Words of the catalogue that are not names: none may be left over in a page in the other language.
        let english = [
            "Overview", "Approvals", "Settings", "Skip to content", "Graph", "Timeline", "Re-run", "First failure",
            "Passed", "Failed", "Runners", "Approve", "ago<", "Filter", "Sign in", "What to do", "Add",
        ]
        for entry in Gallery.entries where entry.name != "error" {
            var korean = entry
            korean.language = .korean
            let page = String(decoding: korean.page.render(Gallery.context(korean)), as: UTF8.self)
            for word in english { #expect(!page.contains(">\(word)"), "\(entry.name): \(word)") }
            #expect(page.contains("lang=\"ko\""))
        }
    }
}
