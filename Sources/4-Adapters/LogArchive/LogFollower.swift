// SPDX-License-Identifier: Apache-2.0

/// Follows a log that is being written, from any process. The caller decides when to look again.
package struct LogFollower {
    private static let pieceBytes = 256 << 10

    package let path: String
    private let file: LogFile
    private var offset = 0
    private var number = 0
    private var open: [UInt8] = []
    private var skip: Int

    /// - Parameter skipping: lines that the caller has already.
    package init(path: String, skipping: Int = 0) throws(LogError) {
        self.path = path
        file = try LogFile(reading: path)
        skip = skipping
    }

    /// Hands on each line that came since the last look. An unfinished last line waits for its end, or the log's.
    ///
    /// - Returns: the totals once the log is finished and all of it was handed on.
    package mutating func look(_ body: (LogLine) -> Void) throws(LogError) -> LogTotals? {
        // Asked first: what is written after this answer is not missed then, only seen at the next look.
        let totals = LogReader.marks(of: path).totals
        var buffer = [UInt8](repeating: 0, count: Self.pieceBytes)
        while true {
            let count = try buffer.reading(file, at: offset, count: buffer.count)
            guard count > 0 else { break }
            offset += count
            buffer.withUnsafeBytes { take(UnsafeRawBufferPointer(rebasing: $0[..<count]), body) }
        }
        guard let totals, offset >= totals.bytes else { return nil }
        if !open.isEmpty {
            give(open, body)
            open = []
        }
        return totals
    }

    private mutating func take(_ piece: UnsafeRawBufferPointer, _ body: (LogLine) -> Void) {
        var at = 0
        while let end = LineCounting.next(in: piece, from: at) {
            give(LineCounting.joined(open, piece, at..<end), body)
            open = []
            at = end + 1
        }
        open.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece[at...]))
    }

    private mutating func give(_ text: [UInt8], _ body: (LogLine) -> Void) {
        number += 1
        if number > skip { body(LogLine(number: number, time: nil, text: text)) }
    }
}
