// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import ExpressionLanguage
internal import FileAccess
internal import OutcomeReading
internal import PipelineModel
internal import ProcessControl
internal import RunEngine
internal import SecretRedaction
internal import SourceControl
internal import StepExecution
internal import StructuredData

/// Puts together what a job's executor is started with.
struct JobEnvironment {
    let ground: JobGround
    let job: JobSession
    let steps: PlannedSteps
    let needs: [NeedResult]

    func options() throws(DiagnosticError) -> HostJob.Options {
        let store = ground.store
        try store.makeJobWork(ground.run, job.id)
        ground.kept.use(job.id)
        var folders = try Self.folders(ground, job.id)
        folders.receipts = folders.durable + "/receipts"
        let contexts: DataObject
        do {
            contexts = try ground.evaluator.contexts(of: job.id, needs: needs)
        } catch {
            throw DiagnosticError(.stepEvaluation, "The secrets of its call: \(error.message)")
        }
        var options = HostJob.Options(
            identity: ground.identity(of: job.id), steps: steps,
            contexts: contexts, folders: folders,
            sealing: HostJob.Sealing(key: store.key, bootID: ground.bootID))
        options.outerEnvironments = ground.evaluator.outerEnvironments(of: job.id)
        let own = ground.settings.hostEnvironment
        options.hostEnvironment =
            (ground.record.sandbox == nil ? own : SandboxSettings.environment(own)) + ground.record.environment
        options.secrets = ground.settings.secrets
        options.cgroup = ground.cgroup
        options.isDebug = ground.settings.isDebug
        options.matchers = ground.settings.annotates.flatMap { BuiltInMatchers.matchers($0) ?? [] }
        if ground.settings.keepsSnapshots, !ground.record.isBound {
            let (snapshots, workspace) = (ground.snapshots, folders.workspace)
            options.snapshot = { () throws(DiagnosticError) in try snapshots.save(workspace) }
        }
        if let debugger = ground.settings.debugger {
            let id = job.id
            options.stopBefore = { debugger.stopped(id, $0) }
        }
        if ground.settings.pause != nil {
            options.pause = { [weak driver = ground.driver] (paused, answer) in driver?.pause(paused, answer) }
        }
        let (ground, id) = (ground, job.id)
        let containers = ground.containers(of: id)
        options.services = { [weak ground] (attempt, user) throws(DiagnosticError) in
            guard let ground else { return ServiceVariables([], secrets: []) }
            let isContained = user == .dockerAction || containers.hasJobContainer
            return try ground.serviceVariables(
                of: id, attempt, user, reachedAs: isContained ? ContainerHost.machineName : nil)
        }
        options.givesScriptsServices = RunServices.givesIdentity(id, ground.record)
        options.actionsFolder = store.shared + "/sources/actions"
        options.nativeActions = ground.nativeJob(id).actions(
            ground.record, ground.settings.offer, ground.settings.far?.code)
        options.nativePosts = NativeJob.posts
        let searchPath = options.hostEnvironment.last { $0.hasPrefix("PATH=") }.map { String($0.dropFirst(5)) } ?? ""
        if let sandbox = ground.record.sandbox, ground.settings.pod?.isSandbox != true {
            let home = options.hostEnvironment.last { $0.hasPrefix("HOME=") }.map { String($0.dropFirst(5)) }
            options.sandbox = try sandbox.sandbox(
                searchPath: searchPath, hidden: [home, store.root, ground.record.repository.root].compactMap { $0 })
        }
        options.memoryKills = ground.settings.pod?.memoryKills
        options.containers = ground.settings.pod?.access(ground.loop) ?? containers.access(ground.loop)
        let (workspace, offer) = (folders.workspace, ground.settings.offer)
        let ownRoot = ground.settings.ownFolder ?? ground.record.repository.root
        // A step may have brought or changed an action: each is looked for anew.
        options.findAction = {
            ActionSearch(root: workspace, ownRoot: ownRoot, offer: offer, searchPath: searchPath).find($0)
        }
        options.actionFolder = { (reference, commit) in
            if case .own(let path) = reference { return RepositoryPath.inside(path).map { "\(ownRoot)/\($0)" } }
            guard let place = RepositoryReference(reference.text) else { return nil }
            let found = offer.files(place, commit: commit)?.folder
            return found.map { place.path.isEmpty ? $0 : "\($0)/\(place.path)" }
        }
        return options
    }

    static func folders(_ ground: JobGround, _ job: JobID) throws(DiagnosticError) -> HostJob.Folders {
        let (store, run) = (ground.store, ground.run)
        let repository = ground.record.repository
        let durable = store.jobFolder(run, ground.attempt, job)
        try Trees.make(durable, mode: 0o700)
        let workspace =
            ground.record.isBound
            ? repository.root : store.workspace(run, job, repository: repository.name)
        let scratch = ground.scratch + "/" + RunStore.fileName(job)
        return HostJob.Folders(
            workspace: workspace, temporary: store.jobWork(run, job) + "/_temp",
            scratch: scratch, toolCache: toolCache(ground) ?? store.shared + "/tools",
            durable: durable)
    }

    /// What another runner on this machine keeps its tools in, where Martlet is told so.
    private static func toolCache(_ ground: JobGround) -> String? {
        let mark = "RUNNER_TOOL_CACHE="
        let entry = ground.settings.hostEnvironment.last { $0.hasPrefix(mark) }
        return entry.map { String($0.dropFirst(mark.count)) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
    }

    /// Removes what only the job needed. The workspace of a failed job stays, to be looked at; that of another may stay for
    /// a while.
    static func sweep(_ ground: JobGround, job: JobID, succeeded: Bool) {
        try? Trees.remove(ground.scratch + "/" + RunStore.fileName(job))
        let keeps = succeeded && ground.kept.keep(job)
        ground.kept.forget(job)
        guard succeeded, !keeps else { return }
        try? Trees.remove(ground.store.jobWork(ground.run, job))
    }
}
