// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import ExpressionLanguage
internal import StructuredData
internal import YAMLReading

extension Rule {
    /// `env.X` in the `env` of the very step that sets X: the context does not have it yet.
    static let sameStepVariables = Rule("variables of the same step") { workflow, findings in
        for expression in workflow.expressions where !findings.isFull && expression.site.place == .stepEnv {
            guard let index = expression.site.job, let number = expression.site.step,
                workflow.outline.jobs.indices.contains(index),
                workflow.outline.jobs[index].steps.indices.contains(number)
            else { continue }
            let job = workflow.outline.jobs[index]
            let own = names(job.steps[number].node["env"])
            let above = names(job.node["env"]).union(names(workflow.outline.root["env"]))
            // A step before may have written the variable to GITHUB_ENV.
            let isWritten = job.steps[..<number].contains { step in
                step.uses != nil || step.run?.text?.contains("GITHUB_ENV") == true
            }
            guard !isWritten else { continue }
            expression.parsed?.root?.walk { node in
                guard case .index(let object, let property) = node.kind, case .context("env") = object.kind,
                    case .literal(.string(let name)) = property.kind
                else { return true }
                if own.contains(name.lowercased()), !above.contains(name.lowercased()) {
                    findings.warn(
                        .variableOfSameStep,
                        "'env.\(Wording.excerpt(name))' is set by this very step, so it is still empty here.",
                        at: expression.position(of: node),
                        remedy: "Set it in 'env' of the job, or repeat its value.")
                }
                return false
            }
        }
    }

    private static func names(_ env: YAMLNode?) -> Set<String> {
        Set((env?.entries ?? []).compactMap { $0.key.text?.lowercased() })
    }

    /// A checkout of a pull request's code in a run that has the secrets and the rights of the repository.
    static let foreignCode = Rule("foreign code") { workflow, findings in
        guard workflow.outline.event("pull_request_target") != nil else { return }
        for expression in workflow.expressions where !findings.isFull && expression.site.place == .stepWith {
            guard let index = expression.site.job, let number = expression.site.step,
                workflow.outline.jobs.indices.contains(index),
                workflow.outline.jobs[index].steps.indices.contains(number)
            else { continue }
            let step = workflow.outline.jobs[index].steps[number]
            guard step.uses?.text?.hasPrefix("actions/checkout@") == true,
                step.node["with"]?["ref"]?.position == expression.site.node.position,
                expression.parsed?.root.map(readsPullRequestHead) == true
            else { continue }
            findings.warn(
                .foreignCodeWithSecrets,
                "'pull_request_target' runs with the repository's secrets, and this checks out a stranger's code.",
                at: expression.site.node.position,
                remedy: "Run nothing of it here, or use 'pull_request', which has no secrets.")
        }
    }

    private static func readsPullRequestHead(_ root: ExpressionNode) -> Bool {
        var isHead = false
        root.walk { node in
            let text = node.canonicalText()
            if text.hasPrefix("github.event.pull_request.head.") || text == "github.head_ref" { isHead = true }
            return !isHead
        }
        return isHead
    }
}
