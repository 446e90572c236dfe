// SPDX-License-Identifier: Apache-2.0

internal import JobDispatch
package import PipelineModel
package import RunnerProtocol

/// Jobs that speak for themselves, beside the runner that has their leases.
extension RunCoordinator {
    /// A job that waits for something to hear.
    struct Attendant {
        let id: Int
        let request: AttendRequest
        let deadline: Int64
        let continuation: CheckedContinuation<AttendAnswer?, Never>
    }

    /// A job says that it is carried out, which renews its lease, and waits for what it has to hear.
    ///
    /// - Returns: `nil`: the lease is over, or another's.
    package func attend(_ request: AttendRequest, heldBy runner: String) async -> AttendAnswer? {
        let start = surroundings.now()
        guard dispatch.renew(request.lease, by: runner, now: start) else { return nil }
        runs[request.lease.work.run]?.jobs[request.lease.work.job]?.isAttended = true
        // One asks at a time: the one before was given up.
        attendants.removeValue(forKey: request.lease)?.continuation.resume(
            returning: AttendAnswer(leaseMs: dispatch.leaseMs))
        let news = news(for: request)
        let wait = min(max(0, request.waitMs), RunnerLimits.pollMs(ofLease: dispatch.leaseMs))
        guard news == nil, wait > 0, !isStopping else {
            return AttendAnswer(cancellation: news, leaseMs: dispatch.leaseMs)
        }
        nextWaiter += 1
        let id = nextWaiter
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                attendants[request.lease] = Attendant(
                    id: id, request: request, deadline: start + wait, continuation: continuation)
            }
        } onCancel: {
            Task { await self.stopAttending(request.lease, id) }
        }
    }

    /// Whether a job waits for something to hear.
    package func isAttended(_ lease: LeaseKey) -> Bool { attendants[lease] != nil }

    private func stopAttending(_ lease: LeaseKey, _ id: Int) {
        guard attendants[lease]?.id == id else { return }
        attendants.removeValue(forKey: lease)?.continuation.resume(
            returning: AttendAnswer(leaseMs: dispatch.leaseMs))
    }

    private func news(for request: AttendRequest) -> LeaseCancellation? {
        let work = request.lease.work
        guard let cancellation = runs[work.run]?.jobs[work.job]?.cancellation, cancellation.lease == request.lease
        else { return nil }
        switch request.heard {
        case .nothing: return cancellation
        case .soft: return cancellation.isForced ? cancellation : nil
        case .forced: return nil
        }
    }

    /// Answers the jobs that there is something to say to, those whose lease is over, and those that waited long enough.
    func serveAttendants() {
        guard !attendants.isEmpty else { return }
        let time = surroundings.now()
        let longest = RunnerLimits.pollMs(ofLease: dispatch.leaseMs)
        for (lease, attendant) in attendants {
            let isOver = dispatch.leases[lease.work]?.fence != lease.fence
            let news = news(for: attendant.request)
            let isDue = attendant.deadline <= time || attendant.deadline - time > longest
            guard isOver || news != nil || isDue || isStopping else { continue }
            attendants[lease] = nil
            attendant.continuation.resume(
                returning: isOver ? nil : AttendAnswer(cancellation: news, leaseMs: dispatch.leaseMs))
        }
    }

    /// Changes of what a job waits for that are recorded; more are shown, and forgotten.
    private static let recordedWaits = 20

    /// What a runner says of the jobs that it has and that have not begun: all that wait.
    func note(_ waits: [LeaseWait], of runner: String) {
        var reasons: [JobTry: String] = [:]
        for wait in waits where dispatch.leases[wait.lease.work]?.fence == wait.lease.fence {
            reasons[wait.lease.work] = wait.reason
        }
        for lease in dispatch.holds(runner) {
            let work = lease.demand.work
            guard let run = runs[work.run], let job = run.jobs[work.job], job.number == work.number,
                job.wait != reasons[work]
            else { continue }
            run.jobs[work.job]?.wait = reasons[work]
            guard let text = reasons[work], job.waitCount < Self.recordedWaits else { continue }
            run.jobs[work.job]?.waitCount += 1
            record(.waited(work.job, number: work.number, reason: text), of: run)
        }
    }

    /// Its runner says that what carried a job is gone: judged as every lost job is.
    ///
    /// - Returns: `false`: the lease is over, or another's.
    package func forsake(_ forsaken: ForsakenLease, heldBy runner: String) -> Bool {
        guard dispatch.renew(forsaken.lease, by: runner, now: surroundings.now()),
            let lease = dispatch.release(forsaken.lease.work)
        else { return false }
        lose(lease, forsaken.reason)
        serveWaiters()
        return true
    }
}
