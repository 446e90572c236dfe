// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import PipelineModel
internal import RunCoordination
internal import StructuredData
internal import TerminalRendering

struct RunsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "List the runs of this machine.",
        discussion: """
            EXAMPLES
              martlet runs
              martlet runs --limit 5 --json
            """)

    @Option(help: "How many, the newest first.")
    var limit = 20

    @Flag(help: "Print one JSON array.")
    var json = false

    func run() throws {
        let console = Console()
        try console.guarded {
            let store = try RunStore(root: RunStore.defaultRoot(console.environment))
            let runs = try store.runs().prefix(max(0, limit)).map { try RunHistory(store: store, run: $0) }
            if json {
                console.out.writeLine(DataValue.array(runs.map(\.summary)).jsonText())
                return
            }
            var table = TextTable(
                header: ["RUN", "RESULT", "WORKFLOW", "EVENT", "REF", "STARTED"], palette: console.palette)
            for run in runs {
                let result = run.conclusion.map { Marks.mark($0, console.palette) + " " + $0.rawValue } ?? "unfinished"
                table.add([
                    run.run.description, result, run.title, run.text("event"), run.text("ref"),
                    run.startedText,
                ])
            }
            console.out.writeLine(runs.isEmpty ? "No run was made here yet." : table.render())
        }
    }
}
