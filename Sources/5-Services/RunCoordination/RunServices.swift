// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import PipelineModel
internal import RuntimeServices
internal import StepExecution
internal import StructuredData

/// The services that actions talk to (caches, artifacts, id-tokens): started when the first action of the run asks for
/// them, so that a run without one costs nothing.
final class RunServices {
    private let server: RuntimeServer
    private let record: RunRecord
    private let run: RunID
    private let attempt: Int
    private var grants: [JobID: JobAccess] = [:]

    /// - Parameters:
    ///   - far: the server that has the caches and artifacts; `nil`: they are in the store.
    ///   - home: to the server whose folder that is.
    init(
        store: RunStore, run: RunID, attempt: Int, record: RunRecord, far: FarStorage? = nil, home: ServerLine? = nil
    ) {
        self.record = record
        self.run = run
        self.attempt = attempt
        let folder = Self.folder(of: record.repository.root, in: store)
        var options =
            far.map {
                RuntimeServerOptions(
                    shelf: FarBlobShelf(storage: $0, isServed: true), index: FarEntryIndex(storage: $0))
            } ?? RuntimeServerOptions(folder: folder)
        if let home { options.shelf = CopySource.server(home).shelf(over: FileBlobShelf(folder: folder)) }
        options.identityKeyPath = store.shared + "/identity-key"
        let lookups = CacheHistory(store: store, run: run)
        options.observeLookup = { lookups.append($0) }
        server = RuntimeServer(options: options)
    }

    /// Caches and artifacts of one repository.
    static func folder(of root: String, in store: RunStore) -> String {
        "\(store.shared)/services/\(ContentDigest.of(.string(root)).prefix(16))"
    }

    /// What a step's process is told.
    func variables(
        for job: JobID, _ attempt: StepAttempt, _ user: ServiceUser, reachedAs host: String?
    ) throws(DiagnosticError) -> ServiceVariables {
        let access = try access(of: job)
        server.note(step: attempt.step.description, of: access)
        let kind: JobAccess.StepKind =
            switch user {
            case .nodeAction: .javaScriptAction
            case .dockerAction: .dockerAction
            case .script: .script
            }
        return ServiceVariables(
            access.environment(for: kind, reachedAs: host).map { .init($0.name, $0.value) }, secrets: [access.token])
    }

    private func access(of job: JobID) throws(DiagnosticError) -> JobAccess {
        if let known = grants[job] { return known }
        let access = try server.admit(grant(job))
        grants[job] = access
        return access
    }

    private func grant(_ job: JobID) -> JobGrant {
        let repository = record.repository
        let ref = record.plan.trigger.ref ?? repository.ref ?? "refs/heads/\(repository.defaultBranch)"
        var grant = JobGrant(run: run.description, job: job.text, cache: Self.cacheAccess(record), attempt: attempt)
        if Self.givesIdentity(job, record) { grant.identity = claims(ref) }
        return grant
    }

    /// Whose caches the run sees, and for which ref it saves its own.
    static func cacheAccess(_ record: RunRecord) -> CacheAccess {
        let branch = "refs/heads/\(record.repository.defaultBranch)"
        let base = record.payload["pull_request"]?["base"]?["ref"]?.string.map { "refs/heads/\($0)" }
        return CacheAccess(
            ref: record.plan.trigger.ref ?? record.repository.ref ?? branch, baseRef: base, defaultBranchRef: branch)
    }

    /// `id-token: write` of the job, as the plan has it.
    static func givesIdentity(_ job: JobID, _ record: RunRecord) -> Bool {
        record.plan.jobs.first { $0.key == job.key }?.permissions?["id-token"] == "write"
    }

    private func claims(_ ref: String) -> IdentityClaims {
        let repository = record.repository
        return IdentityClaims(
            repository: repository.fullName, ref: ref, sha: repository.sha, runID: run.description,
            eventName: record.plan.trigger.event, actor: repository.actor, workflow: record.plan.workflowName,
            workflowRef: "\(repository.fullName)/\(record.plan.workflowPath)@\(ref)",
            others: [
                "run_number": .string(run.description), "run_attempt": .string("\(attempt)"),
                "repository_owner": .string(repository.fullName.split(separator: "/").first.map(String.init) ?? ""),
            ])
    }

    /// Containers of a network come by its address. What it gives may be called on any thread that may block.
    var opener: @Sendable (_ gateway: String) -> Void {
        let server = server
        return { server.serve(at: $0) }
    }

    /// The job is over: its token holds no more.
    func dismiss(_ job: JobID) {
        if let access = grants.removeValue(forKey: job) { server.dismiss(access) }
    }

    func stop() { server.stop() }
}
