// SPDX-License-Identifier: Apache-2.0

/// A definition as the reader needs it: its alternatives sorted by what they accept.
///
/// One reference, so that handing it on for each node costs one retain.
final class SchemaShape: Sendable {
    let availability: Availability
    let acceptsNull: Bool
    let acceptsBoolean: Bool
    let acceptsNumber: Bool
    let strings: [SchemaString]
    /// The name of the items' definition; `nil` where no sequence may stand.
    let item: String?
    let mappings: [SchemaMapping]

    init(alternatives: [SchemaDefinition], _ availability: Availability) {
        self.availability = availability
        var acceptsNull = false
        var acceptsBoolean = false
        var acceptsNumber = false
        var strings: [SchemaString] = []
        var item: String?
        var mappings: [SchemaMapping] = []
        for alternative in alternatives {
            switch alternative.kind {
            case .null: acceptsNull = true
            case .boolean: acceptsBoolean = true
            case .number: acceptsNumber = true
            case .string(let string): strings.append(string)
            case .sequence(let name): item = item ?? name
            case .mapping(let mapping): mappings.append(mapping)
            case .oneOf: break
            }
        }
        self.acceptsNull = acceptsNull
        self.acceptsBoolean = acceptsBoolean
        self.acceptsNumber = acceptsNumber
        self.strings = strings
        self.item = item
        self.mappings = mappings
    }
}
