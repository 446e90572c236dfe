// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
package import PipelineModel
internal import SealedStorage
package import StructuredData

/// What a run was started with, beside its journal: the plan, the contexts, where the code is. Sealed at rest, because
/// variables and payloads may hold what nobody else should read. Secrets are not in it.
package struct RunRecord {
    package var plan: Plan
    package var repository: RepositoryState
    package var payload: DataObject
    package var vars: DataObject
    package var selectedMatrix: [String: String]
    package var runnerLabels: [String]
    /// What `run-name` came to.
    package var title: String?
    package var isBound: Bool
    /// The code is the repository's commit: there is no working tree.
    package var isPinned = false
    /// The server's project that it is of; `nil`: a local run.
    package var project: String?
    /// As people knew it when the run was planned.
    package var projectName: String?
    /// The group of runners that its jobs go to; empty: the default one.
    package var runnerGroup = ""
    /// What started it, by a key that is the same however often it is told: of two that tell it one makes the run.
    package var origin: String?
    /// Whether its jobs may be given secrets, and a token that writes.
    package var givesSecrets = true
    /// Runs before it, each started by the end of the one before (`workflow_run`).
    package var chainDepth = 0
    /// What steps are enclosed in; `nil`: nothing.
    package var sandbox: SandboxSettings?
    /// Whether the run's code is the user's own.
    package var isTrusted: Bool { sandbox == nil }
    /// Whether `git push` in a workspace reaches the real remote.
    package var allowsPush = false
    /// Files with secrets that the run was given, relative to the root: they stay out of workspaces.
    package var privateFiles: Set<String> = []
    /// What `--env-file` held, `NAME=value`: a resumed run has it again.
    package var environment: [String] = []
    /// Milliseconds since the epoch.
    package var createdAt: Int64
    /// Names of the secrets that it was given: a resume must be given them again.
    package var secretNames: [String]

    /// What a JSON text may hold that is read back.
    private static let sizeLimitBytes = JSONLimits.standard.maximumBytes

    package func save(in store: RunStore, _ run: RunID) throws(DiagnosticError) {
        let bytes = Array(data.jsonText().utf8)
        guard bytes.count <= Self.sizeLimitBytes else {
            throw DiagnosticError(
                .runRecordTooLarge,
                "The plan and the payload take \(bytes.count) bytes; at most \(Self.sizeLimitBytes) are kept.",
                remedy: "Give a smaller --payload, or split the workflow.")
        }
        // What lists need is small and not secret: it stands in the clear.
        try Files.write(
            Array(DataValue.object(summary).jsonText().utf8), to: store.folder(of: run) + "/summary.json", mode: 0o600)
        // Last: a run is there from when its record is, and then all of it is.
        try SealedFile.write(
            bytes, to: Self.path(store, run), key: store.key, name: "run \(run)", durably: store.isDurable)
    }

    /// Whether the run was kept: one whose process ended before that never began.
    package static func isKept(_ run: RunID, in store: RunStore) -> Bool { Files.facts(path(store, run)) != nil }

    package static func load(from store: RunStore, _ run: RunID) throws(DiagnosticError) -> RunRecord {
        let text = try? SealedFile.read(
            path(store, run), key: store.key, name: "run \(run)", limit: sizeLimitBytes)
        guard let text, let data = try? DataValue(json: text), let record = try? RunRecord(data: data) else {
            throw DiagnosticError(
                .runRecordUnreadable, "The record of run \(run) cannot be read.",
                remedy: "It was sealed with another key, or is damaged; start the run anew.")
        }
        return record
    }

    /// The repository that a run was made of, as its summary has it.
    static func root(of run: RunID, in store: RunStore) throws(DiagnosticError) -> String? {
        try summary(of: run, in: store)["root"]?.string
    }

    /// What lists show of a run; empty where it was not kept, or cannot be read.
    static func summary(of run: RunID, in store: RunStore) throws(DiagnosticError) -> DataObject {
        let text = try Files.readIfPresent(store.folder(of: run) + "/summary.json", limit: summaryLimitBytes)
        if let found = text.flatMap({ try? DataValue(json: $0) })?.object { return found }
        guard isKept(run, in: store) else { return DataObject() }
        return (try? load(from: store, run))?.summary ?? DataObject()
    }

    private static let summaryLimitBytes = 1 << 20

    private static func path(_ store: RunStore, _ run: RunID) -> String { store.folder(of: run) + "/record" }

    private var summary: DataObject {
        [
            "workflow": .string(plan.workflowName), "title": title.map(DataValue.string) ?? .null,
            "path": .string(plan.workflowPath),
            "event": .string(plan.trigger.event), "ref": plan.trigger.ref.map(DataValue.string) ?? .null,
            "root": .string(repository.root), "createdAt": .number(Double(createdAt)),
            "project": project.map(DataValue.string) ?? .null, "sha": .string(repository.sha),
            "actor": .string(repository.actor), "repository": .string(repository.fullName),
            "subject": .string(
                repository.headCommit?.message.split(separator: "\n").first.map(String.init) ?? ""),
            "origin": origin.map(DataValue.string) ?? .null,
        ]
    }

    var data: DataValue {
        let commit = repository.headCommit
        return [
            "plan": plan.data, "payload": .object(payload), "vars": .object(vars),
            "matrix": .object(
                DataObject(selectedMatrix.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
            "labels": .array(runnerLabels.map(DataValue.string)), "bound": .bool(isBound), "pinned": .bool(isPinned),
            "project": project.map(DataValue.string) ?? .null,
            "projectName": projectName.map(DataValue.string) ?? .null, "runnerGroup": .string(runnerGroup),
            "origin": origin.map(DataValue.string) ?? .null, "givesSecrets": .bool(givesSecrets),
            "chainDepth": .number(Double(chainDepth)),
            "allowsPush": .bool(allowsPush), "sandbox": sandbox?.data ?? .null,
            "privateFiles": .array(privateFiles.sorted().map(DataValue.string)),
            "environment": .array(environment.map(DataValue.string)),
            "title": title.map(DataValue.string) ?? .null,
            "createdAt": .number(Double(createdAt)), "secretNames": .array(secretNames.map(DataValue.string)),
            "repository": [
                "root": .string(repository.root), "isRepository": .bool(repository.isRepository),
                "fullName": .string(repository.fullName), "serverURL": .string(repository.serverURL),
                "ref": repository.ref.map(DataValue.string) ?? .null, "sha": .string(repository.sha),
                "defaultBranch": .string(repository.defaultBranch), "actor": .string(repository.actor),
                "commit": commit.map {
                    .array([$0.id, $0.message, $0.authorName, $0.authorEmail, $0.timestamp].map(DataValue.string))
                } ?? .null,
            ],
        ]
    }

    init(data: DataValue) throws(DataShapeError) {
        plan = try Plan(data: data["plan"] ?? .null)
        payload = data["payload"]?.object ?? DataObject()
        vars = data["vars"]?.object ?? DataObject()
        selectedMatrix = Dictionary(
            (data["matrix"]?.object ?? DataObject()).map { ($0, $1.string ?? "") },
            uniquingKeysWith: { first, _ in first })
        runnerLabels = data.strings("labels")
        isBound = data.bool("bound")
        isPinned = data.bool("pinned")
        project = data["project"]?.string
        projectName = data["projectName"]?.string
        runnerGroup = data["runnerGroup"]?.string ?? ""
        origin = data["origin"]?.string
        givesSecrets = data.bool("givesSecrets", default: true)
        chainDepth = data["chainDepth"]?.int ?? 0
        title = data["title"]?.string
        allowsPush = data.bool("allowsPush")
        sandbox = data["sandbox"].flatMap { SandboxSettings(data: $0) }
        privateFiles = Set(data.strings("privateFiles"))
        environment = data.strings("environment")
        createdAt = Int64(try data.int("createdAt"))
        secretNames = data.strings("secretNames")
        let facts = data["repository"] ?? .null
        repository = RepositoryState(root: try facts.string("root"))
        repository.isRepository = facts.bool("isRepository")
        repository.fullName = try facts.string("fullName")
        repository.serverURL = try facts.string("serverURL")
        repository.ref = facts["ref"]?.string
        repository.sha = try facts.string("sha")
        repository.defaultBranch = try facts.string("defaultBranch")
        repository.actor = try facts.string("actor")
        let commit = facts.strings("commit")
        if commit.count == 5 {
            repository.headCommit = CommitInfo(
                id: commit[0], message: commit[1], authorName: commit[2], authorEmail: commit[3], timestamp: commit[4])
        }
    }

    package init(plan: Plan, repository: RepositoryState, payload: DataObject) {
        self.plan = plan
        self.repository = repository
        self.payload = payload
        vars = DataObject()
        selectedMatrix = [:]
        runnerLabels = []
        isBound = false
        createdAt = 0
        secretNames = []
    }
}
