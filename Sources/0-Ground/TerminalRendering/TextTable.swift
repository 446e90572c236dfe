// SPDX-License-Identifier: Apache-2.0

/// Columns of text, each as wide as its widest cell.
package struct TextTable {
    private var rows: [[String]]
    private let palette: Palette

    package init(header: [String], palette: Palette) {
        rows = [header.map { palette.paint($0, .dim) }]
        self.palette = palette
    }

    package mutating func add(_ row: [String]) {
        rows.append(row)
    }

    package func render() -> String {
        let columnCount = rows.map(\.count).max() ?? 0
        let widths = (0..<columnCount).map { column in
            rows.map { $0.indices.contains(column) ? TextWidth.columns($0[column]) : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : TextWidth.pad(cell, to: widths[column] + 2)
            }.joined()
        }.joined(separator: "\n")
    }
}
