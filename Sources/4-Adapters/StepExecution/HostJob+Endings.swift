// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import ExpressionLanguage
import FileAccess
import Glibc
package import PipelineModel
import ProcessControl
import StructuredData
import WorkflowPlanning

/// How steps end, and the job.
extension HostJob {
    // MARK: command files

    func readCommandFiles(_ step: RunningStep) {
        guard let files = step.files else { return }
        read(.path, of: step, files) { step.record.paths += pathEntries($0) }
        readPairs(.environment, of: step, files) { pair in
            if pair.name.equalsIgnoringASCIICase("NODE_OPTIONS") {
                step.output?.error("Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.")
            } else {
                step.record.environment.append(pair)
                step.output?.mark(.debug("\(pair.name)='\(pair.value)'"))
            }
        }
        readSummary(step, files)
        readPairs(.state, of: step, files) { step.record.state.append($0) }
        readPairs(.output, of: step, files) { pair in
            step.record.outputs.append(pair)
            step.output?.mark(.debug("Set output \(pair.name) = \(pair.value)"))
        }
    }

    private func read(
        _ kind: CommandFileSet.Kind, of step: RunningStep, _ files: CommandFileSet,
        _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        do throws(DiagnosticError) {
            guard let content = try files.content(kind) else { return }
            content.withUnsafeBytes(body)
        } catch {
            failFile(kind, error.diagnostic.message, step)
        }
    }

    private func readPairs(
        _ kind: CommandFileSet.Kind, of step: RunningStep, _ files: CommandFileSet,
        _ body: (FileCommandPairs.Pair) -> Void
    ) {
        read(kind, of: step, files) { bytes in
            let content = FileCommandPairs(bytes)
            content.pairs.forEach(body)
            if let error = content.error { failFile(kind, error.message, step) }
        }
    }

    private func failFile(_ kind: CommandFileSet.Kind, _ message: String, _ step: RunningStep) {
        step.output?.error("Unable to process file command '\(kind.rawValue)' successfully.")
        step.output?.error(message)
        step.hasCommandFailure = true
    }

    private func readSummary(_ step: RunningStep, _ files: CommandFileSet) {
        let size = files.size(.summary)
        guard size > 0 else { return }
        guard size <= CommandFileSet.maximumSummaryBytes else {
            step.output?.error(
                "$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of "
                    + "\(CommandFileSet.maximumSummaryBytes / 1024)k, got \(size / 1024)k. For more information see: "
                    + "https://docs.github.com/actions/using-workflows/"
                    + "workflow-commands-for-github-actions#adding-a-markdown-summary")
            return
        }
        read(.summary, of: step, files) { step.output?.mark(.summary($0.text(0, $0.count))) }
    }

    // MARK: the end of a step

    /// Keeps the workspace where that is wanted, and ends the step.
    func finish(_ step: RunningStep, outcome: Conclusion, _ reason: Reason?) {
        guard !step.isEnding else { return }
        step.isEnding = true
        clearTimers(step)
        if pause(step, outcome, reason, { self.keepWorkspace(step, outcome, reason) }) { return }
        keepWorkspace(step, outcome, reason)
    }

    private func keepWorkspace(_ step: RunningStep, _ outcome: Conclusion, _ reason: Reason?) {
        // Of steps side by side nobody knows whose files are whose.
        let others = running.values.contains { $0 !== step }
        guard let snapshot = options.snapshot, step.attempt.step.parent == nil, !others, !step.planned.isBackground
        else { return conclude(step, outcome, reason) }
        if Trees.isEmpty(options.folders.workspace) {
            step.record.snapshot = Self.emptySnapshot
            return conclude(step, outcome, reason)
        }
        loop.offload {
            Result { () throws(DiagnosticError) in try snapshot() }
        } then: { (kept: Result<String?, DiagnosticError>) in
            switch kept {
            case .success(let name): step.record.snapshot = name
            case .failure(let error):
                self.openLog(step)
                step.output?.warning("The workspace could not be kept: \(error.diagnostic.message)")
            }
            self.conclude(step, outcome, reason)
        }
    }

    /// Of a workspace that holds nothing.
    package static let emptySnapshot = "empty"

    /// Applies `continue-on-error`, closes the log, seals what the step hands on, and reports it; in this order.
    private func conclude(_ step: RunningStep, _ outcome: Conclusion, _ reason: Reason?) {
        let path = step.attempt.step
        running[path] = nil
        var result = StepResult(outcome: outcome, exitCode: step.exitCode, reason: reason)
        if step.hasCommandFailure, result.outcome == .success {
            result = StepResult(
                outcome: .failure, exitCode: step.exitCode,
                reason: Reason(.invalid, "A command that the step wrote could not be carried out."))
        }
        if result.outcome == .failure, continuesOnError(step) { result.conclusion = .success }
        if let summary = step.output?.close() {
            result.logLines = summary.lines
            result.logDigest = summary.digest
        }
        result.outputNames = OrderedVariables(step.record.outputs).names
        step.record.result = result
        do throws(DiagnosticError) {
            step.record.result.recordDigest = try record.append(.step(step.record))
        } catch {
            step.record.result.outcome = .failure
            step.record.result.conclusion = .failure
            step.record.result.reason = Reason(.setup, redacted(error.diagnostic.message))
        }
        scopes[path.parent]?.note(step.record, id: step.planned.id)
        actionStates[step.hooked, default: []] += step.record.state
        if step.record.isDeferred { deferred[path] = step.record } else { apply(step.record) }
        release(step)
        callbacks.report(step.attempt, .finished(step.record.result))
    }

    private func continuesOnError(_ step: RunningStep) -> Bool {
        guard let template = step.planned.continueOnError else { return false }
        let evaluation = evaluation(
            scope: step.scope, environment: step.environment, github: nil, flags: step.flags)
        do throws(ExpressionError) {
            return try evaluation.flag(of: template)
        } catch {
            step.output?.error(
                "The step failed and an error occurred when attempting to determine whether to continue on error.")
            step.output?.error(error.message)
            return false
        }
    }

    func release(_ step: RunningStep) {
        // Of a step that has just ended a process may still be on its way out.
        if let limits = step.limits { lingeringLimits.append(limits) }
        lingeringLimits.removeAll { $0.remove() }
        if let path = step.scriptPath { unlink(path) }
        step.scriptPath = nil
        guard let files = step.files else { return }
        step.files = nil
        // A set that cannot be emptied, or that somebody may still write to, is not used again.
        if !step.livesOn, (try? files.empty()) != nil { freeFiles.append(files) }
    }

    // MARK: stopping

    /// How long a step may take to end by itself after each signal, as on GitHub.
    static let interruptPatience = Duration.milliseconds(7500)
    static let terminatePatience = Duration.milliseconds(2500)

    /// Stops a step: an interrupt, then a request to terminate, then the whole tree is killed. Its outcome is
    /// `cancelled`. What does not run is left as it is.
    ///
    /// - Parameter force: kills at once.
    package func cancel(_ attempt: StepAttempt, force: Bool) {
        if let step = runningStep(attempt) { stop(step, .asked, force: force) }
    }

    /// Stops a step as ``cancel(_:force:)`` does, for it ran too long: its outcome is `failure`.
    package func timeOut(_ attempt: StepAttempt, force: Bool = false) {
        if let step = runningStep(attempt) { stop(step, .timeout, force: force) }
    }

    /// The job is cancelled: stops the step unless its condition, and those of the composite actions around it, hold
    /// with `cancelled()` true.
    package func cancelUnlessConditionHolds(_ attempt: StepAttempt) {
        jobFlags.isCancelled = true
        guard let step = runningStep(attempt), step.cancellation == nil, !goesOn(step) else { return }
        stop(step, .asked, force: false)
    }

    /// The job is cancelled: ``cancelUnlessConditionHolds(_:)`` for every step, or ends all of them by force.
    package func cancelJob(force: Bool) {
        jobFlags.isCancelled = true
        for step in Array(running.values) {
            if force { stop(step, .asked, force: true) } else { cancelUnlessConditionHolds(step.attempt) }
        }
    }

    private func runningStep(_ attempt: StepAttempt) -> RunningStep? {
        running[attempt.step].flatMap { $0.attempt == attempt ? $0 : nil }
    }

    private func goesOn(_ step: RunningStep) -> Bool {
        var flags = step.flags
        flags.isCancelled = true
        let evaluation = evaluation(
            scope: step.scope, environment: step.environment, github: nil, flags: flags)
        guard (try? evaluation.condition(step.planned.condition).holds) == true else { return false }
        guard let parent = step.attempt.step.parent, let action = composites[parent] else { return true }
        return goesOn(action)
    }

    func stop(_ step: RunningStep, _ cause: RunningStep.Cancellation.Cause, force: Bool) {
        if step.cancellation == nil {
            step.cancellation = .init(cause: cause)
        } else if !force {
            return
        }
        if let stopNativeAction = step.stopNativeAction { return stopNativeAction() }
        guard step.pipe != nil else {
            if cause == .timeout { return finish(step, outcome: .failure, timeoutReason(step)) }
            return finish(step, outcome: .cancelled, Reason(.cancelled, "The operation was canceled."))
        }
        if force { return killTree(step) }
        signal(step, SIGINT)
        later(step, Self.interruptPatience, .terminated) { $0.signal($1, SIGTERM) }
        later(step, Self.interruptPatience + Self.terminatePatience, .killed) { $0.killTree($1) }
    }

    private func later(
        _ step: RunningStep, _ delay: Duration, _ stage: RunningStep.Cancellation.Stage,
        _ body: @escaping (HostJob, RunningStep) -> Void
    ) {
        step.timers.append(
            loop.schedule(at: .now() + delay) { [weak self, weak step] in
                guard let self, let step, running[step.attempt.step] === step else { return }
                step.cancellation?.stage = stage
                body(self, step)
            })
    }

    private func signal(_ step: RunningStep, _ signal: Int32) {
        if let contained = step.contained { return contained.signal(signal) }
        try? supervisor?.kill(step.attempt.description, signal: signal, scope: .tree)
        watchForWriting()
    }

    func killTree(_ step: RunningStep) {
        step.cancellation?.stage = .killed
        if let contained = step.contained { return contained.kill() }
        try? supervisor?.kill(step.attempt.description, signal: SIGKILL, scope: .tree)
        watchForWriting()
    }

    // MARK: the end of the job

    /// All steps are over: evaluates the job's outputs and kills what its steps left behind.
    ///
    /// - Parameter conclusion: what `job.status` is in the outputs; `nil`: as the last step saw it.
    package func finish(_ conclusion: Conclusion? = nil) {
        var ending = Ending()
        if let conclusion {
            jobFlags = StatusFlags(isSuccess: conclusion != .failure, isCancelled: conclusion == .cancelled)
        }
        absorb(Array(deferred.keys), isRecorded: false)
        let evaluation = jobEvaluation()
        evaluateOutputs(&ending, evaluation)
        do throws(ExpressionError) {
            // A fault in it fails the job, as on GitHub; the address itself belongs to a deployment.
            _ = try options.steps.environment?["url"].map { (url) throws(ExpressionError) in
                try evaluation.text(of: url)
            }
        } catch {
            ending.annotations.append(Annotation(.error, "Failed to evaluate environment url"))
            ending.annotations.append(Annotation(.error, redacted(error.message)))
            ending.isFailed = true
        }
        self.ending = ending
        stopPreparing()
        shutDown()
    }

    private func evaluateOutputs(_ ending: inout Ending, _ evaluation: TemplateEvaluation) {
        var outputs: [FileCommandPairs.Pair] = []
        do throws(ExpressionError) {
            for output in try evaluation.pairs(of: options.steps.outputs) where !output.value.isEmpty {
                if redacted(output.value) != output.value {
                    ending.annotations.append(
                        Annotation(.warning, "Skip output '\(output.name)' since it may contain secret."))
                } else {
                    ending.outputs[output.name] = .string(output.value)
                    outputs.append(.init(output.name, output.value))
                }
            }
        } catch {
            ending.annotations.append(Annotation(.error, "Fail to evaluate job outputs"))
            ending.annotations.append(Annotation(.error, redacted(error.message)))
            ending.isFailed = true
        }
        guard !outputs.isEmpty else { return }
        do throws(DiagnosticError) {
            ending.recordDigest = try record.append(.outputs(outputs))
        } catch {
            ending.annotations.append(Annotation(.error, redacted(error.diagnostic.message)))
            ending.isFailed = true
        }
    }
}
