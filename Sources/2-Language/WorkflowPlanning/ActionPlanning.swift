// SPDX-License-Identifier: Apache-2.0

package import GitHubWorkflows
package import PipelineModel

/// Turns an action's manifest into what a plan holds of it.
package enum ActionPlanning {
    /// - Parameters:
    ///   - commit: of the repository that the manifest was read from.
    ///   - repository: which one that is, as `owner/name@ref`; empty: the one that the run is of.
    ///   - lookup: finds the actions that the manifest's own steps use.
    package static func finding(
        _ manifest: ActionManifest, commit: String? = nil, repository: String = "",
        lookup: @escaping (ActionReference) -> ActionFinding
    ) -> ActionFinding {
        switch manifest.work {
        case .composite(let steps):
            let planning = StepPlanning(
                request: PlanRequest(facts: TriggerFacts(event: "push"), actionLookup: lookup), repository: repository)
            let action = CompositeAction(
                name: manifest.name?.text, inputs: inputs(manifest),
                outputs: manifest.outputs.map {
                    TemplateEntry(key: .string($0.name.text), value: $0.value?.template ?? .null)
                },
                steps: planning.composite(steps))
            return .found(.composite(action), commit: commit)
        case .javaScript(let script):
            let action = NodeAction(
                name: manifest.name?.text, runtime: script.runtime.text, inputs: inputs(manifest),
                main: script.main.text,
                pre: script.pre.map { ActionHookProgram(program: $0.text, condition: script.preCondition.source) },
                post: script.post.map { ActionHookProgram(program: $0.text, condition: script.postCondition.source) })
            return .found(.node(action), commit: commit)
        case .docker(let docker):
            var action = PipelineModel.DockerAction(image: docker.image.text)
            action.name = manifest.name?.text
            action.inputs = inputs(manifest)
            action.entrypoint = docker.entrypoint?.text
            action.arguments = docker.arguments.map(\.template)
            action.env = docker.env?.template
            action.pre = docker.preEntrypoint.map {
                ActionHookProgram(program: $0.text, condition: docker.preCondition.source)
            }
            action.post = docker.postEntrypoint.map {
                ActionHookProgram(program: $0.text, condition: docker.postCondition.source)
            }
            return .found(.docker(action), commit: commit)
        }
    }

    private static func inputs(_ manifest: ActionManifest) -> [TemplateEntry] {
        manifest.inputs.map { TemplateEntry(key: .string($0.name.text), value: $0.defaultValue?.template ?? .null) }
    }
}
