// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import PipelineModel
internal import RunCoordination
internal import TerminalRendering

struct ShellCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shell",
        abstract: "Stand where a step of an earlier run stood: its files, environment and folder.",
        discussion: """
            EXAMPLES
              martlet shell test/4
              martlet shell 12 'test/Run make' -- make test

            The workspace is a copy, as it was before the step; it goes when you leave.
            Secrets have to be given again.
            """)

    @Argument(help: ArgumentHelp("The run's number, where it is not the newest; else the step.", valueName: "run"))
    var first: String

    @Argument(help: ArgumentHelp("The step.", valueName: "job/step"))
    var second: String?

    @Argument(parsing: .postTerminator, help: ArgumentHelp("What to run in the shell's place.", valueName: "command"))
    var command: [String] = []

    @OptionGroup var driving: DrivingOptions

    @OptionGroup var network: NetworkOptions

    func validate() throws {
        guard second == nil || Int(first) != nil, (second ?? first).contains("/") else {
            throw ValidationError("Name a step as job/step, and before it the run's number if it is not the newest.")
        }
    }

    func run() throws {
        let console = Console(colour: driving.color)
        try console.guarded(.setup) {
            let store = try RunStore(root: RunStore.defaultRoot(console.environment))
            let run = try RunChoice.run(second == nil ? nil : Int(first), store, console)
            let record = try RunRecord.load(from: store, run)
            let files = WorkflowFiles(
                folder: record.repository.root, environment: network.applied(to: console.environment),
                isTrusted: record.isTrusted)
            let settings = try driving.settings(files, console)
            try driving.requireSecrets(of: record, settings)
            let session = try RunSession(
                store: store, run: run, attempt: try store.lastAttempt(of: run), record: record, settings: settings,
                observer: RunObserver(update: { _ in }, output: { _, _ in }))
            let place = try session.place(of: second ?? first, command: command)
            console.err.writeLine(
                console.errorPalette.paint("before \(place.title.withoutControls)", .bold)
                    + console.errorPalette.paint("  a copy of its workspace; leave it with: exit", .dim))
            console.flush()
            let code = try place.enter()
            guard code == 0 else { throw ExitCode(code) }
        }
    }
}
