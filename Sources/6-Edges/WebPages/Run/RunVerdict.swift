// SPDX-License-Identifier: Apache-2.0

/// The sentence that stands on top of a run's page.
package enum RunVerdict: Sendable {
    /// - Parameters:
    ///   - place: the job that failed first, and its step where one did: `test › linux`.
    ///   - newTests: of `failedTests`, those that did not fail in the run before.
    case failed(place: String, afterMs: Int64, failedTests: Int, newTests: Int)
    case passed(jobs: Int, inMs: Int64, tests: Int)
    /// - Parameters:
    ///   - job: the first one that was not to be had, with why.
    ///   - others: how many more.
    case incomplete(job: String, reason: String?, others: Int)
    case running(jobsDone: Int, jobs: Int, leftMs: Int64?)
    /// It was cancelled, and what still runs is waited for.
    case cancelling(by: String?, jobsDone: Int, jobs: Int)
    case waiting(WaitReason)
    case blocked(environment: String)
    /// One sentence: why somebody has to let it begin.
    case held(String)
    /// - Parameter by: a person, or the run that took its place.
    case cancelled(by: String?, afterMs: Int64)
    /// One sentence: why nothing ran.
    case skipped(String)

    var words: PageText {
        switch self {
        case .failed(let place, let afterMs, let failed, let new): .verdictFailed(place, afterMs, failed, new)
        case .passed(let jobs, let inMs, let tests): .verdictPassed(jobs, inMs, tests)
        case .incomplete(let job, let reason, let others): .verdictIncomplete(job, reason, others)
        case .running(let done, let jobs, let leftMs): .verdictRunning(done, jobs, leftMs)
        case .cancelling(let by, let done, let jobs): .verdictCancelling(by, done, jobs)
        case .waiting(let reason): reason.words
        case .blocked(let environment): .verdictBlocked(environment)
        case .held(let sentence): .verdictHeld(sentence)
        case .cancelled(let by, let afterMs): .verdictCancelled(by, afterMs)
        case .skipped(let sentence): .verdictSkipped(sentence)
        }
    }

    package var state: RunState {
        switch self {
        case .failed: .failed
        case .passed: .passed
        case .incomplete: .incomplete
        case .running, .cancelling: .running
        case .waiting: .waiting
        case .blocked, .held: .blocked
        case .cancelled: .cancelled
        case .skipped: .skipped
        }
    }
}
