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

    @OptionGroup var remote: RemoteOptions

    func run() throws {
        let console = Console()
        try console.guarded {
            if let target = try remote.target(console) {
                let run = try RemoteRunChoice.run(number, target)
                return show(run, try RemoteArtifacts(target: target, run: run).items(), console)
            }
            let store = try RunStore(root: RunStore.defaultRoot(console.environment))
            let run = try RunChoice.run(number, store, console)
            show(run.number, try RunArtifacts(store: store, run: run).entries().map(\.data), console)
        }
    }

    private func show(_ run: Int, _ entries: [DataValue], _ console: Console) {
        if json {
            return console.out.writeLine(
                DataValue.object(["run": .number(Double(run)), "artifacts": .array(entries)]).jsonText())
        }
        guard !entries.isEmpty else { return console.out.writeLine("Run \(run) has no artifacts.") }
        var table = TextTable(
            header: ["NAME", "JOB", "STEP", "SIZE", "EXPIRES", "DIGEST"], palette: console.palette)
        for entry in entries {
            func text(_ key: String) -> String { (entry[key]?.string ?? "").withoutControls }
            table.add([
                text("name"), text("job"), text("step"), "\(entry["size"]?.int ?? 0) B", text("expires"),
                entry["digest"] == nil ? "(files)" : text("digest"),
            ])
        }
        console.out.writeLine(table.render())
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

    @OptionGroup var remote: RemoteOptions

    func run() throws {
        let console = Console()
        try console.guarded {
            let folder = to ?? name
            let path = ProcessEnvironment.absolute(folder)
            let run: Int
            if let target = try remote.target(console) {
                run = try RemoteRunChoice.run(number, target)
                try RemoteArtifacts(target: target, run: run).get(name, to: path)
            } else {
                let store = try RunStore(root: RunStore.defaultRoot(console.environment))
                let found = try RunChoice.run(number, store, console)
                try RunArtifacts(store: store, run: found).get(name, to: path)
                run = found.number
            }
            console.out.writeLine("\(name.withoutControls) of run \(run) is in \(folder.withoutControls)")
        }
    }
}
