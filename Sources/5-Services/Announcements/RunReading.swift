// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Diagnostics
package import NotificationRules
internal import Notifications
package import PipelineModel
package import RunCoordination
internal import RunIndex
internal import Synchronization
package import Timekeeping

/// What somebody decided of a run that waited to begin, or of a job of it that waited before its environment.
package struct ApprovalNews: Sendable {
    package var run: RunID
    package var attempt: Int
    /// `nil`: the run as a whole.
    package var job: JobID?
    /// Empty where it is not known, or there is none.
    package var environment: String
    package var isApproved: Bool
    /// Who, by name.
    package var by: String
    package var comment: String?
    package var at: Timestamp

    package init(
        run: RunID, attempt: Int, job: JobID? = nil, environment: String = "", isApproved: Bool, by name: String,
        comment: String?, at time: Timestamp
    ) {
        self.run = run
        self.attempt = attempt
        self.job = job
        self.environment = environment
        self.isApproved = isApproved
        by = name
        self.comment = comment
        at = time
    }
}

/// Makes what is told from what happened to runs.
struct RunReading: Sendable {
    let surroundings: AnnouncementSurroundings
    private let ends = RememberedEnds()

    init(_ surroundings: AnnouncementSurroundings) { self.surroundings = surroundings }

    private var directory: Directory { surroundings.directory() }

    // MARK: for people

    /// News of a run that ended.
    ///
    /// - Returns: `nil` where its project is gone.
    func news(_ change: RunChange, ended conclusion: Conclusion) throws(DiagnosticError) -> RunNews? {
        guard let project = project(change.project) else { return nil }
        let row = RunRow(change)
        var news = news(change.record, project, run: change.run, attempt: change.attempt)
        news.conclusion = conclusion
        news.labels.sentence = try RunReport(
            store: surroundings.store, run: change.run, attempt: change.attempt, steps: .failed
        ).sentence
        if change.attempt > 1 {
            news.earlierAttempt = try RunReport(
                store: surroundings.store, run: change.run, attempt: change.attempt - 1, steps: .none
            ).conclusion
        }
        let before = try ends.before(row, surroundings.index.previous(of: row))
        news.previous = before?.conclusion
        news.brokenSince = try before.flatMap { (end) throws(DiagnosticError) in
            end.conclusion == .failure ? try brokenSince(row) ?? Timestamp(milliseconds: end.at) : nil
        }
        news.isSuperseded = try isSuperseded(row)
        ends.note(row, conclusion, at: change.at)
        return news
    }

    /// News of a run that waits for somebody.
    func news(_ change: RunChange, held reason: String) -> RunNews? {
        guard let project = project(change.project) else { return nil }
        var news = news(change.record, project, run: change.run, attempt: change.attempt)
        news.labels.sentence = reason
        news.owners = people(project, atLeast: .approve)
        return news
    }

    /// News of a run of which a job waits before its environment.
    func news(_ change: RunChange, before environment: String) -> RunNews? {
        guard let project = project(change.project) else { return nil }
        var news = news(change.record, project, run: change.run, attempt: change.attempt)
        news.labels.sentence = "It waits for an approval to deploy to '\(environment.cut(100))'."
        news.owners = reviewers(environment, project)
        return news
    }

    /// Who may decide before an environment.
    func reviewers(_ environment: String, _ project: Project) -> [Person] {
        let chosen = project.environments[environment.lowercased()]?.rules.reviewers ?? []
        guard !chosen.isEmpty else { return people(project, atLeast: .approve) }
        let directory = directory
        return chosen.compactMap { directory.accounts[$0] }.compactMap(Self.person)
    }

    /// Whether an environment asks people, and not only the clock.
    func asksPeople(_ environment: String, _ project: Project) -> Bool {
        (project.environments[environment.lowercased()]?.rules.requiredApprovals ?? 0) > 0
    }

    private func news(_ record: RunRecord, _ project: Project, run: RunID, attempt: Int) -> RunNews {
        let subject = subject(record, project)
        var news = RunNews(
            subject: subject, event: record.plan.trigger.event, run: run.number, attempt: attempt, conclusion: nil)
        news.isDefaultBranch = subject.branch == project.settings.defaultBranch
        news.labels = labels(record, run)
        news.author = author(record)
        news.owners = people(project, atLeast: .maintain)
        return news
    }

    private func subject(_ record: RunRecord, _ project: Project) -> Subject {
        Subject(
            project: project.name, workflow: record.plan.workflowPath, branch: Self.branch(RunRow.ref(of: record)))
    }

    private func labels(_ record: RunRecord, _ run: RunID) -> RunNews.Labels {
        var labels = RunNews.Labels()
        labels.workflow = record.plan.workflowName
        labels.title =
            record.repository.headCommit?.message.split(separator: "\n").first.map(String.init) ?? record.title
        labels.commit = record.repository.sha
        labels.url = "\(surroundings.address())/runs/\(run)"
        return labels
    }

    /// `main` of `refs/heads/main`, `pull/7/merge` of `refs/pull/7/merge`.
    private static func branch(_ ref: String) -> String {
        for prefix in ["refs/heads/", "refs/"] where ref.hasPrefix(prefix) {
            return String(ref.dropFirst(prefix.count))
        }
        return ref
    }

    /// Who made the change. What a stranger's commit says of its author is believed only where somebody here has that
    /// address: else anybody could have this server write to anybody.
    private func author(_ record: RunRecord) -> Person? {
        guard let commit = record.repository.headCommit, commit.authorEmail.contains("@"),
            !commit.authorEmail.lowercased().contains("noreply")
        else { return nil }
        let isKnown = directory.account(email: commit.authorEmail).map { !$0.isDisabled } ?? false
        guard isKnown || record.givesSecrets else { return nil }
        return Person(name: commit.authorName, email: commit.authorEmail)
    }

    /// Those with at least a role in the project; where there are none, the server's administrators.
    func people(_ project: Project, atLeast role: Role) -> [Person] {
        let directory = directory
        let members = project.roles.filter { role <= $0.value }.keys.sorted()
        let found = members.compactMap { directory.accounts[$0] }.compactMap(Self.person)
        return found.isEmpty ? admins : found
    }

    /// The server's administrators.
    var admins: [Person] { directory.serverAdmins.sorted { $0.id < $1.id }.compactMap(Self.person) }

    private static func person(_ account: Account) -> Person? {
        guard !account.isDisabled, let email = account.email else { return nil }
        return Person(name: account.name, email: email)
    }

    func project(_ id: String) -> Project? { EntryID(id).flatMap { directory.projects[$0] } }

    // MARK: what was before

    /// When the first of the failing runs before this one ended.
    private func brokenSince(_ row: RunRow) throws(DiagnosticError) -> Timestamp? {
        var first: Timestamp?
        var row = row
        for _ in 0..<AnnouncementLimits.lookBackRuns {
            guard let before = try surroundings.index.previous(of: row), before.conclusion == .failure else { break }
            first = before.finishedAt.map { Timestamp(milliseconds: $0) } ?? first
            row = before
        }
        return first
    }

    private func isSuperseded(_ row: RunRow) throws(DiagnosticError) -> Bool {
        if ends.isSuperseded(row) { return true }
        var query = RunQuery(limit: AnnouncementLimits.lookBackRuns)
        query.projects = [row.project]
        query.workflowPath = row.workflowPath
        query.ref = row.ref
        return try surroundings.index.runs(query).contains {
            $0.run > row.run && ($0.conclusion == .success || $0.conclusion == .failure)
        }
    }

    // MARK: for programs

    func webhookRun(_ change: RunChange, _ conclusion: Conclusion? = nil) throws(DiagnosticError) -> WebhookRun? {
        var run = webhookRun(change.record, run: change.run, attempt: change.attempt)
        run?.started = change.startedAt.map { Timestamp(milliseconds: $0) }
        guard let conclusion else { return run }
        run?.conclusion = conclusion
        run?.finished = Timestamp(milliseconds: change.at)
        run?.labels.sentence = try RunReport(
            store: surroundings.store, run: change.run, attempt: change.attempt, steps: .failed
        ).sentence
        return run
    }

    func webhookRun(_ record: RunRecord, run: RunID, attempt: Int) -> WebhookRun? {
        guard let project = project(record.project ?? "") else { return nil }
        var told = WebhookRun(
            subject: subject(record, project), number: run.number, attempt: attempt, event: record.plan.trigger.event,
            created: Timestamp(milliseconds: record.createdAt))
        told.labels = labels(record, run)
        told.author = author(record)
        return told
    }
}

/// The last ends of workflows on branches, which the lists of runs may not have yet.
private final class RememberedEnds: Sendable {
    struct End {
        var run: RunID
        var conclusion: Conclusion
        var at: Int64
    }

    private struct Place: Hashable {
        var project: String
        var workflow: String
        var ref: String

        init(_ row: RunRow) {
            project = row.project
            workflow = row.workflowPath
            ref = row.ref
        }
    }

    private let ends = Mutex<[Place: [End]]>([:])
    private static let kept = 4

    func note(_ row: RunRow, _ conclusion: Conclusion, at time: Int64) {
        guard conclusion == .success || conclusion == .failure else { return }
        ends.withLock { ends in
            if ends.count > AnnouncementLimits.rememberedEnds { ends = [:] }
            var known = ends[Place(row), default: []].filter { $0.run != row.run }
            known.append(End(run: row.run, conclusion: conclusion, at: time))
            ends[Place(row)] = known.suffix(Self.kept)
        }
    }

    /// The newest of the runs before one: of those that are remembered, and what the lists have.
    func before(_ row: RunRow, _ listed: RunRow?) -> End? {
        var found = ends.withLock { $0[Place(row)] ?? [] }.filter { $0.run < row.run }
        if let listed, let conclusion = listed.conclusion {
            found.append(End(run: listed.run, conclusion: conclusion, at: listed.finishedAt ?? listed.createdAt))
        }
        return found.max { $0.run < $1.run }
    }

    func isSuperseded(_ row: RunRow) -> Bool {
        ends.withLock { $0[Place(row)] ?? [] }.contains { $0.run > row.run }
    }
}

extension RunRow {
    /// As the lists have it.
    static func ref(of record: RunRecord) -> String { record.plan.trigger.ref ?? record.repository.ref ?? "" }

    init(_ change: RunChange) {
        self.init(
            run: change.run, attempt: change.attempt, project: change.project,
            workflowPath: change.record.plan.workflowPath, workflow: change.record.plan.workflowName,
            event: change.record.plan.trigger.event, createdAt: change.record.createdAt)
        ref = Self.ref(of: change.record)
    }
}
