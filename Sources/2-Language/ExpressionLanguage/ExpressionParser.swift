// SPDX-License-Identifier: Apache-2.0

internal import StructuredData

/// Reads expressions: operator precedence with two stacks, so that no nesting of the text nests the parser.
package struct ExpressionParser {
    private let text: String
    private let scope: ExpressionScope
    private var operands: [Operand] = []
    private var operators: [ExpressionToken] = []
    private var unclosed: [ExpressionToken.Kind] = []
    private var previous = ExpressionToken(kind: .none, start: 0, end: 0)

    /// A node and how many levels it has. A chain of one connective is kept open, so that it grows in its place:
    /// copied at each operator, a long one would take time by its square.
    private struct Operand {
        private var single: ExpressionNode
        var depth: Int
        private var chain: [ExpressionNode] = []
        private var connective: ExpressionNode.Connective?

        init(node: ExpressionNode, depth: Int) {
            single = node
            self.depth = depth
        }

        var node: ExpressionNode {
            get {
                guard let connective else { return single }
                var node = single
                node.kind = .connection(connective, chain)
                return node
            }
            set {
                single = newValue
                connective = nil
            }
        }

        /// Joins another operand, and the operands of nested chains of the same connective, which then cost no depth.
        mutating func join(_ connective: ExpressionNode.Connective, _ right: Operand, tokenStart: Int) {
            if self.connective != connective {
                chain = [node]
                self.connective = connective
                depth += 1
            }
            if right.connective == connective {
                chain += right.chain
                depth = max(depth, right.depth)
            } else {
                chain.append(right.node)
                depth = max(depth, right.depth + 1)
            }
            single.end = right.single.end
            single.tokenStart = tokenStart
        }
    }

    private init(_ text: String, _ scope: ExpressionScope) {
        self.text = text
        self.scope = scope
        operands.reserveCapacity(8)
        operators.reserveCapacity(8)
    }

    /// Reads the text of one expression, without `${{` and `}}`.
    ///
    /// Throws a lexing or a parsing error with GitHub's message. Contexts and functions that `scope` does not
    /// allow are parsing errors, and so are wrong numbers of arguments.
    package static func parse(
        _ text: String, allowing scope: ExpressionScope
    ) throws(ExpressionError) -> ParsedExpression {
        if text.utf8.count > ExpressionLimits.maximumLength, text.utf16.count > ExpressionLimits.maximumLength {
            throw ExpressionError(.lexing, "Exceeded max expression length \(ExpressionLimits.maximumLength)")
        }
        var bytes = text
        let outcome = bytes.withUTF8 { utf8 -> Result<ExpressionNode?, ExpressionError> in
            Result { () throws(ExpressionError) in try root(text, of: utf8, scope) }
        }
        return ParsedExpression(text: text, root: try outcome.get())
    }

    private static func root(
        _ text: String, of bytes: UnsafeBufferPointer<UInt8>, _ scope: ExpressionScope
    ) throws(ExpressionError) -> ExpressionNode? {
        var lexer = ExpressionLexer(bytes)
        if let fault = lexer.run() { throw .located(.lexing, "Unexpected symbol", token: fault, in: text) }
        if lexer.tokens.isEmpty { return nil }
        var parser = ExpressionParser(text, scope)
        for token in lexer.tokens { try parser.push(token, bytes) }
        return try parser.finish()
    }

    // MARK: Tokens

    private mutating func push(_ token: ExpressionToken, _ bytes: UnsafeBufferPointer<UInt8>) throws(ExpressionError) {
        var token = token
        if token.kind == .endGroup, unclosed.last == .startParameters { token.kind = .endParameters }
        guard token.kind.mayFollow(previous.kind) else { throw unexpected(token) }
        switch token.kind {
        case .startGroup, .startIndex, .startParameters:
            if token.kind == .startIndex { try flush(bindingAtLeast: token.kind.precedence) }
            unclosed.append(token.kind)
            operators.append(token)
        case .endGroup: try close(token, opened: .startGroup)
        case .endIndex: try close(token, opened: .startIndex)
        case .endParameters: try close(token, opened: .startParameters)
        case .separator:
            guard unclosed.last == .startParameters else { throw unexpected(token) }
            try flush(bindingAtLeast: 1)
            operators.append(token)
        case .not: operators.append(token)
        case .dereference, .notEqual, .greater, .greaterOrEqual, .less, .lessOrEqual, .equal, .and, .or:
            try flush(bindingAtLeast: token.kind.precedence)
            operators.append(token)
        default:
            operands.append(Operand(node: try operand(token, bytes), depth: 1))
        }
        previous = token
    }

    private mutating func finish() throws(ExpressionError) -> ExpressionNode {
        if previous.kind.awaitsOperand || !unclosed.isEmpty {
            throw .located(.parsing, "Unexpected end of expression", token: previous.range, in: text)
        }
        while !operators.isEmpty { try flushTop() }
        guard let root = operands.popLast(), operands.isEmpty else {
            preconditionFailure("every token's legality was checked, so one operand is left")
        }
        return root.node
    }

    private func unexpected(_ token: ExpressionToken) -> ExpressionError {
        .located(.parsing, "Unexpected symbol", token: token.range, in: text)
    }

    // MARK: Operands

    private func operand(
        _ token: ExpressionToken, _ bytes: UnsafeBufferPointer<UInt8>
    ) throws(ExpressionError) -> ExpressionNode {
        let kind: ExpressionNode.Kind
        switch token.kind {
        case .null: kind = .literal(.null)
        case .yes: kind = .literal(.bool(true))
        case .no: kind = .literal(.bool(false))
        case .number: kind = .literal(.number(token.number))
        case .string: kind = .literal(.string(Self.stringValue(bytes, token)))
        case .property: kind = .literal(.string(Self.spelling(bytes, token)))
        case .wildcard: kind = .wildcard
        case .namedValue:
            let name = Self.loweredName(bytes, token)
            guard scope.allows(context: name) else {
                throw .located(.parsing, "Unrecognized named-value", token: token.range, in: text)
            }
            kind = .context(name)
        default:
            let name = Self.loweredName(bytes, token)
            guard scope.allowsUnknownFunctions || scope.function(name) != nil else {
                throw .located(.parsing, "Unrecognized function", token: token.range, in: text)
            }
            kind = .call(name, [])
        }
        return ExpressionNode(kind: kind, start: token.start, end: token.end, tokenStart: token.start)
    }

    private static func spelling(_ bytes: UnsafeBufferPointer<UInt8>, _ token: ExpressionToken) -> String {
        String(decoding: UnsafeBufferPointer(rebasing: bytes[token.range]), as: UTF8.self)
    }

    private static func loweredName(_ bytes: UnsafeBufferPointer<UInt8>, _ token: ExpressionToken) -> String {
        String(unsafeUninitializedCapacity: token.end - token.start) { name in
            for index in token.range {
                let byte = bytes[index]
                name[index - token.start] = byte &- 0x41 < 26 ? byte | 0x20 : byte
            }
            return token.end - token.start
        }
    }

    /// The text between the quotes, each doubled quote being one.
    private static func stringValue(_ bytes: UnsafeBufferPointer<UInt8>, _ token: ExpressionToken) -> String {
        let inner = UnsafeBufferPointer(rebasing: bytes[token.start + 1..<token.end - 1])
        let quote = UInt8(ascii: "'")
        guard inner.contains(quote) else { return String(decoding: inner, as: UTF8.self) }
        var value: [UInt8] = []
        value.reserveCapacity(inner.count)
        var index = 0
        while index < inner.count {
            value.append(inner[index])
            index += inner[index] == quote ? 2 : 1
        }
        return String(decoding: value, as: UTF8.self)
    }

    // MARK: Operators

    /// Makes nodes of the operators on top that bind at least so tightly, down to the innermost open bracket.
    private mutating func flush(bindingAtLeast precedence: UInt8) throws(ExpressionError) {
        while let top = operators.last {
            switch top.kind {
            case .startGroup, .startIndex, .startParameters, .separator: return
            default:
                guard top.kind.precedence >= precedence else { return }
                try flushTop()
            }
        }
    }

    private mutating func close(_ token: ExpressionToken, opened kind: ExpressionToken.Kind) throws(ExpressionError) {
        guard unclosed.last == kind else { throw unexpected(token) }
        unclosed.removeLast()
        try flush(bindingAtLeast: 1)
        switch kind {
        case .startIndex:
            let opening = operators.removeLast()
            try pushIndex(opening, end: token.end)
        case .startParameters:
            try closeCall(token)
        default:
            operators.removeLast()
        }
    }

    private mutating func closeCall(_ closing: ExpressionToken) throws(ExpressionError) {
        var count = previous.kind == .startParameters ? 0 : 1
        while operators.last?.kind == .separator {
            operators.removeLast()
            count += 1
        }
        let opening = operators.removeLast()
        let arguments = operands.suffix(count)
        let depth = (arguments.map(\.depth).max() ?? 0) + 1
        let nodes = arguments.map(\.node)
        operands.removeLast(count)
        var call = operands.removeLast()
        guard case .call(let name, _) = call.node.kind else {
            preconditionFailure("an argument list stands behind a function")
        }
        try checkArity(name, count, opening: opening, call: call.node)
        call.node.kind = .call(name, nodes)
        call.node.end = closing.end
        try pushNode(call.node, depth: depth)
    }

    private func checkArity(
        _ name: String, _ count: Int, opening: ExpressionToken, call: ExpressionNode
    ) throws(ExpressionError) {
        guard let signature = scope.function(name) else { return }
        let what: String
        if count < signature.minimumArguments {
            what = "Too few parameters supplied"
        } else if count > signature.maximumArguments {
            what = "Too many parameters supplied"
        } else if name == "case", count % 2 == 0 {
            what = "Even number of parameters supplied, requires an odd number of parameters"
        } else {
            return
        }
        // GitHub names the parenthesis, save for `case`, which it names itself.
        throw .located(.parsing, what, token: name == "case" ? call.start..<call.end : opening.range, in: text)
    }

    private mutating func pushIndex(_ token: ExpressionToken, end: Int) throws(ExpressionError) {
        let index = operands.removeLast()
        let object = operands.removeLast()
        let node = ExpressionNode(
            kind: .index(of: object.node, by: index.node), start: object.node.start, end: end,
            tokenStart: token.start)
        try pushNode(node, depth: max(object.depth, index.depth) + 1)
    }

    private mutating func flushTop() throws(ExpressionError) {
        let token = operators.removeLast()
        if token.kind == .dereference {
            return try pushIndex(token, end: operands[operands.count - 1].node.end)
        }
        let right = operands.removeLast()
        if token.kind == .not {
            let node = ExpressionNode(
                kind: .not(right.node), start: token.start, end: right.node.end, tokenStart: token.start)
            return try pushNode(node, depth: right.depth + 1)
        }
        var left = operands.removeLast()
        if token.kind == .and || token.kind == .or {
            left.join(token.kind == .and ? .and : .or, right, tokenStart: token.start)
            return try push(left)
        }
        let node = ExpressionNode(
            kind: .comparison(Self.comparison(token.kind), left.node, right.node), start: left.node.start,
            end: right.node.end, tokenStart: token.start)
        try pushNode(node, depth: max(left.depth, right.depth) + 1)
    }

    private static func comparison(_ kind: ExpressionToken.Kind) -> ExpressionNode.Comparison {
        switch kind {
        case .notEqual: .notEqual
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        default: .equal
        }
    }

    private mutating func pushNode(_ node: ExpressionNode, depth: Int) throws(ExpressionError) {
        try push(Operand(node: node, depth: depth))
    }

    private mutating func push(_ operand: consuming Operand) throws(ExpressionError) {
        guard operand.depth <= ExpressionLimits.maximumDepth else {
            throw ExpressionError(
                .parsing, "Exceeded max expression depth \(ExpressionLimits.maximumDepth)",
                offset: operand.node.tokenStart)
        }
        operands.append(operand)
    }
}
