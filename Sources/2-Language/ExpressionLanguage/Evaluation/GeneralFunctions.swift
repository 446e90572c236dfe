// SPDX-License-Identifier: Apache-2.0

internal import StructuredData

/// The functions that every expression has, by name in lower case.
enum GeneralFunction: String {
    case `case`
    case contains
    case endsWith = "endswith"
    case format
    case fromJSON = "fromjson"
    case join
    case startsWith = "startswith"
    case toJSON = "tojson"
}

extension Evaluation {
    /// Arguments are evaluated when they are needed, as GitHub does: one that is not may hold what would fail.
    mutating func evaluate(
        _ function: GeneralFunction, _ arguments: [ExpressionNode], node: ExpressionNode, level: Int
    ) throws(ExpressionError) -> Operand {
        switch function {
        case .case: try choose(arguments, level: level)
        case .contains: Operand(.bool(try contains(arguments, level: level)))
        case .startsWith: Operand(.bool(try compareStrings(arguments, level: level, OrdinalText.hasPrefix)))
        case .endsWith: Operand(.bool(try compareStrings(arguments, level: level, OrdinalText.hasSuffix)))
        case .format: Operand(.string(try format(arguments, node: node, level: level)))
        case .join: Operand(.string(try join(arguments, node: node, level: level)))
        case .fromJSON: try fromJSON(arguments, level: level)
        case .toJSON: Operand(.string(try toJSON(arguments, node: node, level: level)))
        }
    }

    private mutating func choose(_ arguments: [ExpressionNode], level: Int) throws(ExpressionError) -> Operand {
        for index in stride(from: 0, to: arguments.count - 1, by: 2) {
            guard case .bool(let holds) = try evaluate(arguments[index], level: level + 1).value else {
                throw ExpressionError(evaluation: "case predicate must evaluate to a boolean value")
            }
            if holds { return try evaluate(arguments[index + 1], level: level + 1) }
        }
        return try evaluate(arguments[arguments.count - 1], level: level + 1)
    }

    private mutating func contains(_ arguments: [ExpressionNode], level: Int) throws(ExpressionError) -> Bool {
        let whole = try evaluate(arguments[0], level: level + 1)
        if let items = whole.items {
            if items.isEmpty { return false }
            let wanted = try evaluate(arguments[1], level: level + 1)
            return items.contains { wanted.looselyEquals($0) }
        }
        guard whole.value.isPrimitive else { return false }
        let part = try evaluate(arguments[1], level: level + 1)
        return part.value.isPrimitive
            && OrdinalText.contains(whole.value.coercedToString, part.value.coercedToString)
    }

    private mutating func compareStrings(
        _ arguments: [ExpressionNode], level: Int, _ holds: (String, String) -> Bool
    ) throws(ExpressionError) -> Bool {
        let whole = try evaluate(arguments[0], level: level + 1).value
        guard whole.isPrimitive else { return false }
        let part = try evaluate(arguments[1], level: level + 1).value
        return part.isPrimitive && holds(whole.coercedToString, part.coercedToString)
    }

    private mutating func join(
        _ arguments: [ExpressionNode], node: ExpressionNode, level: Int
    ) throws(ExpressionError) -> String {
        let whole = try evaluate(arguments[0], level: level + 1).value
        guard case .array(let items) = whole else { return whole.isPrimitive ? whole.coercedToString : "" }
        var separator = ","
        if items.count > 1, arguments.count > 1 {
            let value = try evaluate(arguments[1], level: level + 1).value
            if value.isPrimitive { separator = value.coercedToString }
        }
        var text = ""
        let limit = memory.remainingBytes
        for (index, item) in items.enumerated() {
            if index > 0 { text += separator }
            text += item.coercedToString
            guard text.utf8.count <= limit else { throw exceededMemory(node) }
        }
        return text
    }

    private mutating func fromJSON(_ arguments: [ExpressionNode], level: Int) throws(ExpressionError) -> Operand {
        let text = try evaluate(arguments[0], level: level + 1).value.coercedToString
        let limits = JSONLimits(maximumBytes: .max, maximumDepth: ExpressionLimits.maximumJSONDepth)
        do {
            let value = try DataValue(json: text, limits: limits)
            return Operand(value.withoutCaseVariants, identity: newIdentity())
        } catch {
            var text = text
            let isBlank = text.withUTF8 { WhiteSpace.trimmed($0).isEmpty }
            throw ExpressionError(
                evaluation: "Error from function 'fromJSON': \(isBlank ? "empty input" : error.description)")
        }
    }

    private mutating func toJSON(
        _ arguments: [ExpressionNode], node: ExpressionNode, level: Int
    ) throws(ExpressionError) -> String {
        let value = try evaluate(arguments[0], level: level + 1).value
        guard let text = value.prettyJSONText(maximumBytes: memory.remainingBytes / 2) else {
            throw exceededMemory(node)
        }
        return text
    }
}

extension DataValue {
    /// The value without keys that differ from an earlier one of the same object in case only: objects of the
    /// language are found without regard to case, so those could not be told apart.
    var withoutCaseVariants: DataValue {
        switch self {
        case .array(let items):
            return items.allSatisfy(\.isPrimitive) ? self : .array(items.map(\.withoutCaseVariants))
        case .object(let object):
            var seen: Set<String> = []
            return .object(
                DataObject(
                    object.lazy.filter { key, _ in seen.insert(OrdinalText.foldedKey(key)).inserted }
                        .map { ($0, $1.withoutCaseVariants) }))
        default:
            return self
        }
    }
}
