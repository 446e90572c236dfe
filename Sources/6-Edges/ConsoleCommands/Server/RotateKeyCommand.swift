// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import ServerOperation
internal import TerminalRendering

struct RotateKeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate-key", abstract: "Seal all secrets with another master key.",
        discussion: """
            EXAMPLES
              martlet server rotate-key
              martlet server rotate-key --data /var/lib/martlet --key-file old.key --to-file new.key

            Stop the server first. Where it is cut off, doing it again finishes it. A key that
            is kept outside of the folder (MARTLET_KEY, --key-file) is replaced by that of
            --to-file, which is made where it is not there.
            """)

    @OptionGroup var data: DataFolderOptions

    @Option(help: ArgumentHelp("The key of now, where it is not in the folder.", valueName: "file"))
    var keyFile: String?

    @Option(help: ArgumentHelp("The new key; else one is made in the folder.", valueName: "file"))
    var toFile: String?

    func run() throws {
        let console = Console()
        try console.guarded(.setup) {
            var settings = ServerSettings(
                folder: data.folder(console.environment), host: "", port: 0, capacity: 0,
                environment: console.environment)
            settings.keyPath = keyFile.map(ProcessEnvironment.absolute)
            let count = try ServerVaults.rotateKey(settings, to: toFile.map(ProcessEnvironment.absolute))
            console.out.writeLine("Sealed anew: \(count) \(count == 1 ? "place" : "places").")
            if let toFile { console.err.writeLine("Start the server with --key-file \(toFile) from now on.") }
        }
    }
}
