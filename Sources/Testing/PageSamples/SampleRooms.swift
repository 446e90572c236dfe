// SPDX-License-Identifier: Apache-2.0

internal import Timekeeping
package import WebPages

/// The rooms beside runs.
package enum SampleRooms {
    static let projects = [
        "widget", "kiln", "atlas", "billing", "gateway", "mobile-app", "docs-site", "terraform", "search", "data-lake",
    ]

    package static func marks(_ project: Int) -> [RunMark] {
        (0..<20).map { index in
            let seed = (project * 37 + index * 53 + project * index) % 23
            let state: RunState = seed == 0 ? .cancelled : seed < 2 ? .failed : .passed
            return RunMark(run: 8000 + project * 20 + index, state: state, durationMs: Int64(90 + seed * 9) * 1000)
        }
    }

    static let fixes = [
        Change(
            branch: "main", commit: "52e1c80f6d9a4b7e8c3f10293847566574839201",
            title: "Charge in the account's currency", author: "Mina Park"),
        Change(
            branch: "release/4.2", commit: "0b77d1e2a4c59f6e8d7c6b5a4f3e2d1c0b9a8f7e",
            title: "Raise the pool's limit for the nightly import of a very long list of things", author: "Tomás Rey"),
    ]

    package static var approval: Approval {
        Approval(
            job: "deploy#1", project: "billing", run: 8391, attempt: 1, jobName: "deploy", environment: "production",
            change: fixes[0], askedAt: SampleRuns.ago(1500), expiresAt: SampleRuns.ago(-80_000),
            votes: [.init(person: "Jo Lind", isApproval: true, at: SampleRuns.ago(600), comment: "Checked on staging")],
            votesNeeded: 2, changesSince: fixes + [SampleRuns.change], deployed: "4.1.7")
    }

    package static var overview: OverviewPage {
        var marked = projects.enumerated().map { index, name in
            OverviewPage.Project(
                name: name, runs: marks(index), lastRunAt: SampleRuns.ago(Int64(index * index) * 1700 + 90))
        }
        marked[0].runs[19] = RunMark(run: 8412, state: .failed, durationMs: 252_000)
        marked[1].runs[19] = RunMark(run: 8414, state: .running, durationMs: 90_000)
        return OverviewPage(
            broken: [
                .init(
                    project: "widget", workflow: "CI", branch: "main", run: 8412, since: SampleRuns.ago(900),
                    change: SampleRuns.change, takenBy: "Ada Kim"),
                .init(
                    project: "data-lake", workflow: "Nightly import", branch: "release/4.2", run: 8377,
                    since: SampleRuns.ago(61_000), change: fixes[1]),
            ],
            waiting: [approval],
            running: [
                .init(
                    project: "kiln", workflow: "CI", run: 8414, change: fixes[0], startedAt: SampleRuns.ago(95),
                    expectedMs: 240_000),
                .init(
                    project: "widget", workflow: "Release", run: 8415, change: SampleRuns.change,
                    startedAt: SampleRuns.ago(184), expectedMs: 170_000),
                .init(
                    project: "search", workflow: "GPU kernels", run: 8416, change: fixes[1],
                    wait: .runnersBusy(count: 2, labels: ["gpu"], freeInMs: 360_000)),
            ],
            projects: marked, runnersOnline: 6, runnersBusy: 4)
    }

    package static var project: ProjectPage {
        let rows = (0..<14).map { index in
            let state: RunState = [.running, .failed, .passed, .passed, .cancelled, .passed, .skipped][index % 7]
            let start = SampleRuns.ago(Int64(index * 4_000 + 80))
            return ProjectPage.Row(
                run: 8416 - index, attempt: index == 1 ? 2 : 1, workflow: index % 3 == 2 ? "Release" : "CI",
                state: state,
                change: index % 2 == 0 ? SampleRuns.change : fixes[index % 4 / 2],
                trigger: index % 2 == 0 ? .push : .pullRequest(214), createdAt: start,
                startedAt: state == .skipped ? nil : start,
                finishedAt: state == .running ? nil : start + .seconds(Int64(134 + index * 9)),
                note: state == .failed ? "test › ubuntu-24: 3 tests" : nil)
        }
        return ProjectPage(
            name: "widget", marks: marks(3), workflows: ["CI", "Release"], branches: ["main", "release/4.2"],
            rows: rows,
            nextPage: .project("widget", [("before", "8403")]), startable: starts)
    }

    private static let starts = [
        StartForm(
            path: ".github/workflows/release.yml", name: "Release",
            inputs: [
                .init(name: "place", kind: .choice(["staging", "production"]), about: "Where it goes"),
                .init(name: "count", kind: .number, standard: "3"),
                .init(name: "dry run", kind: .flag, about: "Only says what it would do", standard: "true"),
                .init(name: "note", kind: .text, isRequired: true),
            ]), StartForm(path: ".github/workflows/nightly.yml", name: "Nightly"),
    ]

    package static var approvals: ApprovalsPage {
        var own = approval
        own.job = "deploy#2"
        own.refusal = "You wrote this change; somebody else has to agree."
        own.votes = []
        return ApprovalsPage(waiting: [approval, own], answered: [.init(approval: approval, isApproved: true)])
    }

    package static var status: StatusPage {
        StatusPage(
            project: "widget",
            lines: [
                .init(workflow: "CI", branch: "main", state: .failed, since: SampleRuns.ago(900), marks: marks(1)),
                .init(
                    workflow: "Release", branch: "main", state: .running, since: SampleRuns.ago(184), marks: marks(2)),
                .init(
                    workflow: "Nightly", branch: "main", state: .passed, since: SampleRuns.ago(30_000), marks: marks(3)),
            ], message: "The server is moved to a larger machine on Saturday from 08:00 UTC; runs wait meanwhile.")
    }

    package static var search: SearchPage {
        let matches = (1...8).map {
            SearchPage.Match(
                place: SampleRuns.logPlace, jobName: "test › ubuntu-24 / swift 6.2", stepName: "swift test",
                line: $0 * 141,
                text: "Test \"Entry \($0)\" \u{1B}[31mfailed\u{1B}[0m after 0.01 seconds")
        }
        return SearchPage(
            run: 8412, attempt: 2, query: "failed", count: 41, matches: matches, nextPage: .searchPage(8412, 2))
    }
}
