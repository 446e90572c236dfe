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
        predecessors.contains(previous)
    }

    private var predecessors: KindSet {
        switch self {
        case .startGroup, .not: .operandStart
        case .null, .yes, .no, .number, .string, .function, .namedValue: .operandStart
        case .startIndex, .dereference: .container
        case .startParameters: [.function]
        case .endParameters: .operandEnd.union([.startParameters])
        case .wildcard: [.startIndex, .dereference]
        case .property: [.dereference]
        case .none: []
        default: .operandEnd
        }
    }
}

/// A set of token kinds in one word.
private struct KindSet: ExpressibleByArrayLiteral {
    private var bits: UInt64

    init(arrayLiteral kinds: ExpressionToken.Kind...) {
        bits = kinds.reduce(0) { $0 | 1 << UInt64($1.rawValue) }
    }

    func contains(_ kind: ExpressionToken.Kind) -> Bool { bits & 1 << UInt64(kind.rawValue) != 0 }

    func union(_ other: KindSet) -> KindSet {
        var union = self
        union.bits |= other.bits
        return union
    }

    /// What an operand or a prefix stands behind.
    static let operandStart: KindSet = [
        .none, .separator, .startGroup, .startIndex, .startParameters,
        .not, .notEqual, .greater, .greaterOrEqual, .less, .lessOrEqual, .equal, .and, .or,
    ]
    /// What can be indexed.
    static let container: KindSet = [.endGroup, .endParameters, .endIndex, .wildcard, .property, .namedValue]
    /// What an infix or closing token stands behind.
    static let operandEnd: KindSet = container.union([.null, .yes, .no, .number, .string])
}
