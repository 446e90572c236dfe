// SPDX-License-Identifier: Apache-2.0

/// The lines that somebody who opens a log sees first.
package enum LogScreen: Hashable, Sendable {
    case first(Int)
    case last(Int)
    /// So many lines, with this one in their middle.
    case around(line: Int, Int)
}

extension LogReader {
    /// What a screen holds at most, more than the longest line; lines behind are left out, or those before in a screen
    /// of the last lines.
    package static let screenBytes = 2 << 20

    /// Reads at most what stands between two marks, and the screen itself, however large the log is.
    ///
    /// The last line counts where it has its end, or the log is finished. Where there are no lines, the piece is empty.
    package func screen(_ screen: LogScreen, limitBytes: Int = screenBytes) throws(LogError) -> LogPiece {
        switch screen {
        case .first(let count):
            return try piece(from: .start, count: count, limitBytes)
        case .around(let line, let count):
            let start = try position(ofLine: max(1, line - max(0, count) / 2))
            return try piece(from: start, count: count, limitBytes)
        case .last(let count):
            let end = try end()
            let first = try position(ofLine: max(1, end.line - max(0, count)))
            let start = try self.position(notBefore: end.offset - limitBytes, from: first, to: end)
            return try piece(from: start, count: end.line - start.line, limitBytes)
        }
    }

    /// Where a line begins; `nil` where the log has no such line, not even an empty one at its end.
    func offset(ofLine line: Int) throws(LogError) -> Int? {
        let mark = mark(before: line)
        var skip = max(1, line) - 1 - mark.line
        guard skip > 0 else { return mark.offset }
        var offset = mark.offset
        var found: Int?
        try pieces(from: offset) { piece in
            let ends = LineCounting.count(in: piece)
            if ends < skip {
                skip -= ends
                offset += piece.count
                return true
            }
            var at = 0
            while skip > 0, let end = LineCounting.next(in: piece, from: at) {
                skip -= 1
                at = end + 1
            }
            found = offset + at
            return false
        }
        return found
    }

    /// Where a line begins; `nil` while the log does not come that far.
    package func position(ofLineIfPresent line: Int) throws(LogError) -> LogPosition? {
        try offset(ofLine: line).map { LogPosition(line: line, offset: $0) }
    }

    private func position(ofLine line: Int) throws(LogError) -> LogPosition {
        guard let offset = try offset(ofLine: line) else { return try end() }
        return LogPosition(line: line, offset: offset)
    }

    /// Behind the last line that counts.
    private func end() throws(LogError) -> LogPosition {
        if let totals { return LogPosition(line: totals.lines + 1, offset: totals.bytes) }
        let mark = marks.last ?? LogMark(line: 0, offset: 0, time: nil)
        var position = LogPosition(line: mark.line + 1, offset: mark.offset)
        var offset = mark.offset
        try pieces(from: offset) { piece in
            if let last = LineCounting.last(in: piece) {
                position.line += LineCounting.count(in: piece)
                position.offset = offset + last + 1
            }
            offset += piece.count
            return true
        }
        return position
    }

    /// The first line that begins at or behind an offset.
    private func position(
        notBefore least: Int, from first: LogPosition, to end: LogPosition
    ) throws(LogError) -> LogPosition {
        guard first.offset < least else { return first }
        var position = first
        var offset = first.offset
        try pieces(from: offset) { piece in
            var at = 0
            while position.offset < least, let found = LineCounting.next(in: piece, from: at) {
                at = found + 1
                position = LogPosition(line: position.line + 1, offset: offset + at)
            }
            offset += piece.count
            return position.offset < least
        }
        return position.offset < least ? end : position
    }

    private func piece(from start: LogPosition, count: Int, _ limitBytes: Int) throws(LogError) -> LogPiece {
        var bytes: [UInt8] = []
        var lines = 0
        var wholeBytes = 0
        if count > 0 {
            try pieces(from: start.offset) { piece in
                let taken = piece.prefix(limitBytes - bytes.count)
                let window = UnsafeRawBufferPointer(rebasing: taken)
                var at = 0
                while lines < count, let end = LineCounting.next(in: window, from: at) {
                    lines += 1
                    at = end + 1
                    wholeBytes = bytes.count + at
                }
                bytes.append(contentsOf: window)
                return lines < count && bytes.count < limitBytes
            }
        }
        // The last line of a finished log counts without an end.
        if let totals, lines < count, bytes.count > wholeBytes, start.offset + bytes.count == totals.bytes {
            lines += 1
            wholeBytes = bytes.count
        }
        bytes.removeLast(bytes.count - wholeBytes)
        let next = LogPosition(line: start.line + lines, offset: start.offset + wholeBytes)
        return LogPiece(start: start, bytes: bytes, next: next)
    }
}
