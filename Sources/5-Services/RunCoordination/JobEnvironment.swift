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
    let session: RunSession
    let job: JobSession
    let steps: PlannedSteps
    let needs: [NeedResult]

    func options() throws(DiagnosticError) -> HostJob.Options {
        let store = session.store
        try store.makeJobWork(session.run, job.id)
        session.kept.use(job.id)
        var folders = try Self.folders(session, job.id)
        folders.receipts = folders.durable + "/receipts"
        let contexts: DataObject
        do {
            contexts = try session.evaluator.contexts(of: job.id, needs: needs)
        } catch {
            throw DiagnosticError(.stepEvaluation, "The secrets of its call: \(error.message)")
        }
        var options = HostJob.Options(
            identity: session.identity(of: job.id), steps: steps,
            contexts: contexts, folders: folders,
            sealing: HostJob.Sealing(key: store.key, bootID: session.bootID))
        options.outerEnvironments = session.evaluator.outerEnvironments(of: job.id)
        let own = session.settings.hostEnvironment
        options.hostEnvironment =
            (session.record.sandbox == nil ? own : SandboxSettings.environment(own)) + session.record.environment
        options.secrets = session.settings.secrets
        options.cgroup = session.cgroup
        options.isDebug = session.settings.isDebug
        options.matchers = session.settings.annotates.flatMap { BuiltInMatchers.matchers($0) ?? [] }
        if session.settings.keepsSnapshots, !session.record.isBound {
            let (snapshots, workspace) = (session.snapshots, folders.workspace)
            options.snapshot = { () throws(DiagnosticError) in try snapshots.save(workspace) }
        }
        if let debugger = session.settings.debugger {
            let id = job.id
            options.stopBefore = { debugger.stopped(id, $0) }
        }
        if session.settings.pause != nil {
            options.pause = { [weak session] (paused, answer) in session?.pause(paused, answer) }
        }
        let (session, id) = (session, job.id)
        let containers = session.containers(of: id)
        options.services = { [weak session] (attempt, user) throws(DiagnosticError) in
            guard let session else { return ServiceVariables([], secrets: []) }
            let isContained = user == .dockerAction || containers.hasJobContainer
            return try session.serviceVariables(
                of: id, attempt, user, reachedAs: isContained ? ContainerHost.machineName : nil)
        }
        options.givesScriptsServices = RunServices.givesIdentity(id, session.record)
        options.actionsFolder = store.root + "/sources/actions"
        options.nativeActions = session.nativeJob(id).actions(session.record, session.settings.offer)
        options.nativePosts = NativeJob.posts
        let searchPath = options.hostEnvironment.last { $0.hasPrefix("PATH=") }.map { String($0.dropFirst(5)) } ?? ""
        if let sandbox = session.record.sandbox {
            let home = options.hostEnvironment.last { $0.hasPrefix("HOME=") }.map { String($0.dropFirst(5)) }
            options.sandbox = try sandbox.sandbox(
                searchPath: searchPath, hidden: [home, store.root, session.record.repository.root].compactMap { $0 })
        }
        options.containers = containers.access(session.loop)
        let workspace = folders.workspace
        let offer = session.settings.offer
        let ownRoot = session.record.repository.root
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

    static func folders(_ session: RunSession, _ job: JobID) throws(DiagnosticError) -> HostJob.Folders {
        let (store, run) = (session.store, session.run)
        let repository = session.record.repository
        let durable = store.jobFolder(run, session.attempt, job)
        try Trees.make(durable, mode: 0o700)
        let workspace =
            session.record.isBound
            ? repository.root : store.workspace(run, job, repository: repository.name)
        let scratch = session.scratch + "/" + RunStore.fileName(job)
        return HostJob.Folders(
            workspace: workspace, temporary: store.jobWork(run, job) + "/_temp",
            scratch: scratch, toolCache: toolCache(session) ?? store.root + "/tools",
            durable: durable)
    }

    /// What another runner on this machine keeps its tools in, where Martlet is told so.
    private static func toolCache(_ session: RunSession) -> String? {
        let mark = "RUNNER_TOOL_CACHE="
        let entry = session.settings.hostEnvironment.last { $0.hasPrefix(mark) }
        return entry.map { String($0.dropFirst(mark.count)) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
    }

    /// Removes what only the job needed. The workspace of a failed job stays, to be looked at; that of another may stay for
    /// a while.
    static func sweep(session: RunSession, job: JobID, succeeded: Bool) {
        try? Trees.remove(session.scratch + "/" + RunStore.fileName(job))
        let keeps = succeeded && session.kept.keep(job)
        session.kept.forget(job)
        guard succeeded, !keeps else { return }
        try? Trees.remove(session.store.jobWork(session.run, job))
    }
}
