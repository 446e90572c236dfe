// SPDX-License-Identifier: Apache-2.0

/// A file command that cannot be read; the message is the runner's own.
package struct FileCommandError: Error, Hashable, Sendable {
    package var message: String
}

/// What a step wrote to `GITHUB_ENV`, `GITHUB_OUTPUT` or `GITHUB_STATE`.
package struct FileCommandPairs: Hashable, Sendable {
    package struct Pair: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// In order. Those before a mistake count.
    package private(set) var pairs: [Pair] = []
    /// The first mistake; nothing after it is read.
    package private(set) var error: FileCommandError?

    /// Reads `NAME=value` lines and `NAME<<DELIMITER` blocks.
    ///
    /// Only LF ends a line, as on the runner for Linux: a CR stays in the value.
    package init(_ bytes: UnsafeRawBufferPointer) {
        var reader = LineReader(bytes.withoutByteOrderMark)
        do throws(FileCommandError) {
            while let line = reader.next() {
                if line.isEmpty { continue }
                pairs.append(try Self.pair(line, &reader))
            }
        } catch {
            self.error = error
        }
    }

    package init(_ text: String) {
        var text = text
        self = text.withUTF8 { FileCommandPairs(UnsafeRawBufferPointer($0)) }
    }

    private static func pair(
        _ line: UnsafeRawBufferPointer, _ reader: inout LineReader
    ) throws(FileCommandError) -> Pair {
        let equals = line.firstIndex(of: 0x3D)
        let heredoc = line.indices.dropLast().first { line[$0] == 0x3C && line[$0 + 1] == 0x3C }
        if let equals, equals < heredoc ?? line.count {
            guard equals > 0 else {
                throw FileCommandError(message: "Invalid format '\(line.text(0, line.count))'. Name must not be empty")
            }
            return Pair(line.text(0, equals), line.text(equals + 1, line.count))
        }
        guard let heredoc else {
            throw FileCommandError(message: "Invalid format '\(line.text(0, line.count))'")
        }
        guard heredoc > 0, heredoc + 2 < line.count else {
            throw FileCommandError(
                message: "Invalid format '\(line.text(0, line.count))'. "
                    + "Name must not be empty and delimiter must not be empty")
        }
        let delimiter = UnsafeRawBufferPointer(rebasing: line[(heredoc + 2)...])
        return Pair(line.text(0, heredoc), try block(until: delimiter, &reader))
    }

    private static func block(
        until delimiter: UnsafeRawBufferPointer, _ reader: inout LineReader
    ) throws(FileCommandError) -> String {
        let start = reader.place
        var end = start
        while true {
            guard let line = reader.next() else {
                throw FileCommandError(
                    message: "Invalid value. Matching delimiter not found "
                        + "'\(delimiter.text(0, delimiter.count))'")
            }
            if line.elementsEqual(delimiter) { return reader.bytes.text(start, end) }
            guard reader.endedWithBreak else {
                throw FileCommandError(message: "Invalid value. EOF marker missing new line.")
            }
            end = reader.place - 1
        }
    }
}

/// What a step wrote to `GITHUB_PATH`: one folder a line, any line break.
package func pathEntries(_ bytes: UnsafeRawBufferPointer) -> [String] {
    bytes.withoutByteOrderMark
        .split { $0 == .lineFeed || $0 == .carriageReturn }
        .map { String(decoding: $0, as: UTF8.self) }
}

/// Lines that LF ends.
private struct LineReader {
    let bytes: UnsafeRawBufferPointer
    private(set) var place = 0
    /// Whether the last line that ``next()`` gave had its LF.
    private(set) var endedWithBreak = false

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func next() -> UnsafeRawBufferPointer? {
        guard place < bytes.count else { return nil }
        let start = place
        let end = bytes.index(of: .lineFeed, from: start, before: bytes.count)
        endedWithBreak = end != nil
        place = end.map { $0 + 1 } ?? bytes.count
        return UnsafeRawBufferPointer(rebasing: bytes[start..<(end ?? bytes.count)])
    }
}

extension UnsafeRawBufferPointer {
    fileprivate var withoutByteOrderMark: UnsafeRawBufferPointer {
        count >= 3 && self[0] == 0xEF && self[1] == 0xBB && self[2] == 0xBF
            ? UnsafeRawBufferPointer(rebasing: self[3...]) : self
    }
}
