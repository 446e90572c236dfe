// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import PipelineModel
internal import RunIndex
internal import ServerOperation
internal import WebPages

/// What waits for somebody's yes or no.
struct HeldReading {
    private let visit: PageVisit

    init(_ visit: PageVisit) { self.visit = visit }

    /// - Parameter isWanted: which projects' are.
    func approvals(_ isWanted: (EntryID) -> Bool) throws(DiagnosticError) -> [Approval] {
        let projects = visit.projects.map(\.id).filter(isWanted)
        guard !projects.isEmpty else { return [] }
        return try visit.server.heldRuns(of: projects.map(\.description)).map { approval($0.row, $0.reason) }
    }

    private func approval(_ row: RunRow, _ reason: String) -> Approval {
        let id = EntryID(row.project)
        let project = id.flatMap { visit.directory.projects[$0] }
        var approval = Approval(
            id: row.run.description, project: visit.server.projectName(row.project), run: row.run.number,
            attempt: row.attempt, jobName: row.workflow, change: row.change(of: project), askedAt: row.createdTime)
        approval.reason = reason
        if let id {
            let decision = visit.directory.decision(
                visit.request.principal, .approve, at: .project(id), now: visit.now)
            if !decision.isAllowed { approval.refusal = decision.sentence }
        }
        return approval
    }
}

/// The page with all of it, and the answers.
struct ApprovalRoutes: Sendable {
    let server: Server

    var routes: [Route] {
        let pages = PageRoute(server: server)
        return [
            pages.get("/approvals", .known) { (visit) throws(DiagnosticError) in
                let waiting = try HeldReading(visit).approvals { _ in true }
                return .page(ApprovalsPage(waiting: waiting), visit.context())
            },
            pages.post("/approvals/{run}", .run(.approve), answer),
        ]
    }

    @Sendable private func answer(
        _ visit: PageVisit, _ form: FormFields
    ) async throws(DiagnosticError) -> OutboundAnswer {
        let run = try visit.run()
        let decision = try form.required("decision")
        guard ["approve", "reject"].contains(decision) else {
            throw DiagnosticError(.requestInvalid, "'\(decision)' is no answer.", remedy: "approve or reject.")
        }
        try await server.answerHeld(
            run, isApproved: decision == "approve", comment: form["comment"], by: visit.actor)
        return .seeOther(.run(run.number))
    }
}
