// SPDX-License-Identifier: Apache-2.0

internal import ContainerEngine
internal import Diagnostics
internal import Dispatch
internal import Glibc
internal import StepExecution
internal import Synchronization

/// A program in the job's container that has this process's terminal.
extension ContainerHost {
    /// Blocks until it ends.
    ///
    /// - Returns: its exit code.
    func attach(_ command: ContainerCommand) throws(DiagnosticError) -> Int32 {
        let engine = try engine()
        guard let id = state.withLock({ $0.jobContainer }) else {
            throw DiagnosticError(.containerEnded, "The job's container is not there.")
        }
        var configuration = ExecConfiguration(command.command)
        configuration.environment = command.environment + ["TERM=\(Self.terminalKind)"]
        configuration.workingDirectory = command.folder
        configuration.hasInput = true
        configuration.hasTerminal = isatty(0) == 1 && isatty(1) == 1
        let process = try engine.createExec(in: id, configuration)
        let session = try engine.startExec(process, hasTerminal: configuration.hasTerminal)
        let terminal = configuration.hasTerminal ? RawTerminal() : nil
        let input = InputPump(session, terminal)
        defer {
            input.stop()
            terminal?.restore()
        }
        try session.read { stream, bytes throws(DiagnosticError) in
            OutputDescriptor(descriptor: stream == .output ? 1 : 2).write(bytes)
        }
        return Int32(truncatingIfNeeded: try session.exitCode())
    }

    private static var terminalKind: String {
        guard let value = getenv("TERM") else { return "dumb" }
        return String(cString: value)
    }
}

/// This process's terminal while another program interprets its keys.
private final class RawTerminal: Sendable {
    private let before: termios

    init() {
        var settings = termios()
        tcgetattr(0, &settings)
        before = settings
        cfmakeraw(&settings)
        tcsetattr(0, TCSADRAIN, &settings)
    }

    func restore() {
        var settings = before
        tcsetattr(0, TCSADRAIN, &settings)
    }

    var size: (rows: Int, columns: Int) {
        var size = winsize()
        _ = ioctl(0, UInt(TIOCGWINSZ), &size)
        return (Int(size.ws_row), Int(size.ws_col))
    }
}

/// Carries keys to the program, and the terminal's size whenever it changes.
private final class InputPump: Sendable {
    private let isStopped = Mutex(false)
    private let end = DispatchSemaphore(value: 0)
    /// How long a change of size, and the program's end, may go unnoticed.
    private static let stepMilliseconds: Int32 = 100

    init(_ session: ExecSession, _ terminal: RawTerminal?) {
        DispatchQueue.global().async { [self] in
            run(session, terminal)
            end.signal()
        }
    }

    func stop() {
        isStopped.withLock { $0 = true }
        end.wait()
    }

    private func run(_ session: ExecSession, _ terminal: RawTerminal?) {
        var known = (rows: 0, columns: 0)
        var buffer = [UInt8](repeating: 0, count: 4096)
        var input = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
        while !isStopped.withLock({ $0 }) {
            if let size = terminal?.size, size != known, size.rows > 0 {
                known = size
                try? session.resize(rows: size.rows, columns: size.columns)
            }
            guard poll(&input, 1, Self.stepMilliseconds) == 1 else { continue }
            let count = read(0, &buffer, buffer.count)
            guard count > 0 else {
                try? session.closeInput()
                return
            }
            guard (try? session.write(Array(buffer[..<count]))) != nil else { return }
        }
    }
}
