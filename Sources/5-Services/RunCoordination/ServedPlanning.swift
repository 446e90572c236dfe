// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import GitHubWorkflows
package import PipelineModel
package import StructuredData
package import WorkflowPlanning

/// Plans workflows of an exported commit for what a server was told of: any runner may take a job, and those that ask for
/// containers go to runners that have an engine.
package struct ServedPlanning {
    /// What happened.
    package struct Event {
        /// Held against the workflow's triggers.
        package var facts: TriggerFacts
        /// What `github.ref` is, where it differs from what the triggers are held against.
        package var ref: String?
        /// What `github.event` is, whole.
        package var payload: DataObject
        package var vars: DataObject
        /// Only these jobs and what they need; empty: all.
        package var jobs: Set<String> = []

        package init(_ facts: TriggerFacts, ref: String?, payload: DataObject, vars: DataObject) {
            self.facts = facts
            self.ref = ref
            self.payload = payload
            self.vars = vars
        }
    }

    private let files: WorkflowFiles
    private let actions: ActionSearch

    /// - Throws: ``DiagnosticCode/sourcesInvalid`` where the commit's own settings cannot be read.
    package init(_ files: WorkflowFiles) throws(DiagnosticError) {
        self.files = files
        actions = ActionSearch(root: files.state.root, offer: try files.offer(), searchPath: nil)
    }

    /// The plan, and what `run-name` comes to.
    ///
    /// - Throws: for inputs that do not fit, and for plans over a limit.
    package func plan(_ workflow: Workflow, _ event: Event) throws(DiagnosticError) -> (plan: Plan, title: String?) {
        var request = PlanRequest(facts: event.facts, runners: .any) { actions.find($0) }
        request.selectedJobs = event.jobs
        request.missingContainers = { nil }
        request.missingWorkflows = try files.offer().placesLooked
        let outline = Plan(
            workflowPath: workflow.path, workflowName: workflow.name?.text ?? workflow.path,
            trigger: Trigger(event: event.facts.event, ref: event.ref), jobs: [])
        let github = GitHubContext(
            repository: files.state, plan: outline, payload: event.payload, run: RunID(0)
        ).object
        request.contexts = ["github": .object(github), "vars": .object(event.vars)]
        var plan = try Planner.plan(workflow, request)
        plan.trigger.ref = event.ref
        let facts = PlanEvaluator.Facts(plan: plan, github: github, vars: event.vars, runners: .any)
        return (plan, PlanEvaluator(facts).runTitle())
    }
}
