// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunCoordination
internal import TerminalRendering

/// How a run came out, in a mark and a word.
enum RunResult {
    static func text(_ history: RunHistory, _ palette: Palette) -> String {
        switch history.state {
        case .running: palette.paint("●", .yellow) + " running"
        case .cutOff: palette.paint("…", .yellow) + " cut off"
        case .finished:
            if history.hasUnavailable, history.conclusion == .success || history.conclusion == .skipped {
                palette.paint("!", .yellow) + " incomplete"
            } else {
                history.conclusion.map { Marks.mark($0, palette) + " " + $0.rawValue } ?? ""
            }
        }
    }

    /// What a command that follows a run ends with.
    static func exit(_ history: RunHistory) -> ExitStatus {
        switch history.conclusion {
        case .success, .skipped: history.hasUnavailable ? .setup : .success
        case .failure: .runFailed
        case .cancelled: .cancelled
        case nil: .error
        }
    }
}
