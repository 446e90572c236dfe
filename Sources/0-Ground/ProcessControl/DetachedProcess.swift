// SPDX-License-Identifier: Apache-2.0

internal import CProcessControl
package import Diagnostics
internal import Glibc

/// A program of our own in a session of its own: it lives on when this process ends.
package struct DetachedProcess: Sendable {
    package let processID: Int32

    /// - Parameters:
    ///   - arguments: the first is the program: a path.
    ///   - environment: `NAME=value` each.
    ///   - log: a file that gets what it prints, added to.
    /// - Throws: ``DiagnosticCode/commandNotStarted``.
    package static func start(
        _ arguments: [String], environment: [String], log: String
    ) throws(DiagnosticError) -> DetachedProcess {
        let output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        let input = pc_open_for_reading("/dev/null")
        defer {
            if output >= 0 { pc_close(output) }
            if input >= 0 { pc_close(input) }
        }
        guard output >= 0, input >= 0, let program = arguments.first else {
            throw DiagnosticError(.commandNotStarted, "The log '\(log)' could not be opened.")
        }
        var processID: Int32 = 0
        let error = withCStrings(arguments) { argumentPointers in
            withOptionalCStrings(environment) { environmentPointers in
                program.withCString { program in
                    var command = pc_command(
                        program: program, arguments: argumentPointers, environment: environmentPointers, directory: nil,
                        input: input, output: output, errors: output)
                    return pc_command_start(&command, &processID)
                }
            }
        }
        guard error == 0 else {
            throw DiagnosticError(
                .commandNotStarted, "\(program) could not be started: \(SystemError(number: error)).")
        }
        return DetachedProcess(processID: processID)
    }

    /// Blocks until it has ended. Only for the process that started it.
    package func waitForEnd() {
        var status: Int32 = 0
        _ = pc_reap_waiting(processID, &status)
    }
}
