// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
package import ExpressionLanguage
package import PipelineModel
package import RunEngine
package import StructuredData
internal import Synchronization
package import WorkflowPlanning

/// Answers a run machine's questions from a plan, and keeps the values that the machine must not hold: outputs, matrix
/// values, inputs of called workflows.
package final class PlanEvaluator: RunEvaluator {
    /// What does not change while the run goes on.
    package struct Facts: Sendable {
        package var plan: Plan
        package var github: DataObject
        package var vars: DataObject
        package var secrets: DataObject
        package var runners: RunnerOffer
        /// Matrix values that the user asked for.
        package var selectedMatrix: [String: String]

        package init(
            plan: Plan, github: DataObject, vars: DataObject = DataObject(), secrets: DataObject = DataObject(),
            runners: RunnerOffer = RunnerOffer(), selectedMatrix: [String: String] = [:]
        ) {
            self.plan = plan
            self.github = github
            self.vars = vars
            self.secrets = secrets
            self.runners = runners
            self.selectedMatrix = selectedMatrix
        }
    }

    package let facts: Facts
    let jobs: [JobKey: PlannedJob]
    let values: Mutex<RunValues>

    package init(_ facts: Facts) {
        self.facts = facts
        jobs = Dictionary(uniqueKeysWithValues: facts.plan.jobs.map { ($0.key, $0) })
        values = Mutex(RunValues())
    }

    // MARK: the machine's questions

    package func runConcurrency() -> GroupVerdict {
        guard let template = facts.plan.concurrency else { return .none }
        let contexts = JobContexts(values: baseContexts(inputs: .object(facts.plan.trigger.inputs)))
        return Self.verdict { () throws(ExpressionError) in try GroupReading.request(template, contexts.evaluation()) }
    }

    /// What `run-name` comes to; `nil` where there is none, or it comes to nothing: then the workflow's name stands.
    package func runTitle() -> String? {
        guard let template = facts.plan.runName else { return nil }
        let contexts = JobContexts(values: baseContexts(inputs: .object(facts.plan.trigger.inputs)))
        let title = (try? contexts.evaluation().value(of: template))?.coercedToString ?? ""
        return title.isEmpty ? nil : title
    }

    package func evaluate(_ question: JobQuestion) -> JobVerdict {
        guard let job = jobs[question.key] else {
            return .invalid(Reason(.invalid, "The plan has no job '\(question.key)'."))
        }
        let contexts = JobContexts(values: contexts(for: question))
        do throws(ExpressionError) {
            let evaluation = contexts.evaluation(functions: StatusFunctions.functions(question))
            let answer = try evaluation.condition(job.condition)
            guard answer.holds else { return .skip(SkipReasons.reason(job.condition, answer, question)) }
        } catch {
            return .invalid(Reason(.invalid, "Its condition: \(error.message)", expression: job.condition))
        }
        var planning = LegPlanning(evaluator: self, job: job, question: question, contexts: contexts)
        return planning.verdict()
    }

    package func callOutputs(_ question: CallQuestion) -> CallOutputs {
        guard case .call(let call)? = jobs[question.key]?.work, let template = call.outputs else {
            return .outputs(names: [], digest: nil)
        }
        var contexts = baseContexts(inputs: inputs(of: question.job))
        contexts["jobs"] = .object(results(question.jobs))
        do throws(ExpressionError) {
            let value = try JobContexts(values: contexts).evaluation().value(of: template)
            let outputs = DataObject((value.object ?? DataObject()).map { ($0, .string($1.coercedToString)) })
            return .outputs(names: outputs.keys, digest: keep(outputs: outputs, of: question.job))
        } catch {
            return .invalid(Reason(.invalid, "The outputs of the called workflow: \(error.message)"))
        }
    }

    // MARK: values

    /// Keeps what a job set, for the jobs after it; returns the digest of the values.
    @discardableResult
    package func keep(outputs: DataObject, of job: JobID) -> String? {
        values.withLock { $0.set(outputs: outputs, of: job) }
        return outputs.isEmpty ? nil : ContentDigest.of(.object(outputs))
    }

    /// The contexts with which a job's steps run.
    ///
    /// - Throws: where the secrets of the call that the job is in cannot be evaluated.
    package func contexts(of leg: JobID, needs: [NeedResult]) throws(ExpressionError) -> DataObject {
        let question = JobQuestion(key: leg.key, job: leg.withoutLeg, needs: needs, status: [])
        var contexts = contexts(for: question)
        let matrix = values.withLock { $0.leg(leg) }
        contexts["matrix"] = matrix.map { .object($0.matrix) } ?? .null
        contexts["strategy"] = .object(matrix?.strategy ?? LegValues.plainStrategy)
        contexts["secrets"] = .object(try secrets(of: leg))
        if var github = contexts["github"]?.object {
            github["job"] = .string(String(leg.key.localID))
            contexts["github"] = .object(github)
        }
        return contexts
    }

    /// What a job's evaluated `runs-on` asks for; nothing where it cannot be evaluated.
    func labels(of leg: JobID, _ runsOn: TemplateValue, needs: [NeedResult]) -> [String] {
        guard let contexts = try? contexts(of: leg, needs: needs),
            let value = try? JobContexts(values: contexts).evaluation().value(of: runsOn)
        else { return [] }
        return RunnerOffer.labels(of: value)
    }

    /// The environment that a job is for; `nil`: none, or it cannot be evaluated, which the job itself will say.
    func environment(of leg: JobID, _ template: TemplateValue?, needs: [NeedResult]) -> String? {
        guard let template, let contexts = try? contexts(of: leg, needs: needs),
            let value = try? JobContexts(values: contexts).evaluation().value(of: template)
        else { return nil }
        let name = value.object.map { $0["name"]?.coercedToString ?? "" } ?? value.coercedToString
        return name.isEmpty ? nil : name
    }

    /// The `env` templates around a job: the workflow's, or the called workflow's.
    package func outerEnvironments(of job: JobID) -> [TemplateValue] {
        guard let caller = job.key.caller, case .call(let call)? = jobs[caller]?.work else {
            return facts.plan.env.map { [$0] } ?? []
        }
        return call.env.map { [$0] } ?? []
    }

    func keep(_ leg: LegValues, of job: JobID) {
        values.withLock { $0.set(leg, of: job) }
    }

    func keep(inputs: DataObject, of leg: JobID) {
        values.withLock { $0.set(inputs: inputs, ofCaller: leg) }
    }

    func keep(name: String, of leg: JobID) {
        values.withLock { $0.set(name: name, of: leg) }
    }

    func matrix(of leg: JobID) -> DataObject? {
        values.withLock { $0.leg(leg)?.matrix }
    }

    /// `caller / ` for a job of a called workflow.
    func prefix(of job: JobID) -> String {
        job.parent.map { parent in "\(values.withLock { $0.name(parent) } ?? parent.text) / " } ?? ""
    }

    /// Changes since the last time, to be written before the events that stand on them.
    func takeUnwritten() -> [DataValue] { values.withLock { $0.takeUnwritten() } }

    /// The values that an earlier process left.
    func restore(_ restored: RunValues) { values.withLock { $0 = restored } }

    /// The values of the attempt before; they are written again.
    func takeOver(_ values: RunValues) {
        var taken = values
        taken.markUnwritten()
        self.values.withLock { $0 = taken }
    }

    // MARK: contexts

    func contexts(for question: JobQuestion) -> DataObject {
        var contexts = baseContexts(inputs: inputs(within: question.job))
        contexts["needs"] = .object(results(question.needs))
        return contexts
    }

    private func baseContexts(inputs: DataValue) -> DataObject {
        ["github": .object(facts.github), "vars": .object(facts.vars), "inputs": inputs]
    }

    /// Outputs and results by the jobs' ids: what `needs` and `jobs` hold.
    private func results(_ results: [NeedResult]) -> DataObject {
        values.withLock { values in
            DataObject(
                results.map { need in
                    (
                        String(need.key.localID),
                        ["outputs": .object(values.outputs(of: need.job)), "result": .string(need.result.rawValue)]
                    )
                })
        }
    }

    /// The inputs that a job sees: those of the call that it is in, else those of the trigger.
    private func inputs(within job: JobID) -> DataValue {
        job.parent.map { inputs(of: $0) } ?? .object(facts.plan.trigger.inputs)
    }

    private func inputs(of caller: JobID) -> DataValue {
        .object(values.withLock { $0.inputs(ofCaller: caller) })
    }

    /// The secrets that a job sees: what each call on the way to it hands on.
    private func secrets(of job: JobID) throws(ExpressionError) -> DataObject {
        guard let parent = job.parent, case .call(let call)? = jobs[parent.key]?.work else { return facts.secrets }
        let outer = try secrets(of: parent)
        guard !call.inheritsSecrets else { return outer }
        var handed = DataObject()
        handed.set("GITHUB_TOKEN", outer["GITHUB_TOKEN"])
        guard let template = call.secrets else { return handed }
        var contexts = baseContexts(inputs: inputs(within: parent))
        contexts["secrets"] = .object(outer)
        let value = try JobContexts(values: contexts).evaluation().value(of: template)
        for (name, secret) in value.object ?? DataObject() { handed[name] = .string(secret.coercedToString) }
        return handed
    }

    static func verdict(_ read: () throws(ExpressionError) -> GroupRequest?) -> GroupVerdict {
        do throws(ExpressionError) {
            return try read().map(GroupVerdict.group) ?? .none
        } catch {
            return .invalid(Reason(.invalid, "Its concurrency: \(error.message)"))
        }
    }
}
