// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import RunCoordination
internal import TerminalRendering

struct HooksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hooks", abstract: "Run chosen jobs before each commit or push.",
        discussion: """
            EXAMPLES
              martlet hooks install --pre-commit lint
              martlet hooks install --pre-commit lint --pre-push test
            """,
        subcommands: [HooksInstallCommand.self, HooksRemoveCommand.self])
}

struct HooksInstallCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install", abstract: "Set git hooks that run jobs.",
        discussion: """
            EXAMPLES
              martlet hooks install --pre-commit lint
              martlet hooks install --pre-push test --pre-push lint
            """)

    @Option(help: ArgumentHelp("A job to run before each commit.", valueName: "job"))
    var preCommit: [String] = []

    @Option(help: ArgumentHelp("A job to run before each push.", valueName: "job"))
    var prePush: [String] = []

    func validate() throws {
        guard !preCommit.isEmpty || !prePush.isEmpty else {
            throw ValidationError("Name a job with --pre-commit or --pre-push.")
        }
    }

    func run() throws {
        let console = Console()
        try console.guarded {
            let files = WorkflowFiles(folder: ProcessEnvironment.currentFolder, environment: console.environment)
            let hooks = try GitHooks(files: files)
            // A job that is not there would refuse every commit from now on.
            for job in preCommit + prePush {
                var request = PlanPreparation.Request()
                request.jobs = [job]
                let outcomes = try PlanPreparation(files: files, request: request).prepare(all: files.paths())
                guard outcomes.contains(where: { $0.prepared != nil }) else { throw PlanOptions.noWorkflows(files) }
            }
            let program = ProcessEnvironment.program
            for (name, jobs) in [("pre-commit", preCommit), ("pre-push", prePush)] where !jobs.isEmpty {
                console.out.writeLine("set \(try hooks.install(name, jobs: jobs, program: program))")
            }
        }
    }
}

struct HooksRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Take Martlet's git hooks away again.",
        discussion: """
            EXAMPLES
              martlet hooks remove
              martlet hooks remove && git commit
            """)

    func run() throws {
        let console = Console()
        try console.guarded {
            let hooks = try GitHooks(
                files: WorkflowFiles(folder: ProcessEnvironment.currentFolder, environment: console.environment))
            for name in ["pre-commit", "pre-push"] where try hooks.remove(name) {
                console.out.writeLine("removed \(name)")
            }
        }
    }
}
