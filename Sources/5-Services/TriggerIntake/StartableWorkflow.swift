// SPDX-License-Identifier: Apache-2.0

package import GitHubWorkflows

/// A workflow that people can start, and what it wants to know of them.
package struct StartableWorkflow: Hashable, Sendable {
    package struct Input: Hashable, Sendable {
        package var name: String
        package var type: InputType
        package var about: String?
        package var isRequired: Bool
        /// As text, whatever the type; `nil` for none.
        package var standard: String?
        package var options: [String]

        init(_ definition: InputDefinition) {
            name = definition.name.text
            type = definition.type
            about = definition.description
            isRequired = definition.isRequired
            standard = definition.defaultValue?.literalText.flatMap { $0.isEmpty ? nil : $0 }
            options = definition.options ?? []
        }
    }

    package var path: String
    /// What people call it: its own name, else its path.
    package var name: String
    /// In the order of the file.
    package var inputs: [Input]

    init(_ workflow: Workflow, at path: String, by trigger: WorkflowTrigger) {
        self.path = path
        name = workflow.name?.text ?? path
        inputs = trigger.inputs.map(Input.init)
    }
}
