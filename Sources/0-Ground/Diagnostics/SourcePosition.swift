// SPDX-License-Identifier: Apache-2.0

/// A place in a text: 1-based line and column, the column counted in Unicode scalars.
///
/// Scalars (not UTF-16 units, not graphemes) are what libyaml counts, so a position read from a
/// YAML mark and one computed here agree.
public struct SourcePosition: Hashable, Sendable, Comparable, Codable {
    /// 1-based.
    public var line: Int
    /// 1-based.
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public static let start = SourcePosition(line: 1, column: 1)

    public static func < (left: SourcePosition, right: SourcePosition) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}
