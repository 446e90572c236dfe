// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import ExpressionLanguage
package import GitHubWorkflows
package import PipelineModel
internal import StructuredData

/// Compiles a workflow and an event to a plan: every job, in or out, with the reason.
package struct Planner {
    private let workflow: Workflow
    private let request: PlanRequest
    private let preview: ConditionPreview
    private var jobs: [PlannedJob] = []
    /// Of every matrix that is known now, before the user's choice.
    private var allLegs: [DataObject] = []
    /// Why the matrix of a job makes it fail when it is reached.
    private var matrixFaults: [JobKey: String] = [:]

    /// The ids of the file whose jobs are being added, by their lower case.
    private var declared: [String: String] = [:]

    /// Whose file that is, where it is of another repository.
    private var repository = ""

    /// Jobs of one plan, called workflows included.
    package static let jobLimit = 10_000
    /// Steps of one plan, those inside of composite actions counted each time they are used.
    package static let stepLimit = 100_000
    private var stepsLeft = stepLimit

    /// - Throws: ``DiagnosticError`` for inputs that do not fit, and for a job that was asked for and is not there.
    package static func plan(_ workflow: Workflow, _ request: PlanRequest) throws(DiagnosticError) -> Plan {
        let match = TriggerMatch(workflow.triggers, request.facts)
        let trigger = workflow.triggers.first { $0.event == request.facts.event }
        let inputs = try DispatchInputs.values(request.facts.inputs, for: trigger?.inputs ?? [])
        var planner = Planner(workflow, request, inputs: inputs)
        try planner.add(workflow.jobs, under: nil, defaults: workflow.defaults)
        guard planner.jobs.count <= jobLimit else {
            throw DiagnosticError(
                .tooManyJobs, "This workflow has \(planner.jobs.count) jobs; at most \(jobLimit) are planned.")
        }
        try planner.checkSelectedMatrix()
        var decisions = JobDecisions(planner.jobs, preview: planner.preview, faults: planner.matrixFaults)
        decisions.decide(match)
        planner.jobs = decisions.jobs
        try planner.select()
        return planner.finish(inputs: inputs)
    }

    private init(_ workflow: Workflow, _ request: PlanRequest, inputs: DataObject) {
        self.workflow = workflow
        self.request = request
        var contexts = request.contexts
        contexts["inputs"] = .object(inputs)
        preview = ConditionPreview(contexts: contexts)
    }

    private func finish(inputs: DataObject) -> Plan {
        let facts = request.facts
        let trigger = Trigger(event: facts.event, ref: facts.ref, inputs: inputs)
        var plan = Plan(
            workflowPath: workflow.path, workflowName: workflow.name?.text ?? workflow.path, trigger: trigger,
            jobs: jobs)
        plan.runName = workflow.runName?.template
        plan.env = workflow.env?.template
        plan.concurrency = workflow.concurrency?.template
        return plan
    }

    // MARK: jobs

    private mutating func add(
        _ workflowJobs: [WorkflowJob], under caller: JobKey?, defaults: TemplateToken?
    ) throws(DiagnosticError) {
        declared = Dictionary(
            workflowJobs.map { ($0.id.text.lowercased(), $0.id.text) }, uniquingKeysWith: { first, _ in first })
        for job in workflowJobs {
            let key = JobKey(caller.map { "\($0)/\(job.id.text)" } ?? job.id.text)
            switch job.work {
            case .steps(let steps):
                let work = StepPlanning(request: request, repository: repository).steps(steps, defaults: defaults)
                try count(work.steps)
                jobs.append(planned(job, key, .steps(work)))
                let last = jobs.count - 1
                jobs[last].timeoutMinutes = steps.timeoutMinutes?.template
                jobs[last].cancelTimeoutMinutes = steps.cancelTimeoutMinutes?.template
                jobs[last].continueOnError = steps.continueOnError?.template
                jobs[last].unavailable = StepPlanning(request: request).refusal(jobs[last], preview)
            case .call(let call):
                jobs.append(planned(job, key, .call(Self.planned(call))))
                if let called = call.called {
                    let outer = (declared, repository)
                    let file = workflow.files[called.file]
                    repository = file.contains("@") ? file : ""
                    try add(called.jobs, under: key, defaults: called.defaults)
                    (declared, repository) = outer
                } else {
                    jobs[jobs.count - 1].unavailable = Reason(
                        .unavailable,
                        "The workflow '\(call.reference.text)' that it calls could not be found: "
                            + "\(request.missingWorkflows).")
                }
            }
        }
    }

    /// Ends at the limit, however much is nested: equal parts of a plan are one in memory, but not when it is written.
    private mutating func count(_ steps: [PlannedStep]) throws(DiagnosticError) {
        for step in steps {
            stepsLeft -= 1
            guard stepsLeft >= 0 else {
                throw DiagnosticError(
                    .tooManySteps,
                    "This workflow has more than \(Self.stepLimit) steps, with those of its composite actions.",
                    remedy: "Use fewer composite actions in one another, or split the workflow.")
            }
            guard case .action(let action) = step.work, case .composite(let inner)? = action.definition else {
                continue
            }
            try count(inner.steps)
        }
    }

    private mutating func planned(_ job: WorkflowJob, _ key: JobKey, _ work: PlannedWork) -> PlannedJob {
        var planned = PlannedJob(key: key, work: work)
        planned.name = job.name.string == job.id.text ? nil : job.name.template
        planned.needs = needs(job, under: key.caller)
        planned.condition = job.condition.source
        planned.permissions = job.permissions.map { permissions in
            Dictionary(uniqueKeysWithValues: permissions.granted.map { ($0.scope.rawValue, $0.level.text) })
        }
        planned.concurrency = job.concurrency?.template
        if let token = job.strategy { planned.strategy = strategy(token, of: key) }
        return planned
    }

    /// Each once, under the ids that the jobs were given: ids are the same in any case.
    private func needs(_ job: WorkflowJob, under caller: JobKey?) -> [JobKey] {
        var keys: [JobKey] = []
        for need in job.needs {
            let id = declared[need.text.lowercased()] ?? need.text
            let key = JobKey(caller.map { "\($0)/\(id)" } ?? id)
            if !keys.contains(key) { keys.append(key) }
        }
        return keys
    }

    private mutating func strategy(_ token: TemplateToken, of key: JobKey) -> PlannedStrategy {
        var strategy = Self.planned(strategy: token)
        guard let matrix = strategy.matrix else { return strategy }
        do {
            guard let legs = try legs(matrix, isNested: key.caller != nil) else { return strategy }
            allLegs += legs
            strategy.legs = MatrixExpansion.selected(legs, by: request.selectedMatrix)
        } catch let error as any CodedError {
            matrixFaults[key] = "\(error.diagnostic.code): \(error.diagnostic.message)"
        } catch {
            matrixFaults[key] = "\(error)"
        }
        return strategy
    }

    /// One expression may give all of it; its parts are then read off that expression.
    private static func planned(strategy token: TemplateToken) -> PlannedStrategy {
        guard case .expression(let source) = token.template else {
            return PlannedStrategy(
                matrix: token["matrix"]?.template, failFast: token["fail-fast"]?.template,
                maxParallel: token["max-parallel"]?.template)
        }
        return PlannedStrategy(
            matrix: .expression("(\(source)).matrix"),
            // What is not there is null, and 'fail-fast' is on by default.
            failFast: .expression("toJSON((\(source))['fail-fast']) != 'false'"),
            maxParallel: .expression("(\(source))['max-parallel']"))
    }

    /// The legs of a matrix; `nil` where they are not known before the run.
    private func legs(_ matrix: TemplateValue, isNested: Bool) throws -> [DataObject]? {
        guard let value = try preview.value(of: matrix, isNested: isNested), value != .null, value != .string("") else {
            return nil
        }
        return try MatrixExpansion.legs(of: value)
    }

    /// A name or value that no matrix has is a mistake: without this, nothing would run, and that would be a success.
    private func checkSelectedMatrix() throws(DiagnosticError) {
        for (name, value) in request.selectedMatrix.sorted(by: { $0.key < $1.key }) {
            // What a matrix that depends on results will hold is not known yet.
            if jobs.contains(where: { $0.strategy?.matrix != nil && $0.strategy?.legs == nil }) { continue }
            let values = allLegs.compactMap { $0.valueIgnoringCase(name) }
            if values.contains(where: { $0.looselyEquals(.string(value)) }) { continue }
            var known: [String] = []
            for text in values.isEmpty ? allLegs.flatMap(\.keys) : values.map(\.coercedToString)
            where !known.contains(text) { known.append(text) }
            let what =
                values.isEmpty
                ? "No matrix has the name '\(name)'." : "No matrix has the value '\(value)' for '\(name)'."
            throw DiagnosticError(
                .matrixUnknown, "\(workflow.path): \(what)",
                remedy: known.isEmpty ? "No job has a matrix." : "There are: \(known.joined(separator: ", ")).")
        }
    }

    private static func planned(_ call: WorkflowCall) -> PlannedCall {
        var planned = PlannedCall(reference: call.reference.text)
        planned.inheritsSecrets = call.inheritsSecrets
        planned.secrets = call.secrets?.template
        guard let called = call.called else { return planned }
        planned.env = called.env?.template
        planned.outputs = called.outputs.map { outputs in
            .mapping(
                (outputs.entries ?? []).map {
                    TemplateEntry(key: $0.key.template, value: $0.value["value"]?.template ?? .null)
                })
        }
        planned.inputs = (called.inputDefinitions?.entries ?? []).map { entry in
            let name = entry.key.literalText ?? ""
            let given = call.inputs?.entries?.first { $0.key.literalText?.lowercased() == name.lowercased() }
            return PlannedInput(
                name: name, type: entry.value["type"]?.literalText ?? "string",
                value: (given?.value ?? entry.value["default"])?.template ?? .null)
        }
        return planned
    }

    // MARK: decisions

    /// Leaves out what the user did not ask for.
    private mutating func select() throws(DiagnosticError) {
        guard !request.selectedJobs.isEmpty else { return }
        var wanted: Set<JobKey> = []
        for name in request.selectedJobs.sorted() {
            let folded = name.lowercased()
            guard
                let job = jobs.first(where: { $0.key.text == name })
                    ?? jobs.first(where: { $0.key.text.lowercased() == folded })
            else {
                let known = jobs.map(\.key.text).joined(separator: ", ")
                throw DiagnosticError(
                    .jobUnknown, "\(workflow.path) has no job '\(name)'.", remedy: "It has: \(known).")
            }
            wanted.insert(job.key)
        }
        let byKey = Dictionary(uniqueKeysWithValues: jobs.map { ($0.key, $0) })
        var pending = Array(wanted)
        while let key = pending.popLast() {
            let needed = (byKey[key]?.needs ?? []) + (key.caller.map { [$0] } ?? [])
            for need in needed where wanted.insert(need).inserted { pending.append(need) }
        }
        for index in jobs.indices where jobs[index].isIncluded && !isWanted(jobs[index].key, wanted) {
            jobs[index].isIncluded = false
            jobs[index].reason = Reason(.notSelected, "The user asked for other jobs.")
        }
    }

    /// A called workflow comes with all of its jobs, unless some of them were named.
    private func isWanted(_ key: JobKey, _ wanted: Set<JobKey>) -> Bool {
        if wanted.contains(key) { return true }
        guard let caller = key.caller else { return false }
        let hasNamedInside = wanted.contains { $0.text.hasPrefix(caller.text + "/") }
        return !hasNamedInside && isWanted(caller, wanted)
    }
}
