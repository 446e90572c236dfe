// SPDX-License-Identifier: Apache-2.0

/// A place in a log at which a line begins.
package struct LogPosition: Hashable, Sendable {
    /// The number of the line; 1 is the first.
    package var line: Int
    /// Bytes before it.
    package var offset: Int

    package static let start = LogPosition(line: 1, offset: 0)

    package init(line: Int, offset: Int) {
        self.line = line
        self.offset = offset
    }
}

/// Lines of a log as they stand in it, to be handed on without looking at them.
package struct LogPiece: Hashable, Sendable {
    /// Where ``bytes`` begin.
    package var start: LogPosition
    /// Whole lines with their ends; the last line of a log that has ended may have none.
    package var bytes: [UInt8]
    /// Where the next piece begins.
    package var next: LogPosition
}
