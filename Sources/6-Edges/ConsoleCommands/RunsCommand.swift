// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import HTTPMessages
internal import PipelineModel
internal import RunCoordination
internal import ServerClient
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
              martlet runs --server ci.example.org

            Those of the repository that the command is given in; on a server, those of its
            project.
            """)

    @Option(help: "How many, the newest first.")
    var limit = 20

    @Flag(help: "Runs of every repository of this machine, or every project of the server, not only of this one.")
    var all = false

    @Flag(help: "Print one JSON array.")
    var json = false

    @OptionGroup var remote: RemoteOptions

    func run() throws {
        let console = Console()
        try console.guarded {
            if let target = try remote.target(console) { return present(try rows(at: target), console, target) }
            let store = try RunStore(root: RunStore.defaultRoot(console.environment))
            let root = RunChoice.root(console)
            var runs: [ShownRun] = []
            for run in try store.runs() where runs.count < limit {
                let history = try RunHistory(store: store, run: run)
                if all || history.text("root") == root { runs.append(ShownRun(history)) }
            }
            present(runs, console)
        }
    }

    private func rows(at target: RemoteTarget) throws -> [ShownRun] {
        var query: [FormText.Pair] = []
        if !all { query.append(FormText.Pair("project", try ProjectChoice.project(target))) }
        let (asked, limit) = (query, max(0, limit))
        guard limit > 0 else { return [] }
        let rows = try target.ask { try await $0.items(RemoteServer.path("runs"), asked, limit: limit) }
        return rows.compactMap(\.object).map { ShownRun(row: $0) }
    }

    private func present(_ runs: [ShownRun], _ console: Console, _ target: RemoteTarget? = nil) {
        if json { return console.out.writeLine(DataValue.array(runs.map(\.data)).jsonText()) }
        show(runs, console, target)
    }

    private func show(_ runs: [ShownRun], _ console: Console, _ target: RemoteTarget?) {
        guard !runs.isEmpty else {
            let owner = target == nil ? "repository" : "project"
            console.out.writeLine(
                all
                    ? "No run was made \(target == nil ? "here" : "there") yet."
                    : "No run was made of this \(owner) yet; see martlet runs --all\(target?.suffix ?? "")")
            return
        }
        let header =
            ["RUN", "RESULT", "WORKFLOW", "EVENT", "REF", "TOOK", "STARTED"]
            + (all ? [target == nil ? "REPOSITORY" : "PROJECT"] : [])
        var table = TextTable(header: header, palette: console.palette)
        for run in runs {
            let took = run.durationMs.map { DurationText.short(milliseconds: $0) } ?? ""
            let cells = [
                "\(run.number)", RunResult.text(run, console.palette), run.title.withoutControls,
                run.event.withoutControls, run.ref.withoutControls, took, run.startedText,
            ]
            table.add(cells + (all ? [run.place.withoutControls] : []))
        }
        console.out.writeLine(table.render())
    }
}
