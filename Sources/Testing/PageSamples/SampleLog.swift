// SPDX-License-Identifier: Apache-2.0

internal import Timekeeping
package import WebPages

/// Logs with everything that a log can have.
package enum SampleLog {
    package static var lines: [LogLine] {
        var raw = [
            "##[group]Run swift test --parallel", "\u{1B}[36;1mswift test --parallel\u{1B}[0m",
            "shell: /usr/bin/bash -e {0}",
            "env:", "  SWIFT_VERSION: 6.2", "##[endgroup]", "##[group]Resolve dependencies",
        ]
        raw += (1...24).map { "Fetched https://forge.example/packages/part-\($0) from cache (0.0\($0 % 10)s)" }
        raw += ["##[endgroup]", "##[command]swift build --build-tests", "Building for debugging..."]
        raw += (1...120).map { "[\($0)/120] Compiling Kiln File\($0).swift" }
        raw += [
            "##[warning]Sources/Kiln/Cache.swift:31:9: variable 'age' was never mutated; consider changing to 'let'",
            "##[notice]412 tests in 38 suites", "##[debug]Seed 20261126", "Build complete! (48.20s)",
            "<script>alert('no')</script> & \"quotes\" stay text",
            "Colours: \u{1B}[31mred \u{1B}[32mgreen \u{1B}[33myellow \u{1B}[34mblue \u{1B}[35mmagenta \u{1B}[36mcyan \u{1B}[37mwhite \u{1B}[90mgrey\u{1B}[0m \u{1B}[41mon red\u{1B}[0m \u{1B}[42;30mon green\u{1B}[0m \u{1B}[7mreversed\u{1B}[0m",
            "256: \u{1B}[38;5;208morange \u{1B}[38;5;27mblue\u{1B}[0m, 24 bit: \u{1B}[38;2;255;105;180mpink\u{1B}[0m \u{1B}[1;4mbold and underlined\u{1B}[0m",
            "download 10%\rdownload 55%\rdownload 100% of 41 MiB", "##[group]Tests",
        ]
        raw += (1...60).map {
            "\u{1B}[32m✔\u{1B}[0m Test \"Entry \($0) is found again\" passed after 0.0\($0 % 9)1 seconds."
        }
        raw += [
            "\u{1B}[31m✘\u{1B}[0m Test \"Two architectures never share an entry\" recorded an issue at CacheKeyTests.swift:48:9: Expectation failed: (first.key → \u{1B}[33m\"v2-linux-1f9a\"\u{1B}[0m) != (second.key → \u{1B}[33m\"v2-linux-1f9a\"\u{1B}[0m)",
            "##[error]CacheKeyTests.swift:48: Two architectures never share an entry", "##[endgroup]",
            "##[error]Process completed with exit code 1.",
        ]
        return raw.enumerated().map { index, text in
            LogLine(number: index + 1, raw: text, time: SampleRuns.ago(800) + .milliseconds(Int64(index * index)))
        }
    }

    package static func page(isLive: Bool = false, totalLines: Int? = nil) -> LogPage {
        let lines = lines
        let job = SampleRuns.failingJobs[3]
        return LogPage(
            project: "widget", workflow: "CI", place: SampleRuns.logPlace, jobName: job.name,
            stepName: "swift test --parallel", state: isLive ? .running : .failed, startedAt: SampleRuns.ago(800),
            finishedAt: isLive ? nil : SampleRuns.ago(740), steps: job.steps, lines: lines,
            totalLines: totalLines ?? lines.count, groups: LogGroup.groups(of: lines))
    }
}
