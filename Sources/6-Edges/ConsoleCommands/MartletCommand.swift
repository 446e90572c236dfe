// SPDX-License-Identifier: Apache-2.0

package import ArgumentParser

/// The root of the command line: its subcommands are the verbs, one file each.
package struct MartletCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "martlet",
        abstract: "Runs the pipelines you already have, here, with a reason for everything.",
        discussion: """
            EXAMPLES
              martlet run                 run what a push of this branch would start
              martlet plan                see which jobs that would be, and why

            With --server URL, or MARTLET_SERVER, most verbs work on a server.
            Every verb has examples of its own: martlet help run
            """,
        version: ProgramVersion.text,
        groupedSubcommands: [
            CommandGroup(
                name: "Pipelines:",
                subcommands: [
                    RunCommand.self, RerunCommand.self, ShellCommand.self, DebugCommand.self, CancelCommand.self,
                    PlanCommand.self,
                    CheckCommand.self,
                    EvalCommand.self,
                ]),
            CommandGroup(
                name: "Looking back:",
                subcommands: [
                    RunsCommand.self, LogsCommand.self, WhyCommand.self, ArtifactsCommand.self, ExplainCommand.self,
                ]),
            CommandGroup(
                name: "For a team:",
                subcommands: [
                    ApproveCommand.self, RejectCommand.self, AuthCommand.self, ServerCommand.self, RunnerCommand.self,
                    TokenCommand.self,
                ]),
            CommandGroup(
                name: "This machine:",
                subcommands: [
                    ActionsCommand.self, DoctorCommand.self, CleanCommand.self, HooksCommand.self, RedactCommand.self,
                    SchemaCommand.self,
                    CompletionsCommand.self, ExitCodesCommand.self,
                ]),
        ])

    package init() {}
}

/// The version that `martlet --version` prints.
package enum ProgramVersion {
    package static let text = "0.1.0"
}
