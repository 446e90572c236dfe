// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import StructuredData

/// How steps are called that have no log yet: by their names, else by what they do, as far as the plan says it.
enum StepTitles {
    /// Of a job's steps, and of those inside composite actions.
    static func of(_ steps: [PlannedStep]) -> [StepPath: String] {
        var titles: [StepPath: String] = [:]
        add(steps, below: nil, to: &titles)
        for (index, step) in steps.enumerated() {
            guard case .hook(let hook) = step.work else { continue }
            titles[StepPath(index + 1)] = title(of: hook, titles)
        }
        return titles
    }

    /// Of a step after the last, by the id that it is listed under; `nil` where it is none.
    static func title(ofPostStep id: String, _ titles: [StepPath: String]) -> String? {
        ActionHook(id: id).map { title(of: $0, titles) }
    }

    private static func title(of hook: ActionHook, _ titles: [StepPath: String]) -> String {
        let stage =
            switch hook.stage {
            case .pre: "Pre"
            case .post: "Post"
            }
        return "\(stage) \(titles[hook.step] ?? "step \(hook.step)")"
    }

    private static func add(_ steps: [PlannedStep], below parent: StepPath?, to titles: inout [StepPath: String]) {
        for (index, step) in steps.enumerated() {
            let path = parent?.child(index + 1) ?? StepPath(index + 1)
            titles[path] = text(step)
            if case .action(let work) = step.work, case .composite(let action)? = work.definition {
                add(action.steps, below: path, to: &titles)
            }
        }
    }

    private static func text(_ step: PlannedStep) -> String {
        if let name = step.name?.literal?.string { return name }
        switch step.work {
        case .script(let work):
            let script = work.script.literal?.string ?? "a script"
            return "Run " + (script.split(separator: "\n").first.map(String.init) ?? script)
        case .action(let work): return "Run " + work.reference.text
        case .hook(let hook): return hook.id
        case .wait(let ids): return "Wait for " + ids.joined(separator: ", ")
        case .waitAll: return "Wait for all"
        case .cancel(let ids): return "Cancel " + ids.joined(separator: ", ")
        }
    }
}
