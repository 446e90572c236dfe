// SPDX-License-Identifier: Apache-2.0

/// What lines are searched for.
///
/// A line is searched without its end, LF or CR LF. A regular expression is PCRE2's, for one line: `^` and `$` are the
/// line's ends, a dot is one character. Bytes that are no UTF-8 are looked at as U+FFFD, as they are shown; plain text
/// is compared byte by byte.
package struct LogPattern: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case text
        /// Case as Unicode folds it.
        case textIgnoringCase
        case regularExpression
    }

    package var kind: Kind
    package var text: String

    package init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }

    func check(_ limits: LogSearchLimits) throws(LogError) {
        let bytes = text.utf8
        guard !bytes.isEmpty else { throw .search(.patternInvalid(text, detail: "it is empty")) }
        guard bytes.count <= limits.patternBytes else { throw .search(.patternLimit(bytes: limits.patternBytes)) }
        if kind == .regularExpression {
            // A long line is searched in parts, each of which would be a place where \G holds.
            guard !Self.holdsEscape("G", in: bytes) else {
                throw .search(.patternInvalid(text, detail: "\\G has no meaning here; ^ is the start of a line"))
            }
        } else if bytes.contains(LineCounting.lineEnd) {
            throw .search(.patternInvalid(text, detail: "a text with a line's end is on no line"))
        }
    }

    private static func holdsEscape(_ letter: Unicode.Scalar, in bytes: String.UTF8View) -> Bool {
        var isEscaped = false
        for byte in bytes {
            if isEscaped, byte == UInt8(ascii: letter) { return true }
            isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
        }
        return false
    }
}

/// What one call of a search may take and give.
package struct LogSearchLimits: Hashable, Sendable {
    /// Matches that are kept for a page.
    package var matches = 200
    /// Of a pattern.
    package var patternBytes = 4 << 10
    /// Of the text of one match; a longer line is cut to what stands around the match.
    package var textBytes = 512
    /// Time for one page. What was found so far is given, with where it goes on; where that is nothing, it is an error.
    package var milliseconds = 10_000
    /// Threads that search at once.
    package var threads = 2

    package init() {}
}

/// Why a search has no result.
package enum LogSearchError: Hashable, Sendable {
    case patternInvalid(String, detail: String)
    case patternLimit(bytes: Int)
    /// `log` is the path of the log, `line` where the work ran out; `nil` where it was the time.
    case exhausted(log: String, line: Int?)
    case cancelled
}
