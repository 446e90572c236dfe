// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// Finds what is wrong in an expression without evaluating it.
///
/// The expression is read under ``ExpressionScope/anything``, so that names which are not there become findings with
/// a place, next to others, instead of one error.
package struct ExpressionTypeChecker: Sendable {
    /// By name in lower case.
    package var contexts: [String: ExpressionType]
    /// The contexts that may be read at this key, in lower case; `nil` for all.
    package var availableContexts: Set<String>?
    /// Which of the functions that only some keys have may be called at this one, in lower case; `nil` for all.
    package var availableFunctions: Set<String>?

    package init(
        contexts: [String: ExpressionType] = ContextTypes.all, availableContexts: Set<String>? = nil,
        availableFunctions: Set<String>? = nil
    ) {
        self.contexts = contexts
        self.availableContexts = availableContexts.map { Set($0.map { $0.lowercased() }) }
        self.availableFunctions = availableFunctions.map { Set($0.map { $0.lowercased() }) }
    }

    /// The expression's type and the findings, from left to right.
    package func check(_ expression: ParsedExpression) -> (type: ExpressionType, findings: [TypeFinding]) {
        guard let root = expression.root else { return (.null, []) }
        var walk = TypeWalk(checker: self)
        let type = walk.type(of: root)
        return (type, walk.findings.sorted { $0.offset < $1.offset })
    }

    /// The expression's value where it has the same one always: nothing in it is read from a context or
    /// depends on the run.
    package static func constantValue(of expression: ParsedExpression) -> DataValue? {
        guard let root = expression.root, isConstant(root) else { return nil }
        return try? ExpressionEvaluator().evaluate(expression)
    }

    private static func isConstant(_ node: ExpressionNode) -> Bool {
        switch node.kind {
        case .context: return false
        case .call(let name, _) where GeneralFunction(rawValue: name) == nil: return false
        default: return node.children.allSatisfy(isConstant)
        }
    }
}

/// One walk over one tree; every node is visited once.
struct TypeWalk {
    let checker: ExpressionTypeChecker
    var findings: [TypeFinding] = []

    init(checker: ExpressionTypeChecker) {
        self.checker = checker
    }

    mutating func report(
        _ kind: TypeFinding.Kind, at node: ExpressionNode, _ message: String, suggestion: String? = nil
    ) {
        let message = suggestion.map { "\(message); did you mean '\($0)'?" } ?? message
        findings.append(TypeFinding(kind: kind, message: message, offset: node.start, suggestion: suggestion))
    }

    /// - Parameter assumed: whether the value counts as true, where the caller knows; chains are narrower then.
    mutating func type(of node: ExpressionNode, assuming assumed: Bool? = nil) -> ExpressionType {
        switch node.kind {
        case .literal(let value): return ExpressionType(of: value)
        case .wildcard: return .string
        case .context(let name): return context(name, node)
        case .index(let object, let index): return element(of: object, at: index)
        case .call(let name, let arguments): return call(name, arguments, node)
        case .not(let operand):
            _ = type(of: operand, assuming: assumed.map { !$0 })
            return .bool
        case .comparison(let comparison, let left, let right):
            compare(comparison, left, right, node)
            return .bool
        case .connection(let connective, let operands):
            return connection(connective, operands, assuming: assumed)
        }
    }

    private mutating func context(_ name: String, _ node: ExpressionNode) -> ExpressionType {
        guard let type = checker.contexts[name] else {
            let known = checker.contexts.keys.sorted()
            report(
                .unknownContext, at: node, "There is no context '\(name)'; contexts are \(Self.list(known))",
                suggestion: NearestName.of(name, among: known))
            return .any
        }
        if let available = checker.availableContexts, !available.contains(name) {
            let what = available.isEmpty ? "none is" : "available are \(Self.list(available.sorted()))"
            report(.unavailableContext, at: node, "The context '\(name)' is not available here; \(what)")
        }
        return type
    }

    /// A chain's value is that of the operand that decides it: any but the last one as the connective's
    /// deciding truth, or the last.
    private mutating func connection(
        _ connective: ExpressionNode.Connective, _ operands: [ExpressionNode], assuming assumed: Bool?
    ) -> ExpressionType {
        let deciding = connective == .or
        var types: [ExpressionType] = []
        for operand in operands.dropLast() { types.append(type(of: operand, assuming: deciding)) }
        guard let last = operands.last else { return .any }
        let lastType = type(of: last, assuming: assumed)
        // A chain that comes out against its deciding truth went through to the last operand.
        if assumed == !deciding { return lastType }
        return types.reversed().reduce(lastType) { $1.merged(with: $0) }
    }

    private mutating func compare(
        _ comparison: ExpressionNode.Comparison, _ left: ExpressionNode, _ right: ExpressionNode,
        _ node: ExpressionNode
    ) {
        let (leftType, rightType) = (type(of: left), type(of: right))
        let isEquality = comparison == .equal || comparison == .notEqual
        let makesSense =
            isEquality
            ? leftType.canEqual(rightType) : leftType.isOrdered && rightType.isOrdered
        guard !makesSense else { return }
        report(
            .comparison, at: node,
            "Comparing a value of type \(leftType) with one of type \(rightType) by '\(comparison.rawValue)' never "
                + "says anything")
    }

    static func list(_ names: [String]) -> String {
        names.map { "'\($0)'" }.joined(separator: ", ")
    }
}

extension ExpressionType {
    /// Whether `==` can tell anything about values of the two types.
    fileprivate func canEqual(_ other: ExpressionType) -> Bool {
        switch (self, other) {
        case (.any, _), (_, .any), (.null, _), (_, .null): true
        case (.array(let element, _), .array(let otherElement, _)): element.canEqual(otherElement)
        case (.object, .object): true
        case (.array, _), (_, .array), (.object, _), (_, .object): false
        default: true
        }
    }

    /// Whether `<` and its like can tell anything about values of the type.
    fileprivate var isOrdered: Bool {
        switch self {
        case .any, .number, .string: true
        case .null, .bool, .array, .object: false
        }
    }
}
