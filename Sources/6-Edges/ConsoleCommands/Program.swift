// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc
internal import TerminalRendering

/// Parses the command line, runs the verb, and ends with its exit code.
package enum Program {
    package static func main() -> Never {
        // A reader that went away (`martlet logs | head`) is seen by the write that fails, not by a signal.
        signal(SIGPIPE, SIG_IGN)
        if CommandLine.arguments.dropFirst() == ["--version"] { answerVersion() }
        do {
            var command = try MartletCommand.parseAsRoot()
            try command.run()
            Glibc.exit(ExitStatus.success.rawValue)
        } catch {
            end(error)
        }
    }

    /// Scripts ask for it often; reading all verbs' options first would be most of its time.
    private static func answerVersion() -> Never {
        let console = Console()
        console.out.writeLine(ProgramVersion.text)
        console.flush()
        Glibc.exit(ExitStatus.success.rawValue)
    }

    private static func end(_ error: any Error) -> Never {
        if let code = error as? ExitCode { Glibc.exit(code.rawValue) }
        let text = MartletCommand.fullMessage(for: error)
        let console = Console()
        // Help and versions that were asked for are data; a command line that was not understood is not.
        let isAnswer = MartletCommand.exitCode(for: error) == .success
        (isAnswer ? console.out : console.err).writeLine(text)
        console.flush()
        Glibc.exit(isAnswer ? ExitStatus.success.rawValue : ExitStatus.usage.rawValue)
    }
}
