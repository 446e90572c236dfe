// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import PipelineModel
internal import RunCoordination
internal import ServerClient
internal import StructuredData
internal import TerminalRendering

struct CancelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Cancel a run that another terminal drives.",
        discussion: """
            EXAMPLES
              martlet cancel 12
              martlet cancel 12 --force

            Steps are interrupted as on GitHub, and steps with always() or cancelled()
            still run; with --force nothing is waited for. With --server it is a run there.
            """)

    @Argument(help: ArgumentHelp("The run's number.", valueName: "run"))
    var number: Int

    @Flag(help: "Kill at once what still runs.")
    var force = false

    @OptionGroup var remote: RemoteOptions

    func run() throws {
        let console = Console()
        try console.guarded {
            if let target = try remote.target(console) { return try cancel(at: target, console) }
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

    private func cancel(at target: RemoteTarget, _ console: Console) throws {
        let (number, force) = (number, force)
        _ = try target.ask {
            try await $0.post(RemoteServer.path("runs", number, "cancel"), ["force": .bool(force)])
        }
        console.out.writeLine("Run \(number) was asked to end.")
    }
}
