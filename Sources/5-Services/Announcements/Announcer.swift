// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Diagnostics
internal import NotificationRules
package import Notifications
package import PipelineModel
package import RunCoordination
internal import RunIndex
internal import StructuredData
internal import Synchronization
package import Timekeeping

/// Hears what happens on a server, and has people and programs told.
package final class Announcer: Sendable {
    package let notices: NoticeDesk
    package let deliveries: DeliveryDesk
    private let surroundings: AnnouncementSurroundings
    private let reading: RunReading
    /// Attempts whose first job has a runner.
    private let started = Mutex<Set<String>>([])

    package init(_ surroundings: AnnouncementSurroundings) {
        self.surroundings = surroundings
        reading = RunReading(surroundings)
        notices = NoticeDesk(surroundings, book: PolicyBook(store: surroundings.store), reading: reading)
        deliveries = DeliveryDesk(surroundings)
    }

    package var policies: PolicyBook { notices.book }

    /// Goes on with what an earlier process left, and tells again what ended shortly before: what was told is known.
    package func start() async throws(DiagnosticError) {
        try await deliveries.start()
        try await notices.start()
        let earliest = surroundings.now().milliseconds - AnnouncementLimits.catchUp.milliseconds
        let rows = try surroundings.index.runs(RunQuery(limit: AnnouncementLimits.catchUpRuns))
        for row in rows.reversed() {
            guard let conclusion = row.conclusion, let end = row.finishedAt, end >= earliest,
                let record = try? RunRecord.load(from: surroundings.store, row.run)
            else { continue }
            let report = try RunReport(
                store: surroundings.store, run: row.run, attempt: row.attempt, steps: .none)
            await hear(
                RunChange(
                    run: row.run, attempt: row.attempt, project: row.project, kind: .finished(conclusion), at: end,
                    record: record, startedAt: report.startedAt))
        }
    }

    /// To be called about once a second.
    package func tick() async {
        await notices.tick()
        await deliveries.tick()
    }

    package func stop() async {
        await notices.stop()
        await deliveries.stop()
    }

    /// Returns once nothing is on its way.
    package func idle() async {
        await notices.idle()
        await deliveries.idle()
    }

    // MARK: runs

    package func hear(_ change: RunChange) async {
        await notices.hear(change)
        do throws(DiagnosticError) {
            try await tell(change)
        } catch {
            surroundings.report(error)
        }
    }

    /// Most servers have no hooks: what they would be sent is then not made.
    private var hasHooks: Bool { !surroundings.directory().hooks.isEmpty }

    private func tell(_ change: RunChange) async throws(DiagnosticError) {
        guard hasHooks else { return }
        let project = EntryID(change.project)
        let key = "\(change.run)/\(change.attempt)"
        let at = Timestamp(milliseconds: change.at)
        let created = Timestamp(milliseconds: change.record.createdAt)
        let began = change.startedAt.map { Timestamp(milliseconds: $0) } ?? at
        switch change.kind {
        case .began:
            guard let run = try reading.webhookRun(change) else { return }
            let name = (change.attempt == 1 ? created : began, key)
            await deliveries.tell(.runCreated(run), of: project, at: at, name: name)
        case .held:
            guard let run = try reading.webhookRun(change), let place = reading.project(change.project) else { return }
            await deliveries.tell(.runCreated(run), of: project, at: at, name: (created, key))
            let approval = WebhookApproval(
                environment: "", approvers: reading.people(place, atLeast: .approve).map(\.name), requested: created)
            await deliveries.tell(.approvalRequested(run, approval), of: project, at: at, name: (created, key))
        case .gated(let job, let environment):
            guard let run = try reading.webhookRun(change), let place = reading.project(change.project),
                reading.asksPeople(environment, place)
            else { return }
            let approval = WebhookApproval(
                environment: environment, approvers: reading.reviewers(environment, place).map(\.name), requested: at)
            await deliveries.tell(
                .approvalRequested(run, approval), of: project, at: at, name: (began, "\(key)/\(job)"))
        case .running:
            let isFirst = started.withLock { started in
                if started.count > AnnouncementLimits.rememberedEnds { started = [] }
                return started.insert(key).inserted
            }
            guard isFirst, let run = try reading.webhookRun(change) else { return }
            await deliveries.tell(.runStarted(run), of: project, at: at, name: (began, key))
        case .finished(let conclusion):
            _ = started.withLock { $0.remove(key) }
            guard let run = try reading.webhookRun(change, conclusion) else { return }
            await deliveries.tell(.runFinished(run), of: project, at: at, name: (at, key))
        }
    }

    package func hear(_ change: JobChange) async {
        let record = change.record
        guard hasHooks, let run = reading.webhookRun(record, run: change.run, attempt: change.attempt) else { return }
        let at = Timestamp(milliseconds: change.at)
        var job = WebhookJob(
            id: change.job.text, name: change.name, attempt: change.number, conclusion: change.conclusion, finished: at)
        job.reason = change.reason?.text
        job.runner = change.runner
        job.started = change.startedAt.map { Timestamp(milliseconds: $0) }
        await deliveries.tell(
            .jobFinished(run, job), of: EntryID(change.project), at: at,
            name: (at, "\(change.run)/\(change.attempt)/\(change.job)/\(change.number)"))
    }

    // MARK: approvals

    /// Somebody decided.
    package func hear(_ news: ApprovalNews) async {
        do throws(DiagnosticError) {
            let record = try RunRecord.load(from: surroundings.store, news.run)
            guard let id = EntryID(record.project ?? ""), let project = reading.project(id.description),
                let run = reading.webhookRun(record, run: news.run, attempt: news.attempt)
            else { return }
            await notices.hear(news, of: id)
            let approvers =
                news.job == nil
                ? reading.people(project, atLeast: .approve) : reading.reviewers(news.environment, project)
            let approval = WebhookApproval(
                environment: news.environment, approvers: approvers.map(\.name),
                requested: Timestamp(milliseconds: record.createdAt),
                decision: .init(isApproved: news.isApproved, by: news.by, comment: news.comment, at: news.at))
            await deliveries.tell(
                .approvalDecided(run, approval), of: id, at: news.at,
                name: (news.at, "\(news.run)/\(news.attempt)/\(news.job?.text ?? "")"))
        } catch {
            surroundings.report(error)
        }
    }

    // MARK: projects

    /// What was recorded in the directory.
    ///
    /// - Parameter before: as it was.
    package func hear(_ events: [DirectoryEvent], before: Directory) async {
        for event in events {
            guard case .projectChanged(let change) = event.fact, let old = before.projects[change.project] else {
                continue
            }
            let changed = Self.differences(old.settings.data, change.settings.data)
            let now = surroundings.now()
            await deliveries.tell(
                .projectUpdated(project: change.settings.name, changed: changed, by: before.told(event.actor)),
                of: change.project, at: now, name: (now, "\(change.project)/\(before.version)"))
        }
    }

    private static func differences(_ old: DataValue, _ new: DataValue) -> [String] {
        let (old, new) = (old.object ?? [:], new.object ?? [:])
        return Set(old.map(\.0)).union(new.map(\.0)).filter { old[$0] != new[$0] }.sorted()
    }
}
