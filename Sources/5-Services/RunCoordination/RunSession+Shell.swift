// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
internal import FileAccess
internal import PipelineModel
internal import ProcessControl
internal import RunEngine
internal import StepExecution

/// Standing where a step of an ended run stood.
extension RunSession {
    /// A step's surroundings, made again.
    package struct StepPlaceAgain {
        /// `a › Run make test`
        package var title: String
        package var folder: String
        fileprivate let shell: StepShell
        fileprivate let host: HostJob
        fileprivate let folders: [String]

        /// Blocks until the shell, or the command in its place, has ended; then its copy of the workspace goes.
        ///
        /// - Returns: its exit code, as a shell has it.
        package func enter() throws(DiagnosticError) -> Int32 {
            defer {
                host.removeContainersNow()
                for folder in folders { try? Trees.remove(folder) }
            }
            return try shell.run()
        }
    }

    /// Makes the workspace, the environment and the files of a step again, as they were before it, in a folder of their own.
    ///
    /// - Parameters:
    ///   - text: `job/step`, the step by its number, id or name.
    ///   - command: what to run in the place of an interactive shell.
    package func place(
        of text: String, command: [String]
    ) throws(DiagnosticError) -> StepPlaceAgain {
        let stream = RunStore.stream(run, attempt: attempt)
        let recorded = try store.journaled { (journal) throws(JournalError) in try journal.events(of: stream) }
        evaluator.restore(try values.load())
        _ = try machine.replay(recorded)
        let (job, step) = try RerunPoint.split(text, run) { machine.state.leg($0) != nil }
        guard let leg = machine.state.leg(job), let planned = record.plan.jobs.first(where: { $0.key == job.key }),
            case .steps(let steps) = planned.work
        else {
            throw DiagnosticError(
                .rerunStepUnknown, "Run \(run) has no job '\(job)' that was begun.",
                remedy: "See its jobs with: martlet why \(run)")
        }
        let point = try RerunPoint(ground, job: job, attempt: leg.takenFrom ?? attempt, step: step)
        let session = JobSession(ground, id: job, number: 1, leg: leg.settings, steps: steps, needs: needs(of: job))
        var options = try JobEnvironment(ground: ground, job: session, steps: steps, needs: needs(of: job)).options()
        options.snapshot = nil
        options.pause = nil
        let own = ground.scratch + "/shell-\(ProcessIdentity.current.processID)"
        let copy = "\(store.root)/work/shell-\(run)-\(ProcessIdentity.current.processID)"
        try Trees.make(own, mode: 0o700)
        options.folders.durable = own
        options.folders.receipts = own + "/receipts"
        options.folders.scratch = own + "/files"
        options.folders.temporary = copy + "/_temp"
        if !record.isBound {
            options.folders.workspace = "\(copy)/\(record.repository.name)/\(record.repository.name)"
            try ground.snapshots.restore(point.snapshot ?? HostJob.emptySnapshot, to: options.folders.workspace)
        }
        let host = HostJob(options, loop: loop, callbacks: .ignoring)
        // What earlier steps set names the folder that the job had.
        let moved = record.isBound ? point.frames : point.frames.map { $0.moved(store.jobWork(run, job), to: copy) }
        try host.takeOver(moved, steps: point.count)
        let path = StepPath(point.count + 1)
        let shell: StepShell
        do throws(DiagnosticError) {
            shell = try host.shell(of: path, command: command)
        } catch {
            host.removeContainersNow()
            for folder in [own, copy] { try? Trees.remove(folder) }
            throw error
        }
        return StepPlaceAgain(
            title: "\(name(of: job)) › \(StepTitles.of(steps.steps)[path] ?? "step \(path)")",
            folder: options.folders.workspace, shell: shell, host: host,
            folders: [own, copy])
    }
}

extension HostJob.Callbacks {
    /// Of a job that is not run.
    fileprivate static var ignoring: HostJob.Callbacks {
        HostJob.Callbacks(
            prepared: { _ in }, report: { _, _ in }, openLog: { _ in .discarding }, finished: { _ in })
    }
}
