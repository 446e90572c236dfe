// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// Why a remote runner's bytes are not taken, or its log is not ended.
package enum LogIngestError: Hashable, Sendable {
    /// Bytes before `offset` are missing; `expected` is where the next piece has to begin.
    case gap(offset: Int, expected: Int)
    case lineLimit(bytes: Int, line: Int)
    case sizeLimit(bytes: Int)
    case incomplete(bytes: Int, expected: Int)
    case differs(found: LogTotals, expected: LogTotals)
    case finished(bytes: Int)

    func diagnostic(_ path: String) -> Diagnostic {
        switch self {
        case .gap(let offset, let expected):
            Diagnostic(
                .logGap, "The log '\(path)' ends at byte \(expected); the piece that came begins at byte \(offset).",
                remedy: "Send the log again from byte \(expected) on.")
        case .lineLimit(let bytes, let line):
            Diagnostic(
                .logLineLimit, "Line \(line) of the log '\(path)' would be longer than \(bytes) bytes.",
                remedy: "Break long lines before they are sent, as Martlet's runner does.")
        case .sizeLimit(let bytes):
            Diagnostic(
                .logSizeLimit, "The log '\(path)' would be larger than \(bytes) bytes.",
                remedy: "End a log at the limit and count what is dropped, as Martlet's runner does.")
        case .incomplete(let bytes, let expected):
            Diagnostic(
                .logIncomplete, "The log '\(path)' has \(bytes) of \(expected) bytes.",
                remedy: "Send the rest from byte \(bytes) on, then end it.")
        case .differs(let found, let expected):
            Diagnostic(
                .logDiffers,
                """
                The log '\(path)' has \(found.lines) lines, \(found.bytes) bytes and the digest \(found.digest); \
                the runner has \(expected.lines) lines, \(expected.bytes) bytes and the digest \(expected.digest).
                """,
                remedy: "Send the log again from its beginning.")
        case .finished(let bytes):
            Diagnostic(
                .logFinished, "The log '\(path)' was ended after \(bytes) bytes; more bytes came for it.",
                remedy: "Send nothing after the end of a log.")
        }
    }
}
