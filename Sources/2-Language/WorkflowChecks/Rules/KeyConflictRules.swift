// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import YAMLReading

extension Rule {
    /// A job either has steps on a runner or calls a reusable workflow; each kind has keys of its own.
    static let jobKeys = Rule("job keys") { workflow, findings in
        for job in workflow.outline.jobs { checkJob(job, &findings) }
    }

    private static let callKeys: Set<String> = [
        "name", "uses", "with", "secrets", "needs", "if", "permissions", "strategy", "concurrency",
        "cache-mode",
    ]

    private static func checkJob(_ job: JobOutline, _ findings: inout Findings) {
        guard let entries = job.node.entries else { return }
        if job.uses != nil {
            for entry in entries {
                guard let key = entry.key.text, !callKeys.contains(key), jobFields.contains(key) else { continue }
                findings.warn(
                    .conflictingKeys,
                    "The job '\(job.id)' calls a reusable workflow, so '\(key)' has no meaning in it.",
                    at: entry.key.position, remedy: "Move '\(key)' into the workflow that is called.")
            }
            return
        }
        for entry in entries where entry.key.text == "with" || entry.key.text == "secrets" {
            findings.warn(
                .conflictingKeys,
                "'\(entry.key.text ?? "")' belongs to a call of a reusable workflow, but the job '\(job.id)' has no "
                    + "'uses'.",
                at: entry.key.position, remedy: "Put it into a step, or add 'uses'.")
        }
        if job.node["runs-on"] == nil {
            findings.warn(
                .missingKey, "The job '\(job.id)' has no 'runs-on'.", at: job.key.position,
                remedy: "Name a runner, such as 'ubuntu-latest'.")
        }
        if job.node["steps"]?.isNull ?? true {
            // GitHub's parser takes such a job, and so its suite; the service says no when the workflow is started.
            findings.warn(
                .missingKey, "The job '\(job.id)' has no 'steps'.", at: job.key.position,
                remedy: "Add at least one step, or call a reusable workflow with 'uses'.")
        }
    }

    /// `cancel-in-progress` empties the queue that `queue: max` would keep.
    static let concurrency = Rule("concurrency") { workflow, findings in
        let groups = [workflow.outline.root["concurrency"]] + workflow.outline.jobs.map { $0.node["concurrency"] }
        for case let group? in groups {
            guard group["cancel-in-progress"]?.text == "true", let queue = group.entry("queue"),
                queue.value.text == "max"
            else { continue }
            findings.refuse(
                .conflictingKeys, "'queue: max' keeps what waits, and 'cancel-in-progress: true' ends it.",
                at: queue.key.position, remedy: "Keep one of the two.")
        }
    }

    private static let jobFields = Set(WorkflowShapes.job.section.first?.fields.map(\.key) ?? [])

    /// A step either runs a script or uses an action; each kind has keys of its own.
    static let stepKeys = Rule("step keys") { workflow, findings in
        for job in workflow.outline.jobs {
            for step in job.allSteps { checkStep(step, &findings) }
        }
    }

    private static let controlKeys: Set<String> = ["wait", "wait-all", "cancel", "parallel"]

    private static func checkStep(_ step: StepOutline, _ findings: inout Findings) {
        guard let entries = step.node.entries else {
            guard step.node.isNull else { return }
            return findings.warn(
                .missingKey, "This step does nothing.", at: step.node.position,
                remedy: "Give it 'run' or 'uses', or remove it.")
        }
        if let run = step.node.entry("run"), let uses = step.node.entry("uses") {
            let (first, second) = run.key.position < uses.key.position ? (run, uses) : (uses, run)
            return findings.warn(
                .conflictingKeys,
                "A step has 'run' or 'uses', but this one has '\(first.key.text ?? "")' and, on line "
                    + "\(second.key.position.line), '\(second.key.text ?? "")'.",
                at: first.key.position, remedy: "Make two steps of it.")
        }
        // Whichever kind is named first is what the author meant.
        let kind = entries.compactMap(\.key.text).first { key in
            key == "run" || key == "uses" || key == "shell" || controlKeys.contains(key)
        }
        switch kind {
        case "run", "shell":
            if step.run == nil, step.uses == nil { missingKind(step, &findings) }
            let isScript = step.run != nil || step.uses == nil
            reject(isScript ? ["with"] : ["shell", "working-directory"], entries, isScript, &findings)
        case "uses":
            reject(["shell", "working-directory"], entries, false, &findings)
        case .some:
            break
        case nil:
            missingKind(step, &findings)
        }
    }

    private static func missingKind(_ step: StepOutline, _ findings: inout Findings) {
        findings.warn(
            .missingKey, "This step has neither 'run' nor 'uses'.", at: step.node.position,
            remedy: "Say what it runs, or which action it uses.")
    }

    private static func reject(
        _ keys: Set<String>, _ entries: [YAMLEntry], _ isScript: Bool, _ findings: inout Findings
    ) {
        for entry in entries {
            guard let key = entry.key.text, keys.contains(key) else { continue }
            findings.warn(
                .conflictingKeys,
                isScript
                    ? "This step runs a script, so it takes no '\(key)'."
                    : "This step uses an action, so it takes no '\(key)'.",
                at: entry.key.position,
                remedy: key == "with" ? "Hand values to a script through 'env'." : "Only scripts have it: remove it.")
        }
    }
}
