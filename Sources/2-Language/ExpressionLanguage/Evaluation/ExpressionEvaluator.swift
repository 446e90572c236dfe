// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// A function that the caller supplies: status functions, `hashFiles`. It gets its arguments evaluated.
package typealias ExpressionFunction = @Sendable ([DataValue]) throws(ExpressionError) -> DataValue

/// Evaluates expressions against contexts and functions.
package struct ExpressionEvaluator: Sendable {
    package var contexts: ExpressionContexts
    /// By name in lower case. A function of the caller never takes a general function's place.
    package var functions: [String: ExpressionFunction]
    /// What the values of one evaluation may take at once.
    package var maximumMemoryBytes: Int

    package init(
        contexts: ExpressionContexts = ExpressionContexts(), functions: [String: ExpressionFunction] = [:],
        maximumMemoryBytes: Int = ExpressionLimits.maximumMemoryBytes
    ) {
        self.contexts = contexts
        self.functions = [:]
        self.maximumMemoryBytes = maximumMemoryBytes
        for (name, function) in functions { self.functions[name.lowercased()] = function }
    }

    /// The expression's value. Throws an evaluation error with GitHub's message.
    package func evaluate(_ expression: ParsedExpression) throws(ExpressionError) -> DataValue {
        guard let root = expression.root else { return .null }
        var evaluation = Evaluation(self, root)
        return try evaluation.evaluate(root, level: 0).value
    }

    /// The expression's value and what it was computed from.
    package func evaluateRecording(
        _ expression: ParsedExpression
    ) throws(ExpressionError) -> (value: DataValue, trace: EvaluationTrace) {
        guard let root = expression.root else { return (.null, EvaluationTrace(root: nil, values: [:], result: .null)) }
        var evaluation = Evaluation(self, root)
        evaluation.recorded = [:]
        let value = try evaluation.evaluate(root, level: 0).value
        return (value, EvaluationTrace(root: root, values: evaluation.recorded ?? [:], result: value))
    }
}

/// One run of an evaluator over one tree. Recursion is bounded by the depth that the parser allows.
struct Evaluation {
    private let evaluator: ExpressionEvaluator
    private let root: ExpressionNode
    private(set) var memory: EvaluationMemory
    private var supplied: [String: DataValue] = [:]
    private var nextIdentity: UInt64 = 1
    /// By node, when someone wants to know.
    var recorded: [EvaluationTrace.NodeKey: DataValue]?

    init(_ evaluator: ExpressionEvaluator, _ root: ExpressionNode) {
        self.evaluator = evaluator
        self.root = root
        memory = EvaluationMemory(maximumBytes: evaluator.maximumMemoryBytes)
    }

    mutating func evaluate(_ node: ExpressionNode, level: Int) throws(ExpressionError) -> Operand {
        let operand = try core(node, level: level)
        var bytes = EvaluationMemory.objectBytes
        if case .string(let string) = operand.value { bytes = EvaluationMemory.bytes(of: string) }
        if let filtered = operand.filtered { bytes += filtered.count * EvaluationMemory.pointerBytes }
        guard memory.add(bytes, level: level, freesDeeperLevels: operand.value.isPrimitive) else {
            throw exceededMemory(root)
        }
        if recorded != nil { recorded?[EvaluationTrace.NodeKey(node)] = operand.value }
        return operand
    }

    private mutating func core(_ node: ExpressionNode, level: Int) throws(ExpressionError) -> Operand {
        switch node.kind {
        case .literal(let value): return Operand(value)
        case .wildcard: return Operand("*")
        case .context(let name): return try context(name)
        case .index(let object, let index):
            let object = try evaluate(object, level: level + 1)
            return object.element(try key(index, level: level + 1), identity: newIdentity())
        case .call(let name, let arguments):
            return try call(name, arguments, node: node, level: level)
        case .not(let operand):
            return Operand(.bool(!(try evaluate(operand, level: level + 1).value.isTruthy)))
        case .comparison(let comparison, let left, let right):
            let left = try evaluate(left, level: level + 1)
            return Operand(.bool(comparison.holds(left, try evaluate(right, level: level + 1))))
        case .connection(let connective, let operands):
            var result = Operand(.null)
            for operand in operands {
                result = try evaluate(operand, level: level + 1)
                if result.value.isTruthy == (connective == .or) { break }
            }
            return result
        }
    }

    private mutating func key(_ index: ExpressionNode, level: Int) throws(ExpressionError) -> IndexKey {
        switch index.kind {
        case .wildcard: .wildcard
        case .literal(let value): .value(value)
        default: .value(try evaluate(index, level: level).value)
        }
    }

    private mutating func context(_ name: String) throws(ExpressionError) -> Operand {
        let identity = Operand.hash(name)
        switch evaluator.contexts.source(name) {
        case .value(let value): return Operand(value, identity: identity)
        case .supplier(let supplier):
            if let value = supplied[name] { return Operand(value, identity: identity) }
            let value = try supplier()
            supplied[name] = value
            return Operand(value, identity: identity)
        case nil: return Operand(.null)
        }
    }

    private mutating func call(
        _ name: String, _ arguments: [ExpressionNode], node: ExpressionNode, level: Int
    ) throws(ExpressionError) -> Operand {
        do throws(ExpressionError) {
            if let function = GeneralFunction(rawValue: name) {
                return try evaluate(function, arguments, node: node, level: level)
            }
            guard let function = evaluator.functions[name] else {
                throw ExpressionError(evaluation: "Unrecognized function: '\(name)'")
            }
            var values: [DataValue] = []
            for argument in arguments { values.append(try evaluate(argument, level: level + 1).value) }
            return Operand(try function(values), identity: newIdentity())
        } catch {
            // The innermost function is the one at fault.
            guard error.offset == 0 else { throw error }
            throw ExpressionError(error.kind, error.message, offset: node.start)
        }
    }

    mutating func newIdentity() -> UInt64 {
        nextIdentity &+= 1
        return nextIdentity
    }

    func exceededMemory(_ node: ExpressionNode) -> ExpressionError {
        let what = "The maximum allowed memory size was exceeded while evaluating the following expression: "
        return ExpressionError(.evaluation, what + node.canonicalText(), offset: node.start)
    }
}

extension ExpressionNode.Comparison {
    func holds(_ left: Operand, _ right: Operand) -> Bool {
        switch self {
        case .equal: left.looselyEquals(right)
        case .notEqual: !left.looselyEquals(right)
        case .greater: right.isLess(than: left)
        case .greaterOrEqual: left.looselyEquals(right) || right.isLess(than: left)
        case .less: left.isLess(than: right)
        case .lessOrEqual: left.looselyEquals(right) || left.isLess(than: right)
        }
    }
}
