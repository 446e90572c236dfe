// SPDX-License-Identifier: Apache-2.0

/// A type with a stated, hand-written form as data: what the journal, plans and protocols are made of.
///
/// Synthesised `Codable` is not used there: a renamed label or a new case would make old records unreadable.
public protocol DataRepresentable {
    var data: DataValue { get }
    /// Tolerant: unknown keys are passed over, absent ones take their default where one makes sense.
    init(data: DataValue) throws(DataShapeError)
}

/// Data that is not of the shape its reader needs.
public struct DataShapeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was wanted: `a plan`, `an integer at "attempt"`.
    public var wanted: String

    public init(_ wanted: String) { self.wanted = wanted }

    public var description: String { "the data is not \(wanted)" }
}

extension DataValue {
    /// The value at `key`, read as `type`.
    public func required<Value>(
        _ key: String, _ read: (DataValue) -> Value?
    ) throws(DataShapeError) -> Value {
        guard let value = self[key].flatMap(read) else { throw DataShapeError("an object with a proper \"\(key)\"") }
        return value
    }

    public func string(_ key: String) throws(DataShapeError) -> String { try required(key, \.string) }
    public func int(_ key: String) throws(DataShapeError) -> Int { try required(key, \.int) }
    public func bool(_ key: String, default fallback: Bool = false) -> Bool { self[key]?.bool ?? fallback }
    public func strings(_ key: String) -> [String] { self[key]?.array?.compactMap(\.string) ?? [] }

    /// The array at `key`, empty where there is none, each element read by `read`.
    public func list<Value>(
        _ key: String, _ read: (DataValue) throws(DataShapeError) -> Value
    ) throws(DataShapeError) -> [Value] {
        var values: [Value] = []
        for element in self[key]?.array ?? [] { values.append(try read(element)) }
        return values
    }
}

extension DataObject {
    /// Sets `key` only where there is a value: absent, not null, is how the journal says "none".
    public mutating func set(_ key: String, _ value: DataValue?) {
        if let value { self[key] = value }
    }
}
