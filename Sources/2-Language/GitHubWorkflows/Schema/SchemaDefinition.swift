// SPDX-License-Identifier: Apache-2.0

/// One named rule of the workflow schema: what a node may be, and what expressions there may use.
package struct SchemaDefinition: Sendable {
    package enum Kind: Sendable {
        case null
        case boolean
        case number
        case string(SchemaString)
        /// The name of the items' definition.
        case sequence(item: String)
        case mapping(SchemaMapping)
        /// The names of the alternatives.
        case oneOf([String])
    }

    package var name: String
    package var kind: Kind
    /// Added to what is available at the node above.
    package var availability: Availability
    /// One sentence for documentation; empty where the name says it.
    package var summary: String
}

package struct SchemaString: Sendable {
    /// The only texts allowed; empty where any is.
    package var allowed: [String] = []
    /// A text outside ``allowed`` is a warning: GitHub takes it, but nothing will ever match it.
    package var isOpen = false
    package var isNonEmpty = false
    /// The whole text is an expression, with or without `${{ }}` around it.
    package var isExpression = false

    /// Whether `text` is allowed; an open list allows every text.
    package func accepts(_ text: String) -> Bool {
        if isNonEmpty && text.isEmpty { return false }
        return allowed.isEmpty || isOpen || allowed.contains(text)
    }
}

package struct SchemaMapping: Sendable {
    /// In the order of the documentation.
    package var properties: [SchemaProperty]
    /// The definition of keys that are not among ``properties``; `nil` where there may be none.
    package var looseKey: String?
    package var looseValue: String?
    /// An unknown key is a warning: GitHub ignores it.
    package var isOpen = false
    /// A key beside which unknown ones are errors after all.
    package var strictBeside: String?

    package func property(_ name: String) -> SchemaProperty? {
        properties.first { $0.name == name }
    }
}

package struct SchemaProperty: Sendable {
    package var name: String
    /// The name of the value's definition.
    package var type: String
    package var isRequired: Bool
    package var summary: String
}

extension SchemaProperty {
    static func optional(_ name: String, _ type: String, _ summary: String = "") -> SchemaProperty {
        SchemaProperty(name: name, type: type, isRequired: false, summary: summary)
    }

    static func required(_ name: String, _ type: String, _ summary: String = "") -> SchemaProperty {
        SchemaProperty(name: name, type: type, isRequired: true, summary: summary)
    }
}
