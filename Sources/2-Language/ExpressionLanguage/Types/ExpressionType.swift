// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// What is known of an expression's value before there is one.
package indirect enum ExpressionType: Hashable, Sendable {
    /// Nothing is known, so everything is allowed.
    case any
    case null
    case bool
    case number
    case string
    /// - isFiltered: made by `.*`, so that a property stands for that property of each item.
    case array(ExpressionType, isFiltered: Bool = false)
    case object(ObjectShape)

    /// What is known of an object.
    package struct ObjectShape: Hashable, Sendable {
        /// By name in lower case.
        package private(set) var properties: [String: ExpressionType]
        /// The type of every other property; `nil` where there are no others.
        package var rest: ExpressionType?

        package init(_ properties: [String: ExpressionType] = [:], rest: ExpressionType? = nil) {
            self.properties = [:]
            self.rest = rest
            for (name, type) in properties { self[name] = type }
        }

        /// Names are found in any case; `nil` for a property that cannot be there.
        package subscript(name: String) -> ExpressionType? {
            get { properties[name.lowercased()] ?? rest }
            set { properties[name.lowercased()] = newValue }
        }

        /// In order of the alphabet.
        package var names: [String] { properties.keys.sorted() }
    }

    /// An object with these properties and no others.
    package static func strict(_ properties: [String: ExpressionType] = [:]) -> ExpressionType {
        .object(ObjectShape(properties))
    }

    /// An object with these properties, and maybe others of which nothing is known.
    package static func loose(_ properties: [String: ExpressionType] = [:]) -> ExpressionType {
        .object(ObjectShape(properties, rest: .any))
    }

    /// An object whose properties, whatever their names, are of one type.
    package static func map(_ element: ExpressionType) -> ExpressionType {
        .object(ObjectShape(rest: element))
    }

    /// The type of a value that is known.
    package init(of value: DataValue) {
        switch value {
        case .null: self = .null
        case .bool: self = .bool
        case .number: self = .number
        case .string: self = .string
        case .array(let items):
            let types = items.map(ExpressionType.init(of:))
            self = .array(types.dropFirst().reduce(types.first ?? .any) { $0.merged(with: $1) })
        case .object(let object):
            self = .strict(Dictionary(object.map { ($0, ExpressionType(of: $1)) }, uniquingKeysWith: { $1 }))
        }
    }

    /// Whether text can be made of such a value; of arrays, objects and null it hardly ever should.
    package var isTextual: Bool {
        switch self {
        case .any, .bool, .number, .string: true
        case .null, .array, .object: false
        }
    }
}

extension ExpressionType {
    /// Whether a value of type `other` is fine where one of this type is asked for.
    package func accepts(_ other: ExpressionType) -> Bool {
        switch (self, other) {
        case (.any, _), (_, .any), (.bool, _): true
        case (.null, .null), (.number, .number), (.string, .string), (.string, .number): true
        case (.array(let element, _), .array(let otherElement, _)): element.accepts(otherElement)
        case (.object(let shape), .object(let otherShape)): shape.accepts(otherShape)
        default: false
        }
    }

    /// The narrowest type that holds values of both; where the two have nothing in common, ``any``.
    package func merged(with other: ExpressionType) -> ExpressionType {
        if self == other { return self }
        switch (self, other) {
        case (.string, .number), (.string, .bool), (.number, .string), (.bool, .string): return .string
        case (.array(.any, _), .array), (.array, .array(.any, _)): return .array(.any)
        case (.array(let element, _), .array(let otherElement, _)):
            return .array(element.merged(with: otherElement))
        case (.object(let shape), .object(let otherShape)): return .object(shape.merged(with: otherShape))
        default: return .any
        }
    }
}

extension ExpressionType.ObjectShape {
    fileprivate func accepts(_ other: Self) -> Bool {
        for (name, type) in other.properties {
            guard let own = self[name], own.accepts(type) else { return false }
        }
        guard let otherRest = other.rest else { return true }
        return rest.map { $0.accepts(otherRest) } ?? properties.values.allSatisfy { $0.accepts(otherRest) }
    }

    fileprivate func merged(with other: Self) -> Self {
        var merged = self
        switch (rest, other.rest) {
        case (let rest?, let otherRest?): merged.rest = rest.merged(with: otherRest)
        case (nil, let otherRest): merged.rest = otherRest
        case (_, nil): break
        }
        for (name, type) in other.properties {
            merged[name] = properties[name].map { $0.merged(with: type) } ?? type
        }
        return merged
    }
}

extension ExpressionType: CustomStringConvertible {
    /// `string`, `array<any>`, `{a: string; b: bool}`, `{string => string}`, `object` where nothing is known of it.
    package var description: String {
        switch self {
        case .any: "any"
        case .null: "null"
        case .bool: "bool"
        case .number: "number"
        case .string: "string"
        case .array(let element, _): "array<\(element)>"
        case .object(let shape): shape.description
        }
    }
}

extension ExpressionType.ObjectShape: CustomStringConvertible {
    package var description: String {
        switch rest {
        case .any: "object"
        case let rest? where properties.isEmpty: "{string => \(rest)}"
        default:
            "{" + names.map { "\($0): \(properties[$0] ?? .any)" }.joined(separator: "; ")
                + (rest.map { "; string => \($0)" } ?? "") + "}"
        }
    }
}
