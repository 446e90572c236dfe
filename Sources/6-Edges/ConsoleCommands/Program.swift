// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import Glibc
internal import TerminalRendering

/// Parses the command line, runs the verb, and ends with its exit code.
package enum Program {
    package static func main() -> Never {
        // A reader that went away (`martlet logs | head`) is seen by the write that fails, not by a signal.
        signal(SIGPIPE, SIG_IGN)
        acceptSignals()
        answerVersion()
        forgetCallersRepository()
        let arguments = ServerFlag.arranged(Array(CommandLine.arguments.dropFirst()))
        refuseServer(arguments)
        do {
            var command = try MartletCommand.parseAsRoot(arguments)
            try command.run()
            Glibc.exit(ExitStatus.success.rawValue)
        } catch {
            end(error)
        }
    }

    /// A parent may have blocked signals (some build agents do); then an interrupt would never arrive.
    private static func acceptSignals() {
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
    }

    /// A hook of git's is started with variables that name the repository, its index and its prefix. With them in a step's
    /// environment, `git add` in the private copy would write into the user's own index.
    ///
    /// Source: `git rev-parse --local-env-vars`.
    private static func forgetCallersRepository() {
        for name in [
            "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT",
            "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE",
            "GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_PREFIX", "GIT_SHALLOW_FILE",
            "GIT_COMMON_DIR", "GIT_INTERNAL_SUPER_PREFIX", "GIT_QUARANTINE_PATH",
        ] {
            unsetenv(name)
        }
    }

    /// The commonest question of scripts is answered before the parser is even set up.
    private static func answerVersion() {
        guard CommandLine.arguments.count == 2, CommandLine.arguments[1] == "--version" else { return }
        let out = ByteStream(descriptor: 1)
        out.writeLine(ProgramVersion.text)
        out.flush()
        Glibc.exit(ExitStatus.success.rawValue)
    }

    /// Said before the verb is parsed: it does not know the option.
    private static func refuseServer(_ arguments: [String]) {
        guard let refusal = ServerFlag.refusal(arguments) else { return }
        let console = Console()
        console.show(refusal.diagnostic)
        console.flush()
        Glibc.exit(ExitStatus.usage.rawValue)
    }

    private static func end(_ error: any Error) -> Never {
        if let code = error as? ExitCode { Glibc.exit(code.rawValue) }
        let text = MartletCommand.fullMessage(for: error) + VerbSuggestion.text(CommandLine.arguments.dropFirst().first)
        let console = Console()
        // Help and versions that were asked for are data; a command line that was not understood is not.
        let isAnswer = MartletCommand.exitCode(for: error) == .success
        (isAnswer ? console.out : console.err).writeLine(text)
        console.flush()
        Glibc.exit(isAnswer ? ExitStatus.success.rawValue : ExitStatus.usage.rawValue)
    }
}

/// What a mistyped verb was most likely meant to be.
enum VerbSuggestion {
    static var verbs: [String] {
        MartletCommand.configuration.groupedSubcommands.flatMap(\.subcommands)
            .compactMap { $0.configuration.commandName }
    }

    static func text(_ word: String?) -> String {
        guard let word, !word.hasPrefix("-"), word != "help", !verbs.contains(word) else { return "" }
        let near = verbs.map { (verb: $0, distance: distance($0, word)) }.min { $0.distance < $1.distance }
        guard let near, near.distance <= 2 else { return "" }
        return "\nDid you mean: martlet \(near.verb)?"
    }

    /// Insertions, removals, exchanges and swaps of neighbours that turn one word into the other.
    private static func distance(_ left: String, _ right: String) -> Int {
        let (a, b) = (Array(left), Array(right))
        var rows = [Array(0...b.count)]
        for i in 1...max(1, a.count) where i <= a.count {
            var row = [i]
            for j in 1...max(1, b.count) where j <= b.count {
                var best = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { best = min(best, rows[i - 2][j - 2] + 1) }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
