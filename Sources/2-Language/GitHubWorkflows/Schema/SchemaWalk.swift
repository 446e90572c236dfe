// SPDX-License-Identifier: Apache-2.0

package import YAMLReading

/// One node of a file as the schema sees it.
package struct SchemaNode: Sendable {
    package var node: YAMLNode
    /// The node's definition; `any` where the schema has nothing to say.
    package var definition: SchemaDefinition
    /// What expressions may use here: all that the definitions from the root down add.
    package var availability: Availability
    /// Keys from the root down; items of a sequence are their index in decimal.
    package var path: [String]
    /// Whether this is a mapping's key; ``definition`` is then the key's, and ``path`` ends with its text.
    package var isKey: Bool
}

/// What a visitor wants next.
package enum SchemaVisit: Sendable {
    case enter
    case skip
}

/// Walks a YAML tree along the schema, also where the file is faulty: unknown keys are visited as `any`.
///
/// A one-of of several mappings is narrowed as the reader does it: by the keys that are there.
package struct SchemaWalk: Sendable {
    private let schema: WorkflowSchema

    package init(_ schema: WorkflowSchema = .current) {
        self.schema = schema
    }

    /// Calls `visit` for each node, parents first, in the order of the text.
    ///
    /// Recursion is as deep as the tree, which the YAML reader bounds.
    package func walk(
        _ root: YAMLNode, as definition: String = WorkflowSchema.workflowRoot,
        visit: (SchemaNode) -> SchemaVisit
    ) {
        let entry = schema[definition]
        descend(
            SchemaNode(
                node: root, definition: entry, availability: entry.availability, path: [], isKey: false), visit)
    }

    private func descend(_ place: SchemaNode, _ visit: (SchemaNode) -> SchemaVisit) {
        var place = place
        let options = schema.alternatives(of: place.definition)
        switch place.node.content {
        case .scalar:
            _ = visit(place)
        case .sequence(let items):
            guard visit(place) == .enter else { return }
            var itemName = "any"
            for case .sequence(let name) in options.lazy.map(\.kind) { itemName = name }
            let item = schema[itemName]
            for (index, node) in items.enumerated() {
                descend(child(of: place, node, item, key: String(index)), visit)
            }
        case .mapping(let entries):
            let narrowed = narrow(options, by: entries)
            if narrowed.count == 1 { place.definition = narrowed[0].definition }
            guard visit(place) == .enter else { return }
            for entry in entries { descend(entry, of: place, narrowed, visit) }
        }
    }

    private func descend(
        _ entry: YAMLEntry, of place: SchemaNode, _ mappings: [NarrowedMapping], _ visit: (SchemaNode) -> SchemaVisit
    ) {
        let key = entry.key.scalarText ?? ""
        var keyType = "string"
        var valueType = "any"
        if let property = mappings.lazy.compactMap({ $0.mapping.property(key) }).first {
            valueType = property.type
        } else if let first = mappings.first, let looseKey = first.mapping.looseKey {
            keyType = looseKey
            valueType = first.mapping.looseValue ?? "any"
        }
        var keyNode = child(of: place, entry.key, schema[keyType], key: key)
        keyNode.isKey = true
        _ = visit(keyNode)
        descend(child(of: place, entry.value, schema[valueType], key: key), visit)
    }

    private func child(
        of place: SchemaNode, _ node: YAMLNode, _ definition: SchemaDefinition, key: String
    ) -> SchemaNode {
        SchemaNode(
            node: node, definition: definition, availability: place.availability.union(definition.availability),
            path: place.path + [key], isKey: false)
    }

    private struct NarrowedMapping {
        var definition: SchemaDefinition
        var mapping: SchemaMapping
    }

    /// The mappings among `options` that know each key which any of the remaining ones knows.
    private func narrow(_ options: [SchemaDefinition], by entries: [YAMLEntry]) -> [NarrowedMapping] {
        var left: [NarrowedMapping] = options.compactMap {
            guard case .mapping(let mapping) = $0.kind else { return nil }
            return NarrowedMapping(definition: $0, mapping: mapping)
        }
        guard left.count > 1 else { return left }
        for entry in entries {
            guard let key = entry.key.scalarText else { continue }
            let knowing = left.filter { $0.mapping.property(key) != nil }
            if !knowing.isEmpty { left = knowing }
        }
        return left
    }
}

extension YAMLNode {
    /// The text of a scalar; `nil` for a collection.
    package var scalarText: String? {
        if case .scalar(let text, _) = content { text } else { nil }
    }
}
