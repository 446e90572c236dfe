// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import PipelineModel
internal import RunCoordination
internal import StructuredData
internal import TerminalRendering

struct ArtifactsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "artifacts", abstract: "List what a run has uploaded, or fetch it.",
        discussion: """
            EXAMPLES
              martlet artifacts
              martlet artifacts get coverage --to out
            """,
        subcommands: [ArtifactsListCommand.self, ArtifactsGetCommand.self],
        defaultSubcommand: ArtifactsListCommand.self)
}

struct ArtifactsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the artifacts of a run.",
        discussion: """
            EXAMPLES
              martlet artifacts list
              martlet artifacts list 12 --json

            One whose upload was cut off is not among them, nor one that has expired.
            """)

    @Argument(help: ArgumentHelp("The run's number; without it the newest of this repository.", valueName: "run"))
    var number: Int?

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let console = Console()
        try console.guarded {
            let store = try RunStore(root: RunStore.defaultRoot(console.environment))
            let run = try RunChoice.run(number, store, console)
            let entries = try RunArtifacts(store: store, run: run).entries()
            if json {
                return console.out.writeLine(
                    DataValue.object(["run": .number(Double(run.number)), "artifacts": .array(entries.map(\.data))])
                        .jsonText())
            }
            guard !entries.isEmpty else { return console.out.writeLine("Run \(run) has no artifacts.") }
            var table = TextTable(
                header: ["NAME", "JOB", "STEP", "SIZE", "EXPIRES", "DIGEST"], palette: console.palette)
            for entry in entries {
                table.add([
                    entry.name.withoutControls, entry.job.withoutControls, entry.step ?? "",
                    "\(entry.sizeBytes) B", entry.expires ?? "", entry.digest ?? "(files)",
                ])
            }
            console.out.writeLine(table.render())
        }
    }
}

struct ArtifactsGetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Fetch an artifact of a run into a folder.",
        discussion: """
            EXAMPLES
              martlet artifacts get coverage
              martlet artifacts get coverage --run 12 --to out

            Its digest is checked before anything is unpacked.
            """)

    @Argument(help: "The artifact's name.")
    var name: String

    @Option(name: .customLong("run"), help: ArgumentHelp("The run; else the newest.", valueName: "run"))
    var number: Int?

    @Option(help: ArgumentHelp("The folder; else one of the artifact's name.", valueName: "folder"))
    var to: String?

    func run() throws {
        let console = Console()
        try console.guarded {
            let store = try RunStore(root: RunStore.defaultRoot(console.environment))
            let run = try RunChoice.run(number, store, console)
            let folder = to ?? name
            let path = folder.hasPrefix("/") ? folder : "\(ProcessEnvironment.currentFolder)/\(folder)"
            try RunArtifacts(store: store, run: run).get(name, to: path)
            console.out.writeLine("\(name.withoutControls) of run \(run) is in \(folder.withoutControls)")
        }
    }
}
