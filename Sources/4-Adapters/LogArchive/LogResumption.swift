// SPDX-License-Identifier: Apache-2.0

/// Where a log that was left unfinished stands, so that a writer can go on with it.
///
/// The marks that hold are kept, and places that have none get marks without a time: the text itself is never touched.
struct LogResumption {
    private static let pieceBytes = 1 << 20

    let path: String
    /// Of the text, in bytes.
    private(set) var size: Int
    /// Line ends in it.
    private(set) var ends: Int
    /// Bytes of the last line, which has no end.
    private(set) var openLine: Int
    private(set) var lastMark: LogMark
    /// All marks, as they stand in their file, or would.
    private(set) var marks: [UInt8]
    private(set) var hasMarksFile: Bool
    /// The log is finished: nothing can be appended.
    private(set) var totals: LogTotals?

    init(path: String) throws(LogError) {
        self.path = path
        let text = try LogFile(reading: path)
        size = text.size
        let known = LogReader.marks(of: path, size: size)
        totals = known.totals?.bytes == size ? known.totals : nil
        marks = LogMarkCoding.signature
        lastMark = LogMark(line: 0, offset: 0, time: nil)
        for mark in known.marks where mark.offset <= size {
            LogMarkCoding.encode(mark, after: lastMark, into: &marks)
            lastMark = mark
        }
        ends = lastMark.line
        openLine = size - lastMark.offset
        hasMarksFile = false
        guard totals == nil else { return }
        try countRest(of: text)
        try mendMarks()
    }

    private mutating func countRest(of text: LogFile) throws(LogError) {
        var buffer = [UInt8](repeating: 0, count: Self.pieceBytes)
        var offset = lastMark.offset
        var lineStart = offset
        while offset < size {
            let count = try buffer.reading(text, at: offset, count: min(buffer.count, size - offset))
            guard count > 0 else { throw .unreadable(path: path, detail: "it became shorter") }
            buffer.withUnsafeBytes { bytes in
                let piece = UnsafeRawBufferPointer(rebasing: bytes[..<count])
                guard let last = LineCounting.last(in: piece) else { return }
                ends += LineCounting.count(in: piece)
                lineStart = offset + last + 1
            }
            offset += count
            if lineStart - lastMark.offset >= Self.pieceBytes {
                let mark = LogMark(line: ends, offset: lineStart, time: nil)
                LogMarkCoding.encode(mark, after: lastMark, into: &marks)
                lastMark = mark
            }
        }
        openLine = size - lineStart
    }

    /// A record that is torn, or totals that no longer hold, would end the reading of what comes after them.
    private mutating func mendMarks() throws(LogError) {
        guard let file = try? LogFile(updating: LogReader.marksPath(of: path)) else { return }
        hasMarksFile = true
        try marks.withUnsafeBufferPointer { (bytes) throws(LogError) in
            try file.write(UnsafeRawBufferPointer(bytes), at: 0)
        }
        try file.truncate(to: marks.count)
    }
}
