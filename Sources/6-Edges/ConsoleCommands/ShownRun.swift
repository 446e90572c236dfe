// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunCoordination
internal import StructuredData
internal import Timekeeping

/// A run as lists and heads show it, wherever it was made.
struct ShownRun {
    enum State: String {
        /// On a server: for its concurrency group, or its turn.
        case waiting
        /// On a server: for a runner.
        case queued
        case running
        /// Its process is gone, and it has no end.
        case cutOff
        case finished
    }

    var number: Int
    /// The workflow's name, and what `run-name` came to.
    var title: String
    var state: State
    var conclusion: Conclusion?
    /// A job that should have run was not to be had.
    var hasUnavailable: Bool
    var reason: Reason?
    var event: String
    var ref: String
    /// The repository's folder, or the server's project.
    var place: String
    var durationMs: Int64?
    /// `2026-11-21T08:40:00Z`
    var startedText: String
    /// As `--json` has it.
    var data: DataValue

    init(_ history: RunHistory) {
        number = history.run.number
        title = history.title
        state =
            switch history.state {
            case .running: .running
            case .cutOff: .cutOff
            case .finished: .finished
            }
        conclusion = history.conclusion
        hasUnavailable = history.hasUnavailable
        reason = history.reason
        event = history.text("event")
        ref = history.text("ref")
        place = history.text("root")
        durationMs = history.durationMs
        startedText = history.startedText
        data = history.summary
    }
}
