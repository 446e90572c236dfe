// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import TerminalRendering

struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions", abstract: "Print a completion script for a shell.",
        discussion: """
            EXAMPLES
              martlet completions bash > ~/.local/share/bash-completion/completions/martlet
              martlet completions zsh > ~/.zfunc/_martlet
            """)

    @Argument(help: "bash, zsh or fish.", completion: .list(["bash", "zsh", "fish"]))
    var shell: String

    func run() throws {
        guard let shell = CompletionShell(rawValue: shell) else {
            throw ValidationError("There are completions for bash, zsh and fish, not for '\(shell)'.")
        }
        let console = Console()
        defer { console.flush() }
        console.out.writeLine(MartletCommand.completionScript(for: shell))
    }
}
