// SPDX-License-Identifier: Apache-2.0

internal import Timekeeping

/// One piece of news while it is decided on.
struct NoticeDesk {
    let news: RunNews
    /// With what was decided so far.
    private var ledger: NoticeLedger
    /// As it was before.
    private let before: NoticeLedger
    private let now: Timestamp
    private(set) var events: [NoticeEvent] = []
    /// Policies and addresses whose word of the failure had not gone out yet: they need no word of its end.
    private var unaware: Set<[String]> = []

    init(news: RunNews, ledger: NoticeLedger, now: Timestamp) {
        self.news = news
        self.ledger = ledger
        before = ledger
        self.now = now
    }

    private mutating func record(_ event: NoticeEvent) {
        ledger.apply(event)
        events.append(event)
    }

    /// The run ended: whoever was still to be asked is not.
    mutating func dropWaiting() {
        for notice in before.pending
        where NoticeRules.isWaiting(notice, project: news.subject.project, run: news.run) {
            record(.noticeDropped(key: notice.key, reason: "The run ended."))
        }
    }

    /// Takes back what has not been said of the failure that is over.
    mutating func endFailure() {
        for notice in before.pending where notice.tellsOfFailure {
            guard case .run(_, let old) = notice.content, old.subject == news.subject else { continue }
            record(.noticeDropped(key: notice.key, reason: "It was over before its time came."))
            unaware.insert([notice.policy, notice.address.id])
        }
        for open in before.digests where open.digest.items.contains(where: { $0.news.subject == news.subject }) {
            unaware.insert([open.policy, open.address.id])
        }
        record(.failureEnded(news.subject))
    }

    mutating func plan(_ change: StateChange, _ policy: NotificationPolicy) {
        var addressed: Set<String> = []
        for (address, due) in addresses(change, policy) where addressed.insert(address.id).inserted {
            let key = Notice.key(policy.id, change, news, address)
            guard !ledger.knows(key), ledger.pending.count < NoticeLimits.pending else { continue }
            if change == .stillFailing, let interval = policy.digestInterval {
                let due = policy.release(now + interval, passes: false)
                record(.failureNoted(policy: policy.id, address: address, news: news.inDigest, due: due))
                continue
            }
            let passes = policy.passes(news, change)
            var notice = Notice(
                key: key, policy: policy.id, address: address, due: policy.release(due, passes: passes),
                content: .run(change, news))
            notice.passesQuietHours = passes
            record(.noticePlanned(notice))
        }
    }

    /// Who a change is told to by a policy, and from when on.
    private func addresses(_ change: StateChange, _ policy: NotificationPolicy) -> [(NoticeAddress, Timestamp)] {
        let told = before.told(policy.id, news.subject)
        let isTold = { (address: NoticeAddress) in told.contains { $0.id == address.id } }
        var found: [(NoticeAddress, Timestamp)] = []
        for route in policy.routes {
            switch route {
            case .channel(let name):
                let address = NoticeAddress.channel(name)
                if change.endsFailure, !isTold(address), unaware.contains([policy.id, address.id]) { continue }
                found.append((address, now))
            case .author:
                if change.endsFailure { continue }
                if let author = news.author { found.append((.person(author), now)) }
            case .owners(let after):
                guard !change.endsFailure else { continue }
                let due = (change == .waitingForApproval ? now : news.brokenSince ?? now) + after
                // Of what broke, a notice waits already; what goes on failing is told once the time is over.
                if change == .stillFailing, due > now { continue }
                for owner in news.owners { found.append((.person(owner), max(due, now))) }
            }
        }
        if change.endsFailure { found += people(told, policy) }
        return found
    }

    /// The people who hear of the end of a failure: those who heard of it; where nobody did, the author of the fix.
    private func people(_ told: [NoticeAddress], _ policy: NotificationPolicy) -> [(NoticeAddress, Timestamp)] {
        let people = told.filter { if case .person = $0 { true } else { false } }
        if !people.isEmpty { return people.map { ($0, now) } }
        guard policy.routes.contains(.author), let author = news.author else { return [] }
        let wasUnaware = unaware.contains { $0[0] == policy.id && $0[1].hasPrefix("mail:") }
        return wasUnaware ? [] : [(.person(author), now)]
    }
}
