// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import StructuredData

/// Whether a request's body is what its route takes, by the schema that stands in the OpenAPI document: what is described
/// and what is accepted cannot differ.
///
/// Source: JSON Schema 2020-12, the words that ``APISchemas`` uses. An object of a request has no keys but those of its
/// schema.
enum BodyShape {
    private static let depthLimit = 16

    /// - Throws: ``DiagnosticCode/requestInvalid`` for what is no JSON object, ``DiagnosticCode/bodyShape``.
    static func check(_ bytes: [UInt8], as name: String) throws(DiagnosticError) {
        let value: DataValue
        if bytes.isEmpty {
            value = [:]
        } else {
            guard let read = try? DataValue(json: bytes) else {
                throw DiagnosticError(
                    .requestInvalid, "The body is no JSON.",
                    remedy: "Send an object, with Content-Type: application/json.")
            }
            value = read
        }
        if let fault = fault(value, closed(name), "", 0) {
            throw DiagnosticError(.bodyShape, fault, remedy: "/api/v1/openapi.json says what '\(name)' holds.")
        }
    }

    /// The schema of a request: closed against keys that it does not have.
    static func closed(_ name: String) -> DataValue { closed(APISchemas.all[name] ?? [:]) }

    private static func closed(_ schema: DataValue) -> DataValue {
        guard var object = schema.object else { return schema }
        if let properties = object["properties"]?.object {
            object["properties"] = .object(DataObject(properties.map { ($0, closed($1)) }))
            if object["additionalProperties"] == nil { object["additionalProperties"] = false }
        }
        if let items = object["items"] { object["items"] = closed(items) }
        return .object(object)
    }

    /// Whether a body has to be there.
    static func isRequired(_ name: String) -> Bool { APISchemas.all[name]?["required"] != nil }

    // MARK: checking

    private static func fault(_ value: DataValue, _ schema: DataValue, _ place: String, _ depth: Int) -> String? {
        guard depth < depthLimit else { return "\(shown(place)) is nested too deeply." }
        if let name = schema["$ref"]?.string?.split(separator: "/").last {
            return fault(value, closed(String(name)), place, depth + 1)
        }
        if let choices = schema["anyOf"]?.array {
            let faults = choices.map { fault(value, $0, place, depth + 1) }
            if faults.contains(nil) { return nil }
            return faults.compactMap { $0 }.first
        }
        if let fault = typeFault(value, schema, place) { return fault }
        if let choices = schema["enum"]?.array, !choices.contains(value) {
            let known = choices.map { $0.string ?? $0.jsonText() }
            let near = value.string.flatMap { NearestName.find($0, among: known) }
            return "\(shown(place)) is one of: \(known.joined(separator: ", "))."
                + (near.map { " Did you mean '\($0)'?" } ?? "")
        }
        switch value {
        case .number(let number): return numberFault(number, schema, place)
        case .string(let text): return textFault(text, schema, place)
        case .array(let items): return listFault(items, schema, place, depth)
        case .object(let object): return objectFault(object, schema, place, depth)
        case .null, .bool: return nil
        }
    }

    private static func typeFault(_ value: DataValue, _ schema: DataValue, _ place: String) -> String? {
        let types = schema["type"]?.string.map { [$0] } ?? schema["type"]?.array?.compactMap(\.string) ?? []
        guard !types.isEmpty, !types.contains(where: { isType(value, $0) }) else { return nil }
        return "\(shown(place)) is to be \(types.map(words).joined(separator: " or "))."
    }

    private static func isType(_ value: DataValue, _ type: String) -> Bool {
        switch (type, value) {
        case ("object", .object), ("array", .array), ("string", .string), ("boolean", .bool), ("null", .null),
            ("number", .number):
            true
        case ("integer", .number): value.int != nil
        default: false
        }
    }

    private static func words(_ type: String) -> String {
        switch type {
        case "object": "an object"
        case "array": "a list"
        case "string": "a text"
        case "boolean": "true or false"
        case "integer": "a whole number"
        case "null": "null"
        default: "a \(type)"
        }
    }

    private static func numberFault(_ number: Double, _ schema: DataValue, _ place: String) -> String? {
        if let least = schema["minimum"]?.number, number < least { return "\(shown(place)) is at least \(Int(least))." }
        if let most = schema["maximum"]?.number, number > most { return "\(shown(place)) is at most \(Int(most))." }
        return nil
    }

    private static func textFault(_ text: String, _ schema: DataValue, _ place: String) -> String? {
        let count = text.unicodeScalars.count
        if let least = schema["minLength"]?.int, count < least {
            return least == 1 ? "\(shown(place)) is empty." : "\(shown(place)) has at least \(least) characters."
        }
        if let most = schema["maxLength"]?.int, count > most {
            return "\(shown(place)) has at most \(most) characters."
        }
        return nil
    }

    private static func listFault(
        _ items: [DataValue], _ schema: DataValue, _ place: String, _ depth: Int
    ) -> String? {
        if let least = schema["minItems"]?.int, items.count < least {
            return "\(shown(place)) has at least \(least) entries."
        }
        if let most = schema["maxItems"]?.int, items.count > most {
            return "\(shown(place)) has at most \(most) entries."
        }
        guard let schema = schema["items"] else { return nil }
        for (index, item) in items.enumerated() {
            if let fault = fault(item, schema, "\(place)[\(index)]", depth + 1) { return fault }
        }
        return nil
    }

    private static func objectFault(
        _ object: DataObject, _ schema: DataValue, _ place: String, _ depth: Int
    ) -> String? {
        let properties = schema["properties"]?.object ?? [:]
        for name in schema["required"]?.array?.compactMap(\.string) ?? [] where object[name] == nil {
            return "\(shown(child(place, name))) is missing."
        }
        for (key, value) in object {
            let known = properties[key]
            if known == nil, schema["additionalProperties"] == false {
                let near = NearestName.find(key, among: properties.keys).map { " Did you mean '\($0)'?" } ?? ""
                return "\(shown(child(place, String(key.prefix(80))))) is not known here." + near
            }
            guard let schema = known ?? schema["additionalProperties"] else { continue }
            if let fault = fault(value, schema, child(place, key), depth + 1) { return fault }
        }
        return nil
    }

    private static func child(_ place: String, _ name: String) -> String { place.isEmpty ? name : "\(place).\(name)" }

    private static func shown(_ place: String) -> String { place.isEmpty ? "The body" : "'\(place)'" }
}
