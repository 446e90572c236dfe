// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import RetentionRules
internal import ServerOperation
internal import TerminalRendering

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy everything that a server keeps, while it runs.",
        discussion: """
            EXAMPLES
              martlet server backup --to /backups/martlet-monday
              martlet server backup --data /var/lib/martlet --to /backups/martlet.tar.zst

            The copy is of one moment: runs, logs, artifacts, people, settings, the audit log.
            The key that opens the secrets is NOT in it, unless --with-master-key is given: keep
            it apart, for whoever has both has the secrets. Caches are not in it. Restore it with
            `martlet server restore`; check it with `sha256sum -c SHA256SUMS`.
            """)

    @OptionGroup var data: DataFolderOptions

    @Option(
        help: ArgumentHelp(
            "A folder that is made, or a file that ends with .tar, .tar.gz or .tar.zst.", valueName: "path"))
    var to: String

    @Flag(help: "Put the key that opens the secrets into it. Whoever has the backup has the secrets then.")
    var withMasterKey = false

    func run() throws {
        let console = Console()
        try console.guarded(.setup) {
            var request = ServerBackup.Request(
                folder: data.folder(console.environment), target: ProcessEnvironment.absolute(to))
            request.includesMasterKey = withMasterKey
            request.version = ProgramVersion.text
            let manifest = try ServerBackup(request).run()
            console.out.writeLine(
                "Copied \(manifest.fileCount) files, \(DiskRule.text(manifest.sizeBytes)), as of \(manifest.createdAt)."
            )
            console.err.writeLine(
                withMasterKey
                    ? "The key that opens the secrets is in it: keep it as you keep the secrets."
                    : "The key that opens the secrets is NOT in it. Without a copy of that key "
                        + "('\(request.folder)/master-key', or your --key-file) its secrets are lost.")
        }
    }
}
