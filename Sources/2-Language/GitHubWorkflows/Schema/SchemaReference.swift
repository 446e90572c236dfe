// SPDX-License-Identifier: Apache-2.0

/// The manual's page about the keys of workflow files, written from the table.
package enum SchemaReference {
    /// Markdown: every key with what expressions may use there, then every event.
    package static func page() -> String {
        var text = """
            # The keys of workflow files

            Written from the table that the reader uses (`WorkflowSchema`); a test keeps it current. *Expressions* names the
            contexts and the extra functions that `${{ }}` may use at a key; where it is empty, expressions are not allowed.
            `<name>` stands for a key of the author's choosing, `[]` for the items of a list.

            | key | required | expressions | what it is |
            |---|---|---|---|

            """
        var writer = RowWriter()
        writer.add(WorkflowSchema.workflowRoot, path: "", .none)
        text += writer.rows.joined(separator: "\n")
        text += "\n\n# Events\n\n| event | activity types | filters |\n|---|---|---|\n"
        for event in EventCatalog.events.sorted(by: { $0.name < $1.name }) {
            let filters = event.filters.properties.map { "`\($0.name)`" }.joined(separator: ", ")
            let types = event.types.map { "`\($0)`" }.joined(separator: ", ")
            text += "| `\(event.name)` | \(types) | \(filters) |\n"
        }
        return text + "| `schedule` | | `cron`, `timezone` |\n"
    }

    private struct RowWriter {
        let schema = WorkflowSchema.current
        var rows: [String] = []
        /// Definitions whose keys are in the table: `parallel` holds steps again.
        var seen: Set<String> = []

        mutating func add(_ name: String, path: String, _ above: Availability) {
            let definition = schema[name]
            let availability = above.union(definition.availability)
            for alternative in schema.alternatives(of: definition) {
                switch alternative.kind {
                case .sequence(let item) where item != "any":
                    add(item, path: path + "[]", availability)
                case .mapping(let mapping) where seen.insert(alternative.name + path).inserted:
                    add(mapping, path: path, availability)
                default: break
                }
            }
        }

        private mutating func add(_ mapping: SchemaMapping, path: String, _ above: Availability) {
            // Events have a table of their own, and steps are written once.
            if path == "on" || path.hasSuffix("parallel[]") { return }
            let prefix = path.isEmpty ? "" : path + "."
            for property in mapping.properties {
                addRow(property, prefix + property.name, above)
                add(property.type, path: prefix + property.name, above)
            }
            if let value = mapping.looseValue, value != "any" { add(value, path: prefix + "<name>", above) }
        }

        private mutating func addRow(_ property: SchemaProperty, _ key: String, _ above: Availability) {
            let availability = above.union(schema[property.type].availability)
            let names = availability.contexts.names + availability.functions.signatures.map { $0.name + "()" }
            let row =
                "| `\(key)` | \(property.isRequired ? "yes" : "") | \(names.joined(separator: ", ")) "
                + "| \(property.summary) |"
            if !rows.contains(row) { rows.append(row) }
        }
    }
}
