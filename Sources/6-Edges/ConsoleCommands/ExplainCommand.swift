// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import ErrorPages
internal import TerminalRendering

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Explain an error code.",
        discussion: """
            EXAMPLES
              martlet explain MRT0302
              martlet explain 180
            """)

    @Argument(help: "A code, as an error shows it in brackets.")
    var code: String

    func run() throws {
        let console = Console()
        try console.guarded {
            guard let number = Int(code.filter(\.isNumber)), (1...9999).contains(number),
                let page = ErrorPage.text(of: number)
            else {
                throw DiagnosticError(
                    .codeUnknown, "There is no error code '\(code)'.", remedy: "A code looks like MRT0180.")
            }
            console.out.write(page)
        }
    }
}
