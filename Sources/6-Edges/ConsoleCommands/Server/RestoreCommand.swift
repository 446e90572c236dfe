// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import RetentionRules
internal import ServerOperation
internal import TerminalRendering

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Make a server's folder from a backup.",
        discussion: """
            EXAMPLES
              martlet server restore --from /backups/martlet-monday --data /var/lib/martlet
              martlet server restore --from martlet.tar.zst --data /srv/martlet --key-file master-key

            A folder that is not empty is refused. Each file is compared with its digest: the
            folder is there whole or not at all. Of runs that were under way a job that a runner
            had is queued again where none of its steps had begun; else it has failed.
            """)

    @Option(help: ArgumentHelp("What `martlet server backup` made.", valueName: "path"))
    var from: String

    @OptionGroup var data: DataFolderOptions

    @Option(
        help: ArgumentHelp(
            "The key that opens the secrets, to be put into the folder; the backup has it only where it was asked for.",
            valueName: "file"))
    var keyFile: String?

    func run() throws {
        let console = Console()
        try console.guarded(.setup) {
            var request = ServerRestore.Request(
                source: ProcessEnvironment.absolute(from), folder: data.folder(console.environment))
            request.keyPath = keyFile.map(ProcessEnvironment.absolute)
            let report = try ServerRestore(request).run()
            let manifest = report.manifest
            console.out.writeLine(
                "Restored \(manifest.fileCount) files, \(DiskRule.text(manifest.sizeBytes)), as of "
                    + "\(manifest.createdAt), to '\(request.folder)'.")
            for sentence in report.missing { console.err.writeLine(sentence) }
        }
    }
}
