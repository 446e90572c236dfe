// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import ExpressionLanguage

extension WorkflowConversion {
    mutating func jobs(_ token: TemplateToken) -> [WorkflowJob] {
        var result: [WorkflowJob] = []
        for entry in token.entries ?? [] {
            guard let id = located(entry.key) else { continue }
            countJob(at: entry.key.place)
            result.append(job(id, entry.value))
        }
        if log.errorCount == 0 { checkNeeds(result, at: token.place) }
        return result
    }

    /// Complains once, when the limit is passed.
    private mutating func countJob(at place: TokenPlace?) {
        log.jobCount += 1
        guard log.limits.jobs > 0, log.jobCount == log.limits.jobs + 1 else { return }
        log.add(Diagnostic(.tooManyJobs, "The workflow may not contain more than \(log.limits.jobs) jobs"))
    }

    private mutating func job(_ id: LocatedText, _ token: TemplateToken) -> WorkflowJob {
        var identifiers = IdentifierBuilder()
        if let fault = identifiers.take(id.text) { log.error(fault.code, fault.message, at: id.place) }
        let work: JobWork
        if let uses = token["uses"] {
            let reference = located(uses) ?? LocatedText("", uses.place)
            if !reference.text.isEmpty, let fault = CallReference.fault(reference.text) {
                log.error(.callReferenceInvalid, fault.message, at: reference.place, remedy: fault.remedy)
            }
            work = .call(WorkflowCall(reference: reference))
        } else {
            work = .steps(StepsJob(runsOn: token["runs-on"] ?? TemplateToken(.null)))
        }
        var result = WorkflowJob(id: id, name: TemplateToken(.string(id.text), id.place), work: work)
        result.place = token.place
        for entry in token.entries ?? [] { property(entry, of: &result) }
        return result
    }

    private mutating func property(_ entry: TokenEntry, of job: inout WorkflowJob) {
        let value = entry.value
        switch entry.key.string {
        case "name":
            if value.string != "" { job.name = value }
        case "needs":
            job.needs = (value.items ?? [value]).compactMap { located($0) }
        case "if":
            job.condition = condition(value, .jobCondition) ?? .success
        case "strategy":
            checkStrategy(value)
            job.strategy = value
        case "concurrency":
            checkConcurrency(value)
            job.concurrency = value
        case "permissions":
            job.permissions = permissions(value)
        case "cache-mode":
            job.cacheMode = located(value)
        default:
            switch job.work {
            case .steps(var steps):
                property(entry, of: &steps)
                job.work = .steps(steps)
            case .call(var call):
                property(entry, of: &call)
                job.work = .call(call)
            }
        }
    }

    private mutating func property(_ entry: TokenEntry, of job: inout StepsJob) {
        let value = entry.value
        switch entry.key.string {
        case "runs-on": checkRunsOn(value)
        case "timeout-minutes": job.timeoutMinutes = value
        case "cancel-timeout-minutes": job.cancelTimeoutMinutes = value
        case "continue-on-error": job.continueOnError = value
        case "env": job.env = value
        case "environment": job.environment = value
        case "defaults": job.defaults = value
        case "outputs": job.outputs = value
        case "container":
            checkContainer(value, isService: false)
            job.container = value
        case "services":
            checkServices(value)
            job.services = value
        case "snapshot":
            checkSnapshot(value)
            job.snapshot = value
        case "steps": job.steps = steps(value)
        default: break
        }
    }

    private func property(_ entry: TokenEntry, of call: inout WorkflowCall) {
        switch entry.key.string {
        case "with": call.inputs = entry.value
        case "secrets":
            if entry.value.string == "inherit" {
                call.inheritsSecrets = true
            } else {
                call.secrets = entry.value
            }
        default: break
        }
    }
}

/// The graph of needs.
extension WorkflowConversion {
    private mutating func checkNeeds(_ jobs: [WorkflowJob], at place: TokenPlace?) {
        guard jobs.contains(where: { $0.needs.isEmpty }) else {
            log.error(
                .noFirstJob, "The workflow must contain at least one job with no dependencies.", at: place)
            return
        }
        let names = Set(jobs.map { $0.id.text.lowercased() })
        // Needs that are not over yet; a need that is named twice counts twice.
        var open = jobs.map { $0.needs.count }
        var dependents: [String: [Int]] = [:]
        for (index, job) in jobs.enumerated() {
            for need in job.needs { dependents[need.text.lowercased(), default: []].append(index) }
        }
        var done: Set<String> = []
        var ready = jobs.indices.filter { open[$0] == 0 }
        while let index = ready.popLast() {
            let name = jobs[index].id.text.lowercased()
            done.insert(name)
            for dependent in dependents[name] ?? [] {
                open[dependent] -= 1
                if open[dependent] == 0 { ready.append(dependent) }
            }
        }
        for (index, job) in jobs.enumerated() where open[index] > 0 {
            for need in job.needs where !done.contains(need.text.lowercased()) {
                if names.contains(need.text.lowercased()) {
                    log.error(
                        .neededJobsCycle,
                        "Job '\(job.id.text)' depends on job '\(need.text)' which creates a cycle in the dependency "
                            + "graph.", at: need.place)
                } else {
                    log.error(
                        .neededJobUnknown, "Job '\(job.id.text)' depends on unknown job '\(need.text)'.",
                        at: need.place)
                }
            }
        }
    }
}

/// Conditions.
extension WorkflowConversion {
    /// The condition of an `if`, with `success() && (…)` around it where it calls no status function; `nil` and an
    /// entry in the log where it cannot be read.
    mutating func condition(_ token: TemplateToken?, _ availability: Availability) -> Condition? {
        guard let token else { return .success }
        let text = token.expression ?? token.literalText ?? ""
        if WhiteSpaceText.isBlank(text) { return Condition(source: "success()", place: token.place) }
        do throws(ExpressionError) {
            let expression = try ExpressionReading.parse(text, availability)
            let source = expression.callsStatusFunction ? text : "success() && (\(text))"
            return Condition(source: source, place: token.place)
        } catch {
            log.error(error.diagnostic.code, error.message, at: token.place)
            return nil
        }
    }
}
