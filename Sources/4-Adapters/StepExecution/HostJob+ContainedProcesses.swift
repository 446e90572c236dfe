// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Glibc
import PipelineModel
import ProcessControl

/// Processes of steps that run in containers.
extension HostJob {
    /// Starts the step's process in the job's container.
    ///
    /// - Parameters:
    ///   - program: looked up in the container; `nil`: node.
    ///   - folder: in the container.
    func startInContainer(
        _ step: RunningStep, program: String?, arguments: [String], folder: String
    ) throws(DiagnosticError) {
        guard let containers = options.containers else {
            throw DiagnosticError(.stepNotStarted, "The job has no container.")
        }
        step.files = try takeFiles()
        let marker = "MARTLET_STEP=<\(step.attempt)>"
        var command = ContainerCommand(
            command: [program ?? "node"] + arguments,
            environment: block(for: step).translated(paths.inside) + [marker], folder: folder, marker: marker)
        command.isForNode = program == nil
        try launchContained(step) { output, then in containers.execute(command, output, then) }
    }

    /// - Parameter start: takes a descriptor for the output, which it closes.
    func launchContained(
        _ step: RunningStep, _ start: (Int32, @escaping (ContainerExit) -> Void) -> ContainedProcess
    ) throws(DiagnosticError) {
        let pipe = try OutputPipe()
        guard let writeEnd = pipe.writeEnd, case let output = fcntl(writeEnd, F_DUPFD_CLOEXEC, 3), output >= 0 else {
            throw DiagnosticError(.stepNotStarted, "There are too many open files for the step's output.")
        }
        pipe.closeWriteEnd()
        do {
            // There is no receipt of what an engine starts.
            try record.append(.begun(step.attempt))
        } catch {
            close(output)
            throw error
        }
        step.pipe = pipe
        running[step.attempt.step] = step
        watchOutput(of: step)
        step.contained = start(output) { [weak self, weak step] exit in
            if let self, let step { containedEnded(step, exit) }
        }
        callbacks.report(step.attempt, .started(deadline: startTimeout(step)))
    }

    private func containedEnded(_ step: RunningStep, _ exit: ContainerExit) {
        guard running[step.attempt.step] === step else { return }
        switch exit {
        case .ended(let code, let isOutOfMemory):
            step.exitCode = code
            step.isOutOfMemory = isOutOfMemory
            end(step)
        case .failed(let error) where step.cancellation == nil:
            drain(step)
            let diagnostic = error.diagnostic
            fail(step, Reason(.setup, redacted("\(diagnostic.code): \(diagnostic.message)")), diagnostic)
        case .failed(let error):
            step.output?.warning("\(error.diagnostic.code): \(error.diagnostic.message)")
            end(step)
        }
    }

    /// What a container's limit did to the step.
    func memoryReason(_ step: RunningStep) -> Reason? {
        guard step.isOutOfMemory else { return nil }
        return Reason(
            .limit,
            "The container ran out of memory, and a process of the step was ended. (Exit code \(step.exitCode ?? 0).)")
    }
}

extension EnvironmentBlock {
    /// Entries whose values are paths, as somebody else sees them.
    func translated(_ translate: (String) -> String) -> [String] {
        entries.map { entry in
            guard let equals = entry.utf8.firstIndex(of: 0x3D) else { return entry }
            let start = entry.utf8.index(after: equals)
            guard start < entry.endIndex, entry.utf8[start] == 0x2F else { return entry }
            return entry[..<start] + translate(String(entry[start...]))
        }
    }
}
