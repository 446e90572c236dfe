// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import PipelineModel
internal import RunCoordination

/// The run that a user means: the number given, else the newest of the repository that the command was given in.
enum RunChoice {
    static func run(_ number: Int?, _ store: RunStore, _ console: Console) throws(DiagnosticError) -> RunID {
        if let number {
            let run = RunID(number)
            guard number > 0, store.exists(run) else { throw missing(run) }
            return run
        }
        let root = root(console)
        if let run = try store.newestRun(of: root) { return run }
        throw DiagnosticError(
            .runMissing, "No run was made of \(root) yet.",
            remedy: "Start one with: martlet run. Runs of other repositories: martlet runs --all")
    }

    static func root(_ console: Console) -> String {
        WorkflowFiles(folder: ProcessEnvironment.currentFolder, environment: console.environment).state.root
    }

    static func missing(_ run: RunID) -> DiagnosticError {
        DiagnosticError(.runMissing, "There is no run \(run) here.", remedy: "List them with: martlet runs --all")
    }
}
