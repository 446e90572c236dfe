// SPDX-License-Identifier: Apache-2.0

package enum LogRecovery {
    private static let pieceBytes = 1 << 20

    /// Brings the log of a writer that was killed to an end: a torn last line is cut off, marks are made new where they
    /// are missing, the totals are written. A finished log is left as it is.
    package static func recover(path: String) throws(LogError) -> LogTotals {
        let text = try LogFile(updating: path)
        let size = text.size
        let known = LogReader.marks(of: path, size: size)
        if let totals = known.totals, totals.bytes == size { return totals }

        var marks = known.marks.filter { $0.offset <= size }
        var last = marks.last ?? LogMark(line: 0, offset: 0, time: nil)
        var encoded = LogMarkCoding.signature
        var before = LogMark(line: 0, offset: 0, time: nil)
        for mark in marks {
            LogMarkCoding.encode(mark, after: before, into: &encoded)
            before = mark
        }
        // Times are lost from the last mark on; places are found again.
        var line = last.line
        var end = last.offset
        var offset = last.offset
        var buffer = [UInt8](repeating: 0, count: pieceBytes)
        while true {
            let count = try buffer.reading(text, at: offset, count: buffer.count)
            guard count > 0 else { break }
            buffer.withUnsafeBytes { bytes in
                let piece = UnsafeRawBufferPointer(rebasing: bytes[..<count])
                guard let lastEnd = LineCounting.last(in: piece) else { return }
                line += LineCounting.count(in: piece)
                end = offset + lastEnd + 1
            }
            offset += count
            if end - last.offset >= pieceBytes {
                last = LogMark(line: line, offset: end, time: nil)
                marks.append(last)
                LogMarkCoding.encode(last, after: before, into: &encoded)
                before = last
            }
        }
        try text.truncate(to: end)
        let digest = try LogDigest(path: path).finish(size: end)
        let totals = LogTotals(lines: line, bytes: end, droppedBytes: 0, digest: digest)
        LogMarkCoding.encode(totals, into: &encoded)
        let marksFile = try LogFile(creating: LogReader.marksPath(of: path))
        try encoded.withUnsafeBufferPointer { (bytes) throws(LogError) in
            try marksFile.write(UnsafeRawBufferPointer(bytes), at: 0)
        }
        return totals
    }
}
