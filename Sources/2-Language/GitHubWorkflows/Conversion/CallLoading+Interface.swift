// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

/// The inputs and secrets of a call against those that the called file declares.
extension CallLoading {
    mutating func checkInterface(_ root: TemplateToken, _ call: WorkflowCall, _ called: inout CalledInterface) {
        guard let on = root["on"] else { return }
        let isCallable =
            on.string == "workflow_call" || on.items?.contains { $0.string == "workflow_call" } == true
            || on["workflow_call"] != nil
        guard isCallable else {
            log.error(
                .workflowNotCallable, "workflow_call key is not defined in the referenced workflow.", at: on.place)
            return
        }
        let interface = on["workflow_call"]
        called.inputDefinitions = interface?["inputs"].flatMap { $0.isNull ? nil : $0 }
        called.secretDefinitions = interface?["secrets"].flatMap { $0.isNull ? nil : $0 }
        called.outputs = interface?["outputs"].flatMap { $0.isNull ? nil : $0 }
        checkInputs(call, called.inputDefinitions)
        if !call.inheritsSecrets { checkSecrets(call, called.secretDefinitions) }
    }

    private mutating func checkInputs(_ call: WorkflowCall, _ definitions: TemplateToken?) {
        let values = named(call.inputs)
        for entry in definitions?.entries ?? [] {
            guard let name = entry.key.string else { continue }
            let type = entry.value["type"]?.string ?? "string"
            if let defaultValue = entry.value["default"] { checkType(defaultValue, type) }
            if let value = values[name.lowercased()] {
                checkType(value.value, type)
            } else if entry.value["required"]?.bool == true {
                log.error(
                    .callInputMissing, "Input \(name) is required, but not provided while calling.",
                    at: call.reference.place)
            }
        }
        checkDefined(call.inputs, definitions, .callInputUndefined, "input")
    }

    private mutating func checkSecrets(_ call: WorkflowCall, _ definitions: TemplateToken?) {
        let values = named(call.secrets)
        for entry in definitions?.entries ?? [] where entry.value["required"]?.bool == true {
            guard let name = entry.key.string, values[name.lowercased()] == nil else { continue }
            log.error(
                .callSecretMissing, "Secret \(name) is required, but not provided while calling.",
                at: call.reference.place)
        }
        checkDefined(call.secrets, definitions, .callSecretUndefined, "secret")
    }

    private mutating func checkDefined(
        _ given: TemplateToken?, _ definitions: TemplateToken?, _ code: DiagnosticCode, _ kind: String
    ) {
        let known = named(definitions)
        for entry in given?.entries ?? [] {
            guard let name = entry.key.string, known[name.lowercased()] == nil else { continue }
            log.error(
                code, "Invalid \(kind), \(name) is not defined in the referenced workflow.", at: entry.value.place)
        }
    }

    /// A literal must be of the declared type; any literal makes a string.
    private mutating func checkType(_ value: TemplateToken, _ type: String) {
        guard !value.isExpression else { return }
        let fits: Bool =
            switch type {
            case "boolean": value.bool != nil
            case "number": value.number != nil
            default: value.literalText != nil
            }
        if !fits {
            log.error(
                .unexpectedValue, "Unexpected value '\(QuotedText.cut(value.literalText ?? ""))'", at: value.place)
        }
    }

    private func named(_ mapping: TemplateToken?) -> [String: TokenEntry] {
        var result: [String: TokenEntry] = [:]
        for entry in mapping?.entries ?? [] {
            if let name = entry.key.string { result[name.lowercased()] = entry }
        }
        return result
    }
}
