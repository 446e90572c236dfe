// SPDX-License-Identifier: Apache-2.0

internal import CProcessControl
package import Diagnostics

/// A program for people: it has this process's terminal until it ends.
package struct TerminalCommand: Sendable {
    /// A path, or a name to look up in this process's `PATH`.
    package var program: String
    /// With the program's own name first.
    package var arguments: [String]
    /// `NAME=value` each.
    package var environment: [String]
    package var workingDirectory: String

    package init(program: String, arguments: [String], environment: [String], workingDirectory: String) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
    }

    /// Blocks until it ends.
    ///
    /// - Throws: ``DiagnosticCode/commandNotStarted``.
    @discardableResult
    package func run() throws(DiagnosticError) -> ProcessEnding {
        var status: Int32 = 0
        let error = withCStrings(arguments) { arguments in
            withCStrings(environment) { environment in
                withOptionalCString(workingDirectory) { directory in
                    program.withCString { program in
                        var command = pc_command(
                            program: program, arguments: arguments, environment: environment, directory: directory,
                            input: 0, output: 1, errors: 2)
                        return pc_terminal_run(&command, &status)
                    }
                }
            }
        }
        guard error == 0 else {
            throw DiagnosticError(
                .commandNotStarted,
                "\(program) could not be started in \(workingDirectory): \(SystemError(number: error)).")
        }
        return ProcessEnding(waitStatus: status)
    }
}
