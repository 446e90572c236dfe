// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// What was told and what waits to be: the fold of ``NoticeEvent``s.
package struct NoticeLedger: Hashable, Sendable {
    /// Planned, not yet sent, in the order of planning.
    package private(set) var pending: [Notice] = []
    private(set) var digests: [OpenDigest] = []
    private var told: [Told] = []
    /// Keys of all notices that were planned, oldest first.
    private var keyOrder: [String] = []
    private var keys: Set<String> = []

    struct OpenDigest: Hashable, Sendable {
        var policy: String
        var address: NoticeAddress
        var due: Timestamp
        var digest = Notice.Digest()
    }

    private struct Told: Hashable, Sendable {
        var policy: String
        var subject: Subject
        var address: NoticeAddress
    }

    package init() {}

    /// The state after `events`.
    package init(_ events: some Sequence<NoticeEvent>) {
        for event in events { apply(event) }
    }

    /// When something is due next; `nil` where nothing waits.
    package var wakeUp: Timestamp? { (pending.map(\.due) + digests.map(\.due)).min() }

    /// What is to be sent now, the oldest first. Call ``NoticeRules/wake(_:policies:now:)`` before, and record what it
    /// says.
    package func due(_ now: Timestamp) -> [Notice] { pending.filter { $0.due <= now } }

    /// Whether two ledgers say the same of what is still to be told, and of who has to hear of an end. Keys are not counted: they
    /// matter for as long as a restart tells things again.
    package func counts(as other: NoticeLedger) -> Bool {
        pending == other.pending && digests == other.digests && told == other.told
    }

    func knows(_ key: String) -> Bool { keys.contains(key) }

    /// Who was told by a policy that a subject fails.
    func told(_ policy: String, _ subject: Subject) -> [NoticeAddress] {
        told.filter { $0.policy == policy && $0.subject == subject }.map(\.address)
    }

    package mutating func apply(_ event: NoticeEvent) {
        switch event {
        case .noticePlanned(let notice):
            pending.append(notice)
            remember(notice.key)
        case .noticePostponed(let key, let due):
            if let index = pending.firstIndex(where: { $0.key == key }) { pending[index].due = due }
        case .noticeSent(let key, _):
            guard let index = pending.firstIndex(where: { $0.key == key }) else { return }
            let notice = pending.remove(at: index)
            guard notice.tellsOfFailure else { return }
            for news in notice.news {
                remember(Told(policy: notice.policy, subject: news.subject, address: notice.address))
            }
        case .noticeDropped(let key, _): pending.removeAll { $0.key == key }
        case .failureNoted(let policy, let address, let news, let due):
            note(policy, address, news, due)
            remember(Notice.key(policy, .stillFailing, news, address))
        case .digestPostponed(let policy, let address, let due):
            let index = digests.firstIndex { $0.policy == policy && $0.address.id == address }
            if let index { digests[index].due = due }
        case .digestClosed(let notice):
            digests.removeAll { $0.policy == notice.policy && $0.address.id == notice.address.id }
            pending.append(notice)
            remember(notice.key)
        case .failureEnded(let subject):
            told.removeAll { $0.subject == subject }
            for index in digests.indices { digests[index].digest.items.removeAll { $0.news.subject == subject } }
            digests.removeAll { $0.digest.items.isEmpty }
        }
    }

    private mutating func note(_ policy: String, _ address: NoticeAddress, _ news: RunNews, _ due: Timestamp) {
        let found = digests.firstIndex { $0.policy == policy && $0.address.id == address.id }
        let index = found ?? digests.endIndex
        if found == nil { digests.append(OpenDigest(policy: policy, address: address, due: due)) }
        if let item = digests[index].digest.items.firstIndex(where: { $0.news.subject == news.subject }) {
            digests[index].digest.items[item].news = news
            digests[index].digest.items[item].count += 1
        } else if digests[index].digest.items.count < NoticeLimits.digestItems {
            digests[index].digest.items.append(Notice.Digest.Item(news: news, count: 1))
        } else {
            digests[index].digest.omittedCount += 1
        }
    }

    private mutating func remember(_ key: String) {
        guard keys.insert(key).inserted else { return }
        keyOrder.append(key)
        // In batches: taking one off the front each time would move all the others.
        guard keyOrder.count > NoticeLimits.rememberedKeys * 5 / 4 else { return }
        let excess = keyOrder.count - NoticeLimits.rememberedKeys
        for old in keyOrder.prefix(excess) { keys.remove(old) }
        keyOrder.removeFirst(excess)
    }

    private mutating func remember(_ entry: Told) {
        guard !told.contains(entry) else { return }
        told.append(entry)
        if told.count > NoticeLimits.rememberedTold { told.removeFirst(told.count - NoticeLimits.rememberedTold) }
    }
}
