// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// An expression that was read: its text and its tree.
///
/// Two of them are equal where their texts are: names that a scope allows or not decide whether a tree comes
/// about, never which.
package struct ParsedExpression: Hashable, Sendable {
    /// The text between `${{` and `}}`, or the whole value of an `if`.
    package let text: String
    /// `nil` where the text has no token; such an expression evaluates to null.
    package let root: ExpressionNode?

    package static func == (left: Self, right: Self) -> Bool { left.text == right.text }
    package func hash(into hasher: inout Hasher) { hasher.combine(text) }

    /// The source text of a node.
    package func source(of node: ExpressionNode) -> Substring {
        let utf8 = text.utf8
        let start = utf8.index(utf8.startIndex, offsetBy: node.start)
        return text[start..<utf8.index(start, offsetBy: node.end - node.start)]
    }
}

/// One node of a syntax tree and where it stands in the text, in UTF-8 bytes from its start.
package struct ExpressionNode: Sendable {
    package var kind: Kind
    /// Where the node's first token begins. Parentheses around a node are not part of it.
    package var start: Int
    /// Behind the node's last token.
    package var end: Int
    /// The token that makes the node what it is: the operator, the name, `.` or `[`.
    package var tokenStart: Int

    package indirect enum Kind: Sendable {
        /// A string, number, Boolean or null; for `a.b` the string `b`.
        case literal(DataValue)
        /// A named context, in lower case.
        case context(String)
        /// The `*` of `.*` and `[*]`.
        case wildcard
        /// `object.name`, `object[index]`, `object.*`.
        case index(of: ExpressionNode, by: ExpressionNode)
        /// A function, its name in lower case.
        case call(String, [ExpressionNode])
        case not(ExpressionNode)
        case comparison(Comparison, ExpressionNode, ExpressionNode)
        /// Two operands or more: chains of one connective are one node.
        case connection(Connective, [ExpressionNode])
    }

    package enum Comparison: String, Sendable {
        case equal = "=="
        case notEqual = "!="
        case greater = ">"
        case greaterOrEqual = ">="
        case less = "<"
        case lessOrEqual = "<="
    }

    package enum Connective: String, Sendable {
        case and = "&&"
        case or = "||"
    }

    /// The nodes directly below, from left to right.
    package var children: [ExpressionNode] {
        switch kind {
        case .literal, .context, .wildcard: []
        case .index(let object, let index): [object, index]
        case .call(_, let arguments): arguments
        case .not(let operand): [operand]
        case .comparison(_, let left, let right): [left, right]
        case .connection(_, let operands): operands
        }
    }

    /// Visits this node and all below it, parents first, from left to right, until `visit` returns false for
    /// a node: then that one's children are left out.
    package func walk(_ visit: (ExpressionNode) -> Bool) {
        guard visit(self) else { return }
        for child in children { child.walk(visit) }
    }
}

extension ParsedExpression {
    /// Names of the contexts that the expression reads, in lower case.
    package var contextNames: Set<String> {
        var names: Set<String> = []
        root?.walk { node in
            if case .context(let name) = node.kind { names.insert(name) }
            return true
        }
        return names
    }

    /// Names of the functions that the expression calls, in lower case.
    package var functionNames: Set<String> {
        var names: Set<String> = []
        root?.walk { node in
            if case .call(let name, _) = node.kind { names.insert(name) }
            return true
        }
        return names
    }

    /// Whether a condition says itself on which outcomes it holds; one that does not is under an implicit `success()`.
    package var callsStatusFunction: Bool {
        !functionNames.isDisjoint(with: ExpressionFunctionSignature.statusFunctionNames)
    }
}

extension ParsedExpression {
    /// The same expression with other nodes in the place of some.
    ///
    /// - Parameter substitute: what stands in a node's place, asked from the root down; `nil` goes on below the node.
    package func replacing(_ substitute: (ExpressionNode) -> ExpressionNode?) -> ParsedExpression {
        ParsedExpression(text: text, root: root?.replacing(substitute))
    }
}

extension ExpressionNode {
    fileprivate func replacing(_ substitute: (ExpressionNode) -> ExpressionNode?) -> ExpressionNode {
        if let other = substitute(self) { return other }
        var result = self
        switch kind {
        case .literal, .context, .wildcard: break
        case .index(let object, let index):
            result.kind = .index(of: object.replacing(substitute), by: index.replacing(substitute))
        case .call(let name, let arguments):
            result.kind = .call(name, arguments.map { $0.replacing(substitute) })
        case .not(let operand): result.kind = .not(operand.replacing(substitute))
        case .comparison(let comparison, let left, let right):
            result.kind = .comparison(comparison, left.replacing(substitute), right.replacing(substitute))
        case .connection(let connective, let operands):
            result.kind = .connection(connective, operands.map { $0.replacing(substitute) })
        }
        return result
    }
}
