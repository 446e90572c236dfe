// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import YAMLReading

extension Rule {
    /// `uses` of steps: the form of the reference, and what the action takes.
    static let actionReferences = Rule("actions") { workflow, findings in
        checkVersions(workflow.outline, &findings)
        for fault in workflow.local.manifestFaults { findings.add(fault) }
        for job in workflow.outline.jobs {
            // A checkout of something else, or to elsewhere, may bring the files that local references name.
            var mayBringFiles = false
            for step in job.allSteps where step.run == nil {
                checkStep(step, workflow.local, mayBringFiles: mayBringFiles, &findings)
                mayBringFiles = mayBringFiles || step.with.contains { ["path", "repository"].contains($0.key.text) }
            }
        }
    }

    private static func checkStep(
        _ step: StepOutline, _ local: LocalReferences, mayBringFiles: Bool, _ findings: inout Findings
    ) {
        guard let node = step.uses, let reference = node.text, !reference.isEmpty, !node.hasExpression else { return }
        if LocalReferences.isLocal(reference) || reference.hasPrefix("../") {
            guard let action = local.actions[reference] else { return }
            if action.state == .missing, mayBringFiles { return }
            checkLocal(step, node, reference, action, &findings)
        } else if reference.hasPrefix("docker://") {
            checkImage(String(reference.dropFirst("docker://".count)), node, &findings)
        } else {
            checkPublished(step, node, reference, &findings)
        }
    }

    /// Each outdated version is reported once, at its first use.
    private static func checkVersions(_ outline: WorkflowOutline, _ findings: inout Findings) {
        var uses: [String: (count: Int, position: SourcePosition)] = [:]
        for node in outline.jobs.lazy.flatMap(\.allSteps).compactMap(\.uses) {
            guard let reference = node.text else { continue }
            uses[reference, default: (0, node.position)].count += 1
        }
        let ordered = uses.sorted { $0.value.position < $1.value.position }
        for (reference, use) in ordered where KnownAction.isOutdated(reference) {
            let times = use.count > 1 ? " (here and \(use.count - 1) more times)" : ""
            findings.warn(
                .outdatedAction,
                "'\(Wording.excerpt(reference))'\(times) needs a Node.js that GitHub's runners no longer have.",
                at: use.position, remedy: "Use its newest version.")
        }
    }

    private static func checkImage(_ image: String, _ node: YAMLNode, _ findings: inout Findings) {
        guard image.isEmpty || image.hasSuffix(":") || image.hasPrefix(":") else { return }
        findings.warn(
            .actionReference, "'docker://\(Wording.excerpt(image))' names no image with a tag.", at: node.position,
            remedy: "Write docker://image:tag.")
    }

    private static func checkPublished(
        _ step: StepOutline, _ node: YAMLNode, _ reference: String, _ findings: inout Findings
    ) {
        let parts = reference.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0].split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty, path.count >= 2, path.prefix(2).allSatisfy({ !$0.isEmpty }) else {
            let what = parts.count < 2 || parts[1].isEmpty ? "no version after '@'" : "no owner"
            findings.warn(
                .actionReference, "'\(Wording.excerpt(reference))' names \(what).", at: node.position,
                remedy: "Write owner/repository@ref, owner/repository/path@ref, or ./path for an action of this "
                    + "repository.")
            return
        }
        guard let known = KnownAction.find(reference), let inputs = known.inputs else { return }
        let given = step.with
        for entry in given {
            guard let name = entry.key.text, name != "<<", !entry.key.hasExpression else { continue }
            guard let input = inputs.first(where: { $0.name.lowercased() == name.lowercased() }) else {
                unknownInput(name, entry.key, reference, inputs.filter { !$0.isDeprecated }.map(\.name), &findings)
                continue
            }
            if input.isDeprecated {
                findings.warn(
                    .deprecatedActionInput, "The input '\(name)' of '\(reference)' is deprecated.",
                    at: entry.key.position, remedy: input.replacement.map { "Use '\($0)'." })
            }
        }
        missingInputs(inputs.filter(\.isRequired).map(\.name), given, node, "'\(reference)'", &findings)
    }

    private static func unknownInput(
        _ name: String, _ key: YAMLNode, _ action: String, _ known: [String], _ findings: inout Findings
    ) {
        let meant = Wording.nearest(to: name, among: known)
        let remedy =
            meant.map { "Did you mean '\($0)'?" }
            ?? (known.isEmpty ? "It takes no inputs." : "It takes \(Wording.all(known.sorted())).")
        findings.warn(
            .unknownActionInput, "'\(Wording.excerpt(action))' has no input '\(Wording.excerpt(name))'.",
            at: key.position, remedy: remedy)
    }

    private static func missingInputs(
        _ required: [String], _ given: [YAMLEntry], _ node: YAMLNode, _ action: String, _ findings: inout Findings
    ) {
        let names = Set(given.compactMap { $0.key.text?.lowercased() })
        guard !names.contains("<<") else { return }
        for name in required where !names.contains(name.lowercased()) {
            findings.warn(
                .missingActionInput, "\(action) needs the input '\(name)'.", at: node.position,
                remedy: "Give it under 'with'.")
        }
    }

    private static func checkLocal(
        _ step: StepOutline, _ node: YAMLNode, _ reference: String, _ action: LocalAction, _ findings: inout Findings
    ) {
        switch action.state {
        case .missing:
            findings.warn(
                .localActionMissing, "There is no action.yml in '\(Wording.excerpt(reference))'.", at: node.position,
                remedy: "Check the path; it is read from the repository's root.")
            return
        case .unreadable(let why):
            findings.warn(
                .localActionBroken, "The action in '\(Wording.excerpt(reference))' cannot be read: \(why)",
                at: node.position)
            return
        case .refused:
            return
        case .readable:
            break
        }
        for fault in action.faults {
            findings.warn(
                .localActionBroken, "The manifest of '\(Wording.excerpt(reference))' is faulty: \(fault).",
                at: node.position, remedy: "Correct its action.yml.")
        }
        for entry in step.with {
            guard let name = entry.key.text, name != "<<", !entry.key.hasExpression else { continue }
            let folded = name.lowercased()
            // A container's action also takes these two.
            if action.runner == "docker", folded == "entrypoint" || folded == "args" { continue }
            guard let input = action.inputs.first(where: { $0.name.lowercased() == folded }) else {
                unknownInput(name, entry.key, reference, action.inputs.map(\.name), &findings)
                continue
            }
            if let deprecation = input.deprecation {
                findings.warn(
                    .deprecatedActionInput, "The input '\(name)' of '\(reference)' is deprecated.",
                    at: entry.key.position, remedy: Wording.excerpt(deprecation, limit: 200))
            }
        }
        missingInputs(
            action.inputs.filter(\.isRequired).map(\.name), step.with, node, "'\(Wording.excerpt(reference))'",
            &findings)
    }
}
