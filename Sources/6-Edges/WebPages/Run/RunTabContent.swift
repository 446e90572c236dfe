// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// Which view of a run is shown, with what only it shows.
package enum RunTabContent: Sendable {
    /// - Parameter unfolded: the values of `open` in the query: groups, or `*` for everything.
    case graph(unfolded: Set<String>)
    case timeline
    case tests(TestsView)
    case annotations([AnnotationView])
    case artifacts([ArtifactView])
    case summary([SummaryView])
    case plan(PlanView)
    case events([EventView])

    package var tab: RunTab {
        switch self {
        case .graph: .graph
        case .timeline: .timeline
        case .tests: .tests
        case .annotations: .annotations
        case .artifacts: .artifacts
        case .summary: .summary
        case .plan: .plan
        case .events: .events
        }
    }
}

package struct TestsView: Sendable {
    package struct Case: Sendable {
        package var name: String
        package var suite: String
        package var job: String
        package var state: RunState
        package var durationMs: Int64?
        /// Did not fail in the run before.
        package var isNew: Bool
        /// Passed and failed on one commit lately.
        package var isFlaky: Bool
        package var file: String?
        package var line: Int?
        package var message: String?
        /// Its last runs, oldest first.
        package var history: [RunState]

        package init(
            name: String, suite: String, job: String, state: RunState, durationMs: Int64? = nil, isNew: Bool = false,
            isFlaky: Bool = false, file: String? = nil, line: Int? = nil, message: String? = nil,
            history: [RunState] = []
        ) {
            self.name = name
            self.suite = suite
            self.job = job
            self.state = state
            self.durationMs = durationMs
            self.isNew = isNew
            self.isFlaky = isFlaky
            self.file = file
            self.line = line
            self.message = message
            self.history = history
        }
    }

    package var passed: Int
    package var failed: Int
    package var skipped: Int
    /// Failures first; at most as many as a page holds.
    package var cases: [Case]
    /// Which state the list is narrowed to.
    package var filter: RunState?
    package var nextPage: PageAddress?

    package init(
        passed: Int, failed: Int, skipped: Int, cases: [Case], filter: RunState? = nil, nextPage: PageAddress? = nil
    ) {
        self.passed = passed
        self.failed = failed
        self.skipped = skipped
        self.cases = cases
        self.filter = filter
        self.nextPage = nextPage
    }
}

package struct AnnotationView: Sendable {
    package enum Level: String, Sendable {
        case error, warning, notice
    }

    package var level: Level
    package var title: String?
    package var message: String
    package var file: String?
    package var line: Int?
    package var job: String
    /// The file at the forge, or the log's line.
    package var link: PageAddress?

    package init(
        level: Level, title: String? = nil, message: String, file: String? = nil, line: Int? = nil, job: String,
        link: PageAddress? = nil
    ) {
        self.level = level
        self.title = title
        self.message = message
        self.file = file
        self.line = line
        self.job = job
        self.link = link
    }
}

package struct ArtifactView: Sendable {
    package var name: String
    package var sizeBytes: Int64
    /// `nil`: only its archive is known.
    package var files: Int?
    /// SHA-256 in hexadecimal digits.
    package var digest: String
    package var expiresAt: Timestamp?
    package var download: PageAddress

    package init(
        name: String, sizeBytes: Int64, files: Int? = nil, digest: String, expiresAt: Timestamp? = nil, download: PageAddress
    ) {
        self.name = name
        self.sizeBytes = sizeBytes
        self.files = files
        self.digest = digest
        self.expiresAt = expiresAt
        self.download = download
    }
}

package struct SummaryView: Sendable {
    package var job: String
    package var step: String
    /// As the step wrote it, masked.
    package var markdown: String

    package init(job: String, step: String, markdown: String) {
        self.job = job
        self.step = step
        self.markdown = markdown
    }
}

package struct PlanView: Sendable {
    package struct Job: Sendable {
        package var name: String
        package var isIncluded: Bool
        package var reason: String
        package var expression: String?
        /// `github.ref` → `'refs/heads/x'`.
        package var values: [String]

        package init(
            name: String, isIncluded: Bool, reason: String, expression: String? = nil, values: [String] = []
        ) {
            self.name = name
            self.isIncluded = isIncluded
            self.reason = reason
            self.expression = expression
            self.values = values
        }
    }

    /// The same that `martlet plan` prints for the same commit and event.
    package var digest: String
    package var workflowFile: String
    package var jobs: [Job]

    package init(digest: String, workflowFile: String, jobs: [Job]) {
        self.digest = digest
        self.workflowFile = workflowFile
        self.jobs = jobs
    }
}

package struct EventView: Sendable {
    package var sequence: Int
    package var at: Timestamp
    /// `jobFinished`.
    package var type: String
    package var text: String

    package init(sequence: Int, at: Timestamp, type: String, text: String) {
        self.sequence = sequence
        self.at = at
        self.type = type
        self.text = text
    }
}
