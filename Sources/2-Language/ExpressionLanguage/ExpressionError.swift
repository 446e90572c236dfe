// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// Why an expression cannot be read or evaluated, in GitHub's words.
package struct ExpressionError: CodedError, Hashable, CustomStringConvertible {
    /// The stage that found the fault.
    package enum Kind: String, Hashable, Sendable {
        case lexing
        case parsing
        case evaluation
    }

    package var kind: Kind
    /// The exact text that GitHub gives, without a full stop.
    package var message: String
    /// UTF-8 bytes from the start of the expression's text to the token that is at fault.
    package var offset: Int

    package init(_ kind: Kind, _ message: String, offset: Int = 0) {
        self.kind = kind
        self.message = message
        self.offset = offset
    }

    /// A fault that a function of the caller reports.
    package init(evaluation message: String) {
        self.init(.evaluation, message)
    }

    package var description: String { message }

    package var diagnostic: Diagnostic {
        switch kind {
        case .lexing:
            Diagnostic(
                .expressionNotLexed, message,
                remedy: message.hasPrefix("Unexpected symbol: '\"") ? "Write strings in single quotes." : nil)
        case .parsing: Diagnostic(.expressionNotParsed, message)
        case .evaluation: Diagnostic(.expressionNotEvaluated, message)
        }
    }
}

extension ExpressionError {
    /// `what: 'token'. Located at position N within expression: …`, the position counted in UTF-16 units from 1.
    static func located(_ kind: Kind, _ what: String, token: Range<Int>, in text: String) -> ExpressionError {
        let utf8 = text.utf8
        let start = utf8.index(utf8.startIndex, offsetBy: token.lowerBound)
        let end = utf8.index(start, offsetBy: token.count)
        let position = text.utf16.distance(from: text.startIndex, to: start) + 1
        return ExpressionError(
            kind,
            "\(what): '\(text[start..<end])'. Located at position \(position) within expression: \(text)",
            offset: token.lowerBound)
    }
}

/// What an expression and its evaluation may not exceed; the first two are GitHub's.
package enum ExpressionLimits {
    /// Levels of the syntax tree; parentheses and chains of one connective add none.
    package static let maximumDepth = 50
    /// UTF-16 units of an expression's text.
    package static let maximumLength = 21000
    /// Bytes that the values of one evaluation may take at once, as GitHub's runner counts them.
    package static let maximumMemoryBytes = 10 << 20
    /// Levels of arrays and objects in a text that `fromJSON` reads.
    package static let maximumJSONDepth = 100
    /// Arguments of a function that takes any number.
    package static let maximumArguments = 255
}
