// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import YAMLReading

extension Rule {
    /// The inputs that `workflow_dispatch` and `workflow_call` declare: defaults, options, how many.
    static let inputDefinitions = Rule("input definitions") { workflow, findings in
        if let event = workflow.outline.event("workflow_dispatch"),
            let inputs = event.node?["inputs"]?.entries
        {
            if inputs.count > maximumDispatchInputs {
                findings.refuse(
                    .inputDefinition,
                    "'workflow_dispatch' declares \(inputs.count) inputs; GitHub takes at most "
                        + "\(maximumDispatchInputs).",
                    at: event.position, remedy: "Put several values into one input, as JSON.")
            }
            for input in inputs { checkDispatchInput(input, &findings) }
        }
        for input in workflow.outline.event("workflow_call")?.node?["inputs"]?.entries ?? [] {
            checkCallInput(input, &findings)
        }
        for secret in workflow.outline.event("workflow_call")?.node?["secrets"]?.entries ?? []
        where secret.key.text?.lowercased() == "github_token" {
            findings.refuse(
                .reusableSecret, "A called workflow cannot declare the secret 'GITHUB_TOKEN': it has it anyway.",
                at: secret.key.position, remedy: "Remove it, or choose another name.")
        }
    }

    /// Source: GitHub's changelog of 2025-12-04.
    private static let maximumDispatchInputs = 25

    private static func checkDispatchInput(_ input: YAMLEntry, _ findings: inout Findings) {
        let name = input.key.text ?? ""
        let type = input.value["type"]?.text ?? "string"
        let options = input.value["options"]
        guard type == "choice" else {
            if let items = options?.items, !items.isEmpty {
                findings.warn(
                    .inputDefinition, "The input '\(name)' has options, but its type is '\(type)'.",
                    at: input.key.position, remedy: "Say 'type: choice', or remove 'options'.")
            }
            checkDefault(input, type, &findings)
            return
        }
        guard let items = options?.items, !items.isEmpty else {
            findings.warn(
                .inputDefinition, "The input '\(name)' is a choice without options.", at: input.key.position,
                remedy: "List its values under 'options'.")
            return
        }
        var seen: Set<String> = []
        for item in items {
            guard let option = item.text, !seen.insert(option).inserted else { continue }
            findings.warn(
                .inputDefinition, "The input '\(name)' offers '\(Wording.excerpt(option))' twice.", at: item.position,
                remedy: "Remove one of them.")
        }
        if let value = input.value["default"], let text = value.text, !seen.contains(text) {
            findings.warn(
                .inputDefinition,
                "The default '\(Wording.excerpt(text))' of the input '\(name)' is not one of its options.",
                at: value.position, remedy: "Use \(Wording.choice(items.compactMap(\.text))).")
        }
    }

    private static func checkCallInput(_ input: YAMLEntry, _ findings: inout Findings) {
        guard let value = input.value["default"] else { return }
        checkDefault(input, input.value["type"]?.text ?? "string", &findings)
        if let required = input.value["required"]?.text, required.lowercased() == "true" {
            findings.warn(
                .inputDefinition,
                "The input '\(input.key.text ?? "")' is required, so its default is never used.", at: value.position,
                remedy: "Remove 'default', or 'required: true'.")
        }
    }

    private static func checkDefault(_ input: YAMLEntry, _ type: String, _ findings: inout Findings) {
        guard let value = input.value["default"], let text = value.text, !value.hasExpression, !text.isEmpty else {
            return
        }
        let fits: Bool
        switch type {
        case "number": fits = Double(text) != nil
        case "boolean": fits = ["true", "false"].contains(text.lowercased())
        default: return
        }
        guard !fits else { return }
        findings.refuse(
            .inputDefinition,
            "The default '\(Wording.excerpt(text))' of the input '\(input.key.text ?? "")' is not a \(type).",
            at: value.position, remedy: type == "number" ? "Write a number." : "Write true or false.")
    }
}
