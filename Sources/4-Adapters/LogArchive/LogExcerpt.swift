// SPDX-License-Identifier: Apache-2.0

/// What is shown of a line that matched.
package struct LogExcerpt: Hashable, Sendable {
    /// The line, or as much of it around the match as is allowed; characters are whole, and bytes that are no UTF-8 are
    /// U+FFFD.
    package var text: String
    /// Where the match is in the text, in bytes of its UTF-8; of a long match the beginning.
    package var match: Range<Int>
    /// The line begins before the text.
    package var isCutBefore: Bool
    /// The line goes on behind the text.
    package var isCutAfter: Bool

    init(_ outcome: LineMatcher.Outcome, _ line: UnsafeRawBufferPointer, _ limit: Int) {
        switch outcome {
        case .matched(let range):
            self.init(line, range, limit)
        case .matchedRepaired(let range, let repaired):
            self = repaired.withUnsafeBytes { LogExcerpt($0, range, limit) }
        case .notMatched:
            self.init(line, 0..<0, limit)
        }
    }

    private init(_ line: UnsafeRawBufferPointer, _ match: Range<Int>, _ limit: Int) {
        var start = 0
        var end = line.count
        if end > limit {
            // A quarter of the text stands before the match where there is so much.
            if match.upperBound > limit { start = min(max(0, match.lowerBound - limit / 4), line.count - limit) }
            end = start + limit
            while start < end, start > 0, Self.isInside(line[start]) { start += 1 }
            while end > start, end < line.count, Self.isInside(line[end]) { end -= 1 }
        }
        let from = min(max(match.lowerBound, start), end)
        let to = min(max(match.upperBound, from), end)
        let before = Self.text(line, start..<from)
        let middle = Self.text(line, from..<to)
        text = before + middle + Self.text(line, to..<end)
        self.match = before.utf8.count..<(before.utf8.count + middle.utf8.count)
        isCutBefore = start > 0
        isCutAfter = end < line.count
    }

    private static func isInside(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

    private static func text(_ line: UnsafeRawBufferPointer, _ range: Range<Int>) -> String {
        String(decoding: UnsafeRawBufferPointer(rebasing: line[range]), as: UTF8.self)
    }
}
