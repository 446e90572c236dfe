// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel

/// What a run's news changed for those who look after its branch.
package enum StateChange: String, Hashable, Sendable, CaseIterable {
    /// It fails, and did not before.
    case broke
    /// It succeeds, and the run before it failed.
    case fixed
    /// It fails as the one before it did.
    case stillFailing
    case waitingForApproval
    /// It failed, and the same run succeeded when it was started again: nothing was fixed.
    case recoveredByRerun

    /// Whether somebody who was told of a failure is now told that it is over.
    package var endsFailure: Bool { self == .fixed || self == .recoveredByRerun }

    /// `nil` where nothing changed: a success after a success, a run that was cancelled or skipped, one that a newer
    /// run overtook.
    package init?(_ news: RunNews) {
        guard let conclusion = news.conclusion else {
            self = .waitingForApproval
            return
        }
        guard !news.isSuperseded else { return nil }
        switch conclusion {
        case .cancelled, .skipped: return nil
        case .failure:
            // A run's own earlier attempt is the newest that is known of the branch.
            let last = [news.earlierAttempt, news.previous].compactMap { $0 }.first { $0 == .success || $0 == .failure }
            self = last == .failure ? .stillFailing : .broke
        case .success:
            if news.previous == .failure {
                self = .fixed
            } else if news.earlierAttempt == .failure {
                self = .recoveredByRerun
            } else {
                return nil
            }
        }
    }
}
