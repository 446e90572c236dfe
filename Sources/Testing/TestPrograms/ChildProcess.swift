// SPDX-License-Identifier: Apache-2.0

internal import CProcessControl
package import Foundation
internal import Glibc

/// What a program's standard stream may be: one of a `Pipe`'s ends, or a `FileHandle`.
package protocol ProcessStream: AnyObject {}
extension Pipe: ProcessStream {}
extension FileHandle: ProcessStream {}

/// A program that a test starts.
///
/// It has the shape of Foundation's `Process`, which up to Swift 6.3 now and then ends the process that it is used in: on Linux
/// it copies 256 bytes of each entry of `/proc/self/fd`, and the last one's may end before.
package final class ChildProcess {
    private enum State {
        case new
        case running
        /// Its exit code, or the signal that ended it.
        case ended(Int32)
    }

    package struct NotStarted: Error, CustomStringConvertible {
        package var description: String
    }

    package var executableURL: URL?
    package var arguments: [String] = []
    /// `nil`: this process's.
    package var environment: [String: String]?
    /// `nil`: this process's.
    package var currentDirectoryURL: URL?
    // `nil`: this process's.
    package var standardInput: (any ProcessStream)?
    package var standardOutput: (any ProcessStream)?
    package var standardError: (any ProcessStream)?

    package private(set) var processIdentifier: Int32 = 0
    private var state = State.new

    package init() {}

    // MARK: start

    /// Starts it: in a session of its own, with no file of this process open but its streams. The ends of pipes that are its own
    /// are closed here then.
    package func run() throws {
        guard case .new = state, let program = executableURL?.path else {
            throw NotStarted(description: "a program is started once, and has a path")
        }
        let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(nothing) }
        let names = environment ?? ProcessInfo.processInfo.environment
        let error = Self.withCStrings([program] + arguments) { arguments in
            Self.withCStrings(names.map { "\($0)=\($1)" }) { environment in
                program.withCString { program in
                    (currentDirectoryURL?.path).withOptionalCString { directory in
                        var command = pc_command(
                            program: program, arguments: arguments, environment: environment, directory: directory,
                            input: descriptor(of: standardInput, 0, nothing),
                            output: descriptor(of: standardOutput, 1, nothing),
                            errors: descriptor(of: standardError, 2, nothing))
                        return pc_command_start(&command, &processIdentifier)
                    }
                }
            }
        }
        guard error == 0 else { throw NotStarted(description: "\(program): \(String(cString: strerror(error)))") }
        state = .running
        try (standardInput as? Pipe)?.fileHandleForReading.close()
        try (standardOutput as? Pipe)?.fileHandleForWriting.close()
        // One pipe may be both.
        if standardError !== standardOutput { try (standardError as? Pipe)?.fileHandleForWriting.close() }
    }

    private func descriptor(of stream: (any ProcessStream)?, _ number: Int32, _ nothing: Int32) -> Int32 {
        switch stream {
        case let pipe as Pipe: (number == 0 ? pipe.fileHandleForReading : pipe.fileHandleForWriting).fileDescriptor
        case let handle as FileHandle: handle === FileHandle.nullDevice ? nothing : handle.fileDescriptor
        default: number
        }
    }

    private static func withCStrings<R>(
        _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
    ) -> R {
        let pointers = texts.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { preconditionFailure("there is always the nil at the end") }
            return body(start)
        }
    }

    // MARK: end

    package var isRunning: Bool {
        reap()
        if case .running = state { return true }
        return false
    }

    /// Its exit code, or the signal that ended it; -1 before its end.
    package var terminationStatus: Int32 {
        reap()
        if case .ended(let status) = state { return status }
        return -1
    }

    package func waitUntilExit() {
        guard case .running = state else { return }
        var status: Int32 = 0
        if pc_reap_waiting(processIdentifier, &status) == 0 { end(status) }
    }

    package func terminate() { send(SIGTERM) }
    package func interrupt() { send(SIGINT) }

    private func send(_ signal: Int32) {
        if case .running = state { kill(processIdentifier, signal) }
    }

    private func reap() {
        guard case .running = state else { return }
        var status: Int32 = 0
        if pc_reap(processIdentifier, &status) == 1 { end(status) }
    }

    /// - Parameter status: as waitpid(2) tells it: the low seven bits are the signal, the byte above is the exit code.
    private func end(_ status: Int32) { state = .ended(status & 0x7f == 0 ? (status >> 8) & 0xff : status & 0x7f) }
}

extension Optional where Wrapped == String {
    fileprivate func withOptionalCString<R>(_ body: (UnsafePointer<CChar>?) -> R) -> R {
        switch self {
        case let text?: text.withCString(body)
        case nil: body(nil)
        }
    }
}
