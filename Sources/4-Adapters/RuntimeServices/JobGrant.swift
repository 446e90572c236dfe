// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// Which caches a job may read and where it saves its own.
package struct CacheAccess: Hashable, Sendable {
    /// Refs in the order in which they are searched: the run's own, then the base's of a pull request, then the
    /// default branch's.
    package var readScopes: [String]
    /// The run's own ref; `nil` where it may not save.
    package var writeScope: String?

    package init(readScopes: [String], writeScope: String?) {
        self.readScopes = readScopes
        self.writeScope = writeScope
    }

    /// A branch reads its own and the default branch's; a pull request its base's, too.
    package init(ref: String, baseRef: String? = nil, defaultBranchRef: String, mayWrite: Bool = true) {
        var scopes: [String] = []
        for scope in [ref, baseRef, defaultBranchRef] {
            if let scope, !scopes.contains(scope) { scopes.append(scope) }
        }
        self.init(readScopes: scopes, writeScope: mayWrite ? ref : nil)
    }
}

/// What a job may do, and what is written down of it.
package struct JobGrant: Hashable, Sendable {
    /// Artifacts are those of one run.
    package var run: String
    /// A new one may upload again what one before has uploaded; from 1.
    package var attempt: Int
    package var job: String
    package var cache: CacheAccess
    /// Only where the job has `id-token: write`.
    package var identity: IdentityClaims?
    /// Of artifacts that say nothing.
    package var retentionDays: Int64
    /// `ACTIONS_ORCHESTRATION_ID`, where there is one.
    package var orchestrationID: String?

    package init(
        run: String, job: String, cache: CacheAccess, identity: IdentityClaims? = nil, retentionDays: Int64 = 90,
        orchestrationID: String? = nil, attempt: Int = 1
    ) {
        self.run = run
        self.attempt = attempt
        self.job = job
        self.cache = cache
        self.identity = identity
        self.retentionDays = retentionDays
        self.orchestrationID = orchestrationID
    }
}

/// What an id-token says of a job; the names and the subject are GitHub's:
/// https://docs.github.com/actions/reference/security/oidc
package struct IdentityClaims: Hashable, Sendable {
    /// `owner/name`.
    package var repository: String
    package var ref: String
    package var sha: String
    package var runID: String
    package var eventName: String
    package var actor: String
    /// The workflow's name.
    package var workflow: String
    /// `owner/name/.github/workflows/file.yml@refs/heads/main`.
    package var workflowRef: String
    /// The same of the file that has the job: another one's where it is called.
    package var jobWorkflowRef: String
    package var environment: String?
    /// Others by their names, as strings: `run_number`, `run_attempt`, `head_ref`, `base_ref`, `repository_id` …
    package var others: DataObject

    package init(
        repository: String, ref: String, sha: String, runID: String, eventName: String, actor: String,
        workflow: String, workflowRef: String, jobWorkflowRef: String? = nil, environment: String? = nil,
        others: DataObject = [:]
    ) {
        self.repository = repository
        self.ref = ref
        self.sha = sha
        self.runID = runID
        self.eventName = eventName
        self.actor = actor
        self.workflow = workflow
        self.workflowRef = workflowRef
        self.jobWorkflowRef = jobWorkflowRef ?? workflowRef
        self.environment = environment
        self.others = others
    }

    /// An environment says more than a pull request, that more than a ref.
    package var subject: String {
        if let environment { return "repo:\(repository):environment:\(Self.escaped(environment))" }
        if eventName == "pull_request" { return "repo:\(repository):pull_request" }
        return "repo:\(repository):ref:\(ref)"
    }

    package var owner: String { String(repository.prefix { $0 != "/" }) }

    /// A colon within a part would make another part of it.
    private static func escaped(_ part: String) -> String {
        String(part.map { $0 == ":" ? "%3A" : String($0) }.joined())
    }

    /// All but the audience, the issuer and the times.
    var claims: DataObject {
        var claims: DataObject = [
            "sub": .string(subject), "repository": .string(repository), "repository_owner": .string(owner),
            "ref": .string(ref), "ref_type": .string(ref.hasPrefix("refs/tags/") ? "tag" : "branch"),
            "sha": .string(sha), "run_id": .string(runID), "event_name": .string(eventName),
            "actor": .string(actor), "workflow": .string(workflow), "workflow_ref": .string(workflowRef),
            "workflow_sha": .string(sha), "job_workflow_ref": .string(jobWorkflowRef),
            "job_workflow_sha": .string(sha), "runner_environment": "self-hosted",
        ]
        claims.set("environment", environment.map { .string($0) })
        for (name, value) in others { claims[name] = value }
        return claims
    }
}
