// SPDX-License-Identifier: Apache-2.0

package import PipelineModel

/// What failed first.
extension RunReport {
    package struct Failure: Hashable, Sendable {
        package var job: Job
        /// `nil`: the job failed as a whole.
        package var step: Step?
    }

    /// The step that ended first of those that failed their job; `nil` where nothing failed.
    package var firstFailure: Failure? {
        var found: [Failure] = []
        for job in jobs where job.conclusion == .failure {
            let failed = job.steps.filter { $0.conclusion == .failure }
            // The innermost one says most.
            let step = failed.min { left, right in
                (left.finishedAt ?? .max, -left.path.indexes.count) < (
                    right.finishedAt ?? .max, -right.path.indexes.count
                )
            }
            found.append(Failure(job: job, step: step))
        }
        return found.min {
            ($0.step?.finishedAt ?? $0.job.finishedAt ?? .max) < ($1.step?.finishedAt ?? $1.job.finishedAt ?? .max)
        }
    }

    /// One sentence on how it stands: what failed first, what it waits for, or that it succeeded.
    package var sentence: String {
        let span = durationMs.map { " after \(Self.span($0))" } ?? ""
        switch conclusion {
        case .success?: return "Succeeded\(span)"
        case .skipped?: return reason.map { "Skipped: \($0.text)" } ?? "Skipped: no job had to run"
        case .cancelled?: return "Cancelled\(span)" + (reason.map { ": \($0.text)" } ?? "")
        case .failure?:
            guard let failure = firstFailure else { return "Failed\(span)" + (reason.map { ": \($0.text)" } ?? "") }
            let why = failure.step?.reason ?? failure.job.reason
            let place = [failure.job.name, failure.step?.title].compactMap { $0 }.joined(separator: " › ")
            return "Failed in \(place)\(span)" + (why.map { ": \($0.text)" } ?? "")
        case nil: return runningSentence
        }
    }

    package var durationMs: Int64? {
        guard let startedAt, let finishedAt else { return nil }
        return max(0, finishedAt - startedAt)
    }

    private var runningSentence: String {
        if let cancellation { return "Being cancelled: \(cancellation.text)" }
        let running = jobs.filter { $0.state == .running }
        let queued = jobs.filter { $0.state == .queued }
        if !running.isEmpty {
            let first = running[0].name
            return running.count == 1 ? "Running \(first)" : "Running \(running.count) jobs"
        }
        if !queued.isEmpty {
            return queued.count == 1 ? "\(queued[0].name) waits for a runner" : "\(queued.count) jobs wait for runners"
        }
        let gated = jobs.first { $0.state == .waiting && $0.reason?.kind == .approval }
        return (reason ?? gated?.reason).map { "Waiting: \($0.text)" } ?? "Waiting"
    }

    package static func span(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        if seconds < 60 { return "\(seconds)s" }
        if seconds < 3600 { return "\(seconds / 60)m \(seconds % 60)s" }
        return "\(seconds / 3600)h \(seconds % 3600 / 60)m"
    }
}
