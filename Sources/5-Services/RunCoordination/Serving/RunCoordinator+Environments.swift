// SPDX-License-Identifier: Apache-2.0

internal import JobDispatch
package import PipelineModel
internal import RunEngine
package import RunnerProtocol

/// A job that has come to the environment that it is for.
package struct EnvironmentVisit: Sendable {
    package var work: JobTry
    package var environment: String
    /// Of the job, as people see it.
    package var name: String
    package var record: RunRecord
}

/// Whether the job may go on.
package enum EnvironmentAnswer: Hashable, Sendable {
    /// With the sentence that says why; empty: nobody asked for anything.
    case pass(String)
    /// Not yet; ``RunCoordinator/answer(_:_:)`` says when.
    case wait(String)
    case refuse(String)
}

/// Jobs before their environments.
extension RunCoordinator {
    /// To the runners' queue, by way of its environment where it has one.
    func admit(_ job: JobID, _ number: Int, of run: ServedRun) {
        guard let environment = run.environment(of: job) else {
            return dispatch.enqueue(demand(job, number, of: run))
        }
        run.jobs[job]?.environment = environment
        run.jobs[job]?.gate = "It comes to the environment '\(environment)'."
        let visit = EnvironmentVisit(
            work: run.work(job, number), environment: environment, name: run.name(of: job), record: run.record)
        let enter = surroundings.enter
        Task { self.answer(visit.work, await enter(visit)) }
    }

    /// What was decided of a job before its environment. Said again it changes nothing.
    package func answer(_ work: JobTry, _ answer: EnvironmentAnswer) {
        guard let run = runs[work.run], run.attempt == work.attempt, let job = run.jobs[work.job],
            job.number == work.number, job.gate != nil
        else { return }
        let environment = job.environment ?? ""
        switch answer {
        case .pass(let sentence):
            run.jobs[work.job]?.gate = nil
            if !sentence.isEmpty {
                record(
                    .passed(work.job, number: work.number, environment: environment, reason: sentence), of: run)
            }
            dispatch.enqueue(demand(work.job, work.number, of: run))
            serveWaiters()
        case .wait(let sentence):
            run.jobs[work.job]?.gate = sentence
            record(.gated(work.job, number: work.number, environment: environment, reason: sentence), of: run)
            publish(.jobWaiting(work.job, name: run.name(of: work.job), Reason(.approval, sentence)), of: run)
            changed(run, .gated(work.job, environment: environment))
        case .refuse(let sentence):
            let outcome = JobOutcome(.failure, reason: Reason(.approval, sentence))
            give(.jobFinished(work.job, attempt: work.number, outcome), to: work.run)
        }
    }
}
