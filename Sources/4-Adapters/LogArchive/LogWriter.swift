// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// Limits of one log.
package struct LogLimits: Hashable, Sendable {
    /// A longer line is broken: it goes on as the next line. Counted without the line's end.
    package var lineBytes = 1 << 20
    /// What comes after that many bytes is dropped; the last line says so.
    package var totalBytes = 4 << 30

    package init() {}
}

/// Writes one step attempt's log: redacted bytes in, numbered lines on the disk.
///
/// The text stands in one plain file. Marks (see ``LogMarkCoding``) go to a file beside it when there are many of them,
/// else at the end to the folder's (see ``FolderMarks``). Used by one thread at a time.
package final class LogWriter {
    private static let bufferBytes = 256 << 10
    /// A mark at least every so many bytes, so that a line is found by reading little.
    private static let markBytes = 256 << 10
    /// Marks are written when they have gathered to so many bytes.
    private static let pendingMarkBytes = 4096
    /// Marks are written when the text has grown so much since: a reader counts no more lines than these bytes hold.
    private static let pendingTextBytes = 8 << 20
    /// Logs larger than this are hashed beside the writing.
    private static let digestBesideBytes = 4 << 20

    /// Output that comes slower than this is written at once, so that those who follow see it.
    private static let flushMilliseconds: Int64 = 50

    package let path: String
    private let limits: LogLimits
    private let text: LogFile
    private var marksFile: LogFile?
    private let digest: LogDigest

    private var buffer: [UInt8] = []
    /// Bytes that are in the file.
    private var written = 0
    private var hashedUpTo = 0
    /// Line ends so far, those in the buffer included.
    private var ends = 0
    /// Bytes of the last line, which has no end yet.
    private var openLine = 0
    private var dropped = 0
    private var lastMark = LogMark(line: 0, offset: 0, time: nil)
    private var hasNote = false
    private var flushedAt = Timestamp(milliseconds: 0)
    private var pendingMarks = LogMarkCoding.signature
    private var marksWritten = 0
    /// The text's size when marks were last written.
    private var markedUpTo = 0

    /// Creates the log's file; its folder must be there.
    package init(path: String, limits: LogLimits = LogLimits()) throws(LogError) {
        self.path = path
        self.limits = limits
        text = try LogFile(creating: path)
        digest = LogDigest(path: path)
    }

    /// Goes on with a log that was left unfinished, where its text ends.
    init(resuming state: LogResumption, limits: LogLimits) throws(LogError) {
        path = state.path
        self.limits = limits
        text = try LogFile(updating: path)
        digest = LogDigest(path: path)
        written = state.size
        ends = state.ends
        openLine = state.openLine
        lastMark = state.lastMark
        markedUpTo = state.size
        if state.hasMarksFile {
            marksFile = try LogFile(updating: LogReader.marksPath(of: path))
            marksWritten = state.marks.count
            pendingMarks = []
        } else {
            pendingMarks = state.marks
        }
        hashedUpTo = written
        if written >= Self.digestBesideBytes { digest.advanceBeside(to: written) }
    }

    /// Bytes of the text so far, those in the buffer included.
    var size: Int { written + buffer.count }

    /// The number that the next line gets, or that the unfinished one has; 1 is the first.
    package var nextLine: Int { ends + 1 }

    /// Takes redacted output: any number of lines, the last one perhaps unfinished.
    package func append(_ bytes: UnsafeRawBufferPointer, at time: Timestamp) throws(LogError) {
        guard !bytes.isEmpty else { return }
        var rest = bytes
        // Breaks put into long lines may have taken a little more than the limit.
        let room = max(0, limits.totalBytes - written - buffer.count)
        if rest.count > room {
            guard room > 0 || dropped == 0 else {
                dropped += rest.count
                return
            }
            dropped += rest.count - room
            rest = UnsafeRawBufferPointer(rebasing: rest[..<room])
        }
        mark(rest, at: time)
        if openLine + rest.count > limits.lineBytes {
            try appendBroken(rest)
        } else {
            try store(rest)
        }
        if dropped > 0 { try appendLimitNote() }
        if time - flushedAt >= .milliseconds(Self.flushMilliseconds) || time < flushedAt {
            flushedAt = time
            try flush()
        }
    }

    package func append(_ line: String, at time: Timestamp) throws(LogError) {
        try Array(line.utf8).withUnsafeBufferPointer { (bytes) throws(LogError) in
            try append(UnsafeRawBufferPointer(bytes), at: time)
        }
    }

    /// Lets readers see all that was appended: to be called when no more output is there for the moment.
    package func flush() throws(LogError) {
        guard !buffer.isEmpty else { return }
        try buffer.withUnsafeBufferPointer { (bytes) throws(LogError) in
            try put(UnsafeRawBufferPointer(bytes))
        }
        buffer.removeAll(keepingCapacity: true)
    }

    /// Writes what was appended, and the marks of it, so that another writer can go on without a loss.
    func pause() throws(LogError) {
        try flush()
        let isAny = pendingMarks.count > (marksFile == nil ? LogMarkCoding.signature.count : 0)
        if isAny { try putMarks() }
    }

    /// Whether all lines stay as they are when `bytes` are appended: none gets longer than the limit.
    func keepsLines(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard openLine <= limits.lineBytes else { return false }
        var lineStart = -openLine
        while bytes.count - lineStart > limits.lineBytes {
            // The last end within the room skips all of the short lines before it.
            let window = UnsafeRawBufferPointer(rebasing: bytes[max(0, lineStart)..<(lineStart + limits.lineBytes + 1)])
            guard let end = LineCounting.last(in: window) else { return false }
            lineStart = max(0, lineStart) + end + 1
        }
        return true
    }

    /// Ends the log. Nothing may be appended after it.
    package func finish() throws(LogError) -> LogTotals {
        let totals = try totals()
        try seal(totals)
        return totals
    }

    /// What ``finish()`` would give; more may be appended after it.
    func totals() throws(LogError) -> LogTotals {
        try flush()
        return LogTotals(
            lines: ends + (openLine > 0 ? 1 : 0), bytes: written, droppedBytes: dropped,
            digest: try digest.finish(size: written))
    }

    func seal(_ totals: LogTotals) throws(LogError) {
        LogMarkCoding.encode(totals, into: &pendingMarks)
        if marksFile == nil {
            try FolderMarks.append(pendingMarks, of: path)
        } else {
            try putMarks()
        }
    }

    // MARK: Inside

    /// Notes where the next line begins where its time differs from the last one's, or it is far from the last mark.
    ///
    /// - Parameter bytes: what is about to be stored; an unfinished line before it keeps the time of its beginning.
    private func mark(_ bytes: UnsafeRawBufferPointer, at time: Timestamp) {
        var mark = LogMark(line: ends, offset: written + buffer.count, time: time)
        if lastMark.time == time, mark.offset - lastMark.offset < Self.markBytes { return }
        if openLine > 0 {
            guard let end = LineCounting.next(in: bytes, from: 0) else { return }
            mark.line += 1
            mark.offset += end + 1
        }
        LogMarkCoding.encode(mark, after: lastMark, into: &pendingMarks)
        lastMark = mark
    }

    /// Bytes of which no line is over the limit.
    private func store(_ bytes: UnsafeRawBufferPointer) throws(LogError) {
        guard !bytes.isEmpty else { return }
        ends += LineCounting.count(in: bytes)
        if let last = LineCounting.last(in: bytes) {
            openLine = bytes.count - last - 1
        } else {
            openLine += bytes.count
        }
        if buffer.count + bytes.count > Self.bufferBytes { try flush() }
        if bytes.count >= Self.bufferBytes {
            try put(bytes)
        } else {
            buffer.append(contentsOf: bytes)
        }
    }

    private func put(_ bytes: UnsafeRawBufferPointer) throws(LogError) {
        try text.write(bytes, at: written)
        written += bytes.count
        if written - hashedUpTo >= Self.digestBesideBytes {
            hashedUpTo = written
            digest.advanceBeside(to: written)
        }
        if pendingMarks.count >= Self.pendingMarkBytes || written - markedUpTo >= Self.pendingTextBytes {
            try putMarks()
        }
    }

    private func putMarks() throws(LogError) {
        let file: LogFile
        if let marksFile {
            file = marksFile
        } else {
            file = try LogFile(creating: LogReader.marksPath(of: path))
            marksFile = file
        }
        try pendingMarks.withUnsafeBufferPointer { (bytes) throws(LogError) in
            try file.write(UnsafeRawBufferPointer(bytes), at: marksWritten)
        }
        marksWritten += pendingMarks.count
        markedUpTo = written
        pendingMarks.removeAll(keepingCapacity: true)
    }

    /// Breaks lines that are too long, never inside of a UTF-8 character.
    private func appendBroken(_ bytes: UnsafeRawBufferPointer) throws(LogError) {
        var rest = bytes
        while openLine + rest.count > limits.lineBytes {
            // All lines that end within the room that the open line has are short enough.
            let room = limits.lineBytes - openLine
            let window = UnsafeRawBufferPointer(rebasing: rest.prefix(room + 1))
            var cut: Int
            if let end = LineCounting.last(in: window) {
                cut = end + 1
                try store(UnsafeRawBufferPointer(rebasing: rest[..<cut]))
            } else {
                cut = room
                while cut > max(0, room - 3), rest[cut] & 0xC0 == 0x80 { cut -= 1 }
                try store(UnsafeRawBufferPointer(rebasing: rest[..<cut]))
                try [LineCounting.lineEnd].withUnsafeBufferPointer { (end) throws(LogError) in
                    try store(UnsafeRawBufferPointer(end))
                }
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[cut...])
        }
        try store(rest)
    }

    /// Written once, when the first byte is dropped.
    private func appendLimitNote() throws(LogError) {
        guard !hasNote else { return }
        hasNote = true
        let note =
            (openLine > 0 ? "\n" : "")
            + "The log's limit of \(limits.totalBytes) bytes is reached; the rest is not kept.\n"
        try Array(note.utf8).withUnsafeBufferPointer { (bytes) throws(LogError) in
            try store(UnsafeRawBufferPointer(bytes))
        }
    }
}
