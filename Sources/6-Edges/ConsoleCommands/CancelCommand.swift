// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import PipelineModel
internal import RunCoordination
internal import TerminalRendering

struct CancelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Cancel a run that another terminal drives.",
        discussion: """
            EXAMPLES
              martlet cancel 12
              martlet cancel 12 --force

            Steps are interrupted as on GitHub, and steps with always() or cancelled()
            still run; with --force nothing is waited for.
            """)

    @Argument(help: ArgumentHelp("The run's number.", valueName: "run"))
    var number: Int

    @Flag(help: "Kill at once what still runs.")
    var force = false

    func run() throws {
        let console = Console()
        try console.guarded {
            let store = try RunStore(root: RunStore.defaultRoot(console.environment))
            let run = try RunChoice.run(number, store, console)
            guard RunControl.say(force ? .cancelByForce : .cancel, to: run, of: store) else {
                throw DiagnosticError(
                    .runNotDriven, "No process drives run \(run).",
                    remedy: "See how it ended with: martlet why \(run)")
            }
            console.out.writeLine("Run \(run) was asked to end.")
        }
    }
}
