// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import YAMLReading

extension Rule {
    /// `uses` of steps: the form of the reference, and what the action takes.
    static let actionReferences = Rule("actions") { workflow, findings in
        for job in workflow.outline.jobs {
            for step in job.steps where step.run == nil { checkStep(step, workflow.local, &findings) }
        }
    }

    private static func checkStep(_ step: StepOutline, _ local: LocalReferences, _ findings: inout Findings) {
        guard let node = step.uses, let reference = node.text, !reference.isEmpty, !node.hasExpression else { return }
        if reference.hasPrefix("./") || reference.hasPrefix("../") {
            if let action = local.actions[reference] { checkLocal(step, node, reference, action, &findings) }
        } else if reference.hasPrefix("docker://") {
            checkImage(String(reference.dropFirst("docker://".count)), node, &findings)
        } else if !reference.hasPrefix("$/") {
            checkPublished(step, node, reference, &findings)
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
        if KnownAction.isOutdated(reference) {
            findings.warn(
                .outdatedAction,
                "'\(Wording.excerpt(reference))' was written for a Node.js that GitHub's runners no longer have.",
                at: node.position, remedy: "Use its newest version.")
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
            // A step before may bring it: a checkout into another folder, a download.
            findings.warn(
                .localActionMissing, "There is no action.yml in '\(Wording.excerpt(reference))'.", at: node.position,
                remedy: "Check the path; it is read from the repository's root.")
            return
        case .unreadable(let why):
            findings.warn(
                .localActionBroken, "The action in '\(Wording.excerpt(reference))' cannot be read: \(why)",
                at: node.position)
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
