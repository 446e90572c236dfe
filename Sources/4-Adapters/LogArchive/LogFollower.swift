// SPDX-License-Identifier: Apache-2.0

/// Gives what has come to a log since one looked last. Where nothing has, that costs one question for the file's size.
///
/// Who follows keeps the position; a follower serves any number of them, one after another.
package struct LogFollower {
    /// What is given at once. Longer than any line that a ``LogWriter`` writes.
    package static let pieceBytes = 2 << 20

    package let path: String
    private let file: LogFile

    package init(path: String) throws(LogError) {
        self.path = path
        file = try LogFile(reading: path)
    }

    /// The lines from a position on, as many as fit; `nil` where no whole line has come.
    ///
    /// A line that is longer than `limitBytes` comes in pieces, of which only the last ends with the line's end; the
    /// position between them has its number.
    ///
    /// - Parameter hasEnded: nothing more comes to the log: its last line is given though it may have no end.
    package func lines(
        from position: LogPosition, hasEnded: Bool = false, limitBytes: Int = pieceBytes
    ) throws(LogError) -> LogPiece? {
        let size = file.size
        guard size > position.offset else { return nil }
        var bytes = [UInt8](repeating: 0, count: min(size - position.offset, max(1, limitBytes)))
        let count = try bytes.reading(file, at: position.offset, count: bytes.count)
        let isRest = position.offset + count >= size
        let (end, ends) = bytes.withUnsafeBytes { all in
            let all = UnsafeRawBufferPointer(rebasing: all[..<count])
            let end = LineCounting.last(in: all).map { $0 + 1 } ?? 0
            return (end, LineCounting.count(in: all))
        }
        var taken = end
        if isRest {
            if hasEnded { taken = count }
        } else if end == 0 {
            taken = Self.wholeCharacters(bytes, count)
        }
        guard taken > 0 else { return nil }
        bytes.removeLast(bytes.count - taken)
        let next = LogPosition(line: position.line + ends, offset: position.offset + taken)
        return LogPiece(start: position, bytes: bytes, next: next)
    }

    /// Something to follow: opened files are there.
    package var isThere: Bool { file.size >= 0 }

    /// What stands in the file from an offset on, at most `limitBytes` of it: for who sends the log on.
    package func bytes(from offset: Int, limitBytes: Int) throws(LogError) -> [UInt8] {
        let size = file.size
        guard size > offset, limitBytes > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: min(size - offset, limitBytes))
        let count = try bytes.reading(file, at: offset, count: bytes.count)
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// The part of a line's first `count` bytes that ends with a whole character.
    private static func wholeCharacters(_ bytes: [UInt8], _ count: Int) -> Int {
        // A character has four bytes at most.
        for length in 1...4 where length < count {
            let byte = bytes[count - length]
            if byte & 0xC0 != 0x80 { return byte < 0x80 ? count : count - length }
        }
        return count
    }
}
