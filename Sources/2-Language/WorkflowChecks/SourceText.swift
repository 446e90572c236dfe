// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import YAMLReading

/// The bytes of the file, to find the exact place of a piece of a scalar whatever the scalar's style is.
struct SourceText: Sendable {
    let bytes: [UInt8]
    fileprivate let lineStarts: [Int]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var starts = [0]
        starts.reserveCapacity(bytes.count / 24)
        for index in bytes.indices where bytes[index] == 0x0A { starts.append(index + 1) }
        lineStarts = starts
    }

    /// Offset of a position in UTF-8 bytes, at most the end of its line.
    func offset(of position: SourcePosition) -> Int {
        guard position.line <= lineStarts.count else { return bytes.count }
        var offset = lineStarts[position.line - 1]
        var column = 1
        while column < position.column, offset < bytes.count, bytes[offset] != 0x0A {
            offset += 1
            // Continuation bytes of UTF-8 do not count as columns.
            while offset < bytes.count, bytes[offset] & 0xC0 == 0x80 { offset += 1 }
            column += 1
        }
        return offset
    }

    func position(of offset: Int) -> SourcePosition {
        var low = 0
        var high = lineStarts.count - 1
        while low < high {
            let middle = (low + high + 1) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle - 1 }
        }
        let end = min(offset, bytes.count)
        let column = bytes[lineStarts[low]..<max(end, lineStarts[low])].reduce(1) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 }
        return SourcePosition(line: low + 1, column: column)
    }

    /// Where each `${{` of a scalar ends in the file; escapes may hide some.
    func expressionStarts(in node: YAMLNode) -> [Int] {
        let end = min(offset(of: node.end), bytes.count)
        var index = offset(of: node.position)
        var starts: [Int] = []
        while index + 2 < end {
            if bytes[index] == 0x24, bytes[index + 1] == 0x7B, bytes[index + 2] == 0x7B {
                starts.append(index + 3)
                index += 2
            }
            index += 1
        }
        return starts
    }

    /// Where the text of a scalar itself begins: past a quote, or on the line after a block scalar's header.
    func textStart(of node: YAMLNode) -> Int {
        var start = offset(of: node.position)
        guard case .scalar(_, let style) = node.content else { return start }
        // An anchor or a tag stands before the text.
        while start < bytes.count, bytes[start] == UInt8(ascii: "&") || bytes[start] == UInt8(ascii: "!"),
            style != .plain || node.anchor != nil || node.tag != nil
        {
            while start < bytes.count, !EmbeddedExpressions.isSpace(bytes[start]) { start += 1 }
            while start < bytes.count, bytes[start] == 0x20 { start += 1 }
        }
        switch style {
        case .plain: return start
        case .singleQuoted, .doubleQuoted: return min(start + 1, bytes.count)
        case .literal, .folded:
            while start < bytes.count, bytes[start] != 0x0A { start += 1 }
            while start < bytes.count, EmbeddedExpressions.isSpace(bytes[start]) { start += 1 }
            return start
        }
    }
}

extension SourceText {
    /// Where the `number`-th line (from 0) of a block scalar's text begins; other styles fold lines, so their start.
    func line(_ number: Int, ofBlock node: YAMLNode) -> SourcePosition {
        guard case .scalar(_, .literal) = node.content else { return node.position }
        let first = node.position.line + 1
        let line = min(first + number, lineStarts.count)
        var offset = lineStarts[line - 1]
        while offset < bytes.count, bytes[offset] == 0x20 { offset += 1 }
        return position(of: offset)
    }
}
