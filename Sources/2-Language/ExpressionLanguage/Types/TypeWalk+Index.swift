// SPDX-License-Identifier: Apache-2.0

internal import StructuredData

extension TypeWalk {
    /// The type of `object.name`, `object[index]` or `object.*`.
    mutating func element(of object: ExpressionNode, at index: ExpressionNode) -> ExpressionType {
        let type = type(of: object)
        switch index.kind {
        case .wildcard: return filtered(type, object)
        case .literal(.string(let name)):
            if case .context("vars") = object.kind { checkVariable(name, index) }
            return property(name, of: type, index)
        default: return indexed(type, by: self.type(of: index), index)
        }
    }

    private mutating func property(
        _ name: String, of type: ExpressionType, _ node: ExpressionNode
    ) -> ExpressionType {
        switch type {
        case .any: return .any
        case .object(let shape):
            if let property = shape[name] { return property }
            reportUnknown(name, in: shape, node, of: "")
            return .any
        case .array(let element, isFiltered: true):
            switch element {
            case .any: return .array(.any, isFiltered: true)
            case .object(let shape):
                if let property = shape[name] { return .array(property, isFiltered: true) }
                reportUnknown(name, in: shape, node, of: "items of ")
                return .array(.any, isFiltered: true)
            default:
                report(
                    .notAnObject, at: node,
                    "'\(name)' is read of the items of a filtered array, but those are of type \(element)")
                return .any
            }
        default:
            report(.notAnObject, at: node, "'\(name)' is read of a value of type \(type), which has no properties")
            return .any
        }
    }

    private mutating func reportUnknown(
        _ name: String, in shape: ExpressionType.ObjectShape, _ node: ExpressionNode, of what: String
    ) {
        report(
            .unknownProperty, at: node, "There is no property '\(name)' in \(what)type \(shape)",
            suggestion: NearestName.of(name, among: shape.names))
    }

    private mutating func filtered(_ type: ExpressionType, _ node: ExpressionNode) -> ExpressionType {
        switch type {
        case .any: return .array(.any, isFiltered: true)
        case .array(let element, isFiltered: false): return .array(element, isFiltered: true)
        case .array(let element, isFiltered: true): return .array(element.filteredElement, isFiltered: true)
        case .object(let shape):
            let types = Array(shape.properties.values) + (shape.rest.map { [$0] } ?? [])
            guard types.contains(where: \.hasElements) else {
                report(.notAnObject, at: node, "'.*' finds nothing: no property of type \(type) is an object or array")
                return .array(.any, isFiltered: true)
            }
            let elements = types.filter(\.hasElements)
            return .array(
                elements.dropFirst().reduce(elements.first ?? .any) { $0.merged(with: $1) }, isFiltered: true)
        default:
            report(.notAnObject, at: node, "'.*' is applied to a value of type \(type), which has no elements")
            return .array(.any, isFiltered: true)
        }
    }

    private mutating func indexed(
        _ type: ExpressionType, by index: ExpressionType, _ node: ExpressionNode
    ) -> ExpressionType {
        switch type {
        case .any: return .any
        case .array(_, isFiltered: true): return .any
        case .array(let element, isFiltered: false):
            if index != .any, index != .number {
                report(.indexType, at: node, "An array is indexed by a number, not by a value of type \(index)")
            }
            return element
        case .object(let shape):
            if index != .any, index != .string {
                report(.indexType, at: node, "An object is indexed by a string, not by a value of type \(index)")
            }
            return shape.properties.isEmpty ? shape.rest ?? .any : .any
        default:
            report(.notAnObject, at: node, "A value of type \(type) cannot be indexed")
            return .any
        }
    }

    /// GitHub's rules for names of configuration variables.
    private mutating func checkVariable(_ name: String, _ node: ExpressionNode) {
        if name.lowercased().hasPrefix("github_") {
            report(.variableName, at: node, "No variable can have the name '\(name)': GITHUB_ is a reserved prefix")
        } else if !name.utf8.allSatisfy({ ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 <= 9 || $0 == UInt8(ascii: "_") }) {
            report(
                .variableName, at: node,
                "No variable can have the name '\(name)': names are made of letters, digits and '_'")
        }
    }
}

extension ExpressionType {
    /// Whether a filter can go on from such a value.
    fileprivate var hasElements: Bool {
        switch self {
        case .any, .array, .object: true
        default: false
        }
    }

    /// What a second `.*` makes of items of this type.
    fileprivate var filteredElement: ExpressionType {
        if case .array(let element, _) = self { element } else { .any }
    }
}
