// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// What is known of a value before the run.
package indirect enum ExpressionType: Hashable, Sendable {
    /// Nothing.
    case any
    case null
    case bool
    case number
    case string
    case array(of: ExpressionType)
    /// What `.*` gives: a name after it is taken from each item.
    case filtered(of: ExpressionType)
    case object(Properties)

    /// The properties of an object, by their names in lower case.
    package struct Properties: Hashable, Sendable {
        package var named: [String: ExpressionType]
        /// The type of any other property; `nil` where there is none.
        package var rest: ExpressionType?

        package init(_ named: [String: ExpressionType] = [:], rest: ExpressionType? = nil) {
            self.named = named
            self.rest = rest
        }
    }

    /// An object with these properties and no others. Names are taken without regard to case.
    package static func strict(_ named: [String: ExpressionType]) -> ExpressionType {
        .object(Properties(lowercased(named)))
    }

    /// An object with these properties, and others of which nothing is known.
    package static func open(_ named: [String: ExpressionType] = [:]) -> ExpressionType {
        .object(Properties(lowercased(named), rest: .any))
    }

    /// An object whose properties are all of one type.
    package static func map(of type: ExpressionType) -> ExpressionType { .object(Properties(rest: type)) }

    private static func lowercased(_ named: [String: ExpressionType]) -> [String: ExpressionType] {
        var result: [String: ExpressionType] = [:]
        for (name, type) in named { result[name.lowercased()] = type }
        return result
    }

    /// The type of a value that is known.
    package init(of value: DataValue) {
        switch value {
        case .null: self = .null
        case .bool: self = .bool
        case .number: self = .number
        case .string: self = .string
        case .array(let items): self = .array(of: Self.merged(items.map { ExpressionType(of: $0) }))
        case .object(let object):
            var named: [String: ExpressionType] = [:]
            for (name, value) in object { named[name.lowercased()] = ExpressionType(of: value) }
            self = .object(Properties(named))
        }
    }

    /// What is known of a value that has one of several types; ``any`` where there are none.
    package static func merged(_ types: some Sequence<ExpressionType>) -> ExpressionType {
        var result: ExpressionType?
        for type in types { result = result.map { $0.merged(with: type) } ?? type }
        return result ?? .any
    }

    /// What is known of a value that has this type or `other`.
    package func merged(with other: ExpressionType) -> ExpressionType {
        if self == other { return self }
        switch (self, other) {
        case (.array(let left), .array(let right)), (.filtered(let left), .array(let right)),
            (.array(let left), .filtered(let right)):
            return .array(of: left.merged(with: right))
        case (.filtered(let left), .filtered(let right)):
            return .filtered(of: left.merged(with: right))
        case (.object(let left), .object(let right)):
            let named = left.named.merging(right.named) { $0.merged(with: $1) }
            let rest = [left.rest, right.rest].compactMap { $0 }
            return .object(Properties(named, rest: rest.isEmpty ? nil : Self.merged(rest)))
        default:
            return .any
        }
    }

    /// The items' type, where this is an array.
    package var item: ExpressionType? {
        switch self {
        case .array(let item), .filtered(let item): item
        default: nil
        }
    }

    /// Whether `${{ }}` inside a text can show it: arrays and objects come out as mere words, null as nothing.
    package var isScalar: Bool {
        switch self {
        case .any, .bool, .number, .string: true
        case .null, .array, .filtered, .object: false
        }
    }
}

extension ExpressionType: CustomStringConvertible {
    /// With an article, for messages: `a number`.
    package var description: String {
        switch self {
        case .any: return "a value"
        case .null: return "null"
        case .bool: return "a boolean"
        case .number: return "a number"
        case .string: return "a text"
        case .array, .filtered: return "a list"
        case .object(let properties):
            guard properties.rest == nil, !properties.named.isEmpty else { return "an object" }
            let names = properties.named.keys.sorted()
            let shown = names.prefix(8).map { "'\($0)'" }.joined(separator: ", ")
            return "an object with \(shown)\(names.count > 8 ? " …" : "")"
        }
    }
}
