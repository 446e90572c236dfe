// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import ExpressionLanguage
import FileAccess
import PipelineModel
import StructuredData
import WorkflowPlanning

/// Actions that are containers.
///
/// Source of what they get: actions/runner, `Handlers/ContainerActionHandler`.
extension HostJob {
    /// - Parameter hook: the entrypoint of a hook; `nil`: the action's main one.
    func runDocker(
        _ step: RunningStep, _ work: ActionWork, _ definition: (action: DockerAction, commit: String?), hook: String?,
        _ given: [FileCommandPairs.Pair], _ evaluation: TemplateEvaluation
    ) throws(ExpressionError) {
        let action = definition.action
        let inputs = try inputs(declared: action.inputs + Self.dockerInputs(action), given: given, evaluation)
        printHeader(step, inputs.values, title: step.hook == nil ? "Run \(work.reference.text)" : step.name)
        if let warning = inputs.warning, step.hook == nil, work.reference.text != action.image {
            step.output?.warning(warning)
        }
        let (arguments, environment) = try templates(of: action, step, inputs.values)
        do throws(DiagnosticError) {
            guard let containers = options.containers else {
                throw DiagnosticError(.unavailableAction, "There is no container engine for '\(work.reference.text)'.")
            }
            try makeSharedFolders()
            hasContainers = true
            step.files = try takeFiles()
            step.variables = try variables(for: step, work, inputs.values, .dockerAction)
            if action.post != nil, step.hook?.stage != .post { askForPost(of: step) }
            let mapping = ContainerPaths.action(options.folders)
            var block = block(for: step, isContained: true)
            for pair in environment where !block.contains(pair.name) { block[pair.name] = pair.value }
            block["GITHUB_EVENT_PATH"] = sharedEventPath
            block["HOME"] = "/github/home"
            let container = ContainerAction(
                image: try image(of: action, work, definition.commit),
                entrypoint: hook ?? action.entrypoint ?? Self.value("entrypoint", inputs.values),
                arguments: arguments ?? splitArguments(Self.value("args", inputs.values) ?? ""),
                // Values are paths of this machine, or of the job's container.
                environment: block.translated { mapping.inside(paths.outside($0)) }, mounts: mapping.mounts,
                folder: "/github/workspace")
            try launchContained(step) { output, then in containers.runAction(container, output, then) }
        } catch {
            fail(step, Reason(.setup, redacted(error.diagnostic.message)), error.diagnostic)
        }
    }

    /// `with.entrypoint` and `with.args` are always known.
    private static func dockerInputs(_ action: DockerAction) -> [TemplateEntry] {
        ["entrypoint", "args"].filter { name in
            !action.inputs.contains { $0.key.literal?.string?.equalsIgnoringASCIICase(name) == true }
        }.map { TemplateEntry(key: .string($0), value: .null) }
    }

    private static func value(_ name: String, _ inputs: [FileCommandPairs.Pair]) -> String? {
        inputs.first { $0.name.equalsIgnoringASCIICase(name) }.flatMap { $0.value.isEmpty ? nil : $0.value }
    }

    /// - Returns: the arguments, `nil` where the action has none; and what it adds to the environment.
    private func templates(
        of action: DockerAction, _ step: RunningStep, _ inputs: [FileCommandPairs.Pair]
    ) throws(ExpressionError) -> (arguments: [String]?, environment: [TemplateEvaluation.Pair]) {
        let evaluation = evaluation(
            scope: step.scope, environment: step.environment, github: nil, flags: step.flags,
            inputs: DataObject(inputs.map { ($0.name, .string($0.value)) }))
        var arguments: [String]?
        for template in action.arguments {
            arguments = (arguments ?? []) + [try evaluation.text(of: template)]
        }
        return (arguments, try evaluation.pairs(of: action.env))
    }

    private func image(
        of action: DockerAction, _ work: ActionWork, _ commit: String?
    ) throws(DiagnosticError) -> ContainerAction.Image {
        if let name = action.imageName { return .pulled(name) }
        guard let folder = folder(of: work.reference, commit: commit) else {
            throw DiagnosticError(
                .unavailableAction, "The files of '\(work.reference.text)' are not there any more.",
                remedy: "Start the run anew.")
        }
        // The Dockerfile's own folder is the context.
        let path = "\(folder)/\(action.image)"
        return .built(
            folder: Files.directory(of: path), dockerfile: path.split(separator: "/").last.map(String.init) ?? "")
    }
}
