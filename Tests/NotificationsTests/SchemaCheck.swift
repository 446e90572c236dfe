// SPDX-License-Identifier: Apache-2.0

import Foundation
import StructuredData

/// Checks a value against the part of JSON Schema that our own schemas use; a keyword that it does not know is a
/// problem, so that nothing is passed over.
struct SchemaCheck {
    let root: DataValue

    /// What is wrong, each with its place.
    func problems(_ value: DataValue, _ schema: DataValue? = nil, at place: String = "") -> [String] {
        let schema = schema ?? root
        guard let object = schema.object else { return ["\(place): the schema is none"] }
        var problems: [String] = []
        for (keyword, rule) in object {
            switch keyword {
            case "$schema", "$defs", "title", "description": break
            case "$ref":
                guard let target = resolve(rule.string ?? "") else { return ["\(place): \(rule) leads nowhere"] }
                problems += self.problems(value, target, at: place)
            case "allOf": for part in rule.array ?? [] { problems += self.problems(value, part, at: place) }
            case "oneOf":
                let fitting = (rule.array ?? []).filter { self.problems(value, $0, at: place).isEmpty }
                if fitting.count != 1 {
                    let all = (rule.array ?? []).flatMap { self.problems(value, $0, at: place) }
                    problems.append("\(place): \(fitting.count) of oneOf fit: \(all)")
                }
            case "const": if value != rule { problems.append("\(place): not \(rule)") }
            case "enum": if rule.array?.contains(value) != true { problems.append("\(place): not one of \(rule)") }
            case "type": if !isOf(value, rule.string ?? "") { problems.append("\(place): not of type \(rule)") }
            case "required":
                for key in schema.strings("required") where value[key] == nil { problems.append("\(place): no \(key)") }
            case "properties":
                for (key, part) in rule.object ?? DataObject() {
                    if let inner = value[key] { problems += self.problems(inner, part, at: "\(place)/\(key)") }
                }
            case "items":
                for (index, inner) in (value.array ?? []).enumerated() {
                    problems += self.problems(inner, rule, at: "\(place)/\(index)")
                }
            case "maxItems": if (value.array?.count ?? 0) > (rule.int ?? 0) { problems.append("\(place): too many") }
            case "maxLength":
                if (value.string?.unicodeScalars.count ?? 0) > (rule.int ?? 0) { problems.append("\(place): too long") }
            case "minimum": if (value.number ?? 0) < (rule.number ?? 0) { problems.append("\(place): too small") }
            case "pattern":
                let found = value.string?.range(of: rule.string ?? "", options: .regularExpression)
                if found == nil { problems.append("\(place): does not match \(rule)") }
            default: problems.append("\(place): the keyword \(keyword) is not known here")
            }
        }
        return problems
    }

    private func resolve(_ reference: String) -> DataValue? {
        guard reference.hasPrefix("#/") else { return nil }
        var value: DataValue? = root
        for key in reference.dropFirst(2).split(separator: "/") { value = value?[String(key)] }
        return value
    }

    private func isOf(_ value: DataValue, _ type: String) -> Bool {
        switch type {
        case "object": value.object != nil
        case "array": value.array != nil
        case "string": value.string != nil
        case "integer": value.int != nil
        case "boolean": value.bool != nil
        default: false
        }
    }
}
