// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import TerminalRendering

struct ExitCodesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exit-codes", abstract: "Print what each exit code means.",
        discussion: """
            EXAMPLES
              martlet exit-codes
              martlet run || [ $? -eq 5 ] && echo "the run failed, not the command"
            """)

    func run() throws {
        let console = Console()
        var table = TextTable(header: ["CODE", "MEANING"], palette: console.palette)
        for status in ExitStatus.allCases { table.add([String(status.rawValue), status.meaning]) }
        try console.guarded { console.out.writeLine(table.render()) }
    }
}
