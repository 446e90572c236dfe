// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// A buffered writer on a file descriptor: the only way that Martlet writes to a terminal or a pipe.
///
/// Not thread-safe: it belongs to the thread that renders.
package final class ByteStream {
    package let descriptor: Int32
    private var buffer: [UInt8] = []
    /// Set once the reader went away (`martlet logs | head`): what is written from then on is dropped.
    package private(set) var isClosed = false

    /// Past this many bytes the buffer is written out.
    private static let flushSizeBytes = 1 << 16

    package init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    package func write(_ text: String) {
        buffer.append(contentsOf: text.utf8)
        if buffer.count >= Self.flushSizeBytes { flush() }
    }

    package func write(_ bytes: UnsafeRawBufferPointer) {
        if buffer.count + bytes.count < Self.flushSizeBytes {
            buffer.append(contentsOf: bytes)
            return
        }
        flush()
        writeOut(bytes)
    }

    package func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { write($0) }
    }

    package func writeLine(_ text: String = "") {
        write(text)
        buffer.append(UInt8(ascii: "\n"))
    }

    package func flush() {
        guard !buffer.isEmpty else { return }
        buffer.withUnsafeBytes { writeOut($0) }
        buffer.removeAll(keepingCapacity: true)
    }

    private func writeOut(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while !rest.isEmpty, !isClosed {
            let count = writeOnce(rest)
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                waitUntilWritable()
            } else if errno != EINTR {
                isClosed = true
            }
        }
    }

    private func writeOnce(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
        let whole = UnsafeRawBufferPointer(rebasing: bytes)
        return systemWrite(descriptor, whole.baseAddress, whole.count)
    }

    /// A terminal may be shared with a program that made it non-blocking.
    private func waitUntilWritable() {
        var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = systemPoll(&poll, 1, -1)
    }
}

#if canImport(Darwin)
    private let systemWrite = Darwin.write
    private let systemPoll = Darwin.poll
#else
    private let systemWrite = Glibc.write
    private let systemPoll = Glibc.poll
#endif
