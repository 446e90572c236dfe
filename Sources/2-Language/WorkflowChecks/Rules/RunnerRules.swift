// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import YAMLReading

extension Rule {
    /// Runner labels: known, still there, and not at odds with each other.
    static let runnerLabels = Rule("runner labels") { workflow, findings in
        var reported: Set<String> = []
        for job in workflow.outline.jobs {
            guard let runsOn = job.node["runs-on"] else { continue }
            // A larger runner has a label of its owner's choosing; a group says as much.
            let labels = runsOn["labels"]?.textsOrList ?? runsOn.textsOrList
            let groups = labels.map { label in
                label.hasExpression ? matrixLabels(label, job) : [label]
            }
            // A label of one's own may stand at every job: once is enough.
            for label in groups.joined() where reported.insert(label.text ?? "").inserted {
                checkLabel(label, workflow.options, &findings)
            }
            if labels.count > 1, labels.count <= maximumLabels { checkConflicts(groups, &findings) }
        }
    }

    /// The labels that `${{ matrix.x }}` can stand for, as far as the file spells them out.
    private static func matrixLabels(_ label: YAMLNode, _ job: JobOutline) -> [YAMLNode] {
        guard let text = label.text, EmbeddedExpressions.isWholeExpression(text),
            let part = EmbeddedExpressions.parts(of: text).first
        else { return [] }
        let trimmed = part.source.drop { $0.isWhitespace }
        guard trimmed.hasPrefix("matrix.") else { return [] }
        var name = trimmed.dropFirst("matrix.".count)
        while name.last?.isWhitespace == true { name = name.dropLast() }
        guard isIdentifier(String(name)) else { return [] }
        return matrixValues(String(name), job).flatMap { $0.items ?? [$0] }.filter {
            $0.text != nil && !$0.hasExpression
        }
    }

    private static func matrixValues(_ name: String, _ job: JobOutline) -> [YAMLNode] {
        var values = job.matrix?[name]?.items ?? []
        for combination in job.matrix?["include"]?.items ?? [] {
            if let value = combination[name] { values.append(value) }
        }
        return values
    }

    private static func checkLabel(
        _ node: YAMLNode, _ options: WorkflowLintOptions, _ findings: inout Findings
    ) {
        guard let label = node.text, !RunnerTable.isKnown(label),
            !options.runnerLabels.contains(where: { $0.lowercased() == label.lowercased() })
        else { return }
        if let replacement = RunnerTable.replacement(forRemoved: label) {
            findings.warn(
                .removedRunnerLabel, "GitHub no longer has runners labelled '\(label)'.", at: node.position,
                remedy: "Use '\(replacement)', or the version that you need.")
        } else {
            let meant = Wording.nearest(to: label, among: RunnerTable.hosted)
            findings.warn(
                .unknownRunnerLabel, "'\(Wording.excerpt(label))' is not a label of GitHub's runners.",
                at: node.position,
                remedy: (meant.map { "Did you mean '\($0)'? " } ?? "")
                    + "If it is a runner of your own, name it with --label.")
        }
    }

    /// More labels than any runner has.
    private static let maximumLabels = 64

    private static func checkConflicts(_ groups: [[YAMLNode]], _ findings: inout Findings) {
        var accepted: [(node: YAMLNode, images: Set<String>)] = []
        // Labels written in the job come first: what the matrix brings is held against them.
        let ordered = groups.filter { $0.count == 1 } + groups.filter { $0.count != 1 }
        for group in ordered {
            let before = accepted
            for node in group {
                let images = RunnerTable.images(for: node.text ?? "")
                guard !images.isEmpty else { continue }
                if let other = before.first(where: { $0.images.isDisjoint(with: images) }) {
                    findings.warn(
                        .conflictingRunnerLabels,
                        "No runner is '\(node.text ?? "")' and '\(other.node.text ?? "")' at once: it never starts.",
                        at: node.position, remedy: "To run on each of them, make a matrix of them.")
                } else {
                    accepted.append((node, images))
                }
            }
        }
    }
}
