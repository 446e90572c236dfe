// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import ExpressionLanguage
internal import StructuredData
internal import YAMLReading

extension Rule {
    /// What strangers write (titles, bodies, branch names …) pasted into a script: it runs as part of the script.
    static let untrustedInputs = Rule("untrusted inputs") { workflow, findings in
        for expression in workflow.expressions where !findings.isFull && isScript(expression, workflow.outline) {
            guard let root = expression.parsed?.root else { continue }
            var search = UntrustedSearch()
            search.visit(root)
            for (node, paths) in search.found {
                let names = paths.sorted()
                findings.warn(
                    .untrustedInput,
                    "\(Wording.all(names.prefix(4)))\(names.count > 4 ? " and more" : "") can hold whatever a stranger "
                        + "writes, and here it becomes a part of the script.",
                    at: expression.position(of: node),
                    remedy: "Hand it over through 'env', and let the script read the variable.")
            }
        }
    }

    private static func isScript(_ expression: PlacedExpression, _ outline: WorkflowOutline) -> Bool {
        guard let job = expression.site.job, let index = expression.site.step, outline.jobs.indices.contains(job),
            outline.jobs[job].steps.indices.contains(index)
        else { return false }
        let step = outline.jobs[job].steps[index]
        let position = expression.site.node.position
        if expression.site.place == .stepRun { return step.run?.position == position }
        guard expression.site.place == .stepWith, step.uses?.text?.hasPrefix("actions/github-script@") == true else {
            return false
        }
        return step.with.contains { $0.key.text == "script" && $0.value.position == position }
    }
}

/// A part of an event's payload: whether it is free text, and what is below it.
private final class PayloadPart: Sendable {
    let children: [String: PayloadPart]

    init(_ children: [String: PayloadPart] = [:]) {
        self.children = children
    }

    var isText: Bool { children.isEmpty }

    static let text = PayloadPart()
    private static let author = PayloadPart(["email": text, "name": text])
    private static let commit = PayloadPart(["message": text, "author": author])

    /// Source: GitHub's page "Security hardening", what to treat as untrusted input. `*`: any item of a list.
    static let github = PayloadPart([
        "head_ref": text,
        "event": PayloadPart([
            "issue": PayloadPart(["title": text, "body": text]),
            "pull_request": PayloadPart([
                "title": text, "body": text,
                "head": PayloadPart([
                    "ref": text, "label": text, "repo": PayloadPart(["default_branch": text]),
                ]),
            ]),
            "comment": PayloadPart(["body": text]),
            "review": PayloadPart(["body": text]),
            "review_comment": PayloadPart(["body": text]),
            "discussion": PayloadPart(["title": text, "body": text]),
            "pages": PayloadPart(["*": PayloadPart(["page_name": text])]),
            "commits": PayloadPart(["*": commit]),
            "head_commit": commit,
        ]),
    ])
}

private struct UntrustedSearch {
    private(set) var found: [(node: ExpressionNode, paths: [String])] = []

    /// A part that an expression may mean, with how the payload names it.
    private struct Match {
        var part: PayloadPart
        var path: String
    }

    mutating func visit(_ node: ExpressionNode) {
        switch node.kind {
        case .literal, .wildcard:
            break
        case .context, .index:
            let texts = matches(node).filter(\.part.isText)
            if !texts.isEmpty { found.append((node, Array(Set(texts.map(\.path))))) }
            visitIndexes(of: node)
        case .call(let name, let arguments):
            // These give true or false, or a hash: nothing of the text itself.
            guard !["contains", "startswith", "endswith", "hashfiles"].contains(name) else { break }
            for argument in arguments { visit(argument) }
        case .not, .comparison:
            break
        case .connection(_, let operands):
            for operand in operands { visit(operand) }
        }
    }

    /// Expressions in brackets are evaluated on their own.
    private mutating func visitIndexes(of node: ExpressionNode) {
        guard case .index(let object, let index) = node.kind else { return }
        visitIndexes(of: object)
        visit(index)
    }

    private func matches(_ node: ExpressionNode) -> [Match] {
        switch node.kind {
        case .context("github"):
            return [Match(part: .github, path: "github")]
        case .index(let object, let index):
            let below = matches(object)
            guard !below.isEmpty else { return [] }
            return below.flatMap { step($0, by: index) }
        default:
            return []
        }
    }

    private func step(_ match: Match, by index: ExpressionNode) -> [Match] {
        switch index.kind {
        case .literal(.string(let name)):
            // After a filter, a name is taken from each item; an item of a list may be skipped over.
            let folded = name.lowercased()
            return match.part.children[folded].map { [Match(part: $0, path: "\(match.path).\(folded)")] } ?? []
        case .wildcard:
            return match.part.children.map { Match(part: $1, path: "\(match.path).\($0)") }
        default:
            return match.part.children["*"].map { [Match(part: $0, path: "\(match.path).*")] } ?? []
        }
    }
}
