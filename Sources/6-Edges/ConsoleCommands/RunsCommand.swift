// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import PipelineModel
internal import RunCoordination
internal import StructuredData
internal import TerminalRendering

struct RunsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "List the runs of this machine, or show what came of one.",
        discussion: """
            EXAMPLES
              martlet runs
              martlet runs show 12
            """,
        subcommands: [RunsListCommand.self, RunsShowCommand.self], defaultSubcommand: RunsListCommand.self)
}

struct RunsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the runs of this machine.",
        discussion: """
            EXAMPLES
              martlet runs
              martlet runs --all --limit 5 --json

            Those of the repository that the command is given in.
            """)

    @Option(help: "How many, the newest first.")
    var limit = 20

    @Flag(help: "Runs of every repository of this machine, not only of this one.")
    var all = false

    @Flag(help: "Print one JSON array.")
    var json = false

    func run() throws {
        let console = Console()
        try console.guarded {
            let store = try RunStore(root: RunStore.defaultRoot(console.environment))
            let root = RunChoice.root(console)
            var runs: [RunHistory] = []
            for run in try store.runs() where runs.count < limit {
                let history = try RunHistory(store: store, run: run)
                if all || history.text("root") == root { runs.append(history) }
            }
            if json {
                console.out.writeLine(DataValue.array(runs.map(\.summary)).jsonText())
            } else {
                show(runs, console)
            }
        }
    }

    private func show(_ runs: [RunHistory], _ console: Console) {
        guard !runs.isEmpty else {
            console.out.writeLine(
                all ? "No run was made here yet." : "No run was made of this repository yet; see martlet runs --all")
            return
        }
        let header = ["RUN", "RESULT", "WORKFLOW", "EVENT", "REF", "TOOK", "STARTED"] + (all ? ["REPOSITORY"] : [])
        var table = TextTable(header: header, palette: console.palette)
        for run in runs {
            let took = run.durationMs.map { DurationText.short(milliseconds: $0) } ?? ""
            let cells = [
                run.run.description, RunResult.text(run, console.palette), run.title, run.text("event"),
                run.text("ref"), took, run.startedText,
            ]
            table.add(cells + (all ? [run.text("root")] : []))
        }
        console.out.writeLine(table.render())
    }
}
