// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import ExpressionLanguage
package import GitHubWorkflows
package import StructuredData

/// Types and validates the inputs that a user gave for a dispatch.
package enum DispatchInputs {
    /// Typed values in declared order, defaults filled in.
    package static func values(
        _ given: [String: String], for definitions: [InputDefinition]
    ) throws(DiagnosticError) -> DataObject {
        var rest = given
        var values = DataObject()
        for definition in definitions {
            let name = definition.name.text
            let key = rest.keys.first { $0.lowercased() == name.lowercased() }
            if let key, let text = rest.removeValue(forKey: key) {
                values[name] = try typed(text, definition)
            } else if let fallback = definition.defaultValue?.literalText, !fallback.isEmpty {
                // An empty default is none: an empty text is no boolean, number or option.
                values[name] = try typed(fallback, definition)
            } else if definition.isRequired {
                throw failure("The input '\(name)' is required.", "Give it with --input \(name)=VALUE.")
            } else {
                values[name] = empty(definition)
            }
        }
        if let unknown = rest.keys.sorted().first {
            let known = definitions.map(\.name.text).joined(separator: ", ")
            throw failure(
                "The workflow has no input '\(unknown)'.", known.isEmpty ? "It takes none." : "It takes: \(known).")
        }
        return values
    }

    private static func typed(_ text: String, _ definition: InputDefinition) throws(DiagnosticError) -> DataValue {
        let name = definition.name.text
        switch definition.type {
        case .string, .environment:
            return .string(text)
        case .boolean:
            guard ["true", "false"].contains(text.lowercased()) else {
                throw failure("The input '\(name)' is a boolean; '\(text)' is not.", "Give true or false.")
            }
            return .bool(text.lowercased() == "true")
        case .number:
            let number = DataValue.string(text).coercedToNumber
            guard !text.isEmpty, number.isFinite else {
                throw failure("The input '\(name)' is a number; '\(text)' is not.", "Give a number.")
            }
            return .number(number)
        case .choice:
            let options = definition.options ?? []
            guard options.contains(text) else {
                throw failure(
                    "'\(text)' is not among the options of the input '\(name)'.",
                    "Give one of: \(options.joined(separator: ", ")).")
            }
            return .string(text)
        }
    }

    private static func empty(_ definition: InputDefinition) -> DataValue {
        switch definition.type {
        case .boolean: .bool(false)
        case .number: .number(0)
        case .choice: .string(definition.options?.first ?? "")
        case .string, .environment: .string("")
        }
    }

    private static func failure(_ message: String, _ remedy: String) -> DiagnosticError {
        DiagnosticError(.inputInvalid, message, remedy: remedy)
    }
}
