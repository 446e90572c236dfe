// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import GitHubWorkflows
package import PipelineModel
package import RunCoordination
internal import ScheduleRules
package import SourceControl
internal import SourceForges
internal import StructuredData
internal import WorkflowPlanning

/// Plans the workflows of a commit for what happened: of each a run that is ready to begin, or why there is none.
package struct CommitPlanning {
    private let project: TriggerProject
    private let state: RepositoryState
    private let commit: String
    private let mirrorFolder: String
    private let files: WorkflowFiles
    /// Milliseconds since the epoch.
    private let now: Int64

    /// - Parameters:
    ///   - mirror: its folder; what jobs check out.
    ///   - environment: of the server.
    package init(
        _ project: TriggerProject, _ export: CommitFiles.Export, mirror: String, environment: [String: String],
        now: Int64
    ) {
        self.project = project
        self.now = now
        mirrorFolder = mirror
        commit = export.commit.id
        state = Self.state(project, export)
        files = WorkflowFiles(exported: state, environment: environment)
    }

    private static func state(_ project: TriggerProject, _ export: CommitFiles.Export) -> RepositoryState {
        let commit = export.commit
        var state = RepositoryState(root: export.folder)
        state.isRepository = true
        state.fullName = project.fullName
        state.serverURL = project.serverURL
        state.sha = commit.id
        state.defaultBranch = project.defaultBranch
        state.actor = commit.author.name
        state.headCommit = CommitInfo(
            id: commit.id, message: commit.message, authorName: commit.author.name, authorEmail: commit.author.email,
            timestamp: commit.author.time)
        return state
    }

    package func table() -> TriggerTable { TriggerTable(files) }

    /// - Throws: where the occasion names a workflow that is not there or cannot be started so, and where its inputs do not fit.
    package func verdicts(_ occasion: Occasion) throws(DiagnosticError) -> [WorkflowVerdict] {
        var state = state
        state.ref = occasion.ref
        if let actor = occasion.actor, !actor.isEmpty { state.actor = actor }
        let files = files.with(state)
        let planning: ServedPlanning
        do throws(DiagnosticError) {
            planning = try ServedPlanning(files)
        } catch {
            // The commit's own settings are broken: so is everything that is planned by them.
            return files.paths().map { unreadable($0, occasion, [error.diagnostic]) }
        }
        let paths = try occasion.workflow.map { (name) throws(DiagnosticError) in [try named(name, files, occasion)] }
        var verdicts: [WorkflowVerdict] = []
        for path in paths ?? occasion.schedule.map({ [$0.path] }) ?? files.paths() {
            verdicts.append(try verdict(path, occasion, files, planning))
        }
        return verdicts
    }

    private func named(
        _ name: String, _ files: WorkflowFiles, _ occasion: Occasion
    ) throws(DiagnosticError) -> String {
        let all = files.paths()
        let found =
            all.first { $0 == name }
            ?? all.first { path in
                let file = path.split(separator: "/").last ?? ""
                return file == name || file == name + ".yml" || file == name + ".yaml"
            }
            ?? all.first { (try? files.read($0))?.workflow?.name?.text == name }
        if let found { return found }
        throw DiagnosticError(
            .dispatchWorkflowUnknown,
            "There is no workflow '\(name.prefix(200))' in \(occasion.ref ?? commit) of \(project.name).",
            remedy: all.isEmpty
                ? "There is none in \(WorkflowFiles.workflowsFolder)." : "There are: \(all.joined(separator: ", ")).")
    }

    private func unreadable(_ path: String, _ occasion: Occasion, _ found: [Diagnostic]) -> WorkflowVerdict {
        WorkflowVerdict(
            path: path, name: path, event: occasion.event, commit: shownCommit(occasion), outcome: .unreadable(found))
    }

    private func shownCommit(_ occasion: Occasion) -> String {
        occasion.payload["pull_request"]?["head"]?["sha"]?.string ?? commit
    }

    // MARK: one workflow

    private func verdict(
        _ path: String, _ occasion: Occasion, _ files: WorkflowFiles, _ planning: ServedPlanning
    ) throws(DiagnosticError) -> WorkflowVerdict {
        let result: WorkflowReader.Result
        do throws(DiagnosticError) {
            result = try files.read(path)
        } catch {
            if occasion.workflow != nil { throw error }
            return unreadable(path, occasion, [error.diagnostic])
        }
        guard let workflow = result.workflow else {
            let found = result.diagnostics.filter { $0.severity == .error }
            if occasion.workflow != nil, let first = found.first { throw DiagnosticError(first) }
            return unreadable(path, occasion, found)
        }
        var verdict = unreadable(path, occasion, [])
        verdict.name = workflow.name?.text ?? path
        do throws(DiagnosticError) {
            let facts = try facts(occasion, workflow)
            if let refusal = try refusal(occasion, workflow, facts) {
                verdict.isFiltered = workflow.triggers.contains { $0.event == occasion.event }
                verdict.outcome = .notTriggered(refusal)
            } else {
                verdict.outcome = .run(try run(workflow, facts, occasion, files, planning))
            }
        } catch {
            if occasion.workflow != nil { throw error }
            verdict.outcome = .unreadable([error.diagnostic])
        }
        return verdict
    }

    private func facts(_ occasion: Occasion, _ workflow: Workflow) throws(DiagnosticError) -> TriggerFacts {
        var facts = TriggerFacts(event: occasion.event, ref: occasion.filterRef ?? occasion.ref)
        facts.activity = occasion.activity
        facts.baseBranch = occasion.baseBranch
        facts.inputs = occasion.inputs
        let filtersPaths = workflow.triggers.contains {
            $0.event == occasion.event && ($0.filters.paths != nil || $0.filters.pathsIgnore != nil)
        }
        if filtersPaths { facts.changedPaths = try occasion.changedPaths() }
        return facts
    }

    /// Why the workflow does not run; `nil`: it does.
    private func refusal(
        _ occasion: Occasion, _ workflow: Workflow, _ facts: TriggerFacts
    ) throws(DiagnosticError) -> Reason? {
        let match = TriggerMatch(workflow.triggers, facts)
        if occasion.workflow != nil, !workflow.triggers.contains(where: { $0.event == occasion.event }) {
            throw DiagnosticError(
                .dispatchNotOffered, "The workflow '\(workflow.path)' has no '\(occasion.event)' in its 'on:'.",
                remedy: "Add it there, on the branch that is to be run.")
        }
        guard match.isMatch else { return match.reason }
        let trigger = workflow.triggers.first { $0.event == occasion.event }
        if let wanted = occasion.schedule {
            let lines = trigger?.schedules ?? []
            guard lines.contains(where: { ScheduleLine($0, in: workflow.path) == wanted }) else {
                return Reason(.triggerFilter, "Its schedule '\(wanted.cron)' is not there any more.")
            }
        }
        if let finished = occasion.finishedWorkflow {
            let names = (trigger?.filters.workflows ?? []).map(\.text)
            guard names.contains(finished) else {
                let list = names.map { "'\($0)'" }.joined(separator: ", ")
                return Reason(.triggerFilter, "'\(finished)' is not among its workflows: \(list).")
            }
            guard occasion.chainDepth <= TriggerLimits.chainDepth else {
                let limit = TriggerLimits.chainDepth
                return Reason(.limit, "More than \(limit) workflows would have started one another by workflow_run.")
            }
        }
        if let marker = occasion.skipMarker {
            return Reason(.triggerFilter, "The commit's message has '\(marker)' in it.")
        }
        try check(environments: trigger?.inputs ?? [], occasion)
        return nil
    }

    private func check(environments inputs: [InputDefinition], _ occasion: Occasion) throws(DiagnosticError) {
        guard let known = project.environments else { return }
        for input in inputs where input.type == .environment {
            let name = input.name.text
            let given = occasion.inputs.first { $0.key.lowercased() == name.lowercased() }?.value
            guard let given, !given.isEmpty, !known.contains(where: { $0.lowercased() == given.lowercased() }) else {
                continue
            }
            throw DiagnosticError(
                .dispatchEnvironmentUnknown,
                "The input '\(name)' names the environment '\(given.prefix(100))', which the project does not have.",
                remedy: known.isEmpty ? "It has none." : "It has: \(known.joined(separator: ", ")).")
        }
    }

    // MARK: the run

    private func run(
        _ workflow: Workflow, _ facts: TriggerFacts, _ occasion: Occasion, _ files: WorkflowFiles,
        _ planning: ServedPlanning
    ) throws(DiagnosticError) -> PlannedRun {
        let definitions = workflow.triggers.first { $0.event == occasion.event }?.inputs ?? []
        var payload = occasion.payload
        if occasion.event == "workflow_dispatch" {
            let inputs = try DispatchInputs.values(occasion.inputs, for: definitions)
            payload = EventPayload(repository: files.state).make(
                event: occasion.event, ref: occasion.ref, inputs: inputs, given: payload)
        }
        // The values of the project's places are not for code of somebody else.
        let vars = occasion.fork == nil ? project.vars : DataObject()
        var event = ServedPlanning.Event(facts, ref: occasion.ref, payload: payload, vars: vars)
        event.jobs = occasion.jobs
        var (plan, title) = try planning.plan(workflow, event)
        if occasion.fork != nil { plan.jobs = plan.jobs.map(Self.readingOnly) }
        var repository = files.state
        repository.root = mirrorFolder
        var record = RunRecord(plan: plan, repository: repository, payload: payload)
        record.vars = vars
        record.isPinned = true
        record.project = project.id
        record.projectName = project.name
        record.runnerGroup = project.runnerGroup
        record.title = title
        record.createdAt = now
        record.origin = occasion.key.text(workflow.path, occasion.event)
        record.chainDepth = occasion.chainDepth
        if occasion.fork != nil {
            record.givesSecrets = false
            record.sandbox = project.forkSandbox
        }
        let reason = TriggerMatch(workflow.triggers, facts).reason.text
        return PlannedRun(record: record, fork: occasion.fork, reason: reason)
    }

    /// As on GitHub: what a pull request's code may do with the project's token is to read.
    private static func readingOnly(_ job: PlannedJob) -> PlannedJob {
        var job = job
        job.permissions = (job.permissions ?? ["contents": "read", "packages": "read"]).mapValues {
            $0 == "write" ? "read" : $0
        }
        // A token that other services take for the project's is no reading.
        job.permissions?["id-token"] = nil
        return job
    }
}
