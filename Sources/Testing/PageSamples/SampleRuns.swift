// SPDX-License-Identifier: Apache-2.0

package import Timekeeping
package import WebPages

/// Runs as they happen, for the gallery and the tests of the pages.
package enum SampleRuns {
    /// When all samples are looked at: 2026-11-26T19:50:55Z.
    package static let now = Timestamp(milliseconds: 1_795_722_655_000)

    package static let change = Change(
        branch: "main", commit: "9f3c2ab41d07be55c0a9e2f14f6f6d0c5b1e7a90",
        title: "Keep the cache key apart by architecture",
        author: "Ada Kim", link: PageAddress(checking: "https://forge.example/kiln/widget/commit/9f3c2ab"))

    static func ago(_ seconds: Int64) -> Timestamp { now + .seconds(-seconds) }

    /// A step that took so long, from a moment on.
    private static func step(
        _ index: Int, _ name: String, _ state: RunState, from: Int64, seconds: Int64, isSetUp: Bool = false
    ) -> StepView {
        let hasRun = state != .skipped && state != .waiting
        return StepView(
            id: String(index), name: name, state: state, startedAt: hasRun ? ago(from) : nil,
            finishedAt: hasRun && state != .running ? ago(from - seconds) : nil, isSetUp: isSetUp)
    }

    static func job(
        _ id: String, _ name: String, _ state: RunState, group: String? = nil, needs: [String] = [], from: Int64,
        queue: Int64 = 4, seconds: Int64, median: Int64? = nil
    ) -> JobView {
        guard state != .skipped, state != .waiting, state != .blocked else {
            return JobView(
                id: id, name: name, group: group, state: state, needs: needs, medianMs: median.map { $0 * 1000 },
                wait: state == .waiting
                    ? .needs(needs) : state == .blocked ? .approval(environment: "production") : nil,
                reason: state == .skipped ? "A job it needs did not succeed" : nil)
        }
        let work = max(4, seconds - 14)
        let third = work / 3
        let last: RunState = state == .passed ? .passed : state
        return JobView(
            id: id, name: name, group: group, state: state, needs: needs, queuedAt: ago(from + queue),
            startedAt: ago(from), finishedAt: state == .running ? nil : ago(from - seconds),
            medianMs: median.map { $0 * 1000 }, runner: "barn-\(1 + id.count % 4)",
            steps: [
                step(1, "Set up job", .passed, from: from, seconds: 2, isSetUp: true),
                step(2, "actions/checkout@v4", .passed, from: from - 2, seconds: 4),
                step(3, "Restore caches", .passed, from: from - 6, seconds: 8),
                step(4, "swift build", .passed, from: from - 14, seconds: third * 2),
                step(5, "swift test --parallel", last, from: from - 14 - third * 2, seconds: third),
                step(
                    6, "Upload results", state == .failed ? .skipped : last == .running ? .waiting : .passed,
                    from: from - seconds, seconds: 0),
            ])
    }

    private static let platforms = ["ubuntu-24", "ubuntu-22", "debian-12", "fedora-41"]
    private static let versions = ["6.3", "6.2", "6.1"]

    /// A workflow with a matrix of twelve, two legs of which failed.
    package static var failingJobs: [JobView] {
        var jobs = [
            job("lint", "lint", .passed, from: 900, seconds: 38, median: 41),
            job("plan", "plan the matrix", .passed, from: 900, seconds: 12, median: 12),
        ]
        for (index, platform) in platforms.enumerated() {
            for (inner, version) in versions.enumerated() {
                let leg = index * 3 + inner + 1
                let isBad = leg == 2 || leg == 8
                jobs.append(
                    job(
                        "test#\(leg)", "test › \(platform) / swift \(version)", isBad ? .failed : .passed,
                        group: "test", needs: ["lint", "plan"], from: 850 - Int64(leg % 3) * 9,
                        queue: Int64(4 + leg * 3), seconds: isBad ? 252 : 190 + Int64(leg * 7), median: 200))
            }
        }
        jobs += [
            job("docs", "docs", .passed, needs: ["lint"], from: 858, seconds: 64, median: 66),
            job("package", "package", .skipped, needs: ["test", "docs"], from: 0, seconds: 0),
            job("benchmark", "benchmark", .passed, needs: ["plan"], from: 880, seconds: 310, median: 240),
            job("publish", "publish snapshot", .skipped, needs: ["package", "benchmark"], from: 0, seconds: 0),
        ]
        return jobs
    }

    package static let logPlace = LogPlace(run: 8412, attempt: 2, job: "test#2", step: "5")

    package static var failureLines: [LogLine] {
        var lines: [LogLine] = []
        for number in 1158...1187 {
            let text =
                switch number {
                case 1160: "\u{1B}[32m✔\u{1B}[0m Test \"A key names its architecture\" passed after 0.004 seconds."
                case 1171:
                    "\u{1B}[31m✘\u{1B}[0m Test \"Two architectures never share an entry\" recorded an issue at CacheKeyTests.swift:48:9: Expectation failed: (first.key → \u{1B}[33m\"v2-linux-1f9a\"\u{1B}[0m) != (second.key → \u{1B}[33m\"v2-linux-1f9a\"\u{1B}[0m)"
                case 1172:
                    "\u{1B}[31m✘\u{1B}[0m Test \"Two architectures never share an entry\" failed after 0.012 seconds with 1 issue."
                case 1178:
                    "\u{1B}[31m✘\u{1B}[0m Test \"An old entry is not taken for a new one\" failed after 0.031 seconds with 2 issues."
                case 1185:
                    "\u{1B}[1;31m✘ Test run with 412 tests in 38 suites failed after 51.204 seconds with 4 issues.\u{1B}[0m"
                case 1186: "##[error]Process completed with exit code 1."
                case 1187: "##[endgroup]"
                default: "\u{1B}[90m◇\u{1B}[0m Test case \(number * 7 % 400) started."
                }
            lines.append(LogLine(number: number, raw: text, time: ago(600 - Int64(number % 60))))
        }
        return lines
    }

    package static func failing(_ content: RunTabContent = .graph(unfolded: [])) -> RunPage {
        RunPage(
            project: "widget", workflow: "CI", run: 8412, title: change.title, attempt: 2,
            attempts: [.init(number: 1, state: .failed), .init(number: 2, state: .failed)],
            verdict: .failed(place: "test › ubuntu-24 / swift 6.2", afterMs: 252_000, failedTests: 3, newTests: 2),
            standing: .brokeHere(lastPassed: 8409), change: change, trigger: .rerun(by: "Ada Kim", of: 1),
            createdAt: ago(910), startedAt: ago(904), finishedAt: ago(570),
            actions: .init(
                canRerunFailed: true,
                rerunPoints: [
                    .init(job: "lint", name: "lint", runs: 17, reuses: 1),
                    .init(job: "test", name: "test", runs: 14, reuses: 4),
                    .init(job: "package", name: "package", runs: 2, reuses: 16),
                ]),
            failure: .init(
                place: logPlace, jobName: "test › ubuntu-24 / swift 6.2", stepName: "swift test --parallel",
                reason: "Process completed with exit code 1.", lines: failureLines),
            jobs: failingJobs, criticalPath: ["plan", "test#12", "package", "publish"],
            counts: .init(tests: 4944, failedTests: 3, annotations: 5, artifacts: 2, summaries: 1), content: content)
    }

    package static var running: RunPage {
        RunPage(
            project: "widget", workflow: "Release", run: 8415, title: change.title, attempt: 1,
            attempts: [.init(number: 1, state: .running)],
            verdict: .running(jobsDone: 3, jobs: 7, leftMs: 130_000), change: change, trigger: .push,
            createdAt: ago(190), startedAt: ago(184), actions: .init(canCancel: true),
            jobs: [
                job("build", "build", .passed, from: 184, seconds: 80, median: 84),
                job("docs", "docs", .passed, from: 184, seconds: 31, median: 30),
                job("unit", "unit tests", .passed, needs: ["build"], from: 100, seconds: 52, median: 60),
                job("browser", "browser tests", .running, needs: ["build"], from: 98, seconds: 0, median: 160),
                JobView(
                    id: "gpu", name: "gpu kernels", state: .waiting, needs: ["build"], queuedAt: ago(100),
                    wait: .noRunner(label: "gpu-a100", nearest: "gpu-a10")),
                job("stage", "deploy to staging", .waiting, needs: ["unit", "browser", "gpu"], from: 0, seconds: 0),
                job("production", "deploy to production", .blocked, needs: ["stage"], from: 0, seconds: 0),
            ], criticalPath: ["build", "browser", "stage", "production"])
    }

    package static var passed: RunPage {
        RunPage(
            project: "widget", workflow: "CI", run: 8413, title: change.title, attempt: 1,
            attempts: [.init(number: 1, state: .passed)],
            verdict: .passed(jobs: 3, inMs: 134_000, tests: 412), standing: .fixedHere(after: 8412), change: change,
            trigger: .pullRequest(214), createdAt: ago(3000), startedAt: ago(2990), finishedAt: ago(2856),
            jobs: [
                job("lint", "lint", .passed, from: 2990, seconds: 20),
                job("test", "test", .passed, needs: ["lint"], from: 2970, seconds: 80),
                job("package", "package", .passed, needs: ["test"], from: 2888, seconds: 32),
            ], criticalPath: ["lint", "test", "package"], counts: .init(tests: 412))
    }

    package static func large(_ content: RunTabContent = .graph(unfolded: [])) -> RunPage {
        var jobs = [job("plan", "plan", .passed, from: 1500, seconds: 9)]
        for service in 1...148 {
            let state: RunState = service == 71 ? .failed : .passed
            jobs.append(
                job(
                    "build-\(service)", "build service-\(service)", .passed, needs: ["plan"], from: 1490,
                    seconds: Int64(60 + service % 40)))
            jobs.append(
                job(
                    "test-\(service)", "test service-\(service)", state, needs: ["build-\(service)"], from: 1380,
                    seconds: Int64(90 + service % 70)))
        }
        let needs = (1...148).map { "test-\($0)" }
        jobs.append(job("images", "images", .skipped, needs: needs, from: 0, seconds: 0))
        jobs.append(job("deploy", "deploy", .skipped, needs: ["images"], from: 0, seconds: 0))
        jobs.append(job("smoke", "smoke", .skipped, needs: ["deploy"], from: 0, seconds: 0))
        var page = failing(content)
        page.workflow = "Everything"
        page.run = 8401
        page.jobs = jobs
        page.criticalPath = ["plan", "build-71", "test-71", "images", "deploy", "smoke"]
        page.verdict = .failed(place: "test service-71", afterMs: 1_012_000, failedTests: 0, newTests: 0)
        page.standing = .brokenSince(run: 8388, at: ago(90_000), by: "Tomás Rey")
        return page
    }
}
