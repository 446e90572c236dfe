// SPDX-License-Identifier: Apache-2.0

internal import StructuredData

/// A value in the course of an evaluation.
struct Operand {
    var value: DataValue
    /// Which array or object this is: `==` compares those by identity, which values themselves lack. Derived from
    /// the context or call that the value came from and the way down from there. Of no meaning for primitives.
    var identity: UInt64
    /// The items, where `.*` made this: a filter applies to each of them.
    var filtered: [Operand]?

    init(_ value: DataValue, identity: UInt64 = 0) {
        self.value = value
        self.identity = identity
    }

    init(filtered items: [Operand], identity: UInt64) {
        value = .array(items.map(\.value))
        self.identity = identity
        filtered = items
    }

    func item(_ value: DataValue, at index: Int) -> Operand {
        Operand(value, identity: value.isPrimitive ? 0 : Self.mix(identity, UInt64(index)))
    }

    func member(_ value: DataValue, at key: String) -> Operand {
        Operand(value, identity: value.isPrimitive ? 0 : Self.mix(identity, Self.hash(key)))
    }

    /// The items of an array, each with its identity; `nil` for anything else.
    var items: [Operand]? {
        if let filtered { return filtered }
        guard case .array(let values) = value else { return nil }
        return values.enumerated().map { item($1, at: $0) }
    }

    static func hash(_ name: String) -> UInt64 {
        name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    private static func mix(_ parent: UInt64, _ child: UInt64) -> UInt64 {
        var mixed = (parent ^ (child &+ 0x9E37_79B9_7F4A_7C15)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// What stands in brackets or behind a full stop, once it is evaluated.
enum IndexKey {
    case wildcard
    /// `name` for objects, `position` for arrays, each where the value is one.
    case value(DataValue)

    var name: String? {
        guard case .value(let value) = self, value.isPrimitive else { return nil }
        return value.coercedToString
    }

    var position: Int? {
        guard case .value(let value) = self else { return nil }
        let number = value.coercedToNumber
        guard number >= 0, number < 2_147_483_648 else { return nil }
        return Int(number)
    }
}

extension Operand {
    /// Indexing; what is not there is null. `identity` is for the array that a wildcard makes.
    func element(_ key: IndexKey, identity: UInt64) -> Operand {
        if let filtered {
            return Operand(filtered: filtered.flatMap { $0.matches(key) }, identity: identity)
        }
        if case .wildcard = key { return Operand(filtered: matches(key), identity: identity) }
        return matches(key).first ?? Operand(.null)
    }

    private func matches(_ key: IndexKey) -> [Operand] {
        switch value {
        case .object(let object):
            if case .wildcard = key { return object.map { member($1, at: $0) } }
            guard let name = key.name else { return [] }
            if let exact = object[name] { return [member(exact, at: name)] }
            guard let index = object.keys.firstIndex(where: { OrdinalText.equal($0, name) }) else { return [] }
            return [member(object.values[index], at: object.keys[index])]
        case .array(let array):
            if case .wildcard = key { return items ?? [] }
            guard let position = key.position, position < array.count else { return [] }
            return [filtered.map { $0[position] } ?? item(array[position], at: position)]
        default:
            return []
        }
    }
}
