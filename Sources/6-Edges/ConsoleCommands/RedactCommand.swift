// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import RunCoordination
internal import SecretRedaction
internal import TerminalRendering

struct RedactCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redact", abstract: "Mask secrets, and their usual encodings, in a stream.",
        discussion: """
            EXAMPLES
              make deploy 2>&1 | martlet redact --secrets-file secrets.b64
              martlet redact --secrets-file secrets.b64 < build.log > public.log

            Each secret of 4 bytes or more is replaced by ***, and so are its base64, URL,
            JSON and XML forms.
            """)

    @Option(help: "A file with one secret a line, in base64.")
    var secretsFile: String

    func run() throws {
        let console = Console()
        try console.guarded {
            let secrets = try SecretsFile.read(
                RepositoryText.read(secretsFile, limit: RepositoryText.secretsLimitBytes))
            SecretsFile.warn(of: secrets, console)
            var redactor = try SecretRedactor(secrets: secrets)
            var output: [UInt8] = []
            StandardInput.forEachChunk { chunk in
                output.removeAll(keepingCapacity: true)
                redactor.redact(chunk, into: &output)
                console.out.write(output)
            }
            output.removeAll(keepingCapacity: true)
            redactor.finish(into: &output)
            console.out.write(output)
        }
    }
}
