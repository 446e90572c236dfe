// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import PipelineModel

/// Jobs: judged once what they need is over.
extension Transition<RunMachine> {
    /// Judges the jobs that are ready, and those that become so because one of them is skipped, and so on.
    mutating func judgeAgenda() {
        var next = 0
        while next < agenda.count {
            let job = agenda[next]
            next += 1
            if state.jobs[job].phase == .waiting { judge(job) }
        }
        agenda.removeAll()
    }

    private mutating func judge(_ job: Int) {
        let node = definition.node(of: job, in: state)
        if !node.isIncluded, node.reason.kind != .unavailable {
            return endJob(job, as: .skipped, node.reason)
        }
        if let taken = state.taken[state.jobs[job].id], taken.isComplete {
            guard let expansion = taken.expansion else { return endJob(job, as: taken.result, taken.reason) }
            return expand(job, expansion, node)
        }
        if let reason = state.jobs[job].cancelReason { return endJob(job, as: .cancelled, reason) }
        if state.cancel == .force {
            return endJob(job, as: .cancelled, state.cancelReason ?? Reason(.cancelled, "The run was cancelled."))
        }
        switch definition.evaluator.evaluate(question(job, node)) {
        case .skip(let reason): return endJob(job, as: .skipped, reason)
        case .invalid(let reason): return endJob(job, as: .failure, reason)
        case .run(let expansion):
            if !node.isIncluded { return endJob(job, as: .skipped, node.reason, isUnavailable: true) }
            if let reason = excess(expansion) { return endJob(job, as: .failure, reason) }
            return expand(job, expansion, node)
        }
    }

    func question(_ job: Int, _ node: RunNode) -> JobQuestion {
        let first = state.scopes[state.jobs[job].scope].firstJob
        var status: JobStatusFlags = state.cancel > .none ? .runCancelled : []
        var needs: [NeedResult] = []
        needs.reserveCapacity(node.needs.count)
        let siblings = definition.scopes[definition.template(of: state.jobs[job].scope, in: state)].nodes
        for need in node.needs {
            let other = state.jobs[first + need]
            status.formUnion(other.lineage)
            needs.append(
                NeedResult(
                    key: definition.nodes[siblings[need]].key, job: other.id, result: other.result ?? .skipped,
                    reason: other.reason))
        }
        return JobQuestion(key: node.key, job: state.jobs[job].id, needs: needs, status: status)
    }

    private func excess(_ expansion: JobExpansion) -> Reason? {
        if expansion.legs.count > EngineLimits.matrixLegs {
            return Reason(
                .matrix,
                "\(DiagnosticCode.matrixTooLarge): The matrix has \(expansion.legs.count) combinations; "
                    + "at most \(EngineLimits.matrixLegs) are allowed.")
        }
        if state.legs.count + expansion.legs.count > EngineLimits.runLegs {
            return Reason(
                .matrix, "\(DiagnosticCode.runTooLarge): The run would have more than \(EngineLimits.runLegs) jobs.")
        }
        return nil
    }

    private mutating func expand(_ job: Int, _ expansion: JobExpansion, _ node: RunNode) {
        if expansion.legs.isEmpty {
            return endJob(job, as: .skipped, Reason(.matrix, "Its matrix has no combination."))
        }
        let id = state.jobs[job].id
        var continues = false
        for chunk in expansion.legs.chunks(of: EngineLimits.listChunk) {
            let legs = chunk.map(\.bounded)
            record(.jobExpanded(JobExpanded(job: id, expansion: expansion, legs: legs, continues: continues)))
            continues = true
        }
        takeOverLegs(of: job)
        for leg in state.jobs[job].legs {
            guard state.legs[leg].phase == .planned, let reason = state.legs[leg].settings.unavailable else { continue }
            record(
                .legFinished(
                    LegFinished(
                        leg: state.legs[leg].id, attempt: 1, outcome: JobOutcome(.skipped, reason: reason),
                        conclusion: .skipped)))
        }
        if state.jobs[job].openLegs == 0 { return closeJob(job) }
        admitLegs(of: job)
    }

    private mutating func takeOverLegs(of job: Int) {
        guard let taken = state.taken[state.jobs[job].id] else { return }
        for result in taken.legs {
            let index = state.jobs[job].firstLeg + result.number - 1
            guard state.jobs[job].legs.contains(index), state.legs[index].settings.matrixDigest == result.matrixDigest
            else { continue }
            record(
                .legFinished(
                    LegFinished(
                        leg: state.legs[index].id, attempt: result.attempt, outcome: result.outcome,
                        conclusion: result.conclusion, takenFrom: result.runAttempt)))
        }
    }

    /// Ends a job whose legs are all over.
    mutating func closeJob(_ job: Int) {
        let result = state.jobs[job].tally.aggregate
        let decisive = state.jobs[job].legs.first { state.legs[$0].conclusion == result }
        let reason = result == .success ? nil : decisive.flatMap { state.legs[$0].reason }
        let isUnavailable = state.jobs[job].legs.contains { state.legs[$0].settings.unavailable != nil }
        return endJob(job, as: result, reason, isUnavailable: isUnavailable)
    }

    /// Ends a job, and puts those that are ready now on the agenda.
    mutating func endJob(_ job: Int, as result: Conclusion, _ reason: Reason?, isUnavailable: Bool = false) {
        let scope = state.jobs[job].scope
        let first = state.scopes[scope].firstJob
        let node = definition.node(of: job, in: state)
        var lineage = JobStatusFlags(result)
        for need in node.needs { lineage.formUnion(state.jobs[first + need].lineage) }
        record(
            .jobFinished(
                JobFinished(
                    job: state.jobs[job].id, result: result, reason: reason, lineage: lineage,
                    isUnavailable: isUnavailable)))
        if state.scopes[scope].openJobs == 0 { return scopeEnded(scope) }
        let siblings = definition.scopes[definition.template(of: scope, in: state)].nodes
        for dependent in node.dependents where state.jobs[first + dependent].phase == .waiting {
            let needs = definition.nodes[siblings[dependent]].needs
            if needs.allSatisfy({ state.jobs[first + $0].phase == .finished }) { agenda.append(first + dependent) }
        }
    }

    /// All jobs of a workflow file are over: so is the run, or the leg that called it.
    mutating func scopeEnded(_ scope: Int) {
        let result = state.scopes[scope].tally.aggregate
        if let caller = state.scopes[scope].caller { return callEnded(caller, result, scope) }
        endRun(result)
    }

    private mutating func callEnded(_ leg: Int, _ result: Conclusion, _ scope: Int) {
        guard state.legs[leg].phase == .running else { return }
        let node = definition.node(of: state.legs[leg].job, in: state)
        let jobs = state.scopes[scope].jobs.map { index in
            let job = state.jobs[index]
            return NeedResult(key: job.id.key, job: job.id, result: job.result ?? .skipped, reason: job.reason)
        }
        let question = CallQuestion(key: node.key, job: state.legs[leg].id, result: result, jobs: jobs)
        switch definition.evaluator.callOutputs(question) {
        case .outputs(let names, let digest):
            let outcome = JobOutcome(
                result, reason: decisiveJob(of: scope, result), outputNames: names, recordDigest: digest)
            endLeg(leg, outcome)
        case .invalid(let reason):
            endLeg(leg, JobOutcome(.failure, reason: reason))
        }
    }

    /// The first job that ended as its scope does, where that is no success.
    private func decisiveJob(of scope: Int, _ result: Conclusion) -> Reason? {
        guard result != .success, let job = state.scopes[scope].jobs.first(where: { state.jobs[$0].result == result })
        else { return nil }
        let kind = state.jobs[job].reason?.kind ?? .needs
        return Reason(kind, "The job \(state.jobs[job].id) ended with \(result.rawValue).")
    }

    private mutating func endRun(_ aggregate: Conclusion) {
        var conclusion = aggregate
        var reason = decisiveJob(of: 0, aggregate)
        if state.cancel > .none {
            conclusion = .cancelled
            reason = state.cancelReason
        }
        record(
            .runFinished(RunFinished(conclusion: conclusion, reason: reason, hasUnavailable: state.hasUnavailable)))
        if let claim = state.group, claim.phase == .releasing {
            request(.releaseGroup(state.holder(nil), group: claim.request.group))
        }
    }
}
