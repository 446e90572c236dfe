// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
import ProcessControl

/// A program for people, in the surroundings of a step: on this machine, or in the container that the step runs in.
package struct StepShell: Sendable {
    private let body: @Sendable () throws(DiagnosticError) -> Int32

    init(_ body: @escaping @Sendable () throws(DiagnosticError) -> Int32) { self.body = body }

    init(_ command: TerminalCommand) {
        body = { () throws(DiagnosticError) in try command.run().shellCode }
    }

    /// Blocks; it has this process's terminal until it ends.
    ///
    /// - Returns: its exit code, as a shell has it.
    /// - Throws: where it could not be started.
    @discardableResult
    package func run() throws(DiagnosticError) -> Int32 { try body() }
}
