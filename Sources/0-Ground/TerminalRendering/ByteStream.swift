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
    /// What stands before this place is written.
    private var start = 0
    /// Set once the reader went away (`martlet logs | head`): what is written from then on is dropped.
    package private(set) var isClosed = false
    /// Why writing failed, other than by a reader that went away: an errno value.
    package private(set) var failure: Int32?
    /// Never waits for a reader: what it does not take is held back, until ``writeAvailable()`` or the end.
    package var holdsBack = false

    /// Past this many bytes the buffer is written out.
    private static let flushSizeBytes = 1 << 16
    /// What is held back past this many bytes is too much: whoever writes should wait.
    private static let congestedBytes = 4 << 20
    /// What a pipe that is ready takes at once (PIPE_BUF).
    private static let readyBytes = 4096
    /// What a terminal that is ready takes at once: it counts as ready with that much room (the kernel's WAKEUP_CHARS).
    private static let terminalBytes = 256

    package init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Bytes that are not written yet.
    package var pendingBytes: Int { buffer.count - start }
    package var isCongested: Bool { pendingBytes > Self.congestedBytes }

    package func write(_ text: String) {
        buffer.append(contentsOf: text.utf8)
        writtenTo()
    }

    package func write(_ bytes: UnsafeRawBufferPointer) {
        buffer.append(contentsOf: bytes)
        writtenTo()
    }

    package func write(_ bytes: [UInt8]) {
        buffer.append(contentsOf: bytes)
        writtenTo()
    }

    package func writeLine(_ text: String = "") {
        write(text)
        buffer.append(UInt8(ascii: "\n"))
    }

    private func writtenTo() {
        guard pendingBytes >= Self.flushSizeBytes else { return }
        if isClosed { return drop() }
        if holdsBack { writeAvailable() } else { flush() }
    }

    /// Writes all of it, however long the reader takes.
    package func flush() {
        if holdsBack { return writeAvailable() }
        while pendingBytes > 0, !isClosed { writeSome(pendingBytes) }
        drop()
    }

    /// Writes what can be written without waiting.
    package func writeAvailable() {
        let piece = isFile ? Int.max : isTerminal ? Self.terminalBytes : Self.readyBytes
        while pendingBytes > 0, !isClosed, isReady(waiting: false) { writeSome(min(piece, pendingBytes)) }
        if isClosed || pendingBytes == 0 { drop() } else { compact() }
    }

    private func drop() {
        buffer.removeAll(keepingCapacity: buffer.count <= Self.flushSizeBytes * 2)
        start = 0
    }

    private func compact() {
        guard start > buffer.count / 2 else { return }
        buffer.removeFirst(start)
        start = 0
    }

    private func writeSome(_ count: Int) {
        let written = buffer.withUnsafeBytes { bytes in
            systemWrite(descriptor, bytes.baseAddress.map { $0 + start }, count)
        }
        if written > 0 {
            start += written
        } else if errno == EAGAIN {
            // A terminal may be shared with a program that made it non-blocking.
            _ = isReady(waiting: !holdsBack)
        } else if errno != EINTR {
            if errno != EPIPE { failure = errno }
            isClosed = true
        }
    }

    private func isReady(waiting: Bool) -> Bool {
        var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return systemPoll(&poll, 1, waiting ? -1 : 0) > 0
    }

    private lazy var isTerminal = isatty(descriptor) == 1

    /// Files and devices that are no terminals never keep a writer waiting.
    private lazy var isFile: Bool = {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return false }
        let kind = status.st_mode & S_IFMT
        return kind == S_IFREG || kind == S_IFCHR && !isTerminal
    }()
}

#if canImport(Darwin)
    private let systemWrite = Darwin.write
    private let systemPoll = Darwin.poll
#else
    private let systemWrite = Glibc.write
    private let systemPoll = Glibc.poll
#endif
