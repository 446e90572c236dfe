// SPDX-License-Identifier: Apache-2.0

/// The types of all contexts, as GitHub documents them under "Contexts reference".
///
/// `inputs`, `matrix`, `needs`, `steps` and `jobs` are empty here: what they hold is in the workflow, so a checker
/// of workflows puts its own types in their place.
package enum ContextTypes {
    package static let all: [String: ExpressionType] = [
        "env": .map(.string),
        "github": github,
        "inputs": .strict(),
        "job": job,
        "jobs": .strict(),
        "matrix": .strict(),
        "needs": .strict(),
        "runner": runner,
        "secrets": .map(.string),
        "steps": .strict(),
        "strategy": .loose([
            "fail-fast": .bool, "job-index": .number, "job-total": .number, "max-parallel": .number,
        ]),
        "vars": .map(.string),
    ]

    /// Properties that are strings, by which the table is shorter.
    private static let githubStrings = [
        "action", "action_path", "action_ref", "action_repository", "action_status", "actor", "actor_id", "api_url",
        "base_ref", "env", "event_name", "event_path", "graphql_url", "head_ref", "job", "output", "path", "ref",
        "ref_name", "ref_type", "repository", "repository_id", "repository_owner", "repository_owner_id",
        "repository_visibility", "repositoryUrl", "run_attempt", "run_id", "run_number", "secret_source",
        "server_url", "sha", "state", "step_summary", "token", "triggering_actor", "workflow", "workflow_ref",
        "workflow_sha", "workspace",
    ]

    /// The payload of the event is not described: it differs between events.
    package static let github: ExpressionType = {
        var shape = ExpressionType.ObjectShape([
            "artifact_cache_size_limit": .number, "event": .loose(), "ref_protected": .bool,
            "retention_days": .number,
        ])
        for name in githubStrings { shape[name] = .string }
        return .object(shape)
    }()

    package static let job: ExpressionType = .strict([
        "check_run_id": .number,
        "container": .strict(["id": .string, "network": .string]),
        "services": .map(.strict(["id": .string, "network": .string, "ports": .map(.string)])),
        "status": .string,
        "workflow_ref": .string, "workflow_sha": .string, "workflow_repository": .string,
        "workflow_file_path": .string,
    ])

    package static let runner: ExpressionType = {
        var shape = ExpressionType.ObjectShape()
        for name in ["arch", "debug", "environment", "name", "os", "temp", "tool_cache", "workspace"] {
            shape[name] = .string
        }
        return .object(shape)
    }()

    /// What `needs.<job>` is, given the job's outputs; `nil` where those are not known.
    package static func neededJob(outputs: ExpressionType?) -> ExpressionType {
        .strict(["outputs": outputs ?? .map(.string), "result": .string])
    }

    /// What `steps.<id>` is, given the step's outputs; `nil` where those are not known.
    package static func step(outputs: ExpressionType?) -> ExpressionType {
        .strict(["conclusion": .string, "outcome": .string, "outputs": outputs ?? .map(.string)])
    }

    /// `secrets` where a workflow that is called declares them: those, and the ones that are always there.
    package static func declaredSecrets(_ names: some Sequence<String>) -> ExpressionType {
        var shape = ExpressionType.ObjectShape()
        for name in ["github_token", "actions_step_debug", "actions_runner_debug"] { shape[name] = .string }
        for name in names { shape[name] = .string }
        return .object(shape)
    }
}
