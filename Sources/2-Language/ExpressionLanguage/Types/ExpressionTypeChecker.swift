// SPDX-License-Identifier: Apache-2.0

internal import StructuredData

/// Something that an expression does with a value of a type that does not allow it.
package struct ExpressionTypeFinding: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// A property that an object does not have.
        case unknownProperty(name: String, known: [String])
        /// Values that cannot be used so.
        case mismatch
        /// A comparison that is never true, or has no meaning.
        case comparison
        /// A boolean compared with a word, which is never true.
        case booleanAsText
        case argument
    }

    package var kind: Kind
    package var message: String
    /// UTF-8 bytes from the start of the expression's text.
    package var offset: Int
}

/// Works out the type of an expression, and what in it cannot be right.
///
/// A context that is not given is of type ``ExpressionType/any``: whether it may be used is decided elsewhere.
package struct ExpressionTypeChecker: Sendable {
    private let contexts: [String: ExpressionType]

    /// - Parameter contexts: by their names in lower case.
    package init(contexts: [String: ExpressionType]) {
        self.contexts = contexts
    }

    package func check(
        _ expression: ParsedExpression
    ) -> (type: ExpressionType, findings: [ExpressionTypeFinding]) {
        guard let root = expression.root else { return (.null, []) }
        var run = TypeRun(contexts: contexts, expression: expression)
        let type = run.type(of: root)
        return (type, run.findings)
    }
}

private struct TypeRun {
    let contexts: [String: ExpressionType]
    let expression: ParsedExpression
    var findings: [ExpressionTypeFinding] = []

    mutating func type(of node: ExpressionNode) -> ExpressionType {
        switch node.kind {
        case .literal(let value):
            return ExpressionType(of: value)
        case .wildcard:
            return .any
        case .context(let name):
            return contexts[name] ?? .any
        case .index(let object, let index):
            return indexed(object, by: index, in: node)
        case .call(let name, let arguments):
            return called(name, arguments, in: node)
        case .not(let operand):
            _ = type(of: operand)
            return .bool
        case .comparison(let comparison, let left, let right):
            compare(comparison, left, right)
            return .bool
        case .connection(let connective, let operands):
            let types = operands.map { type(of: $0) }
            // 'a && b' is b wherever that matters; 'a || b' is one of them.
            return connective == .and ? types.last ?? .any : ExpressionType.merged(types)
        }
    }

    private mutating func report(_ kind: ExpressionTypeFinding.Kind, _ message: String, at node: ExpressionNode) {
        findings.append(ExpressionTypeFinding(kind: kind, message: message, offset: node.start))
    }

    private func words(_ node: ExpressionNode) -> String {
        let text = expression.source(of: node).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return text.count <= 60 ? text : String(text.prefix(60)) + "…"
    }
}

// MARK: Properties and items

extension TypeRun {
    private mutating func indexed(
        _ object: ExpressionNode, by index: ExpressionNode, in node: ExpressionNode
    ) -> ExpressionType {
        let owner = type(of: object)
        switch index.kind {
        case .wildcard:
            return filtered(owner, object, in: node)
        case .literal(.string(let name)):
            if owner.item != nil, isBracketed(index) { return itemNotNumber(.string, index, in: node) }
            return property(name, of: owner, object, in: node)
        default:
            let indexType = type(of: index)
            return computed(owner, indexType, object, index, in: node)
        }
    }

    /// Whether a literal stands in brackets, not behind a dot.
    private func isBracketed(_ index: ExpressionNode) -> Bool {
        expression.source(of: index).utf8.first == UInt8(ascii: "'")
    }

    private mutating func property(
        _ name: String, of owner: ExpressionType, _ object: ExpressionNode, in node: ExpressionNode
    ) -> ExpressionType {
        switch owner {
        case .any:
            return .any
        case .object(let properties):
            if let type = properties.named[name.lowercased()] ?? properties.rest { return type }
            let known = properties.named.keys.sorted()
            report(
                .unknownProperty(name: name, known: known), "'\(words(object))' has no '\(name)'.", at: node)
            return .any
        case .filtered(let item):
            switch item {
            case .any: return .filtered(of: .any)
            // Items without the property are left out.
            case .object(let properties):
                return .filtered(of: properties.named[name.lowercased()] ?? properties.rest ?? .any)
            default: return .filtered(of: .any)
            }
        case .null, .bool, .number, .string, .array:
            report(.mismatch, "'\(words(object))' is \(owner), which has no '\(name)'.", at: node)
            return .any
        }
    }

    private mutating func filtered(
        _ owner: ExpressionType, _ object: ExpressionNode, in node: ExpressionNode
    ) -> ExpressionType {
        switch owner {
        case .any:
            return .filtered(of: .any)
        case .array(let item):
            return .filtered(of: item)
        case .filtered(let item):
            return .filtered(of: item.item ?? .any)
        case .object(let properties):
            if properties.rest == .any { return .filtered(of: .any) }
            let types = Array(properties.named.values) + [properties.rest].compactMap { $0 }
            return .filtered(of: ExpressionType.merged(types))
        case .null, .bool, .number, .string:
            report(.mismatch, "'\(words(object))' is \(owner), which has no items for '*'.", at: node)
            return .any
        }
    }

    private mutating func computed(
        _ owner: ExpressionType, _ index: ExpressionType, _ object: ExpressionNode, _ indexNode: ExpressionNode,
        in node: ExpressionNode
    ) -> ExpressionType {
        switch owner {
        case .any:
            return .any
        case .array(let item), .filtered(let item):
            guard index == .number || index == .any else { return itemNotNumber(index, indexNode, in: node) }
            return item
        case .object(let properties):
            guard index == .string || index == .any || properties.rest == .any else {
                report(
                    .mismatch, "The name of a property is a text, but '\(words(indexNode))' is \(index).",
                    at: indexNode)
                return .any
            }
            return properties.named.isEmpty ? properties.rest ?? .any : .any
        case .null, .bool, .number, .string:
            report(.mismatch, "'\(words(object))' is \(owner), which has nothing in brackets.", at: node)
            return .any
        }
    }

    private mutating func itemNotNumber(
        _ index: ExpressionType, _ indexNode: ExpressionNode, in node: ExpressionNode
    ) -> ExpressionType {
        report(
            .mismatch, "The items of a list have numbers, but '\(words(indexNode))' is \(index).", at: indexNode)
        return .any
    }
}

// MARK: Comparisons and calls

extension TypeRun {
    private mutating func compare(
        _ comparison: ExpressionNode.Comparison, _ left: ExpressionNode, _ right: ExpressionNode
    ) {
        let (first, second) = (type(of: left), type(of: right))
        reportBooleanAsText(first, right, at: left)
        reportBooleanAsText(second, left, at: right)
        let fits: Bool
        switch comparison {
        case .equal, .notEqual: fits = first.isComparable(with: second)
        default: fits = first.hasOrder && second.hasOrder
        }
        guard !fits else { return }
        report(
            .comparison,
            "'\(comparison.rawValue)' cannot compare \(first) with \(second): the answer is always the same.", at: left)
    }

    /// `flag == 'true'`: the boolean becomes 1 or 0, the word no number at all, so the two are never equal.
    private mutating func reportBooleanAsText(
        _ type: ExpressionType, _ other: ExpressionNode, at node: ExpressionNode
    ) {
        guard type == .bool, case .literal(.string(let text)) = other.kind, !text.isEmpty, Double(text) == nil else {
            return
        }
        report(
            .booleanAsText,
            "'\(words(node))' is a boolean: it is never equal to the text '\(text)'.", at: node)
    }

    private mutating func called(
        _ name: String, _ arguments: [ExpressionNode], in node: ExpressionNode
    ) -> ExpressionType {
        let types = arguments.map { type(of: $0) }
        switch name {
        case "contains":
            guard let list = types.first else { return .bool }
            if list.item == nil {
                expectText(types, arguments, of: "contains", [0, 1])
            }
            return .bool
        case "startswith", "endswith":
            expectText(types, arguments, of: name == "startswith" ? "startsWith" : "endsWith", [0, 1])
            return .bool
        case "format":
            expectText(types, arguments, of: "format", [0])
            return .string
        case "join":
            expectText(types, arguments, of: "join", [1])
            if let list = types.first, case .object = list {
                report(.argument, "'join' takes a list, but '\(words(arguments[0]))' is \(list).", at: arguments[0])
            }
            return .string
        case "tojson":
            return .string
        case "fromjson":
            expectText(types, arguments, of: "fromJSON", [0])
            return parsedJSON(arguments)
        case "hashfiles":
            return .string
        case "always", "success", "failure", "cancelled":
            return .bool
        case "case":
            // Pairs of condition and value, and what is left over.
            var values = types.enumerated().filter { !$0.offset.isMultiple(of: 2) }.map(\.element)
            if !types.count.isMultiple(of: 2), let last = types.last { values.append(last) }
            return ExpressionType.merged(values)
        default:
            return .any
        }
    }

    private mutating func expectText(
        _ types: [ExpressionType], _ arguments: [ExpressionNode], of function: String, _ positions: [Int]
    ) {
        for position in positions where position < types.count {
            switch types[position] {
            case .any, .null, .bool, .number, .string: continue
            case .array, .filtered, .object: break
            }
            report(
                .argument,
                "'\(function)' takes a text here, but '\(words(arguments[position]))' is \(types[position]).",
                at: arguments[position])
        }
    }

    private func parsedJSON(_ arguments: [ExpressionNode]) -> ExpressionType {
        guard let first = arguments.first, case .literal(.string(let text)) = first.kind else { return .any }
        do throws(JSONError) {
            return ExpressionType(of: try DataValue(json: text))
        } catch {
            return .any
        }
    }
}

extension ExpressionType {
    /// Whether `==` can be true: texts, numbers, booleans and null are turned into each other, the rest is not.
    fileprivate func isComparable(with other: ExpressionType) -> Bool {
        switch (self, other) {
        case (.any, _), (_, .any), (.null, _), (_, .null):
            return true
        case (.object, .object):
            return true
        case (.array(let left), .array(let right)), (.array(let left), .filtered(let right)),
            (.filtered(let left), .array(let right)), (.filtered(let left), .filtered(let right)):
            return left.isComparable(with: right)
        case (.object, _), (_, .object), (.array, _), (_, .array), (.filtered, _), (_, .filtered):
            return false
        default:
            return true
        }
    }

    /// Whether `<` has a meaning.
    fileprivate var hasOrder: Bool {
        switch self {
        case .any, .number, .string: true
        case .null, .bool, .array, .filtered, .object: false
        }
    }
}
