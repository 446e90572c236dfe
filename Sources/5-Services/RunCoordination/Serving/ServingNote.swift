// SPDX-License-Identifier: Apache-2.0

internal import JobDispatch
package import PipelineModel
internal import RunEngine
internal import RunnerProtocol

/// Something that a server counts.
package enum ServingNote: Hashable, Sendable {
    /// A runner took a job, by the first label that it asks for, that had waited so long.
    case jobAssigned(label: String, waitedMs: Int64)
    /// A job's runner went silent.
    case leaseLost(isReturned: Bool)
    /// A runner of a group that had been heard of was heard of no more for a lease's time.
    case runnerLost(group: String)
    case logReceived(bytes: Int)
}

/// What there is at a moment, for those who count.
package struct ServingCensus: Hashable, Sendable {
    package enum JobState: String, Hashable, Sendable {
        /// For a runner.
        case queued
        /// For other jobs, a group, an approval.
        case waiting
        case running
    }

    package struct JobGroup: Hashable, Sendable {
        package var state: JobState
        /// The first one that it asks for; empty where that is not known.
        package var label: String
    }

    package struct RunnerGroup: Hashable, Sendable {
        package var online = 0
        package var offline = 0
        /// Of those that are online.
        package var capacity = 0
        package var busy = 0
    }

    /// Jobs that are not over.
    package var jobs: [JobGroup: Int] = [:]
    /// By the name of the group; empty: the default one.
    package var runners: [String: RunnerGroup] = [:]

    package init() {}
}

extension RunCoordinator {
    package var census: ServingCensus {
        var census = ServingCensus()
        for run in runs.values where !run.isOver { count(run, in: &census) }
        let time = surroundings.now()
        for runner in dispatch.runners.values {
            var group = census.runners[runner.offering.group] ?? ServingCensus.RunnerGroup()
            if runner.isOwn || runner.isConnected(at: time) {
                group.online += 1
                group.capacity += runner.offering.capacity
            } else {
                group.offline += 1
            }
            group.busy += dispatch.holds(runner.id).count
            census.runners[runner.offering.group] = group
        }
        return census
    }

    private func count(_ run: ServedRun, in census: inout ServingCensus) {
        let state = run.machine.state
        func add(_ job: JobID, _ jobState: ServingCensus.JobState) {
            let group = ServingCensus.JobGroup(state: jobState, label: run.labels(of: job).first ?? "")
            census.jobs[group, default: 0] += 1
        }
        for job in state.jobs where job.phase == .waiting && !isCall(job.id, of: run) { add(job.id, .waiting) }
        for leg in state.legs where leg.phase != .finished && !isCall(leg.id, of: run) {
            guard let known = run.jobs[leg.id] else {
                add(leg.id, .waiting)
                continue
            }
            add(leg.id, dispatch.leases[run.work(leg.id, known.number)] == nil ? .queued : .running)
        }
    }

    /// Tells of runners that have gone silent since the last look.
    func lookForLostRunners() {
        let time = surroundings.now()
        var connected: Set<String> = []
        for runner in dispatch.runners.values where !runner.isOwn && runner.isConnected(at: time) {
            connected.insert(runner.id)
        }
        for id in connectedRunners.subtracting(connected) {
            guard let runner = dispatch.runners[id] else { continue }
            surroundings.noted(.runnerLost(group: runner.offering.group))
        }
        connectedRunners = connected
    }
}
