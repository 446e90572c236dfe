// SPDX-License-Identifier: Apache-2.0

package import StructuredData

extension DataValue {
    /// The name that GitHub gives to the value's kind.
    package var expressionKind: String {
        switch self {
        case .null: "Null"
        case .bool: "Boolean"
        case .number: "Number"
        case .string: "String"
        case .array: "Array"
        case .object: "Object"
        }
    }

    /// Whether the value counts as true: not null, false, 0, -0, NaN or the empty string.
    package var isTruthy: Bool {
        switch self {
        case .null: false
        case .bool(let value): value
        case .number(let value): value != 0 && !value.isNaN
        case .string(let value): !value.isEmpty
        case .array, .object: true
        }
    }

    /// Neither array nor object.
    package var isPrimitive: Bool {
        switch self {
        case .array, .object: false
        default: true
        }
    }

    /// The value as the language turns it into a string; null is empty, arrays and objects are their kind's name.
    package var coercedToString: String {
        switch self {
        case .null: ""
        case .bool(let value): value ? "true" : "false"
        case .number(let value): DataValue.numberText(value)
        case .string(let value): value
        case .array: "Array"
        case .object: "Object"
        }
    }

    /// The value as the language turns it into a number; arrays and objects are NaN.
    package var coercedToNumber: Double {
        switch self {
        case .null: 0
        case .bool(let value): value ? 1 : 0
        case .number(let value): value
        case .string(let value): NumberParsing.number(value)
        case .array, .object: .nan
        }
    }
}

extension Operand {
    /// `==`: kinds that differ are compared as numbers, strings without regard to case, arrays and objects by
    /// identity.
    func looselyEquals(_ other: Operand) -> Bool {
        switch Self.coerced(value, other.value) {
        case (.null, .null): true
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): OrdinalText.equal(left, right)
        case (.bool(let left), .bool(let right)): left == right
        case (.array, .array), (.object, .object): identity == other.identity
        default: false
        }
    }

    /// `<`; of what has no order nothing is less.
    func isLess(than other: Operand) -> Bool {
        switch Self.coerced(value, other.value) {
        case (.number(let left), .number(let right)): left < right
        case (.string(let left), .string(let right)): OrdinalText.compare(left, right) < 0
        case (.bool(let left), .bool(let right)): !left && right
        default: false
        }
    }

    /// JavaScript's abstract comparison, save that arrays and objects stay what they are.
    private static func coerced(_ left: DataValue, _ right: DataValue) -> (DataValue, DataValue) {
        switch (left, right) {
        case (.null, .null), (.bool, .bool), (.number, .number), (.string, .string): (left, right)
        case (.array, .array), (.object, .object): (left, right)
        case (.number, .string): (left, .number(right.coercedToNumber))
        case (.string, .number): (.number(left.coercedToNumber), right)
        case (.null, _), (.bool, _): coerced(.number(left.coercedToNumber), right)
        case (_, .null), (_, .bool): coerced(left, .number(right.coercedToNumber))
        default: (left, right)
        }
    }
}

extension DataValue {
    /// `==` of two values that no context holds: as in an expression; arrays and objects are never equal.
    package func looselyEquals(_ other: DataValue) -> Bool {
        Operand(self, identity: 1).looselyEquals(Operand(other, identity: 2))
    }
}
