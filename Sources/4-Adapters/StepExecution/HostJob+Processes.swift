// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import Glibc
import PipelineModel
import ProcessControl

/// The process of a step: its start, its output, its end.
extension HostJob {
    /// Starts the step's process, and reports that.
    ///
    /// - Parameter arguments: without the program's own name.
    func start(
        _ step: RunningStep, program: String, arguments: [String], folder: String
    ) throws(DiagnosticError) {
        guard !isInContainer else {
            return try startInContainer(step, program: program, arguments: arguments, folder: folder)
        }
        guard let supervisor else {
            throw DiagnosticError(.stepNotStarted, "The job's supervisor is gone.", remedy: "Resume the run.")
        }
        step.files = try takeFiles()
        let pipe = try OutputPipe()
        var request = SpawnRequest(
            key: step.attempt.description, program: program, arguments: [program] + arguments,
            environment: block(for: step).entries, workingDirectory: folder)
        if let sandbox = options.sandbox { enclose(&request, in: sandbox, step) }
        request.streams = pipe.streams
        request.limits = options.limits
        try supervisor.spawn(request)
        watchForWriting()
        pipe.closeWriteEnd()
        step.pipe = pipe
        running[step.attempt.step] = step
        watchOutput(of: step)
        callbacks.report(step.attempt, .started(deadline: startTimeout(step)))
    }

    func takeFiles() throws(DiagnosticError) -> CommandFileSet {
        if let files = freeFiles.popLast() { return files }
        fileSetCount += 1
        return try CommandFileSet(
            folder: options.folders.scratch + "/commands-\(fileSetCount)", followsLinks: options.sandbox == nil)
    }

    // MARK: output

    func watchOutput(of step: RunningStep) {
        guard let pipe = step.pipe else { return }
        let surroundings = surroundings(of: step)
        step.pipeToken = loop.watchOutput(pipe.descriptor) { [weak self, weak step] _ in
            if let self, let step { self.readOutput(of: step, surroundings) }
        }
    }

    func surroundings(of step: RunningStep) -> CommandSurroundings {
        let environment = step.environment
        let host = hostBlock
        return CommandSurroundings(environment: { environment[$0] ?? host[$0] }, workspace: stepWorkspace)
    }

    private func readOutput(of step: RunningStep, _ surroundings: CommandSurroundings) {
        guard let pipe = step.pipe, let output = step.output else { return }
        let outcome = pipe.read(into: loop.readBuffer) { bytes in
            output.take(bytes, surroundings: surroundings, found: { tell($0, step) }, perform: { perform($0, step) })
        }
        if outcome == .ended { stopWatching(step) }
    }

    private func stopWatching(_ step: RunningStep) {
        if let token = step.pipeToken { loop.remove(token) }
        step.pipeToken = nil
    }

    /// Everything that the process wrote before it ended. Who holds the pipe beyond that is not waited for.
    func drain(_ step: RunningStep) {
        guard let pipe = step.pipe, let output = step.output else { return }
        let surroundings = surroundings(of: step)
        var hasEnded = step.pipeToken == nil
        if !hasEnded {
            let outcome = pipe.drain(into: loop.readBuffer) { bytes in
                output.take(
                    bytes, surroundings: surroundings, found: { tell($0, step) }, perform: { perform($0, step) })
            }
            // In a sandbox nothing outlives the step; what encloses it may take a moment.
            hasEnded = outcome == .ended || step.contained != nil || options.sandbox != nil
        }
        output.finishTaking(surroundings: surroundings, found: { tell($0, step) }, perform: { perform($0, step) })
        stopWatching(step)
        step.pipe = nil
        if !hasEnded {
            keepOrphan(pipe)
            // What lives on may still write to the files that it was told of: no other step gets them.
            step.livesOn = true
        }
    }

    /// A background process may write for as long as it lives, and must not die of it.
    private func keepOrphan(_ pipe: OutputPipe) {
        var token: PollerLoop.Token?
        token = loop.watch(pipe.descriptor) { [weak self] _ in
            guard let self, let token else { return }
            if pipe.read(into: loop.readBuffer, { _ in }) == .ended {
                loop.remove(token)
                orphanPipes[token] = nil
            }
        }
        if let token { orphanPipes[token] = pipe }
    }

    /// Most bytes that the commands of one step may set, as in its command files.
    private static let commandLimitBytes = CommandFileSet.maximumBytes

    /// Counts what a command would keep; past the limit the step fails, and it is told once.
    private func keeps(_ effect: CommandEffect, _ step: RunningStep) -> Bool {
        let size: Int
        switch effect {
        case .setOutput(let name, let value), .saveState(let name, let value), .setEnvironment(let name, let value):
            size = name.utf8.count + value.utf8.count
        case .addPath(let path): size = path.utf8.count
        default: return true
        }
        let before = step.commandBytes
        step.commandBytes += size
        guard step.commandBytes > Self.commandLimitBytes else { return true }
        step.hasCommandFailure = true
        if before <= Self.commandLimitBytes {
            step.output?.error(
                "\(DiagnosticCode.stepOutputLimit): The commands of this step set more than "
                    + "\(Self.commandLimitBytes) bytes; the rest is dropped.")
        }
        return false
    }

    /// What a command asks for.
    func perform(_ effect: CommandEffect, _ step: RunningStep) {
        guard keeps(effect, step) else { return }
        switch effect {
        case .output(let line): step.output?.line(line)
        case .debug(let text): step.output?.mark(.debug(text))
        case .group(let title): step.output?.mark(.group(title))
        case .endGroup: step.output?.mark(.endGroup)
        case .annotation(let annotation): step.output?.mark(.annotation(annotation))
        case .mask(let values): mask(values, from: step)
        case .setOutput(let name, let value): step.record.outputs.append(.init(name, value))
        case .saveState(let name, let value): step.record.state.append(.init(name, value))
        case .setEnvironment(let name, let value): step.record.environment.append(.init(name, value))
        case .addPath(let path): step.record.paths.append(path)
        case .addMatcher(let path): addMatchers(path, step)
        case .removeMatcher(let owner): removeMatchers([owner], step)
        case .removeMatchersOf(let path): removeMatchers(ofFile: path, step)
        case .fail: step.hasCommandFailure = true
        }
    }

    // MARK: the end of a process

    func processExited(_ exit: SupervisorMessage.Exit) {
        guard let step = step(key: exit.key) else { return }
        step.exitCode = Int(exit.ending.shellCode)
        if step.cancellation != nil {
            // Nothing of a stopped step may go on: what is left of its tree goes first.
            killTree(step)
            return
        }
        end(step)
    }

    func treeGone(_ key: String) {
        guard let step = step(key: key), step.exitCode != nil else { return }
        end(step)
    }

    private func step(key: String) -> RunningStep? {
        guard let attempt = StepAttempt(key), let step = running[attempt.step], step.attempt == attempt else {
            return nil
        }
        return step
    }

    func launchFailed(_ failure: SupervisorMessage.LaunchFailure) {
        guard let step = step(key: failure.key) else { return }
        stopWatching(step)
        step.pipe = nil
        let isFolder = failure.stage == .workingDirectory
        var diagnostic = Diagnostic(
            isFolder ? .missingWorkingDirectory : .stepNotStarted,
            isFolder
                ? "The step's working directory cannot be entered: \(failure.error)."
                : "The step's process could not be started (\(failure.stage)): \(failure.error).")
        if isFolder {
            diagnostic.remedy = "Create the folder in an earlier step, or check the repository out first."
        }
        fail(step, Reason(.setup, diagnostic.message), diagnostic)
    }

    func launchRefused(_ refusal: SupervisorMessage.Refusal) {
        guard let step = step(key: refusal.key) else { return }
        stopWatching(step)
        step.pipe = nil
        let message =
            refusal.isDuplicate
            ? "This attempt was started before, and its end is not known." : "The step was refused: \(refusal.error)."
        let reason = Reason(refusal.isDuplicate ? .interrupted : .setup, message)
        fail(step, reason, Diagnostic(refusal.isDuplicate ? .stepInterrupted : .stepNotStarted, message))
    }

    /// The process is gone: reads the rest of its output and its command files, and settles the outcome.
    func end(_ step: RunningStep) {
        drain(step)
        let code = step.exitCode ?? 0
        if code != 0, let kills = options.memoryKills?(), kills > memoryKills {
            memoryKills = kills
            step.isOutOfMemory = true
        }
        let outcome: Conclusion
        var reason: Reason?
        switch step.cancellation?.cause {
        case .timeout:
            (outcome, reason) = (.failure, timeoutReason(step))
        case .asked:
            (outcome, reason) = (.cancelled, Reason(.cancelled, "The operation was canceled."))
        case nil where step.limits?.excess != nil && code != 0:
            (outcome, reason) = (.failure, excessReason(step))
        case nil where step.isOutOfMemory && code != 0:
            (outcome, reason) = (.failure, memoryReason(step))
        case nil where code != 0:
            (outcome, reason) = (.failure, Reason(.exitCode, "Process completed with exit code \(code)."))
        case nil:
            outcome = .success
            if let text = excessNote(step) { step.output?.warning(text) }
        }
        if let reason { step.output?.error(reason.text) }
        if outcome == .failure, step.cancellation == nil {
            hintEmptyWorkspace(step)
            hintMissingToken(step)
        }
        readCommandFiles(step)
        finish(step, outcome: outcome, reason)
    }

    func timeoutReason(_ step: RunningStep) -> Reason {
        // Another step's time ran out, of which this one is part.
        guard let minutes = step.timeoutMinutes else { return Reason(.timeout, "The action has timed out.") }
        let text = minutes == minutes.rounded() ? String(Int(minutes)) : String(minutes)
        return Reason(.timeout, redacted("The action '\(step.name)' has timed out after \(text) minutes."))
    }

    /// A forgotten checkout is the usual cause of a failure in an empty workspace; once a job.
    private func hintEmptyWorkspace(_ step: RunningStep) {
        guard case .script = step.planned.work, !hasHintedEmptyWorkspace, Trees.isEmpty(options.folders.workspace)
        else { return }
        hasHintedEmptyWorkspace = true
        step.output?.mark(
            .annotation(
                Annotation(
                    .notice,
                    "The workspace is empty: nothing has checked the repository out. "
                        + "Put a step with 'uses: actions/checkout@v4' before the steps that need its files.")))
    }
}
