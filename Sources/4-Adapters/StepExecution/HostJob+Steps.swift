// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import ExpressionLanguage
import Glibc
package import PipelineModel
import ProblemMatching
import ProcessControl
import SecretRedaction
import StructuredData
import WorkflowPlanning

/// Starting steps.
extension HostJob {
    /// The planned step at a place; inside a composite action only once that is under way.
    func planned(_ path: StepPath) -> PlannedStep? {
        guard let index = path.indexes.last, let steps = scopes[path.parent]?.steps else { return nil }
        return index <= steps.count ? steps[index - 1] : hookSteps[path]
    }

    /// Starts a step: evaluates its condition and, where that holds, does what it says. One report or more follow:
    /// `skipped`; or `started` or `expanded` and later `finished`; or `finished` alone.
    ///
    /// - Parameter id: under which the machine lists it.
    package func start(_ attempt: StepAttempt, _ flags: StatusFlags, id: String = "") {
        let path = attempt.step
        place(id, at: path)
        guard running[path] == nil, let planned = planned(path) else { return }
        if path.parent == nil { jobFlags = flags } else if flags.isCancelled { jobFlags.isCancelled = true }
        if attempt.number > 1 { forget(path) }
        absorbWaited(before: path)
        if planned.condition == "success()", !flags.isSuccess || flags.isCancelled {
            let cause = flags.isCancelled ? "the job was cancelled" : "an earlier step failed"
            skip(
                attempt, planned,
                Reason(
                    .condition, "Skipped, since \(cause).", expression: planned.condition, values: ["success() → false"]
                ))
            return
        }
        let (step, evaluation, fault) = outset(attempt, planned, flags)
        if let fault { return failEarly(step, fault) }
        do throws(ExpressionError) {
            if planned.condition != "success()" {
                let answer = try evaluation.condition(planned.condition)
                guard answer.holds else { return skip(attempt, planned, reason(planned, answer)) }
            }
        } catch {
            return failEarly(step, error)
        }
        runUnlessStopped(step, evaluation)
    }

    /// A step as it is about to begin, what its expressions see, and what of its own `env` cannot be evaluated.
    func outset(
        _ attempt: StepAttempt, _ planned: PlannedStep, _ flags: StatusFlags
    ) -> (RunningStep, TemplateEvaluation, ExpressionError?) {
        let path = attempt.step
        var scope = path.parent
        if case .hook(let hook) = planned.work {
            enterForHook(hook.step)
            scope = hook.step.parent
        }
        let inherited = scopes[scope]?.overrides ?? OrderedVariables()
        var environment = variables
        environment.merge(inherited)
        var overrides = inherited
        let before = evaluation(scope: scope, environment: environment, github: own(planned, path), flags: flags)
        var fault: ExpressionError?
        do throws(ExpressionError) {
            for pair in try before.pairs(of: planned.env) {
                environment[pair.name] = pair.value
                overrides[pair.name] = pair.value
            }
        } catch {
            fault = error
        }
        let evaluation = evaluation(
            scope: scope, environment: environment, github: own(planned, path), flags: flags)
        let step = RunningStep(
            attempt: attempt, planned: planned, flags: flags, name: displayName(planned, evaluation),
            environment: environment, overrides: overrides)
        return (step, evaluation, fault)
    }

    /// What a step of the job itself adds to the `github` context.
    private func own(_ planned: PlannedStep, _ path: StepPath) -> [(name: String, value: DataValue)] {
        if case .hook(let hook) = planned.work {
            return hook.step.parent == nil ? [("action", .string(self.planned(hook.step)?.id ?? ""))] : []
        }
        return path.parent == nil ? [("action", .string(planned.id))] : []
    }

    private func reason(_ planned: PlannedStep, _ answer: ConditionAnswer) -> Reason {
        Reason(
            .condition, redacted("Its condition is false: \(answer.summary)"), expression: planned.condition,
            values: answer.values.map(redacted))
    }

    private func skip(_ attempt: StepAttempt, _ planned: PlannedStep, _ reason: Reason) {
        var record = StepRecord(attempt: attempt, result: StepResult(outcome: .skipped))
        record.result.reason = reason
        do {
            record.result.recordDigest = try self.record.append(.step(record))
        } catch {
            record.result.reason?.text += " (Not recorded: \(error.diagnostic.message))"
        }
        scopes[attempt.step.parent]?.note(record, id: planned.id)
        callbacks.report(attempt, .skipped(reason))
    }

    func run(_ step: RunningStep, _ evaluation: TemplateEvaluation) {
        do throws(ExpressionError) {
            step.timeoutMinutes = try evaluation.number(of: step.planned.timeoutMinutes).flatMap { $0 > 0 ? $0 : nil }
        } catch {
            openLog(step)
            step.output?.error("An error occurred when attempting to determine the step timeout.")
            step.output?.error(error.message)
        }
        switch step.planned.work {
        case .script(let work): runScript(step, work, evaluation)
        case .action(let work): runAction(step, work, evaluation)
        case .hook(let hook): runHook(step, hook, evaluation)
        // The machine carries these itself.
        case .wait, .waitAll, .cancel: finish(step, outcome: .success, nil)
        }
    }

    // MARK: names

    /// What people see: the step's name, else `Run` and the first line of what it does.
    func displayName(_ planned: PlannedStep, _ evaluation: TemplateEvaluation) -> String {
        if let name = planned.name {
            return Self.firstLine((try? evaluation.text(of: name) as String) ?? planned.id)
        }
        switch planned.work {
        case .script(let work):
            return "Run " + Self.firstLine((try? evaluation.text(of: work.script) as String) ?? "a script")
        case .action(let work): return "Run " + work.reference.text
        case .hook(let hook):
            let main = self.planned(hook.step).map { displayName($0, evaluation) } ?? "an action"
            return (hook.stage == .pre ? "Pre " : "Post ") + main
        case .wait(let ids): return "Wait for " + ids.joined(separator: ", ")
        case .waitAll: return "Wait for all background steps"
        case .cancel(let ids): return "Cancel " + ids.joined(separator: ", ")
        }
    }

    static func firstLine(_ text: String) -> String {
        let bytes = text.utf8.drop { $0 == 0x20 || ($0 >= 0x09 && $0 <= 0x0D) }
        return String(Substring(bytes.prefix { $0 != .lineFeed && $0 != .carriageReturn }))
    }

    // MARK: logs and timers

    func openLog(_ step: RunningStep) {
        guard step.output == nil else { return }
        let heading = StepHeading(attempt: step.attempt, id: step.planned.id, name: redacted(step.name))
        step.output = StepOutput(
            log: callbacks.openLog(heading), redactor: redactor.forAnotherStream(),
            problems: matchers.scanner(), showsDebug: options.isDebug)
        if isMuted { step.output?.mute() }
    }

    /// Sets the step's timeout, and says when it is, in milliseconds since the epoch.
    func startTimeout(_ step: RunningStep) -> Int64? {
        guard let milliseconds = step.timeoutMilliseconds else { return nil }
        step.timers.append(
            loop.schedule(at: .now() + .milliseconds(milliseconds)) { [weak self, weak step] in
                if let self, let step { self.stop(step, .timeout, force: false) }
            })
        return deadline(of: step)
    }

    /// When the step's time is over, in milliseconds since the epoch.
    func deadline(of step: RunningStep) -> Int64? {
        guard let milliseconds = step.timeoutMilliseconds else { return nil }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000 + milliseconds
    }

    func clearTimers(_ step: RunningStep) {
        for timer in step.timers { loop.remove(timer) }
        step.timers = []
    }

    // MARK: failing before anything ran

    private func failEarly(_ step: RunningStep, _ error: ExpressionError) {
        fail(step, error)
    }

    /// The step fails, for what an expression of it came to.
    func fail(_ step: RunningStep, _ error: ExpressionError) {
        let message = Self.invalidTemplate(error, line: step.planned.line)
        fail(step, Reason(.invalid, redacted(message)), Diagnostic(.stepEvaluation, message))
    }

    /// The step fails without a process, or without knowing how its process ended.
    func fail(_ step: RunningStep, _ reason: Reason, _ diagnostic: Diagnostic) {
        openLog(step)
        step.output?.error(diagnostic.message)
        if let remedy = diagnostic.remedy { step.output?.line("\(diagnostic.code): \(remedy)") }
        finish(step, outcome: .failure, reason)
    }
}
