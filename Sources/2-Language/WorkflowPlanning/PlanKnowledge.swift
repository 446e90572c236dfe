// SPDX-License-Identifier: Apache-2.0

internal import ExpressionLanguage
internal import StructuredData

/// What an expression reads that nobody knows before the run: values that only a run has, and those of jobs before.
struct PlanKnowledge {
    /// A called workflow's inputs are evaluated when it is called.
    var isNested = false
    /// Ids, in lower case, of needed jobs whose result is known now.
    var knownNeeds: Set<String> = []
    /// Whether ``knownNeeds`` are all that the job needs.
    var knowsAllNeeds = false

    /// Contexts that only a run can fill.
    private static let later: Set<String> = [
        "steps", "job", "jobs", "runner", "env", "matrix", "strategy", "secrets",
    ]
    /// Properties of `github` that no plan knows: those of the run, and those of a job or step.
    private static let laterProperties: Set<String> = [
        "run_id", "run_number", "run_attempt", "token", "action", "action_path", "action_ref", "action_repository",
        "action_status", "env", "event_path", "job", "job_workflow_sha", "output", "path", "state", "step_summary",
        "workspace",
    ]

    private static let message = "The value is known only to the run"

    /// What reading something unknown does.
    static let refuse: ExpressionContexts.Supplier = { () throws(ExpressionError) in
        throw ExpressionError(evaluation: message)
    }

    static func isUnknown(_ error: ExpressionError) -> Bool { error.message == message }

    /// The expression with a context of its own in the place of everything unknown: a short circuit before it still
    /// gives an answer.
    func entry(_ expression: ParsedExpression) -> ExpressionShelf.Entry {
        var unknown: Set<String> = []
        let rewritten = expression.replacing { node in
            if isKnown(node) { return node }
            guard let name = unknownName(node) else { return nil }
            // Parts of these two may be known, under the plain name.
            let context = ["github", "needs"].contains(name) ? name + ".*" : name.lowercased()
            unknown.insert(context)
            var other = node
            other.kind = .context(context)
            return other
        }
        return ExpressionShelf.Entry(expression: rewritten, contexts: rewritten.contextNames, unknown: unknown)
    }

    /// What is unknown, as one would name it: `matrix`, `github.run_id`.
    func unknownNames(_ expression: ParsedExpression) -> [String] {
        var names: Set<String> = []
        _ = expression.replacing { node in
            if isKnown(node) { return node }
            guard let name = unknownName(node) else { return nil }
            names.insert(name)
            return node
        }
        return names.sorted()
    }

    /// Whether the node as a whole may stay, although a context in it by itself might not.
    private func isKnown(_ node: ExpressionNode) -> Bool {
        guard case .index(let object, let index) = node.kind, case .context(let context) = object.kind,
            case .literal(.string(let name)) = index.kind
        else { return false }
        switch context {
        case "github": return !Self.laterProperties.contains(name.lowercased())
        case "needs": return knownNeeds.contains(name.lowercased())
        default: return false
        }
    }

    private func unknownName(_ node: ExpressionNode) -> String? {
        switch node.kind {
        case .index(let object, let index):
            guard case .context("github") = object.kind, case .literal(.string(let name)) = index.kind else {
                return nil
            }
            return "github.\(name)"
        case .context("github"): return "github"
        case .context("needs"): return knowsAllNeeds ? nil : "needs"
        case .context("inputs"): return isNested ? "inputs" : nil
        case .context(let name): return Self.later.contains(name) ? name : nil
        case .call("hashfiles", _): return "hashFiles()"
        // With arguments they ask for single jobs.
        case .call(let name, let arguments):
            let asksForJobs = ExpressionFunctionSignature.statusFunctionNames.contains(name) && !arguments.isEmpty
            return asksForJobs ? "needs" : nil
        default: return nil
        }
    }
}
