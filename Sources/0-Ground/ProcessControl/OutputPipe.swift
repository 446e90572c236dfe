// SPDX-License-Identifier: Apache-2.0

internal import CProcessControl
package import Diagnostics

/// Memory that output is read into: one for a whole event loop.
package final class ReadBuffer {
    /// 1 MiB, what a pipe can hold at most without privileges.
    package static let size = 1 << 20
    fileprivate let memory: UnsafeMutableRawPointer

    /// - Throws: ``DiagnosticCode/descriptorUnavailable``.
    package init() throws(DiagnosticError) {
        guard let pages = pc_pages_allocate(Self.size) else { throw unavailableDescriptor("read buffer", 12) }
        memory = pages
    }

    deinit {
        pc_pages_free(memory, Self.size)
    }
}

/// The output of a process: a pipe or a terminal, read without blocking.
package final class OutputPipe {
    package enum Outcome: Hashable, Sendable {
        /// Nothing is waiting now.
        case empty
        /// There may be more.
        case more
        /// Every writer has closed it.
        case ended
    }

    /// To be watched for reading, until ``Outcome/ended``.
    package let descriptor: Int32
    /// What the process writes to; closed by ``closeWriteEnd()``.
    package private(set) var writeEnd: Int32?
    /// A terminal: its write end is its input as well.
    package let isTerminal: Bool

    /// A pipe with room for `capacity` bytes where the system allows it.
    ///
    /// - Throws: ``DiagnosticCode/descriptorUnavailable``.
    package init(capacity: Int = ReadBuffer.size) throws(DiagnosticError) {
        var ends: (read: Int32, write: Int32) = (-1, -1)
        let error = pc_pipe_open(&ends.read, &ends.write, capacity)
        guard error == 0 else { throw unavailableDescriptor("pipe", error) }
        descriptor = ends.read
        writeEnd = ends.write
        isTerminal = false
    }

    /// A pseudo-terminal of this size.
    ///
    /// - Throws: ``DiagnosticCode/descriptorUnavailable``.
    package init(terminalRows rows: UInt16, columns: UInt16) throws(DiagnosticError) {
        var ends: (master: Int32, slave: Int32) = (-1, -1)
        let error = pc_terminal_open(&ends.master, &ends.slave, rows, columns)
        guard error == 0 else { throw unavailableDescriptor("pseudo-terminal", error) }
        descriptor = ends.master
        writeEnd = ends.slave
        isTerminal = true
    }

    deinit {
        closeWriteEnd()
        pc_close(descriptor)
    }

    /// For `SpawnRequest.streams`.
    package var streams: SpawnRequest.Streams {
        SpawnRequest.Streams(input: isTerminal ? writeEnd : nil, output: writeEnd, isTerminal: isTerminal)
    }

    /// After the spawn: only then does the end of the process end the pipe.
    package func closeWriteEnd() {
        if let writeEnd { pc_close(writeEnd) }
        writeEnd = nil
    }

    /// Reads once, at most a buffer full, and hands over what came.
    package func read(into buffer: ReadBuffer, _ body: (UnsafeRawBufferPointer) throws -> Void) rethrows -> Outcome {
        try read(into: buffer, atMost: ReadBuffer.size, body)
    }

    /// Reads all that is waiting at this moment: after the exit of a process, everything it wrote.
    /// What a background child writes meanwhile cannot make this endless.
    package func drain(into buffer: ReadBuffer, _ body: (UnsafeRawBufferPointer) throws -> Void) rethrows -> Outcome {
        var waiting = Int(pc_bytes_waiting(descriptor))
        while waiting > 0 {
            var got = 0
            let outcome = try read(into: buffer, atMost: min(waiting, ReadBuffer.size)) {
                got = $0.count
                try body($0)
            }
            if outcome != .more { return outcome }
            waiting -= got
        }
        return .empty
    }

    private func read(
        into buffer: ReadBuffer, atMost size: Int, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows -> Outcome {
        let count = pc_read(descriptor, buffer.memory, size)
        if count > 0 {
            try body(UnsafeRawBufferPointer(start: buffer.memory, count: Int(count)))
            return .more
        }
        // The master of a terminal whose last process has gone says EIO.
        return count == Int64(pc_would_block()) ? .empty : .ended
    }
}
