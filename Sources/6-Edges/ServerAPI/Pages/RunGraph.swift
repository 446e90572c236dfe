// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunCoordination
internal import WebPages

/// The chain of jobs that a run's end waited for.
enum CriticalPath {
    /// Ids, the last job first: the job that ended last, of those that it needs the one that ended last, and so on.
    static func jobs(of report: RunReport) -> [String] {
        var byName: [JobID: [RunReport.Job]] = [:]
        for job in report.jobs where job.startedAt != nil || job.state == .running {
            byName[job.id, default: []].append(job)
            if let group = job.group { byName[group, default: []].append(job) }
        }
        var path: [String] = []
        var next = report.jobs.filter { $0.startedAt != nil }.max { end(of: $0) < end(of: $1) }
        var seen: Set<JobID> = []
        while let job = next, seen.insert(job.id).inserted {
            path.append(job.id.text)
            next = job.needs.flatMap { byName[$0] ?? [] }.max { end(of: $0) < end(of: $1) }
        }
        // A job alone is no chain.
        return path.count > 1 ? path : []
    }

    private static func end(of job: RunReport.Job) -> Int64 { job.finishedAt ?? .max }
}

/// From which jobs a run can be run again, with what that means for the others.
struct RerunPoints {
    var points: [RunPage.RerunPoint] = []

    /// Where there are more jobs, a list of them helps nobody.
    private static let limit = 100
    private static let stepLimit = 200

    init(_ report: RunReport) {
        var room = Self.stepLimit
        let ran = report.jobs.filter { $0.conclusion != .skipped }
        points.append(
            RunPage.RerunPoint(job: Self.everything, name: "", runs: report.jobs.count, reuses: 0))
        guard ran.count <= Self.limit else { return }
        var dependents: [JobID: Set<JobID>] = [:]
        for job in report.jobs {
            for need in job.needs { dependents[need, default: []].insert(job.id) }
        }
        for job in ran {
            var again: Set<JobID> = [job.id]
            var open = [job.id]
            while let next = open.popLast() {
                let names = [next] + (report.jobs.first { $0.id == next }?.group.map { [$0] } ?? [])
                for follower in names.flatMap({ dependents[$0] ?? [] }) where again.insert(follower).inserted {
                    open.append(follower)
                }
            }
            var point = RunPage.RerunPoint(
                job: job.id.text, name: job.name, runs: again.count, reuses: report.jobs.count - again.count)
            let steps = Self.steps(of: job)
            if steps.count <= room {
                point.steps = steps
                room -= steps.count
            }
            // The only job is all of the run.
            if report.jobs.count > 1 { points.append(point) } else { points[0].take(point) }
        }
    }

    /// The job's own steps before which all others are over: what these left is taken over. Where no runner had the job, nothing
    /// is kept.
    private static func steps(of job: RunReport.Job) -> [RunPage.RerunPoint.Step] {
        guard job.runner != nil || job.takenFrom != nil else { return [] }
        let own = job.steps.filter { $0.path.indexes.count == 1 && !$0.isHook }.sorted {
            $0.path.indexes.lexicographicallyPrecedes($1.path.indexes)
        }
        var found: [RunPage.RerunPoint.Step] = []
        for (index, step) in own.enumerated() {
            guard step.path == StepPath(index + 1) else { break }
            if index > 0 {
                found.append(
                    RunPage.RerunPoint.Step(value: "\(mark)\(job.id)/\(step.path)", name: "\(step.path) \(step.title)"))
            }
            guard step.state == .finished else { break }
        }
        return found
    }

    /// What a form's choice means.
    static func selection(_ choice: String) -> RunSession.Selection {
        if choice == everything { return .all }
        return choice.hasPrefix(mark) ? .from(String(choice.dropFirst(mark.count))) : .jobs([JobID(choice)])
    }

    /// Stands before a step: no job's id begins with it.
    private static let mark = "@"

    /// Stands for all jobs: no job has this id.
    static let everything = "*"
}

extension RunPage.RerunPoint {
    /// The steps of a run's only job stand below all of it.
    fileprivate mutating func take(_ only: RunPage.RerunPoint) {
        steps = only.steps.map { step in Step(value: step.value, name: "\(only.name) › \(step.name)") }
    }
}
