// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import YAMLReading

extension Rule {
    /// `uses` of jobs: the form of the reference, and what the called workflow takes.
    static let reusableCalls = Rule("reusable workflows") { workflow, findings in
        for job in workflow.outline.jobs {
            guard let node = job.uses, let reference = node.text, !reference.isEmpty, !node.hasExpression else {
                continue
            }
            guard isReference(reference) else {
                findings.refuse(
                    .reusableReference, "'\(Wording.excerpt(reference))' is not the name of a reusable workflow.",
                    at: node.position,
                    remedy: "Write owner/repository/.github/workflows/file.yml@ref, or ./.github/workflows/file.yml "
                        + "without a ref.")
                continue
            }
            if let called = workflow.local.workflows[reference] { checkCall(job, node, reference, called, &findings) }
        }
    }

    /// `./.github/workflows/file`, or `owner/repository/path@ref`.
    private static func isReference(_ text: String) -> Bool {
        if text.hasPrefix("./") || text.hasPrefix("$/") {
            let path = text.split(separator: "/", omittingEmptySubsequences: false)
            return !text.has("@") && path.count == 4 && path[1...2] == [".github", "workflows"] && !path[3].isEmpty
        }
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty else { return false }
        let path = parts[0].split(separator: "/", omittingEmptySubsequences: false)
        return path.count >= 3 && path.allSatisfy { !$0.isEmpty } && !text.hasPrefix(".")
    }

    private static func checkCall(
        _ job: JobOutline, _ node: YAMLNode, _ reference: String, _ called: LocalWorkflow, _ findings: inout Findings
    ) {
        let name = "'\(Wording.excerpt(reference))'"
        switch called.state {
        case .missing:
            return findings.warn(
                .reusableUnreadable, "There is no workflow \(name) in this repository.", at: node.position,
                remedy: "Check the path; it is read from the repository's root.")
        case .unreadable(let why):
            return findings.warn(
                .reusableUnreadable, "The workflow \(name) cannot be read: \(why)", at: node.position)
        case .notCallable:
            return findings.warn(
                .reusableUnreadable, "The workflow \(name) cannot be called.", at: node.position,
                remedy: "Add 'workflow_call' to the events under its 'on'.")
        case .readable:
            break
        }
        let inputs = job.node["with"]?.entries ?? []
        let declared = Declaration(
            what: "input", key: "with", code: .reusableInput, workflow: name,
            names: called.inputs.map { ($0.name, $0.isRequired) })
        match(inputs, declared, node.position, &findings)
        for entry in inputs { checkLiteral(entry, called, name, &findings) }
        guard job.node["secrets"]?.text != "inherit" else { return }
        let secrets = Declaration(
            what: "secret", key: "secrets", code: .reusableSecret, workflow: name,
            names: called.secrets.map { ($0.name, $0.isRequired) })
        match(job.node["secrets"]?.entries ?? [], secrets, node.position, &findings)
    }

    /// What a called workflow declares, and how to speak of it.
    private struct Declaration {
        var what: String
        var key: String
        var code: DiagnosticCode
        var workflow: String
        var names: [(name: String, isRequired: Bool)]
    }

    private static func match(
        _ given: [YAMLEntry], _ declared: Declaration, _ position: SourcePosition, _ findings: inout Findings
    ) {
        let known = declared.names.map(\.name)
        for entry in given {
            guard let name = entry.key.text, name != "<<",
                !known.contains(where: { $0.lowercased() == name.lowercased() })
            else { continue }
            let meant = Wording.nearest(to: name, among: known)
            findings.warn(
                declared.code, "\(declared.workflow) declares no \(declared.what) '\(Wording.excerpt(name))'.",
                at: entry.key.position,
                remedy: meant.map { "Did you mean '\($0)'?" } ?? "It declares \(Wording.all(known.sorted())).")
        }
        let names = Set(given.compactMap { $0.key.text?.lowercased() })
        for (name, isRequired) in declared.names where isRequired && !names.contains(name.lowercased()) {
            findings.warn(
                declared.code, "\(declared.workflow) needs the \(declared.what) '\(name)'.", at: position,
                remedy: "Give it under '\(declared.key)'.")
        }
    }

    private static func checkLiteral(
        _ entry: YAMLEntry, _ called: LocalWorkflow, _ name: String, _ findings: inout Findings
    ) {
        guard let key = entry.key.text?.lowercased(), !entry.value.hasExpression,
            let input = called.inputs.first(where: { $0.name.lowercased() == key }), let kind = entry.value.scalarKind
        else { return }
        let fits: Bool
        switch input.type {
        case "boolean": fits = kind == .boolean
        case "number": fits = kind == .integer || kind == .number
        default: return
        }
        guard !fits else { return }
        findings.warn(
            .reusableInput,
            "The input '\(input.name)' of \(name) is a \(input.type), but this is \(entry.value.kindName).",
            at: entry.value.position)
    }
}
