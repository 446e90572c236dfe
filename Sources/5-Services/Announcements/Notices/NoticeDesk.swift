// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Diagnostics
internal import NotificationRules
internal import Notifications
package import PipelineModel
package import RunCoordination
package import ThreadExecution
internal import Timekeeping

/// Tells people: decides who hears of what, and hands it over when its time has come. What is decided is on the disk before it is sent;
/// a process that ends in the middle goes on with it at the next start.
package actor NoticeDesk {
    private let surroundings: AnnouncementSurroundings
    private let reading: RunReading
    private let shelf: NoticeShelf
    private let sender: NoticeSender
    package nonisolated let book: PolicyBook
    private let thread = SerialThread(name: "notices")
    private var pages: [EntryID: NoticeShelf.Page] = [:]
    private var sending: Set<SentNotice> = []
    private var tries: [SentNotice: Int] = [:]
    private var idleWaiters: [CheckedContinuation<Void, Never>] = []
    private var isStopping = false

    private struct SentNotice: Hashable {
        var project: EntryID
        var key: String
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    package init(_ surroundings: AnnouncementSurroundings, book: PolicyBook) {
        self.init(surroundings, book: book, reading: RunReading(surroundings))
    }

    init(_ surroundings: AnnouncementSurroundings, book: PolicyBook, reading: RunReading) {
        self.surroundings = surroundings
        self.book = book
        self.reading = reading
        shelf = NoticeShelf(store: surroundings.store)
        sender = NoticeSender(surroundings)
    }

    /// Goes on with what an earlier process did not finish. To be called once.
    package func start() throws(DiagnosticError) {
        for project in try shelf.waiting() { _ = try page(of: project) }
    }

    /// Nothing more is sent; what waits is sent by the next process.
    package func stop() { isStopping = true }

    // MARK: hearing

    /// A run ended, waits, or waits no more. The same thing told twice is told to nobody the second time.
    package func hear(_ change: RunChange) {
        guard let project = EntryID(change.project) else { return }
        guarded { () throws(DiagnosticError) in
            switch change.kind {
            case .finished(let conclusion):
                if let news = try reading.news(change, ended: conclusion) { try decide(news, project) }
            case .held(let reason): if let news = reading.news(change, held: reason) { try decide(news, project) }
            case .gated(_, let environment):
                guard let place = reading.project(change.project), reading.asksPeople(environment, place) else { break }
                if let news = reading.news(change, before: environment) { try decide(news, project) }
            case .began: try decided(change.run, project)
            case .running: break
            }
        }
    }

    /// Somebody decided: nobody needs to be asked any more.
    package func hear(_ approval: ApprovalNews, of project: EntryID) {
        guarded { () throws(DiagnosticError) in try decided(approval.run, project) }
    }

    private func guarded(_ body: () throws(DiagnosticError) -> Void) {
        guard !isStopping else { return }
        do throws(DiagnosticError) {
            try body()
        } catch {
            surroundings.report(error)
        }
        tick()
    }

    private func decide(_ news: RunNews, _ project: EntryID) throws(DiagnosticError) {
        let ledger = try page(of: project).ledger
        let events = NoticeRules.decide(
            news, policies: try policies(of: project), ledger: ledger, now: surroundings.now())
        try record(events, project)
    }

    private func decided(_ run: RunID, _ project: EntryID) throws(DiagnosticError) {
        let name = surroundings.directory().name(of: project)
        let ledger = try page(of: project).ledger
        try record(NoticeRules.approvalDecided(project: name, run: run.number, ledger: ledger), project)
    }

    private func page(of project: EntryID) throws(DiagnosticError) -> NoticeShelf.Page {
        if let page = pages[project] { return page }
        let page = try shelf.page(of: project)
        pages[project] = page
        return page
    }

    private func record(_ events: [NoticeEvent], _ project: EntryID) throws(DiagnosticError) {
        var page = try page(of: project)
        do throws(DiagnosticError) {
            try shelf.append(events, to: &page, of: project, now: surroundings.now())
        } catch {
            // What the journal has is read anew.
            pages[project] = nil
            throw error
        }
        pages[project] = page
    }

    /// What is said of who hears what; where nothing is, the standard.
    private func policies(of project: EntryID) throws(DiagnosticError) -> [NotificationPolicy] {
        if let policies = try book.document(of: project).policies { return policies }
        let channels = surroundings.directory().channels.values.filter { $0.settings.project == project }
        return StandardPolicies.policies(channels.sorted { $0.id < $1.id }, hasMail: surroundings.mail != nil)
    }

    // MARK: by the clock

    /// Hands over what is due. To be called about once a second.
    package func tick() {
        guard !isStopping else { return settleIdle() }
        let now = surroundings.now()
        for (project, page) in pages {
            guard let wakeUp = page.ledger.wakeUp, wakeUp <= now else { continue }
            do throws(DiagnosticError) {
                try record(
                    NoticeRules.wake(page.ledger, policies: try policies(of: project), now: now), project)
                for notice in pages[project]?.ledger.due(now) ?? [] { try send(notice, project) }
            } catch {
                surroundings.report(error)
            }
        }
        settleIdle()
    }

    private func send(_ notice: Notice, _ project: EntryID) throws(DiagnosticError) {
        let sent = SentNotice(project: project, key: notice.key)
        guard sending.count < AnnouncementLimits.noticesAtOnce, !sending.contains(sent) else { return }
        let language = try book.document(of: project).language ?? surroundings.language
        sending.insert(sent)
        Task {
            let outcome = await self.sender.send(notice, of: project, language: language)
            self.finish(notice, sent, outcome)
        }
    }

    private func finish(_ notice: Notice, _ sent: SentNotice, _ outcome: SendOutcome) {
        let kind = sender.kind(notice.address, of: sent.project)
        let now = surroundings.now()
        let event: NoticeEvent
        switch outcome {
        case .delivered:
            event = .noticeSent(key: notice.key, at: now)
            surroundings.counted(kind, "delivered")
        case .retry(let why, let after):
            let count = tries[sent, default: 0] + 1
            tries[sent] = count
            let wait = DeliverySchedule.delay(before: count + 1, seed: DeliveryID.seed(notice.key))
            if count < AnnouncementLimits.noticeTries, let wait {
                let asked = min(after ?? .seconds(0), DeliverySchedule.longestWait)
                event = .noticePostponed(key: notice.key, due: now + max(wait, asked))
                surroundings.counted(kind, "retried")
            } else {
                event = givenUp(notice, kind, why)
            }
        case .givenUp(let why): event = givenUp(notice, kind, why)
        }
        if case .noticePostponed = event {} else { tries[sent] = nil }
        sending.remove(sent)
        guarded { () throws(DiagnosticError) in try record([event], sent.project) }
    }

    private func givenUp(_ notice: Notice, _ kind: String, _ why: Diagnostic) -> NoticeEvent {
        surroundings.counted(kind, "given_up")
        surroundings.report(
            DiagnosticError(
                .noticeGivenUp, "\(notice.address.id.cut(100)) was not told what it should hear: \(why.message)",
                remedy: why.remedy))
        return .noticeDropped(key: notice.key, reason: why.message.cut(NoticeLimits.sentenceBytes))
    }

    /// Returns once nothing is being sent.
    package func idle() async {
        guard !sending.isEmpty else { return }
        await withCheckedContinuation { idleWaiters.append($0) }
    }

    private func settleIdle() {
        guard sending.isEmpty else { return }
        for waiter in idleWaiters { waiter.resume() }
        idleWaiters = []
    }
}
