// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// How a `run` step's script is handed to a shell: the `shell:` option taken apart, before it is looked up on `PATH`.
package struct ShellTemplate: Hashable, Sendable {
    /// `bash`, `perl`, `/opt/bin/fish`.
    package var command: String
    /// With `{0}` for the script's path.
    package var argumentFormat: String
    /// Where the file named no shell: other commands to try, in order.
    package var fallback: String?

    /// The platform's default: `bash -e {0}`, or `sh -e {0}` where there is no bash.
    package static let platformDefault = ShellTemplate(
        command: "bash", argumentFormat: BuiltInShell.sh.argumentFormat, fallback: "sh")

    private init(command: String, argumentFormat: String, fallback: String?) {
        self.command = command
        self.argumentFormat = argumentFormat
        self.fallback = fallback
    }

    /// Reads a `shell:` option: a built-in name, or a command with its arguments.
    ///
    /// - Throws: where no `{0}` says where the script goes. (The runner says it in the same words.)
    package init(option: String) throws(DiagnosticError) {
        guard let space = option.utf8.firstIndex(of: 0x20) else {
            try self.init(command: option, arguments: "")
            return
        }
        try self.init(
            command: String(option[..<space]), arguments: String(option[option.utf8.index(after: space)...]))
    }

    private init(command: String, arguments: String) throws(DiagnosticError) {
        let given = String(arguments.drop { $0 == " " || $0 == "\t" })
        let format = given.isEmpty ? BuiltInShell(name: command)?.argumentFormat ?? "" : given
        guard format.contains("{0}") else { throw DiagnosticError(.invalidShell, Self.invalidOption) }
        self.init(command: command, argumentFormat: format, fallback: nil)
    }

    static let invalidOption =
        "Invalid shell option. Shell must be a valid built-in (bash, sh, cmd, powershell, pwsh) "
        + "or a format string containing '{0}'"

    /// Which of the shells with rules of their own it is.
    package var builtIn: BuiltInShell? { BuiltInShell(name: command) }

    /// The arguments for a script, without the command itself.
    ///
    /// - Throws: where the format holds a place that is not `{0}`.
    package func arguments(script path: String) throws(DiagnosticError) -> [String] {
        // The path is put in after the split, so that blanks and quotes in it are its own.
        try splitArguments(formatted()).map { argument in
            guard argument.contains(Self.place) else { return argument }
            return argument.split(separator: Self.place, omittingEmptySubsequences: false).joined(separator: path)
        }
    }

    /// Stands for the script's path; no format can hold it.
    private static let place: Character = "\0"

    /// The format with its places marked: `{0}` is where the path goes, `{{` and `}}` are braces.
    private func formatted() throws(DiagnosticError) -> String {
        var result: [UInt8] = []
        let format = Array(argumentFormat.utf8)
        var index = 0
        while index < format.count {
            let byte = format[index]
            guard byte == 0x7B || byte == 0x7D else {
                result.append(byte)
                index += 1
                continue
            }
            if index + 1 < format.count, format[index + 1] == byte {
                result.append(byte)
                index += 2
            } else if byte == 0x7B, index + 2 < format.count, format[index + 1] == 0x30, format[index + 2] == 0x7D {
                result.append(0)
                index += 3
            } else {
                throw DiagnosticError(
                    .invalidShell, "The shell's arguments '\(argumentFormat)' hold a brace that is not part of '{0}'.",
                    remedy: "Write '{{' and '}}' for braces that the shell itself is to see.")
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// The shells that need no template.
package enum BuiltInShell: String, Hashable, Sendable, CaseIterable {
    case bash
    case sh
    case python
    case pwsh
    case powershell
    case cmd

    package init?(name: String) {
        self.init(rawValue: name.lowercasedASCII())
    }

    package var argumentFormat: String {
        switch self {
        case .bash: "--noprofile --norc -e -o pipefail {0}"
        case .sh: "-e {0}"
        case .python: "{0}"
        case .pwsh, .powershell: "-command \". '{0}'\""
        case .cmd: "/D /E:ON /V:OFF /S /C \"CALL \"{0}\"\""
        }
    }

    /// With its dot. Scripts of other shells have none.
    package var scriptExtension: String {
        switch self {
        case .bash, .sh: ".sh"
        case .python: ".py"
        case .pwsh, .powershell: ".ps1"
        case .cmd: ".cmd"
        }
    }

    /// The script as it is written to its file.
    package func prepared(_ script: String) -> String {
        switch self {
        case .cmd: "@echo off\n" + script
        case .pwsh, .powershell:
            "$ErrorActionPreference = 'stop'\n" + script
                + "\nif ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) { exit $LASTEXITCODE }"
        default: script
        }
    }
}

/// Splits a line of arguments as the runner's platform does: blanks separate, double quotes keep together, a backslash
/// counts only before a quote.
package func splitArguments(_ line: String) -> [String] {
    let bytes = Array(line.utf8)
    var arguments: [String] = []
    var index = 0
    while true {
        while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
        guard index < bytes.count else { return arguments }
        arguments.append(nextArgument(bytes, &index))
    }
}

private func nextArgument(_ bytes: [UInt8], _ index: inout Int) -> String {
    let quote: UInt8 = 0x22
    let backslash: UInt8 = 0x5C
    var argument: [UInt8] = []
    var isQuoted = false
    while index < bytes.count {
        var slashes = 0
        while index < bytes.count, bytes[index] == backslash {
            slashes += 1
            index += 1
        }
        if slashes > 0 {
            let isBeforeQuote = index < bytes.count && bytes[index] == quote
            argument.append(contentsOf: repeatElement(backslash, count: isBeforeQuote ? slashes / 2 : slashes))
            if isBeforeQuote, slashes % 2 == 1 {
                argument.append(quote)
                index += 1
            }
            continue
        }
        let byte = bytes[index]
        if byte == quote {
            if isQuoted, index + 1 < bytes.count, bytes[index + 1] == quote {
                argument.append(quote)
                index += 1
            } else {
                isQuoted.toggle()
            }
        } else if !isQuoted, byte == 0x20 || byte == 0x09 {
            break
        } else {
            argument.append(byte)
        }
        index += 1
    }
    return String(decoding: argument, as: UTF8.self)
}
