// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import TerminalRendering

/// How a run came out, in a mark and a word.
enum RunResult {
    static func text(_ run: ShownRun, _ palette: Palette) -> String {
        switch run.state {
        case .waiting, .queued, .running: palette.paint("●", .yellow) + " " + run.state.rawValue
        case .cutOff: palette.paint("…", .yellow) + " cut off"
        case .finished:
            if run.hasUnavailable, run.conclusion == .success || run.conclusion == .skipped {
                palette.paint("!", .yellow) + " incomplete"
            } else {
                run.conclusion.map { Marks.mark($0, palette) + " " + $0.rawValue } ?? ""
            }
        }
    }

    /// What a command that follows a run ends with.
    static func exit(_ run: ShownRun) -> ExitStatus {
        switch run.conclusion {
        case .success, .skipped: run.hasUnavailable ? .setup : .success
        case .failure: .runFailed
        case .cancelled: .cancelled
        case nil: .error
        }
    }
}
