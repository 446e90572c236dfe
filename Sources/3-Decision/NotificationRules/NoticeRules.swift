// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// Decides who is told of what: pure functions from news, policies and what was told already to events.
///
/// A caller records the events, applies them to its ``NoticeLedger``, sends what is ``NoticeLedger/due(_:)`` and
/// records `noticeSent` or `noticeDropped` for it. The same news twice makes no second notice.
package enum NoticeRules {
    /// What follows from news of a run.
    package static func decide(
        _ news: RunNews, policies: [NotificationPolicy], ledger: NoticeLedger, now: Timestamp
    ) -> [NoticeEvent] {
        var desk = NoticeDesk(news: news.bounded, ledger: ledger, now: now)
        if news.conclusion != nil { desk.dropWaiting() }
        guard let change = StateChange(news) else { return desk.events }
        if change.endsFailure { desk.endFailure() }
        for policy in policies.prefix(NoticeLimits.policies) where policy.covers(news, change) {
            desk.plan(change, policy)
        }
        return desk.events
    }

    /// What follows when a run that waited was approved, rejected or given up.
    package static func approvalDecided(project: String, run: Int, ledger: NoticeLedger) -> [NoticeEvent] {
        ledger.pending.filter { isWaiting($0, project: project, run: run) }
            .map { .noticeDropped(key: $0.key, reason: "It no longer waits for an approval.") }
    }

    /// What follows from the time alone: digests that are due become notices; what fell into quiet hours waits on.
    package static func wake(
        _ ledger: NoticeLedger, policies: [NotificationPolicy], now: Timestamp
    ) -> [NoticeEvent] {
        func release(_ policy: String, passes: Bool) -> Timestamp {
            policies.first { $0.id == policy }?.release(now, passes: passes) ?? now
        }
        var events: [NoticeEvent] = []
        for notice in ledger.pending where notice.due <= now {
            let due = release(notice.policy, passes: notice.passesQuietHours)
            if due > now { events.append(.noticePostponed(key: notice.key, due: due)) }
        }
        for open in ledger.digests where open.due <= now {
            let due = release(open.policy, passes: false)
            if due > now {
                events.append(.digestPostponed(policy: open.policy, address: open.address.id, due: due))
            } else {
                events.append(.digestClosed(notice(of: open)))
            }
        }
        return events
    }

    private static func notice(of open: NoticeLedger.OpenDigest) -> Notice {
        // Its first run and its time tell one digest from every other.
        let first = open.digest.items.first?.news
        let key = "digest " + open.policy + " " + open.address.id + " \(open.due.milliseconds) \(first?.run ?? 0)"
        return Notice(
            key: key, policy: open.policy, address: open.address, due: open.due, content: .digest(open.digest))
    }

    static func isWaiting(_ notice: Notice, project: String, run: Int) -> Bool {
        guard case .run(.waitingForApproval, let news) = notice.content else { return false }
        return news.subject.project == project && news.run == run
    }
}
