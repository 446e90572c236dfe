// SPDX-License-Identifier: Apache-2.0

/// Lines at the bottom of a terminal that are redrawn in place, above which finished text scrolls by.
package struct LiveRegion {
    private let stream: ByteStream
    private var drawnRows = 0

    package init(stream: ByteStream) {
        self.stream = stream
    }

    /// Replaces the region's lines; each is cut to the width, so a row is a row.
    package mutating func draw(_ lines: [String], columns: Int, rows: Int) {
        erase()
        // A region taller than the screen would scroll and leave rows behind.
        let shown = lines.suffix(max(1, rows - 1))
        for line in shown { stream.writeLine(TextWidth.cut(line, to: columns)) }
        drawnRows = shown.count
        stream.flush()
    }

    /// Takes the region off the screen, so that ordinary text can be written.
    package mutating func erase() {
        guard drawnRows > 0 else { return }
        stream.write("\u{1B}[\(drawnRows)A\u{1B}[J")
        drawnRows = 0
    }
}
