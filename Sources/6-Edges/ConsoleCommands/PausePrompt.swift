// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import ProcessControl
internal import RunCoordination
internal import StepExecution
internal import TerminalRendering

/// Asks at the terminal what is to become of a step that failed.
struct PausePrompt: Sendable {
    private let palette: Palette

    /// - Throws: where there is no terminal to ask at.
    init(_ console: Console) throws(DiagnosticError) {
        guard console.isOutTerminal, Terminal.isTerminal(0) else {
            throw DiagnosticError(
                .argumentInvalid, "--pause-on-failure asks at a terminal, and there is none.",
                remedy: "Leave it out; look at a step afterwards with: martlet shell RUN JOB/STEP")
        }
        palette = console.palette
    }

    /// Blocks until the user has decided.
    func ask(_ step: PausedStep) -> PauseChoice {
        write(
            "\n" + palette.paint("paused: \(step.name.withoutControls) failed", .bold)
                + "  \(step.reason.withoutControls)\n")
        while true {
            write("[s]hell  [r]etry  [c]ontinue  [a]bort > ")
            // Nobody is there any more: the failure stands.
            guard let line = readLine() else { return .goOn }
            switch line.first.map({ Character($0.lowercased()) }) {
            case "s":
                write(palette.paint("The step's own environment and folder; leave it with: exit", .dim) + "\n")
                do throws(DiagnosticError) {
                    try step.shell.run()
                } catch {
                    write("\(error.diagnostic.code): \(error.diagnostic.message)\n")
                }
            case "r": return .retry
            case "c": return .goOn
            case "a": return .abort
            default: break
            }
        }
    }

    /// Straight to the terminal: the run's own output waits meanwhile.
    private func write(_ text: String) {
        // A stream of its own: the run's belongs to another thread.
        let terminal = ByteStream(descriptor: 1)
        terminal.write(text)
        terminal.flush()
    }
}
