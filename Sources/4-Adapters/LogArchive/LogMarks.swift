// SPDX-License-Identifier: Apache-2.0

import StructuredData
import Timekeeping

/// What a finished log holds.
package struct LogTotals: Hashable, Sendable {
    /// Lines, an unfinished last one included.
    package var lines: Int
    package var bytes: Int
    /// Bytes that came after the log was full.
    package var droppedBytes: Int
    /// SHA-256 of the text, 64 lower-case hexadecimal digits.
    package var digest: String

    package init(lines: Int, bytes: Int, droppedBytes: Int, digest: String) {
        self.lines = lines
        self.bytes = bytes
        self.droppedBytes = droppedBytes
        self.digest = digest
    }
}

/// Where a line stands in the text, and when it came. Lines up to the next mark came at the same time.
struct LogMark: Hashable {
    /// Lines before this place.
    var line: Int
    var offset: Int
    /// `nil` where the time was lost in a crash.
    var time: Timestamp?
}

/// What stands beside a log's text: marks as differences, and at the end the totals.
///
/// Layout: the four bytes `MLM1`; then records. `1`: a mark, as three variable-length numbers (lines and bytes since
/// the mark before, milliseconds since it, zigzag). `2`: the same without a time. `3`: the totals (lines, bytes,
/// dropped bytes, then 32 bytes of digest); nothing comes after it.
enum LogMarkCoding {
    static let signature = Array("MLM1".utf8)
    private static let digestBytes = 32
    /// Above what a file can hold: a larger number is damage.
    private static let largestCount = 1 << 47

    static func encode(_ mark: LogMark, after previous: LogMark, into bytes: inout [UInt8]) {
        bytes.append(mark.time == nil ? 2 : 1)
        append(UInt64(mark.line - previous.line), to: &bytes)
        append(UInt64(mark.offset - previous.offset), to: &bytes)
        if let time = mark.time {
            let difference = time.milliseconds &- (previous.time?.milliseconds ?? 0)
            append(UInt64(bitPattern: (difference << 1) ^ (difference >> 63)), to: &bytes)
        }
    }

    static func encode(_ totals: LogTotals, into bytes: inout [UInt8]) {
        bytes.append(3)
        for number in [totals.lines, totals.bytes, totals.droppedBytes] { append(UInt64(number), to: &bytes) }
        bytes += Hexadecimal.bytes(totals.digest.utf8)
    }

    /// Reads as far as the records are whole; what is cut off or makes no sense ends the reading.
    static func decode(_ bytes: [UInt8]) -> (marks: [LogMark], totals: LogTotals?) {
        guard bytes.starts(with: signature) else { return ([], nil) }
        var rest = bytes[signature.count...]
        var marks: [LogMark] = []
        var last = LogMark(line: 0, offset: 0, time: nil)
        while let kind = rest.popFirst() {
            switch kind {
            case 1, 2:
                guard let lines = number(&rest), let offset = number(&rest) else { return (marks, nil) }
                var mark = LogMark(line: last.line + lines, offset: last.offset + offset, time: nil)
                guard mark.line < largestCount, mark.offset < largestCount else { return (marks, nil) }
                if kind == 1 {
                    guard let zigzag = rawNumber(&rest) else { return (marks, nil) }
                    let difference = Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1)
                    mark.time = Timestamp(milliseconds: (last.time?.milliseconds ?? 0) &+ difference)
                }
                marks.append(mark)
                last = mark
            case 3:
                guard let lines = number(&rest), let size = number(&rest), let dropped = number(&rest),
                    rest.count == digestBytes
                else { return (marks, nil) }
                return (
                    marks, LogTotals(lines: lines, bytes: size, droppedBytes: dropped, digest: Hexadecimal.text(rest))
                )
            default:
                return (marks, nil)
            }
        }
        return (marks, nil)
    }

    private static func append(_ number: UInt64, to bytes: inout [UInt8]) {
        var number = number
        while number >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: number) | 0x80)
            number >>= 7
        }
        bytes.append(UInt8(number))
    }

    private static func rawNumber(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) -> Int? {
        rawNumber(&rest).flatMap { $0 < largestCount ? Int($0) : nil }
    }
}
