// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
import ExpressionLanguage
package import PipelineModel
package import ProcessControl
import SecretRedaction
import WorkflowPlanning

/// A step that failed and waits for somebody to look at it.
package struct PausedStep: Sendable {
    package var attempt: StepAttempt
    /// As people see it, redacted.
    package var name: String
    package var reason: String
    /// An interactive shell with exactly what the step's process had: environment, folder, enclosure.
    package var shell: StepShell
}

/// What is to become of it.
package enum PauseAnswer: Hashable, Sendable {
    /// Its failure stands.
    case goOn
    /// It is started again, as a new attempt.
    case retry
}

extension HostJob {
    /// Hands a failed step to whoever wants to look at it; `proceed` is called where its failure stands.
    ///
    /// - Returns: whether somebody looks at it.
    func pause(_ step: RunningStep, _ outcome: Conclusion, _ reason: Reason?, _ proceed: @escaping () -> Void) -> Bool {
        guard outcome == .failure, step.cancellation == nil, step.exitCode != nil, !jobFlags.isCancelled,
            let pause = options.pause
        else { return false }
        let paused = PausedStep(
            attempt: step.attempt, name: redacted(step.name), reason: redacted(reason?.text ?? ""),
            shell: shell(of: step))
        pause(paused) { [weak self] answer in
            guard let self else { return }
            switch answer {
            case .goOn: proceed()
            case .retry: again(step)
            }
        }
        return true
    }

    /// A shell, or a program, with what a step's process would have; the step itself is not run. For a job that was taken over
    /// and is not prepared: its containers are made, and are there until ``removeContainersNow()``.
    ///
    /// - Parameter command: what to run in the shell's place.
    package func shell(of path: StepPath, command: [String]) throws(DiagnosticError) -> StepShell {
        do {
            try makeFolders()
            for secret in options.secrets { try redactor.add(secret) }
            try evaluateEnvironment()
            try planContainers()
        } catch let error as ExpressionError {
            throw DiagnosticError(.stepEvaluation, Self.invalidTemplate(error, line: nil))
        } catch {
            throw DiagnosticError((error as? any CodedError)?.diagnostic ?? Diagnostic(.jobFiles, "\(error)"))
        }
        guard let planned = planned(path) else { throw DiagnosticError(.stepNotStarted, "There is no step \(path).") }
        try makeContainersNow()
        let (step, _, fault) = outset(StepAttempt(step: path, number: 1), planned, StatusFlags())
        if let fault { throw DiagnosticError(.stepEvaluation, Self.invalidTemplate(fault, line: planned.line)) }
        step.files = try takeFiles()
        return shell(of: step, command: command)
    }

    private func makeContainersNow() throws(DiagnosticError) {
        guard let demand, let containers = options.containers else { return }
        var made: Result<ContainerFacts, DiagnosticError>?
        containers.prepare(demand) { made = $0 }
        while made == nil { loop.turn() }
        containerFacts = try made?.get()
        hasContainers = true
        jobBlock = nil
    }

    package func removeContainersNow() {
        guard hasContainers, let containers = options.containers else { return }
        var isGone = false
        containers.remove { _ in isGone = true }
        while !isGone { loop.turn() }
    }

    /// Without what the user's own shell is set up with: it would change the environment again.
    private static let plainShell = ["--noprofile", "--norc"]

    private func shell(of step: RunningStep, command: [String] = []) -> StepShell {
        if isInContainer, let attach = options.containers?.attach {
            let start = "command -v bash >/dev/null && exec bash --noprofile --norc -i; exec sh -i"
            let marker = "MARTLET_STEP=<\(step.attempt)>"
            let contained = ContainerCommand(
                command: command.isEmpty ? ["sh", "-c", start] : command,
                environment: block(for: step).translated(paths.inside) + [marker],
                folder: paths.inside(options.folders.workspace), marker: marker)
            return StepShell { () throws(DiagnosticError) in try attach(contained) }
        }
        let found = try? shells.shell(nil, prepended: prependedPaths)
        let program = found?.path ?? "/bin/sh"
        let flags = program.hasSuffix("/bash") ? Self.plainShell : []
        var request = SpawnRequest(
            key: step.attempt.description, program: command.first ?? program,
            arguments: command.isEmpty ? [program] + flags + ["-i"] : command,
            environment: block(for: step).entries, workingDirectory: options.folders.workspace)
        if let sandbox = options.sandbox { enclose(&request, in: sandbox, step) }
        return StepShell(
            TerminalCommand(
                program: request.program, arguments: request.arguments, environment: request.environment,
                workingDirectory: request.workingDirectory))
    }

    /// What this attempt came to does not count.
    private func again(_ step: RunningStep) {
        running[step.attempt.step] = nil
        step.output?.line("It is tried again.")
        _ = step.output?.close()
        release(step)
        callbacks.report(step.attempt, .again(Reason(.retry, "It was tried again after its failure was looked at.")))
    }
}
