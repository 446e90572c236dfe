// SPDX-License-Identifier: Apache-2.0

/// A token's kind, its range in the text's UTF-8, and the number where it is one.
struct ExpressionToken {
    var kind: Kind
    var start: Int
    var end: Int
    var number = 0.0

    var range: Range<Int> { start..<end }

    enum Kind: UInt8 {
        /// Before the first token.
        case none
        case startGroup, startIndex, startParameters
        case endGroup, endIndex, endParameters
        case separator, dereference, wildcard
        case not, notEqual, greater, greaterOrEqual, less, lessOrEqual, equal, and, or
        case null, yes, no, number, string
        case property, function, namedValue
    }
}

extension ExpressionToken.Kind {
    /// How tightly an operator binds; 0 for operands.
    var precedence: UInt8 {
        switch self {
        case .startGroup: 20
        case .startIndex, .startParameters, .dereference: 19
        case .not: 16
        case .greater, .greaterOrEqual, .less, .lessOrEqual: 11
        case .equal, .notEqual: 10
        case .and: 6
        case .or: 5
        case .endGroup, .endIndex, .endParameters, .separator: 1
        default: 0
        }
    }

    /// Whether a text may not end with this token.
    var awaitsOperand: Bool {
        switch self {
        case .startGroup, .startIndex, .startParameters, .separator, .dereference, .function: true
        case .not, .notEqual, .greater, .greaterOrEqual, .less, .lessOrEqual, .equal, .and, .or: true
        default: false
        }
    }

    /// Whether this token may follow `previous`.
    func mayFollow(_ previous: Self) -> Bool {
        switch self {
        case .startGroup, .not, .null, .yes, .no, .number, .string, .function, .namedValue:
            previous.isOperandStart
        case .startIndex, .dereference: previous.isContainer
        case .startParameters: previous == .function
        case .endParameters: previous.isOperandEnd || previous == .startParameters
        case .wildcard: previous == .startIndex || previous == .dereference
        case .property: previous == .dereference
        case .none: false
        default: previous.isOperandEnd
        }
    }

    /// What an operand or a prefix stands behind.
    var isOperandStart: Bool {
        switch self {
        case .none, .separator, .startGroup, .startIndex, .startParameters: true
        case .not, .notEqual, .greater, .greaterOrEqual, .less, .lessOrEqual, .equal, .and, .or: true
        default: false
        }
    }

    /// What can be indexed.
    private var isContainer: Bool {
        switch self {
        case .endGroup, .endParameters, .endIndex, .wildcard, .property, .namedValue: true
        default: false
        }
    }

    /// What an infix or closing token stands behind.
    private var isOperandEnd: Bool {
        switch self {
        case .null, .yes, .no, .number, .string: true
        default: isContainer
        }
    }
}
