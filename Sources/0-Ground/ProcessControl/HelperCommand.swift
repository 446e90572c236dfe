// SPDX-License-Identifier: Apache-2.0

internal import CProcessControl
package import Diagnostics

/// A short-lived command of our own, such as git: no shell, captured output, a limit and a deadline.
package struct HelperCommand: Sendable {
    /// A path, or a name to look up in this process's `PATH`.
    package var program: String
    /// Without the program's own name.
    package var arguments: [String]
    /// `NAME=value` each; `nil` for this process's own.
    package var environment: [String]?
    /// `nil` for this process's own.
    package var workingDirectory: String?
    /// Written to its standard input; `nil` is `/dev/null`.
    package var input: [UInt8]?
    /// For the output and the errors each, in bytes.
    package var outputLimit = 16 << 20
    package var patience: Duration = .seconds(60)
    /// One that prints nothing for so long is killed, too; `nil`: it may be silent.
    package var silencePatience: Duration?

    package init(_ program: String, _ arguments: [String] = []) {
        self.program = program
        self.arguments = arguments
    }

    package struct Outcome: Hashable, Sendable {
        package var ending: ProcessEnding
        package var output: [UInt8]
        package var errors: [UInt8]

        package var succeeded: Bool { ending == .exited(0) }
        package var text: String { String(decoding: output, as: UTF8.self) }
        package var errorText: String { String(decoding: errors, as: UTF8.self) }
    }

    /// Runs the command to its end; what it leaves in the background is not waited for. Blocks the calling thread.
    ///
    /// - Throws: ``DiagnosticCode/commandNotStarted``, ``DiagnosticCode/commandTimedOut``,
    ///   ``DiagnosticCode/commandOutputTooLarge``, ``DiagnosticCode/descriptorUnavailable``. An exit code other than
    ///   0 is no error.
    package func run() throws(DiagnosticError) -> Outcome {
        let output = try OutputPipe(capacity: 0)
        let errors = try OutputPipe(capacity: 0)
        var inputEnds: (read: Int32, write: Int32) = (-1, -1)
        let processID: Int32
        do {
            processID = try start(output, errors, &inputEnds)
        } catch {
            if inputEnds.write >= 0 { pc_close(inputEnds.write) }
            throw error
        }
        output.closeWriteEnd()
        errors.closeWriteEnd()
        var capture = Capture(command: self, processID: processID, pipes: (output, errors), input: inputEnds.write)
        defer { capture.closeInput() }
        do {
            return try capture.finish()
        } catch {
            pc_command_kill(processID)
            var status: Int32 = 0
            _ = pc_reap_waiting(processID, &status)
            throw error
        }
    }

    private func start(
        _ output: OutputPipe, _ errors: OutputPipe, _ inputEnds: inout (read: Int32, write: Int32)
    ) throws(DiagnosticError) -> Int32 {
        var inputDescriptor: Int32
        if input == nil {
            inputDescriptor = pc_open_for_reading("/dev/null")
        } else {
            let error = pc_input_pipe_open(&inputEnds.read, &inputEnds.write)
            inputDescriptor = error == 0 ? inputEnds.read : -error
        }
        guard inputDescriptor >= 0 else { throw unavailableDescriptor("input", -inputDescriptor) }
        defer { pc_close(inputDescriptor) }
        var processID: Int32 = 0
        let error = withCStrings([program] + arguments) { argumentPointers in
            withOptionalCStrings(environment) { environmentPointers in
                withOptionalCString(workingDirectory) { directory in
                    program.withCString { program in
                        var command = pc_command(
                            program: program, arguments: argumentPointers, environment: environmentPointers,
                            directory: directory, input: inputDescriptor, output: output.writeEnd ?? -1,
                            errors: errors.writeEnd ?? -1)
                        return pc_command_start(&command, &processID)
                    }
                }
            }
        }
        guard error == 0 else {
            var facts = pc_directory_facts()
            if let workingDirectory, pc_directory_facts(workingDirectory, &facts) != 0 {
                throw DiagnosticError(
                    .commandNotStarted, "\(program) could not be started: the folder \(workingDirectory) is not there.")
            }
            throw DiagnosticError(
                .commandNotStarted, "\(program) could not be started: \(SystemError(number: error)).",
                remedy: "Install \(program), or put it on the PATH.")
        }
        return processID
    }
}

/// Collects what a command prints until it ends.
private struct Capture {
    let command: HelperCommand
    let processID: Int32
    let pipes: (output: OutputPipe, errors: OutputPipe)
    /// Closed (-1) when everything is written.
    var input: Int32
    var written = 0
    var output: [UInt8] = []
    var errors: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    /// When it last printed something.
    var heardAt = BootInstant.now()

    init(command: HelperCommand, processID: Int32, pipes: (OutputPipe, OutputPipe), input: Int32) {
        self.command = command
        self.processID = processID
        self.pipes = pipes
        self.input = input
    }

    mutating func finish() throws(DiagnosticError) -> HelperCommand.Outcome {
        let deadline = BootInstant.now() + command.patience
        let exit = pc_exit_descriptor(processID)
        defer {
            if exit >= 0 { pc_close(exit) }
        }
        var watches = [pipes.output.descriptor, pipes.errors.descriptor, exit].map {
            pc_watch(descriptor: $0, events: pc_poll_events(Int32(PC_READABLE.rawValue)), ready: 0)
        }
        watches.append(
            pc_watch(descriptor: input, events: pc_poll_events(Int32(PC_WRITABLE.rawValue)), ready: 0))
        while true {
            let end = command.silencePatience.map { min(deadline, heardAt + $0) } ?? deadline
            let left = end - BootInstant.now()
            guard left > .zero else { throw tooLate(isSilent: end < deadline) }
            // Without an exit descriptor, look every few milliseconds.
            let timeout = exit >= 0 ? left.wholeNanoseconds : min(left.wholeNanoseconds, 5_000_000)
            _ = pc_poll(&watches, watches.count, timeout)
            if watches[0].ready != 0, try read(pipes.output, \.output) { watches[0].descriptor = -1 }
            if watches[1].ready != 0, try read(pipes.errors, \.errors) { watches[1].descriptor = -1 }
            if watches[3].ready != 0, feed() {
                watches[3].descriptor = -1
                closeInput()
            }
            var status: Int32 = 0
            if exit < 0 || watches[2].ready != 0, pc_reap(processID, &status) != 0 {
                _ = try read(pipes.output, \.output)
                _ = try read(pipes.errors, \.errors)
                return HelperCommand.Outcome(
                    ending: ProcessEnding(waitStatus: status), output: output, errors: errors)
            }
        }
    }

    /// Reads what is waiting. Returns whether the pipe has ended.
    private mutating func read(
        _ pipe: OutputPipe, _ keeper: WritableKeyPath<Capture, [UInt8]>
    ) throws(DiagnosticError) -> Bool {
        while true {
            let count = pc_read(pipe.descriptor, &chunk, chunk.count)
            if count <= 0 { return count != Int64(pc_would_block()) }
            heardAt = .now()
            self[keyPath: keeper].append(contentsOf: chunk[..<Int(count)])
            guard self[keyPath: keeper].count <= command.outputLimit else {
                throw DiagnosticError(
                    .commandOutputTooLarge,
                    "\(command.program) printed more than \(command.outputLimit) bytes and was stopped.")
            }
        }
    }

    /// Returns whether all is written, or nobody reads.
    private mutating func feed() -> Bool {
        let bytes = command.input ?? []
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                pc_write_some(input, $0.baseAddress.map { $0 + written }, $0.count - written)
            }
            if count == Int64(pc_would_block()) { return false }
            if count < 0 { break }
            written += Int(count)
        }
        return true
    }

    /// The command sees the end of its input only when this is done.
    mutating func closeInput() {
        if input >= 0 { pc_close(input) }
        input = -1
    }

    private func tooLate(isSilent: Bool) -> DiagnosticError {
        let limit = isSilent ? command.silencePatience ?? command.patience : command.patience
        return DiagnosticError(
            .commandTimedOut,
            "\(command.program) \(isSilent ? "said nothing for" : "did not end within") \(limit) and was killed.",
            remedy: "Run it by hand to see what it waits for.")
    }
}
