// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import ExpressionLanguage
internal import GitHubWorkflows
package import PipelineModel
package import StructuredData
internal import WorkflowPlanning

/// Makes the plan of a workflow of this repository for an event: what `plan` shows and `run` runs.
package struct PlanPreparation {
    /// What the user said; what is left out is taken from the repository.
    package struct Request {
        package var event: String?
        /// A branch, or a full reference.
        package var ref: String?
        /// `nil`: asked of the repository, where a filter wants to know.
        package var changedPaths: [String]?
        package var inputs: [String: String] = [:]
        package var payload: DataObject?
        package var jobs: Set<String> = []
        package var matrix: [String: String] = [:]
        package var vars: [String: String] = [:]
        package var runnerLabels: [String] = []
        /// Whether the user named one workflow.
        package var isWorkflowNamed = false

        package init() {}
    }

    /// A plan, and what it was made from.
    package struct Prepared {
        package var plan: Plan
        package var digest: String
        package var payload: DataObject
        package var facts: PlanEvaluator.Facts
    }

    /// What became of one workflow file.
    package struct Outcome {
        package var path: String
        /// `nil` where the file cannot be read as a workflow; then the diagnostics say why.
        package var prepared: Prepared?
        package var diagnostics: [Diagnostic]
    }

    private let files: WorkflowFiles
    private let request: Request

    package init(files: WorkflowFiles, request: Request) {
        self.files = files
        self.request = request
    }

    /// The plans of several workflows. Those that do not have the jobs, or the matrix values, that were asked for are left
    /// out; where none has them that is an error.
    package func prepare(all paths: [String]) throws(DiagnosticError) -> [Outcome] {
        var outcomes: [Outcome] = []
        var refusals: [DiagnosticError] = []
        for path in paths {
            do throws(DiagnosticError) {
                outcomes.append(try prepare(path))
            } catch {
                let isOthers = [.jobUnknown, .matrixUnknown].contains(error.diagnostic.code) && paths.count > 1
                guard isOthers else { throw error }
                refusals.append(error)
            }
        }
        if outcomes.isEmpty, let first = refusals.first {
            let remedies = refusals.compactMap(\.diagnostic.remedy)
            throw DiagnosticError(
                first.diagnostic.code, refusals.map(\.diagnostic.message).joined(separator: " "),
                remedy: zip(paths, remedies).map { "\($0): \($1)" }.joined(separator: " "))
        }
        return outcomes
    }

    private func prepare(_ path: String) throws(DiagnosticError) -> Outcome {
        let result = try files.read(path)
        guard let workflow = result.workflow else { return Outcome(path: path, diagnostics: result.diagnostics) }
        let event = try event(of: workflow)
        let own = request.ref.map(files.fullReference) ?? files.state.ref
        let ref = eventReference(event, own)
        var facts = facts(event: event, ref: ref)
        if facts.changedPaths == nil, request.ref == nil, Self.filtersPaths(workflow, event) {
            facts.changedPaths = files.changedPaths
        }
        let vars = DataObject(request.vars.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
        let runners = RunnerOffer(extraLabels: request.runnerLabels)
        let actions = ActionSearch(root: files.state.root, offer: try files.offer(), searchPath: files.searchPath)
        var planRequest = PlanRequest(facts: facts, runners: runners) { actions.find($0) }
        planRequest.selectedJobs = request.jobs
        planRequest.missingContainers = files.engines.whyMissing
        planRequest.missingWorkflows = try files.offer().placesLooked
        planRequest.selectedMatrix = request.matrix
        let definitions = workflow.triggers.first { $0.event == event }?.inputs ?? []
        let payload = EventPayload(repository: files.state).make(
            event: event, ref: own, inputs: try DispatchInputs.values(inputs(event), for: definitions),
            given: request.payload)
        let outline = Plan(
            workflowPath: path, workflowName: workflow.name?.text ?? path, trigger: Trigger(event: event, ref: ref),
            jobs: [])
        let context = GitHubContext(repository: files.state, plan: outline, payload: payload, run: RunID(0)).object
        planRequest.contexts = ["github": .object(context), "vars": .object(vars)]
        let plan = try Planner.plan(workflow, planRequest)
        let evaluatorFacts = PlanEvaluator.Facts(
            plan: plan, github: context, vars: vars, runners: runners, selectedMatrix: request.matrix)
        return Outcome(
            path: path,
            prepared: Prepared(
                plan: plan, digest: ContentDigest.of(plan.data), payload: payload, facts: evaluatorFacts),
            diagnostics: result.diagnostics)
    }

    /// What the user gave; a dispatch's payload has inputs, too.
    private func inputs(_ event: String) -> [String: String] {
        guard event == "workflow_dispatch", let given = request.payload?["inputs"]?.object else {
            return request.inputs
        }
        var inputs: [String: String] = [:]
        for (name, value) in given where value != .null { inputs[name] = value.coercedToString }
        return inputs.merging(request.inputs) { $1 }
    }

    /// The event that was asked for; else a push. A workflow that the user named and that does not take a push gets the
    /// event that it is made for: a dispatch, or the only one it names.
    private func event(of workflow: Workflow) throws(DiagnosticError) -> String {
        let events = workflow.triggers.map(\.event)
        if let event = request.event {
            guard events.contains(event) || EventCatalog.names.contains(event) else {
                throw DiagnosticError(
                    .eventUnknown, "There is no event '\(event)'.",
                    remedy: "The workflow is triggered by: \(events.joined(separator: ", ")).")
            }
            return event
        }
        if !request.inputs.isEmpty, events.contains("workflow_dispatch") { return "workflow_dispatch" }
        guard request.isWorkflowNamed, !events.contains("push") else { return "push" }
        return events.contains("workflow_dispatch") ? "workflow_dispatch" : events.count == 1 ? events[0] : "push"
    }

    /// What `github.ref` is: of a pull request the merge that GitHub would make of it, or the branch that it aims at.
    private func eventReference(_ event: String, _ own: String?) -> String? {
        switch event {
        case "pull_request", "pull_request_review", "pull_request_review_comment":
            let number = request.payload?["number"]?.int ?? request.payload?["pull_request"]?["number"]?.int ?? 1
            return "refs/pull/\(number)/merge"
        case "pull_request_target":
            let base = request.payload?["pull_request"]?["base"]?["ref"]?.string ?? files.state.defaultBranch
            return "refs/heads/\(base)"
        default:
            return own
        }
    }

    private static func filtersPaths(_ workflow: Workflow, _ event: String) -> Bool {
        workflow.triggers.contains {
            $0.event == event && ($0.filters.paths != nil || $0.filters.pathsIgnore != nil)
        }
    }

    private func facts(event: String, ref: String?) -> TriggerFacts {
        var facts = TriggerFacts(event: event, ref: ref)
        facts.inputs = inputs(event)
        facts.activity = request.payload?["action"]?.string
        facts.changedPaths = request.changedPaths
        facts.baseBranch =
            request.payload?["pull_request"]?["base"]?["ref"]?.string
            ?? (event.hasPrefix("pull_request") ? files.state.defaultBranch : nil)
        return facts
    }
}
