// SPDX-License-Identifier: Apache-2.0

import StructuredData

/// Which variables a step gets from its contexts, as the runner hands them out.
enum EnvironmentRules {
    /// Properties of the `github` context that every step sees as `GITHUB_…`.
    static let githubNames: Set<String> = [
        "action", "action_path", "action_ref", "action_repository", "actor", "actor_id", "api_url", "artifacts",
        "artifacts_list", "base_ref", "env", "event_name", "event_path", "graphql_url", "head_ref", "job", "output",
        "path", "ref", "ref_name", "ref_protected", "ref_type", "repository", "repository_id", "repository_owner",
        "repository_owner_id", "retention_days", "run_attempt", "run_id", "run_number", "server_url", "sha", "state",
        "step_summary", "triggering_actor", "workflow", "workflow_ref", "workflow_sha", "workspace",
    ]

    /// `GITHUB_…` for the properties that are handed out and are texts or booleans.
    static func githubVariables(_ context: DataObject) -> [(name: String, value: String)] {
        context.compactMap { key, value in
            let key = key.lowercasedASCII()
            guard githubNames.contains(key), let text = text(value) else { return nil }
            return ("GITHUB_" + key.uppercasedASCII(), text)
        }
    }

    /// `RUNNER_…` for all of the `runner` context.
    static func runnerVariables(_ context: DataObject) -> [(name: String, value: String)] {
        context.compactMap { key, value in text(value).map { ("RUNNER_" + key.uppercasedASCII(), $0) } }
    }

    private static func text(_ value: DataValue) -> String? {
        switch value {
        case .string(let text): text
        case .bool(let flag): flag ? "true" : "false"
        default: nil
        }
    }

    /// `PATH` with the folders that steps put before it, the last one first.
    static func path(_ path: String, prepending folders: [String]) -> String {
        if folders.isEmpty { return path }
        let prefix = folders.reversed().joined(separator: ":")
        return path.isEmpty ? prefix : prefix + ":" + path
    }
}
