// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Timekeeping

/// A line of a log.
package struct LogLine: Hashable, Sendable {
    /// From 1.
    package var number: Int
    /// `nil` while the log is still written by another process, or after a crash.
    package var time: Timestamp?
    /// Without the line's end.
    package var text: [UInt8]
}

/// Reads one log, also while it is written.
package struct LogReader {
    static let pieceBytes = 256 << 10

    package let path: String
    let file: LogFile
    let marks: [LogMark]
    /// `nil` until the log is finished.
    package let totals: LogTotals?

    package static func marksPath(of path: String) -> String { path + ".marks" }

    package init(path: String) throws(LogError) {
        self.path = path
        file = try LogFile(reading: path)
        let size = file.size
        var (marks, totals) = Self.marks(of: path, size: size)
        // A writer notes marks of lines that are in its buffer still.
        while let last = marks.last, last.offset > size { marks.removeLast() }
        self.marks = marks
        self.totals = totals
    }

    /// - Parameter size: of the text, in bytes.
    static func marks(of path: String, size: Int) -> (marks: [LogMark], totals: LogTotals?) {
        guard let file = try? LogFile(reading: marksPath(of: path)) else {
            let short = LogMarkCoding.decode(FolderMarks.find(of: path) ?? [])
            // A log that is written anew leaves the marks of the old one behind.
            return short.totals?.bytes == size ? short : ([], nil)
        }
        var bytes = [UInt8](repeating: 0, count: file.size)
        let count = (try? bytes.reading(file, at: 0, count: bytes.count)) ?? 0
        return LogMarkCoding.decode(Array(bytes.prefix(count)))
    }

    /// Lines so far, an unfinished last one included.
    package func lineCount() throws(LogError) -> Int {
        if let totals { return totals.lines }
        var count = marks.last?.line ?? 0
        var endsOpen = false
        try pieces(from: marks.last?.offset ?? 0) { piece in
            count += LineCounting.count(in: piece)
            endsOpen = piece.last != LineCounting.lineEnd
            return true
        }
        return count + (endsOpen ? 1 : 0)
    }

    /// Hands the lines of a range (1 is the first line) to `body` until it answers `false`.
    package func lines(_ range: ClosedRange<Int>, _ body: (LogLine) -> Bool) throws(LogError) {
        let first = max(1, range.lowerBound)
        guard first <= range.upperBound else { return }
        let start = mark(before: first)
        try walk(from: start) { line in
            line.number < first || (body(line) && line.number < range.upperBound)
        }
    }

    package func lines(_ range: ClosedRange<Int>) throws(LogError) -> [LogLine] {
        var found: [LogLine] = []
        try lines(range) {
            found.append($0)
            return true
        }
        return found
    }

    /// The last `count` lines.
    package func tail(_ count: Int) throws(LogError) -> [LogLine] {
        let total = try lineCount()
        guard total > 0, count > 0 else { return [] }
        return try lines(max(1, total - count + 1)...total)
    }

    /// The lines that hold `needle`, at most `limit` of them.
    package func search(_ needle: [UInt8], limit: Int) throws(LogError) -> [LogLine] {
        guard !needle.isEmpty, limit > 0 else { return [] }
        var found: [LogLine] = []
        try walk(from: LogMark(line: 0, offset: 0, time: nil)) { line in
            if Self.holds(line.text, needle) { found.append(line) }
            return found.count < limit
        }
        return found
    }

    /// Hands on the text from a line (1 is the first) to the end, in large pieces.
    package func text(from line: Int = 1, _ body: (UnsafeRawBufferPointer) -> Void) throws(LogError) {
        let start = mark(before: max(1, line))
        var skip = max(1, line) - 1 - start.line
        try pieces(from: start.offset) { piece in
            var at = 0
            while skip > 0, let end = LineCounting.next(in: piece, from: at) {
                skip -= 1
                at = end + 1
            }
            if skip == 0, at < piece.count { body(UnsafeRawBufferPointer(rebasing: piece[at...])) }
            return true
        }
    }

    private static func holds(_ text: [UInt8], _ needle: [UInt8]) -> Bool {
        text.withUnsafeBufferPointer { text in
            guard let base = text.baseAddress, text.count >= needle.count else { return false }
            var at = 0
            while at + needle.count <= text.count,
                let found = memchr(base + at, Int32(needle[0]), text.count - needle.count + 1 - at)
            {
                at = UnsafeRawPointer(found) - UnsafeRawPointer(base)
                if memcmp(base + at, needle, needle.count) == 0 { return true }
                at += 1
            }
            return false
        }
    }

    func mark(before line: Int) -> LogMark {
        var low = 0
        var high = marks.count
        while low < high {
            let middle = (low + high) / 2
            if marks[middle].line < line { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? LogMark(line: 0, offset: 0, time: nil) : marks[low - 1]
    }

    /// Hands lines to `body` from a mark on until it answers `false`.
    private func walk(from start: LogMark, _ body: (LogLine) -> Bool) throws(LogError) {
        var number = start.line
        var nextMark = marks.firstIndex { $0.line >= start.line } ?? marks.count
        var time = start.time
        var open: [UInt8] = []
        func give(_ text: [UInt8]) -> Bool {
            while nextMark < marks.count, marks[nextMark].line <= number {
                time = marks[nextMark].time
                nextMark += 1
            }
            number += 1
            return body(LogLine(number: number, time: time, text: text))
        }
        var goesOn = true
        try pieces(from: start.offset) { piece in
            var at = 0
            while goesOn, let end = LineCounting.next(in: piece, from: at) {
                let text = LineCounting.joined(open, piece, at..<end)
                open = []
                at = end + 1
                goesOn = give(text)
            }
            if goesOn { open.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece[at...])) }
            return goesOn
        }
        if goesOn, !open.isEmpty { _ = give(open) }
    }

    func pieces(from offset: Int, _ body: (UnsafeRawBufferPointer) -> Bool) throws(LogError) {
        var buffer = [UInt8](repeating: 0, count: Self.pieceBytes)
        var at = offset
        while true {
            let count = try buffer.reading(file, at: at, count: buffer.count)
            guard count > 0 else { return }
            at += count
            guard buffer.withUnsafeBytes({ body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }) else { return }
        }
    }
}
