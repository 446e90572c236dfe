// SPDX-License-Identifier: Apache-2.0

package import StructuredData
package import YAMLReading

extension DataValue {
    /// A YAML tree as Kubernetes reads one: plain scalars are null, booleans and numbers where they look so; of two equal keys the
    /// last counts.
    package init(yaml node: YAMLNode) {
        switch node.content {
        case .sequence(let items): self = .array(items.map { DataValue(yaml: $0) })
        case .mapping(let entries):
            self = .object(
                entries.reduce(into: DataObject()) { object, entry in
                    guard case .scalar(let key, _) = entry.key.content else { return }
                    object[key] = DataValue(yaml: entry.value)
                })
        case .scalar(let text, .plain):
            switch text {
            case "", "~", "null": self = .null
            case "true": self = .bool(true)
            case "false": self = .bool(false)
            default:
                let looksLikeNumber = text.utf8.allSatisfy { (48...57).contains($0) || $0 == 46 || $0 == 45 }
                self = (looksLikeNumber ? Double(text) : nil).map(DataValue.number) ?? .string(text)
            }
        case .scalar(let text, _): self = .string(text)
        }
    }

    /// A scalar as it was written, near enough: for names, quantities, versions.
    package var coercedText: String {
        switch self {
        case .string(let text): text
        case .bool(let value): value ? "true" : "false"
        case .number(let value): Int(exactly: value).map(String.init) ?? "\(value)"
        case .null, .array, .object: ""
        }
    }
}
