// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import PipelineModel
internal import StructuredData

/// Where a token stands: a file of the reading's file table, and a position in it.
package struct TokenPlace: Hashable, Sendable {
    /// Index into the file table; 0 is the file that was asked for.
    package var file: Int
    package var position: SourcePosition
    /// The alias that brought the value to where it is read; `nil` for one that is written in its place.
    package var alias: TokenAlias?

    package init(file: Int, position: SourcePosition, alias: TokenAlias? = nil) {
        self.file = file
        self.position = position
        self.alias = alias
    }
}

/// The outermost alias around a value.
package struct TokenAlias: Hashable, Sendable {
    package var position: SourcePosition
    /// Where the value that it stands for begins.
    package var anchorLine: Int
}

/// A value of a file, typed as GitHub types it: literals, expressions, collections.
package struct TemplateToken: Sendable {
    package indirect enum Content: Sendable {
        case null
        case bool(Bool)
        case number(Double)
        case string(String)
        /// The source of one expression, without its `${{ }}`; mixed text is one `format(…)`.
        case expression(String)
        case sequence([TemplateToken])
        case mapping([TokenEntry])
        /// `${{ insert }}`, as a key.
        case insert
    }

    package var content: Content
    /// `nil` for a token that stands in no file.
    package var place: TokenPlace?

    package init(_ content: Content, _ place: TokenPlace? = nil) {
        self.content = content
        self.place = place
    }
}

package struct TokenEntry: Sendable {
    package var key: TemplateToken
    package var value: TemplateToken

    package init(key: TemplateToken, value: TemplateToken) {
        self.key = key
        self.value = value
    }
}

extension TemplateToken {
    package var string: String? { if case .string(let text) = content { text } else { nil } }
    package var bool: Bool? { if case .bool(let value) = content { value } else { nil } }
    package var number: Double? { if case .number(let value) = content { value } else { nil } }
    package var expression: String? { if case .expression(let source) = content { source } else { nil } }
    package var items: [TemplateToken]? { if case .sequence(let items) = content { items } else { nil } }
    package var entries: [TokenEntry]? { if case .mapping(let entries) = content { entries } else { nil } }
    package var isNull: Bool { if case .null = content { true } else { false } }

    /// An expression or a directive: known only at run time.
    package var isExpression: Bool {
        switch content {
        case .expression, .insert: true
        default: false
        }
    }

    /// Whether an expression stands here or anywhere below.
    package var holdsExpression: Bool {
        switch content {
        case .expression, .insert: true
        case .sequence(let items): items.contains { $0.holdsExpression }
        case .mapping(let entries): entries.contains { $0.key.holdsExpression || $0.value.holdsExpression }
        default: false
        }
    }

    /// The value of the literal key `key`, exactly written.
    package subscript(key: String) -> TemplateToken? {
        entries?.first { $0.key.string == key }?.value
    }

    /// A literal as GitHub makes a string of it; `nil` for an expression or a collection.
    package var literalText: String? {
        switch content {
        case .null: ""
        case .bool(let value): value ? "true" : "false"
        case .number(let value): DataValue.numberText(value)
        case .string(let text): text
        default: nil
        }
    }

    /// The token without its places, as plans hold it.
    package var template: TemplateValue {
        switch content {
        case .null: .null
        case .bool(let value): .bool(value)
        case .number(let value): .number(value)
        case .string(let text): .string(text)
        case .expression(let source): .expression(source)
        case .insert: .insert
        case .sequence(let items): .sequence(items.map(\.template))
        case .mapping(let entries):
            .mapping(entries.map { TemplateEntry(key: $0.key.template, value: $0.value.template) })
        }
    }
}
