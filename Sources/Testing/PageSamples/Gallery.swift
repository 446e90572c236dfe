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

    package static var entries: [Entry] { rooms + runs }

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
}
