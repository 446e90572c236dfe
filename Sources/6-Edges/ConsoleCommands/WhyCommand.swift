// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import PipelineModel
internal import RunCoordination
internal import StructuredData
internal import TerminalRendering

struct WhyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Tell why a run, its jobs and its steps came out as they did.",
        discussion: """
            EXAMPLES
              martlet why 12
              martlet why 12 test#2

            Every skip, wait, failure and cancellation is recorded with its reason.
            """)

    @Argument(help: ArgumentHelp("The run's number; without it, the newest.", valueName: "run"))
    var number: Int?

    @Argument(help: "Only this job.")
    var job: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let console = Console()
        try console.guarded {
            let store = try RunStore(root: RunStore.defaultRoot(console.environment))
            let id = try RunChoice.run(number, store, console)
            let history = try RunHistory(store: store, run: id)
            let entries = try history.reasons(job: job)
            guard job == nil || !entries.isEmpty else {
                throw DiagnosticError(.stepMissing, "Run \(id) has no job '\(job ?? "")'.")
            }
            if json {
                console.out.writeLine(
                    DataValue.object(["run": history.summary, "reasons": .array(entries.map(\.data))]).jsonText())
            } else {
                show(history, entries, console)
            }
        }
    }

    private func show(_ history: RunHistory, _ entries: [RunHistory.Entry], _ console: Console) {
        let palette = console.palette
        let conclusion = RunResult.text(history, palette)
        console.out.writeLine(
            palette.paint("run \(history.run)", .bold) + "  \(history.title.withoutControls)  \(conclusion)")
        if let reason = history.reason { console.out.writeLine("  " + reason.text) }
        if history.state == .cutOff {
            console.out.writeLine("  Its process is gone. Go on with: martlet run --resume \(history.run)")
        }
        for entry in entries {
            let indent = entry.step == nil ? "" : "    "
            let mark = entry.conclusion.map { Marks.mark($0, entry.reason, palette) } ?? palette.paint("…", .yellow)
            console.out.writeLine(
                "\(indent)\(mark) \(palette.paint(entry.title.withoutControls, .bold))  \(entry.reason?.text ?? "")")
            if let expression = entry.reason?.expression {
                console.out.writeLine("\(indent)    if: \(palette.paint(expression, .cyan))")
            }
            for value in entry.reason?.values ?? [] {
                console.out.writeLine("\(indent)      \(palette.paint(value, .dim))")
            }
            if let step = entry.step, entry.conclusion == .failure {
                let command = "martlet logs \(history.run) --job '\(entry.job)' --step \(step)"
                console.out.writeLine("\(indent)    \(palette.paint(command, .dim))")
            }
        }
    }
}
