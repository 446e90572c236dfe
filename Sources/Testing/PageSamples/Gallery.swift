// SPDX-License-Identifier: Apache-2.0

package import WebPages

/// Every page with sample values, by a file's name.
package enum Gallery {
    package struct Entry: Sendable {
        package var name: String
        package var page: any Page
        package var language: Language = .english
        package var isSignedIn = true
    }

    package static func context(_ entry: Entry, theme: Theme = .system) -> PageContext {
        PageContext(
            language: entry.language, theme: theme, person: entry.isSignedIn ? "Ada Kim" : nil,
            csrfToken: entry.isSignedIn ? "sample-token" : nil, now: SampleRuns.now, waitingCount: 1, version: "0.4.0")
    }

    package static var entries: [Entry] { rooms + runs + tabs + settings }

    private static var rooms: [Entry] {
        [
            Entry(name: "overview", page: SampleRooms.overview),
            Entry(name: "overview-empty", page: OverviewPage()),
            Entry(name: "overview-ko", page: SampleRooms.overview, language: .korean),
            Entry(name: "login", page: LoginPage(refusal: .wrong), isSignedIn: false),
            Entry(name: "login-first", page: LoginPage(isFirst: true), isSignedIn: false),
            Entry(
                name: "error",
                page: ErrorPage(
                    status: 404, code: "MRT1301", message: "There is no run 9999.",
                    remedy: "Look for it in the project's list of runs; runs are kept for 90 days.")),
        ]
    }

    private static var runs: [Entry] {
        [
            Entry(name: "run-failed", page: SampleRuns.failing()),
            Entry(name: "run-failed-unfolded", page: SampleRuns.failing(.graph(unfolded: ["test"]))),
            Entry(name: "run-failed-ko", page: SampleRuns.failing(), language: .korean),
            Entry(name: "run-timeline", page: SampleRuns.failing(.timeline)),
            Entry(name: "run-running", page: SampleRuns.running),
            Entry(name: "run-passed", page: SampleRuns.passed),
            Entry(name: "run-large", page: SampleRuns.large()),
            Entry(name: "run-large-timeline", page: SampleRuns.large(.timeline)),
            Entry(name: "log", page: SampleLog.page()),
            Entry(name: "log-long", page: SampleLog.page(totalLines: 500_000)),
            Entry(name: "log-live", page: SampleLog.page(isLive: true)),
        ]
    }

    private static var tabs: [Entry] {
        [
            Entry(name: "run-tests", page: SampleRuns.failing(.tests(SampleTabs.tests))),
            Entry(name: "run-annotations", page: SampleRuns.failing(.annotations(SampleTabs.annotations))),
            Entry(name: "run-artifacts", page: SampleRuns.failing(.artifacts(SampleTabs.artifacts))),
            Entry(name: "run-summary", page: SampleRuns.failing(.summary(SampleTabs.summaries))),
            Entry(name: "run-plan", page: SampleRuns.failing(.plan(SampleTabs.plan))),
            Entry(name: "run-events", page: SampleRuns.failing(.events(SampleTabs.events))),
            Entry(
                name: "run-no-tests",
                page: SampleRuns.failing(.tests(TestsView(passed: 0, failed: 0, skipped: 0, cases: [])))),
        ]
    }

    private static var settings: [Entry] {
        [
            Entry(name: "project", page: SampleRooms.project),
            Entry(name: "project-empty", page: ProjectPage(name: "widget", rows: [])),
            Entry(name: "approvals", page: SampleRooms.approvals),
            Entry(name: "approvals-empty", page: ApprovalsPage(waiting: [])),
            Entry(name: "approvals-ko", page: SampleRooms.approvals, language: .korean),
            Entry(name: "account", page: SampleSettings.account),
            Entry(name: "settings-projects", page: SampleSettings.projects),
            Entry(name: "settings-connection", page: SampleSettings.connection),
            Entry(name: "settings-incoming", page: SampleSettings.incoming),
            Entry(name: "settings-people", page: SampleSettings.people),
            Entry(name: "settings-members", page: SampleSettings.members),
            Entry(name: "settings-runners", page: SampleSettings.runners),
            Entry(name: "settings-runners-ko", page: SampleSettings.runners, language: .korean),
            Entry(name: "settings-secrets", page: SampleSettings.secrets),
            Entry(name: "settings-environments", page: SampleSettings.environments),
            Entry(name: "settings-hooks", page: SampleSettings.hooks),
            Entry(name: "audit", page: SampleSettings.audit),
            Entry(name: "status", page: SampleRooms.status, isSignedIn: false),
            Entry(name: "search", page: SampleRooms.search),
        ]
    }

    /// Files beside the pages: badges and the feed.
    package static var files: [(name: String, bytes: [UInt8])] {
        let badges = RunState.allCases.map { ("badge-\($0.rawValue).svg", Badge(label: "build", state: $0).svg()) }
        let square = Badge(label: "수집", message: "4m 12s", state: .passed).svg(.flatSquare)
        return badges + [("badge-square.svg", square)]
    }
}
