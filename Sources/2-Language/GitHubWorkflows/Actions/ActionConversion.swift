// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import ExpressionLanguage

extension WorkflowConversion {
    /// `nil` and an entry in the log where the kind of action is not known.
    mutating func actionManifest(_ root: TemplateToken, path: String) -> ActionManifest? {
        guard let runs = root["runs"], let work = actionWork(runs) else { return nil }
        var result = ActionManifest(path: path, work: work)
        result.name = root["name"].flatMap { located($0) }
        result.description = root["description"].flatMap { located($0) }
        for entry in root["inputs"]?.entries ?? [] {
            guard let name = located(entry.key) else { continue }
            result.inputs.append(
                ActionInput(
                    name: name, isRequired: entry.value["required"]?.literalText == "true",
                    defaultValue: entry.value["default"],
                    deprecationMessage: entry.value["deprecationMessage"]?.literalText))
        }
        for entry in root["outputs"]?.entries ?? [] {
            guard let name = located(entry.key) else { continue }
            result.outputs.append(ActionOutput(name: name, value: entry.value["value"]))
        }
        return result
    }

    private mutating func actionWork(_ runs: TemplateToken) -> ActionWorkKind? {
        guard let using = runs["using"].flatMap({ located($0) }) else { return nil }
        let kind = using.text.lowercased()
        if kind == "composite", let steps = runs["steps"] {
            return .composite(self.steps(steps, .actionStepCondition))
        }
        if kind == "docker", runs["image"] != nil { return docker(runs) }
        let isNode = kind.hasPrefix("node") && kind.dropFirst(4).allSatisfy(\.isNumber) && kind.utf8.count > 4
        if isNode, let main = text(runs, "main") {
            return .javaScript(
                JavaScriptAction(
                    runtime: using, main: main, pre: text(runs, "pre"), preCondition: hook(runs["pre-if"]),
                    post: text(runs, "post"), postCondition: hook(runs["post-if"])))
        }
        log.error(
            .actionKindUnknown,
            "'using: \(using.text)' is no kind of action, or does not go with the other keys of 'runs'. It is "
                + "'composite' with 'steps', 'docker' with 'image', or 'node20' and the like with 'main'.",
            at: using.place)
        return nil
    }

    private mutating func docker(_ runs: TemplateToken) -> ActionWorkKind? {
        guard let image = text(runs, "image") else { return nil }
        return .docker(
            DockerAction(
                image: image, entrypoint: text(runs, "entrypoint"), arguments: runs["args"]?.items ?? [],
                env: runs["env"], preEntrypoint: text(runs, "pre-entrypoint"), preCondition: hook(runs["pre-if"]),
                postEntrypoint: text(runs, "post-entrypoint"), postCondition: hook(runs["post-if"])))
    }

    private func text(_ runs: TemplateToken, _ key: String) -> LocatedText? { runs[key].flatMap { located($0) } }

    /// A hook's condition is taken as it is; without one the hook always runs.
    private mutating func hook(_ token: TemplateToken?) -> Condition {
        guard let token else { return Condition(source: "always()", place: nil) }
        let text = token.expression ?? token.literalText ?? ""
        do throws(ExpressionError) {
            _ = try ExpressionReading.parse(text, .actionHookCondition)
        } catch {
            log.error(error.diagnostic.code, error.message, at: token.place)
        }
        return Condition(source: text, place: token.place)
    }
}
