// SPDX-License-Identifier: Apache-2.0

public import StructuredData

/// A value of a pipeline file whose text may hold expressions that are evaluated later.
///
/// Text that mixes literals and expressions is kept as one `format(…)` expression.
public indirect enum TemplateValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    /// The source of one expression, without its `${{ }}`.
    case expression(String)
    case sequence([TemplateValue])
    case mapping([TemplateEntry])
    /// The `${{ insert }}` directive, as a key: the entry's value is a mapping whose entries are put in its place.
    case insert
}

public struct TemplateEntry: Hashable, Sendable {
    public var key: TemplateValue
    public var value: TemplateValue

    public init(key: TemplateValue, value: TemplateValue) {
        self.key = key
        self.value = value
    }
}

extension TemplateValue {
    /// The value as data, where it holds no expression; `nil` where it does.
    public var literal: DataValue? {
        switch self {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .number(let value): return .number(value)
        case .string(let value): return .string(value)
        case .expression, .insert: return nil
        case .sequence(let items):
            var values: [DataValue] = []
            for item in items {
                guard let value = item.literal else { return nil }
                values.append(value)
            }
            return .array(values)
        case .mapping(let entries):
            var object = DataObject()
            for entry in entries {
                guard case .string(let key)? = entry.key.literal, let value = entry.value.literal else { return nil }
                object[key] = value
            }
            return .object(object)
        }
    }

    /// The value of a literal key of a mapping.
    public subscript(key: String) -> TemplateValue? {
        guard case .mapping(let entries) = self else { return nil }
        return entries.first { $0.key == .string(key) }?.value
    }
}

extension TemplateValue: DataRepresentable {
    /// Literals stand for themselves, an expression is `{"$": source}`, a mapping `{"map": [[key, value], …]}`.
    public var data: DataValue {
        switch self {
        case .null: .null
        case .bool(let value): .bool(value)
        case .number(let value): .number(value)
        case .string(let value): .string(value)
        case .expression(let source): ["$": .string(source)]
        case .insert: ["insert": true]
        case .sequence(let items): .array(items.map(\.data))
        case .mapping(let entries): ["map": .array(entries.map { [$0.key.data, $0.value.data] })]
        }
    }

    public init(data: DataValue) throws(DataShapeError) {
        switch data {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .number(let value): self = .number(value)
        case .string(let value): self = .string(value)
        case .array(let items):
            var values: [TemplateValue] = []
            for item in items { values.append(try TemplateValue(data: item)) }
            self = .sequence(values)
        case .object(let object):
            self = try Self.tagged(object)
        }
    }

    private static func tagged(_ object: DataObject) throws(DataShapeError) -> TemplateValue {
        if let source = object["$"]?.string { return .expression(source) }
        if object["insert"] != nil { return .insert }
        guard let pairs = object["map"]?.array else { throw DataShapeError("a template value") }
        var entries: [TemplateEntry] = []
        for pair in pairs {
            guard let parts = pair.array, parts.count == 2 else { throw DataShapeError("a template entry") }
            entries.append(
                TemplateEntry(key: try TemplateValue(data: parts[0]), value: try TemplateValue(data: parts[1])))
        }
        return .mapping(entries)
    }
}
