// SPDX-License-Identifier: Apache-2.0

package import WebPages

/// What stands under a run's tabs.
package enum SampleTabs {
    package static var tests: TestsView {
        let history: [RunState] = [
            .passed, .passed, .failed, .passed, .passed, .passed, .failed, .passed, .passed, .failed,
        ]
        let job = "test › ubuntu-24 / swift 6.2"
        var cases = [
            TestsView.Case(
                name: "Two architectures never share an entry", suite: "CacheKeyTests", job: job, state: .failed,
                durationMs: 12, isNew: true, file: "Tests/KilnTests/CacheKeyTests.swift", line: 48,
                message:
                    "Expectation failed: (first.key → \"v2-linux-1f9a\") != (second.key → \"v2-linux-1f9a\")\n  at CacheKeyTests.swift:48:9",
                history: Array(repeating: .passed, count: 9) + [.failed]),
            TestsView.Case(
                name: "An old entry is not taken for a new one", suite: "CacheKeyTests", job: job, state: .failed,
                durationMs: 31, isNew: true, file: "Tests/KilnTests/CacheKeyTests.swift", line: 77,
                message: "Expectation failed: entry == nil", history: Array(repeating: .passed, count: 9) + [.failed]),
            TestsView.Case(
                name: "A slow upstream is asked once", suite: "UpstreamTests", job: "test › debian-12 / swift 6.2",
                state: .failed, durationMs: 5_020, isFlaky: true, message: "Timed out after 5 s", history: history),
        ]
        cases += (1...12).map {
            TestsView.Case(
                name: "Entry \($0) is found again", suite: "CacheTests", job: job, state: .passed,
                durationMs: Int64($0 * 7),
                history: Array(repeating: .passed, count: 10))
        }
        return TestsView(
            passed: 4938, failed: 3, skipped: 3, cases: cases,
            nextPage: PageAddress(checking: "/runs/8412/2?view=tests&page=2"))
    }

    package static var annotations: [AnnotationView] {
        [
            AnnotationView(
                level: .error, title: "Two architectures never share an entry",
                message: "Expectation failed: (first.key → \"v2-linux-1f9a\") != (second.key → \"v2-linux-1f9a\")",
                file: "Tests/KilnTests/CacheKeyTests.swift", line: 48, job: "test › ubuntu-24 / swift 6.2",
                link: PageAddress(
                    checking: "https://forge.example/kiln/widget/blob/9f3c2ab/Tests/KilnTests/CacheKeyTests.swift#L48")),
            AnnotationView(
                level: .warning, message: "variable 'age' was never mutated; consider changing to 'let' constant",
                file: "Sources/Kiln/Cache.swift", line: 31, job: "test › ubuntu-24 / swift 6.2"),
            AnnotationView(level: .notice, message: "412 tests in 38 suites", job: "test › ubuntu-24 / swift 6.3"),
        ]
    }

    package static var artifacts: [ArtifactView] {
        let digest = "b1946ac92492d2347c6235b4d2611184f5c2d0a8e7b6a5948372615049382716"
        return [
            ArtifactView(
                name: "test-results", sizeBytes: 48_213, files: 12, digest: digest,
                expiresAt: SampleRuns.ago(-6_000_000),
                download: PageAddress("api", "v1", "runs", "8412", "artifacts", "test-results")),
            ArtifactView(
                name: "coverage report of the whole matrix", sizeBytes: 18_734_221, files: 1_204, digest: digest,
                download: PageAddress("api", "v1", "runs", "8412", "artifacts", "coverage")),
        ]
    }

    package static let markdown = """
        ## Coverage fell by 0.4 %

        **412** tests, `3` failed, see [the report](https://forge.example/report?a=1&b=2). A picture: ![chart](https://elsewhere.example/x.png)

        | file | lines | covered |
        |:-----|------:|--------:|
        | `Cache.swift` | 412 | 97.1 % |
        | `Upstream.swift` | 188 | 81.9 % |

        - one
        - two with *emphasis* and ~~struck~~
          1. nested
          2. again

        > Quoted, with <b>raw HTML</b> and [a script](javascript:alert(1))

        ```swift
        let key = "v2-\\(os)-\\(architecture)"  // <- was missing
        ```
        """

    package static var summaries: [SummaryView] {
        [SummaryView(job: "test › ubuntu-24 / swift 6.2", step: "swift test --parallel", markdown: markdown)]
    }

    package static var plan: PlanView {
        PlanView(
            digest: "4be1c0d2a9f8e7d6c5b4a3928170f6e5d4c3b2a1908f7e6d5c4b3a2918070605",
            workflowFile: ".github/workflows/ci.yml",
            jobs: [
                .init(name: "lint", isIncluded: true, reason: "Nothing stood in the way."),
                .init(name: "test", isIncluded: true, reason: "12 combinations of its matrix."),
                .init(
                    name: "publish", isIncluded: false, reason: "Its condition is false.",
                    expression: "github.ref == 'refs/heads/release' && needs.package.result == 'success'",
                    values: ["github.ref → 'refs/heads/main'", "needs.package.result → 'skipped'"]),
            ])
    }

    package static var events: [EventView] {
        let texts = [
            ("runCreated", "Ada Kim asked for attempt 2: failed jobs only"),
            ("jobReused", "lint is taken over from attempt 1"),
            ("jobQueued", "test #2 waits: all 3 runners with ubuntu-24 are busy"), ("jobStarted", "test #2 on barn-2"),
            ("stepFinished", "swift test --parallel: exit code 1"), ("jobFinished", "test #2 failed"),
            ("runFinished", "failed"),
        ]
        return texts.enumerated().map { index, entry in
            EventView(sequence: index + 1, at: SampleRuns.ago(900 - Int64(index) * 48), type: entry.0, text: entry.1)
        }
    }
}
