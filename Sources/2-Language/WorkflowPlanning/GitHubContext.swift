// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import StructuredData

/// Builds the `github` context of a run; what differs by job or step (`job`, `action`, `workspace`, …) is added where the job runs.
///
/// Source: the contexts reference of GitHub's documentation.
package struct GitHubContext {
    package var repository: RepositoryState
    package var plan: Plan
    package var payload: DataObject
    package var run: RunID
    /// From 1.
    package var attempt: Int
    /// A token for the forge, where the user gave one; `github.token` and `secrets.GITHUB_TOKEN`.
    package var token: String

    package init(
        repository: RepositoryState, plan: Plan, payload: DataObject, run: RunID, attempt: Int = 1, token: String = ""
    ) {
        self.repository = repository
        self.plan = plan
        self.payload = payload
        self.run = run
        self.attempt = attempt
        self.token = token
    }

    package var object: DataObject {
        let ref = plan.trigger.ref
        let isPullRequest = plan.trigger.event.hasPrefix("pull_request")
        let head = payload["pull_request"]?["head"]?["ref"]?.string ?? ""
        let base = payload["pull_request"]?["base"]?["ref"]?.string ?? ""
        var context: DataObject = [
            "token": .string(token),
            "ref": .string(ref ?? ""), "sha": .string(repository.sha), "repository": .string(repository.fullName),
            "repository_owner": .string(repository.owner), "repositoryUrl": .string(gitURL),
            "run_id": .string(run.description), "run_number": .string(run.description),
            "run_attempt": .string(String(attempt)), "retention_days": "90", "artifact_cache_size_limit": "10",
            "actor": .string(repository.actor), "triggering_actor": .string(repository.actor),
            "workflow": .string(plan.workflowName), "event_name": .string(plan.trigger.event),
            "event": .object(payload), "server_url": .string(repository.serverURL),
        ]
        context["head_ref"] = .string(isPullRequest ? head : "")
        context["base_ref"] = .string(isPullRequest ? base : "")
        context["ref_name"] = .string(GitReference.shortName(ref))
        context["ref_type"] = .string(GitReference.kind(ref))
        context["ref_protected"] = .bool(false)
        context["api_url"] = .string(apiURL)
        context["graphql_url"] = .string(apiURL + "/graphql")
        context["secret_source"] = "None"
        context["workflow_ref"] = .string("\(repository.fullName)/\(plan.workflowPath)@\(ref ?? "")")
        context["workflow_sha"] = .string(repository.sha)
        return context
    }

    private var gitURL: String {
        "git://" + (repository.serverURL.split(separator: "/").last ?? "github.com") + "/\(repository.fullName).git"
    }

    private var apiURL: String {
        repository.serverURL == "https://github.com" ? "https://api.github.com" : repository.serverURL + "/api/v3"
    }
}
