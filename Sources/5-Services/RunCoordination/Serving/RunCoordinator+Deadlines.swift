// SPDX-License-Identifier: Apache-2.0

internal import JobDispatch
internal import PipelineModel
internal import RunEngine
internal import RunnerProtocol

/// How long a job may wait for a runner, and a runner may keep it. The time before an environment is not of them: what
/// asks for it there has its own limits.
extension RunCoordinator {
    /// As on GitHub: a job that no runner took in that time is cancelled.
    static let queueMs: Int64 = 24 * 3_600_000

    func endOverdueJobs() {
        for demand in dispatch.queued(before: now - Self.queueMs) {
            let work = demand.work
            guard dispatch.withdraw(work), runs[work.run] != nil else { continue }
            let text =
                "No runner took it for \(Self.queueMs / 3_600_000) hours; it asked for \(demand.labels.joined(separator: ", "))."
            let outcome = JobOutcome(.cancelled, reason: Reason(.capacity, text))
            give(.jobFinished(work.job, attempt: work.number, outcome), to: work.run)
        }
        for lease in dispatch.leases.values {
            let work = lease.demand.work
            guard let run = runs[work.run], let settings = run.machine.state.leg(work.job)?.settings,
                now - lease.since > settings.timeoutMs + settings.cancelTimeoutMs + EngineLimits.backstopMs
            else { continue }
            dispatch.release(work)
            lose(lease, "Its runner '\(runnerName(lease.runner))' kept it for longer than its timeout allows.")
        }
    }
}
