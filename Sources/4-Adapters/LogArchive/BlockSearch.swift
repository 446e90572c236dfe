// SPDX-License-Identifier: Apache-2.0

/// A stretch of a log: the lines that begin in it are searched, to their ends.
struct SearchBlock: Hashable {
    /// Index of the log among those that are searched.
    var log: Int
    var path: String
    var range: Range<Int>
    /// The bytes of the log that count; it may grow meanwhile.
    var size: Int
    /// A line is known to begin where the block does.
    var beginsLine: Bool
}

/// What was found in a block.
struct BlockFindings {
    struct Match {
        /// In the block, from 0.
        var line: Int
        var excerpt: LogExcerpt
    }

    /// Lines that begin in the block.
    var lines = 0
    var matchingLines = 0
    /// The first ones, as many as were wanted.
    var matches: [Match] = []
}

/// Searches blocks, one after another, on one thread.
struct BlockSearch {
    static let blockBytes = 1 << 20
    /// Of a line that is longer than any that a ``LogWriter`` writes, so much is searched at least.
    private static let longestLineBytes = 1 << 20
    /// How much is read at once to find the end of a block's last line.
    private static let tailBytes = 64 << 10

    private let matcher: LineMatcher
    private let textBytes: Int
    private var buffer: [UInt8]

    init(_ pattern: LogPattern, _ limits: LogSearchLimits) throws(LogError) {
        matcher = try LineMatcher(pattern)
        textBytes = limits.textBytes
        buffer = [UInt8](repeating: 0, count: 1 + Self.blockBytes + Self.longestLineBytes)
    }

    /// - Parameter room: how many matches are wanted; all are counted.
    mutating func search(_ block: SearchBlock, room: Int, _ pace: inout SearchPace) throws(SearchStop) -> BlockFindings
    {
        try pace.look()
        let lines: Range<Int>
        do throws(LogError) {
            lines = try read(block)
        } catch {
            throw .failed(error)
        }
        let result = buffer.withUnsafeBytes { bytes in
            Result { () throws(SearchStop) in
                try search(UnsafeRawBufferPointer(rebasing: bytes[lines]), room: room, &pace)
            }
        }
        return try result.get()
    }

    /// Puts the block's lines into the buffer; answers where they are.
    private mutating func read(_ block: SearchBlock) throws(LogError) -> Range<Int> {
        let file = try LogFile(reading: block.path)
        // The byte before tells whether a line begins with the block.
        let begin = block.beginsLine ? block.range.lowerBound : block.range.lowerBound - 1
        var count = try buffer.reading(file, at: begin, count: block.range.upperBound - begin)
        let start =
            block.beginsLine
            ? 0
            : buffer.withUnsafeBytes { bytes in
                LineCounting.next(in: UnsafeRawBufferPointer(rebasing: bytes[..<count]), from: 0).map { $0 + 1 }
                    ?? count
            }
        guard start < count else { return 0..<0 }
        while buffer[count - 1] != LineCounting.lineEnd, begin + count < block.size, count < buffer.count {
            let wanted = min(Self.tailBytes, block.size - begin - count, buffer.count - count)
            let known = count
            let got = try readTail(file, begin, known, wanted)
            guard got > 0 else { break }
            count += got
            let end = buffer.withUnsafeBytes { bytes in
                LineCounting.next(in: UnsafeRawBufferPointer(rebasing: bytes[..<count]), from: known)
            }
            if let end { count = end + 1 }
        }
        return start..<count
    }

    private mutating func readTail(_ file: LogFile, _ begin: Int, _ known: Int, _ wanted: Int) throws(LogError) -> Int {
        let result = buffer.withUnsafeMutableBytes { bytes in
            Result { () throws(LogError) in
                let free = UnsafeMutableRawBufferPointer(rebasing: bytes[known..<(known + wanted)])
                return try file.read(into: free, at: begin + known)
            }
        }
        return try result.get()
    }

    private func search(
        _ bytes: UnsafeRawBufferPointer, room: Int, _ pace: inout SearchPace
    ) throws(SearchStop) -> BlockFindings {
        var findings = BlockFindings()
        // Lines are counted from here on.
        var counted = 0
        var at = 0
        while at < bytes.count {
            var hit = at
            if let literal = matcher.literal {
                guard let found = literal.find(in: bytes, from: at) else { break }
                hit = found
            }
            let before = UnsafeRawBufferPointer(rebasing: bytes[at..<hit])
            let start = LineCounting.last(in: before).map { at + $0 + 1 } ?? at
            let end = LineCounting.next(in: bytes, from: hit) ?? bytes.count
            let outcome: LineMatcher.Outcome
            let line = UnsafeRawBufferPointer(rebasing: bytes[start..<Self.textEnd(bytes, start, end)])
            do throws(SearchStop) {
                outcome = try matcher.match(line, &pace)
            } catch {
                guard error == .tooMuchWork else { throw error }
                let count = LineCounting.count(in: UnsafeRawBufferPointer(rebasing: bytes[counted..<start]))
                throw .tooMuchWorkOn(line: findings.lines + count)
            }
            at = end + 1
            if case .notMatched = outcome { continue }
            findings.matchingLines += 1
            guard findings.matches.count < room else { continue }
            findings.lines += LineCounting.count(in: UnsafeRawBufferPointer(rebasing: bytes[counted..<start]))
            counted = start
            findings.matches.append(
                BlockFindings.Match(line: findings.lines, excerpt: LogExcerpt(outcome, line, textBytes)))
        }
        guard counted < bytes.count else { return findings }
        findings.lines += LineCounting.count(in: UnsafeRawBufferPointer(rebasing: bytes[counted...]))
        if bytes[bytes.count - 1] != LineCounting.lineEnd { findings.lines += 1 }
        return findings
    }

    private static func textEnd(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Int {
        end > start && bytes[end - 1] == UInt8(ascii: "\r") ? end - 1 : end
    }
}
