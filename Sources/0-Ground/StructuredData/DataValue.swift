// SPDX-License-Identifier: Apache-2.0

/// A JSON-shaped value: what expressions compute with, what events and payloads carry.
///
/// Numbers are IEEE doubles, as in the expression language. Objects keep the order of their keys.
public enum DataValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([DataValue])
    case object(DataObject)
}

/// An object with ordered keys that are found exactly first, then without regard to ASCII case.
public struct DataObject: Hashable, Sendable {
    /// In insertion order.
    public private(set) var keys: [String]
    /// Parallel to ``keys``.
    public private(set) var values: [DataValue]
    /// Built once an object outgrows ``linearLimit`` keys; key to index.
    private var index: [String: Int]?

    /// Up to this many keys a linear scan beats hashing.
    private static let linearLimit = 8

    public init() {
        keys = []
        values = []
    }

    public init(_ pairs: some Sequence<(String, DataValue)>) {
        self.init()
        for (key, value) in pairs { self[key] = value }
    }

    public var count: Int { keys.count }

    /// Makes room for so many keys at once.
    public mutating func reserveCapacity(_ count: Int) {
        keys.reserveCapacity(count)
        values.reserveCapacity(count)
    }
    public var isEmpty: Bool { keys.isEmpty }

    /// The exact key's value. Setting `nil` removes the key; setting an existing one keeps its place.
    public subscript(key: String) -> DataValue? {
        get { position(of: key).map { values[$0] } }
        set {
            guard let newValue else { return remove(key) }
            if let found = position(of: key) {
                values[found] = newValue
            } else {
                append(key, newValue)
            }
        }
    }

    /// The value whose key equals `key` without regard to case: how the expression language dereferences.
    public func valueIgnoringCase(_ key: String) -> DataValue? {
        if let exact = self[key] { return exact }
        let folded = key.lowercased()
        return keys.firstIndex { $0.lowercased() == folded }.map { values[$0] }
    }

    private func position(of key: String) -> Int? {
        if let index { return index[key] }
        return keys.firstIndex(of: key)
    }

    private mutating func append(_ key: String, _ value: DataValue) {
        keys.append(key)
        values.append(value)
        if index != nil {
            index?[key] = keys.count - 1
        } else if keys.count > Self.linearLimit {
            rebuildIndex()
        }
    }

    private mutating func remove(_ key: String) {
        guard let found = position(of: key) else { return }
        keys.remove(at: found)
        values.remove(at: found)
        if index != nil { rebuildIndex() }
    }

    private mutating func rebuildIndex() {
        index = Dictionary(uniqueKeysWithValues: keys.enumerated().map { ($1, $0) })
    }

    /// Objects are equal where they have the same keys and values, whatever the order.
    public static func == (left: DataObject, right: DataObject) -> Bool {
        left.count == right.count && left.keys.allSatisfy { left[$0] == right[$0] }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        // Order does not count in ==, so the keys are hashed commutatively.
        hasher.combine(keys.reduce(0) { $0 ^ $1.hashValue })
    }
}

extension DataObject: Sequence {
    public func makeIterator() -> Zip2Sequence<[String], [DataValue]>.Iterator {
        zip(keys, values).makeIterator()
    }
}

extension DataObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, DataValue)...) {
        self.init(elements)
    }
}

extension DataValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(nilLiteral: ()) { self = .null }
    public init(arrayLiteral elements: DataValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, DataValue)...) { self = .object(DataObject(elements)) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(integerLiteral value: Int) { self = .number(Double(value)) }
}

extension DataValue {
    public var string: String? { if case .string(let value) = self { value } else { nil } }
    public var number: Double? { if case .number(let value) = self { value } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var array: [DataValue]? { if case .array(let value) = self { value } else { nil } }
    public var object: DataObject? { if case .object(let value) = self { value } else { nil } }
    /// A whole number that an `Int` holds exactly; `nil` otherwise.
    public var int: Int? { number.flatMap { Int(exactly: $0) } }

    /// The exact key's value, where this is an object that has it.
    public subscript(key: String) -> DataValue? { object?[key] }
}
