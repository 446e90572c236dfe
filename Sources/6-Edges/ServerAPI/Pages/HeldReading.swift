// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import PipelineModel
internal import RunCoordination
internal import RunIndex
internal import RunnerProtocol
internal import ServerOperation
internal import SourceControl
internal import StructuredData
internal import Timekeeping
internal import WebPages

/// What waits for somebody's yes or no: runs of foreign code, and jobs before their environments.
struct HeldReading {
    private let visit: PageVisit

    /// Characters of an input's value.
    static let shownInput = 100

    init(_ visit: PageVisit) { self.visit = visit }

    /// Those of the projects that may be seen, the oldest last.
    func approvals() throws(DiagnosticError) -> [Approval] {
        let projects = visit.projects.map(\.id)
        guard !projects.isEmpty else { return [] }
        var found = try visit.server.heldRuns(of: projects.map(\.description)).map { held($0.row, $0.reason) }
        for waiting in visit.gates {
            guard let asked = waiting.gate.opening, projects.contains(asked.request.project),
                let row = try visit.server.row(of: waiting.work.run)
            else { continue }
            found.append(gated(waiting, asked, row))
        }
        return found.sorted { ($1.askedAt, $1.run) < ($0.askedAt, $0.run) }
    }

    /// Those, with what each would change at its environment.
    func comparedApprovals() async throws(DiagnosticError) -> [Approval] {
        var found = try approvals()
        for index in found.indices {
            found[index].inputs = visit.server.dispatchInputs(of: RunID(found[index].run))
            guard let environment = found[index].environment,
                let row = try visit.server.row(of: RunID(found[index].run)),
                let comparison = try await visit.server.comparison(of: row, at: environment)
            else { continue }
            let deployed = comparison.deployed
            found[index].deployed = "\(deployed.sha.prefix(7)) (run \(deployed.run))"
            found[index].takenBack = comparison.span?.removedCount ?? 0
            found[index].changesCount = comparison.span?.addedCount ?? 0
            found[index].changesSince = (comparison.span?.added ?? []).map { commit in
                Change(
                    branch: row.branch, commit: commit.id,
                    title: commit.message.split(separator: "\n").first.map(String.init) ?? "",
                    author: commit.author.name)
            }
        }
        return found
    }

    /// How many this person may answer.
    func count() throws(DiagnosticError) -> Int { try approvals().count { $0.refusal == nil } }

    private func held(_ row: RunRow, _ reason: String) -> Approval {
        var approval = Approval(
            project: visit.server.projectName(row.project), run: row.run.number, attempt: row.attempt,
            jobName: row.workflow, change: change(row), askedAt: row.createdTime)
        approval.reason = reason
        approval.trigger = row.trigger
        if let id = EntryID(row.project) { approval.refusal = refusal(in: id) }
        return approval
    }

    private func gated(_ waiting: GateKeeper.Waiting, _ opened: GateOpened, _ row: RunRow) -> Approval {
        let rules = opened.request.rules
        var approval = Approval(
            job: waiting.work.job.text, project: visit.server.projectName(row.project), run: row.run.number,
            attempt: waiting.work.attempt, jobName: waiting.name, environment: rules.name, change: change(row),
            askedAt: opened.waitUntil + .minutes(Int64(-rules.waitMinutes)), expiresAt: opened.expiresAt)
        approval.reason = waiting.sentence
        approval.trigger = row.trigger
        approval.votesNeeded = rules.requiredApprovals
        approval.votes = waiting.gate.reviews.map { review in
            Approval.Vote(
                person: review.name, isApproval: review.isApproval, at: Timestamp(milliseconds: review.at),
                comment: review.reason)
        }
        approval.refusal = refusal(waiting.gate, opened.request)
        return approval
    }

    /// Why this person has nothing to say there; `nil` where they may answer.
    private func refusal(_ gate: DeploymentGate, _ request: GateRequest) -> String? {
        guard let account = visit.account else { return "Only a person can decide here." }
        let rules = request.rules
        if gate.missingApprovals == 0 { return "It waits for no person any more." }
        do throws(DiagnosticError) {
            let person = try visit.server.person(visit.request.principal, in: request.project)
            if let refusal = gate.refusal(of: person) { return refusal }
        } catch {
            return error.diagnostic.message
        }
        if rules.excludesAuthor, request.authors.contains(account) {
            return "This is your own change; \(rules.name) needs somebody else's approval."
        }
        return gate.reviews.contains { $0.account == account } ? "You have approved it." : nil
    }

    private func refusal(in project: EntryID) -> String? {
        let decision = visit.directory.decision(
            visit.request.principal, .approve, at: .project(project), now: visit.now)
        return decision.isAllowed ? nil : decision.sentence
    }

    private func change(_ row: RunRow) -> Change {
        row.change(of: EntryID(row.project).flatMap { visit.directory.projects[$0] })
    }
}

extension Server {
    /// What a person gave a run that they started, cut to what can be read; empty for other runs.
    func dispatchInputs(of run: RunID) -> [(name: String, value: String)] {
        guard let record = try? RunRecord.load(from: store, run), record.plan.trigger.event == "workflow_dispatch"
        else {
            return []
        }
        return record.plan.trigger.inputs.map { name, value in
            (name, String((value.string ?? value.jsonText()).prefix(HeldReading.shownInput)))
        }
    }
}

/// The page with all of it, and the answers.
struct ApprovalPageRoutes: Sendable {
    let server: Server

    var routes: [Route] {
        let pages = PageRoute(server: server)
        return [
            pages.get(
                "/approvals", .known,
                showing: { (visit) throws(DiagnosticError) in
                    .page(ApprovalsPage(waiting: try await HeldReading(visit).comparedApprovals()), visit.context())
                }),
            pages.post("/approvals/{run}", .run(.approve), answerHeld),
            // Who may answer stands in the environment's rules.
            pages.post("/approvals/{run}/{attempt}/{job}", .run(.viewRuns), answerGate),
        ]
    }

    private func decision(_ form: FormFields) throws(DiagnosticError) -> Server.Review {
        let text = try form.required("decision")
        guard let review = Server.Review(rawValue: text) else {
            throw DiagnosticError(.requestInvalid, "'\(text)' is no answer.", remedy: "approve or reject.")
        }
        return review
    }

    @Sendable private func answerHeld(
        _ visit: PageVisit, _ form: FormFields
    ) async throws(DiagnosticError) -> OutboundAnswer {
        let run = try visit.run()
        try await server.release(
            run, isApproved: try decision(form).isApprovalOfRun(), reason: form["comment"], by: visit.actor)
        return .seeOther(.run(run.number))
    }

    @Sendable private func answerGate(
        _ visit: PageVisit, _ form: FormFields
    ) async throws(DiagnosticError) -> OutboundAnswer {
        let run = try visit.run()
        let attempt = try visit.request.pathNumber("attempt")
        _ = try await server.review(
            run, attempt: attempt, job: JobID(visit.request.parameter("job")), try decision(form),
            reason: form["comment"], by: visit.request.principal, actor: visit.actor)
        return .seeOther(.run(run.number, attempt))
    }
}
