// SPDX-License-Identifier: Apache-2.0

package import GitHubWorkflows
package import PipelineModel

/// Turns an action's manifest into what a plan holds of it.
package enum CompositePlanning {
    /// - Parameter lookup: finds the actions that the manifest's own steps use.
    package static func finding(
        _ manifest: ActionManifest, lookup: @escaping (ActionReference) -> ActionFinding
    ) -> ActionFinding {
        switch manifest.work {
        case .composite(let steps):
            let planning = StepPlanning(
                request: PlanRequest(facts: TriggerFacts(event: "push"), actionLookup: lookup))
            let action = CompositeAction(
                name: manifest.name?.text,
                inputs: manifest.inputs.map {
                    TemplateEntry(key: .string($0.name.text), value: $0.defaultValue?.template ?? .null)
                },
                outputs: manifest.outputs.map {
                    TemplateEntry(key: .string($0.name.text), value: $0.value?.template ?? .null)
                },
                steps: planning.composite(steps))
            return .found(.composite(action))
        case .javaScript(let script):
            return .unavailable(
                "The action '\(manifest.path)' runs on \(script.runtime.text), which is not supported yet.")
        case .docker:
            return .unavailable(
                "The action '\(manifest.path)' runs in a container, and there is no container engine here.")
        }
    }
}
