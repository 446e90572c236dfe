// SPDX-License-Identifier: Apache-2.0

internal import GitHubWorkflows
internal import StructuredData
internal import TriggerIntake
internal import WebPages

extension StartableWorkflow {
    /// - Parameter environments: the project's.
    func shown(environments: [String]) -> StartForm {
        StartForm(path: path, name: name, inputs: inputs.map { $0.shown(environments: environments) })
    }
}

extension StartableWorkflow.Input {
    fileprivate func shown(environments: [String]) -> StartForm.Input {
        var shown = StartForm.Input(name: name, kind: .text, about: about, isRequired: isRequired, standard: standard)
        switch type {
        case .string: break
        case .number: shown.kind = .number
        case .boolean: shown.kind = .flag
        case .choice: shown.kind = .choice(options)
        // Any text is taken where the project has no environments.
        case .environment where environments.isEmpty: break
        case .environment: shown.kind = .choice((isRequired ? [] : [""]) + environments)
        }
        return shown
    }
}

extension StartForm {
    /// What was filled in. A field that was left empty says nothing, unless it empties what would stand there otherwise.
    static func inputs(_ form: FormFields, _ workflow: StartableWorkflow?) -> DataObject {
        var inputs: DataObject = [:]
        for (name, value) in form.values(below: prefix) {
            let known = workflow?.inputs.first { $0.name == name }
            let isEmptied = known?.type == .string && known?.standard != nil && known?.isRequired == false
            if !value.isEmpty || isEmptied { inputs[name] = .string(value) }
        }
        return inputs
    }
}
