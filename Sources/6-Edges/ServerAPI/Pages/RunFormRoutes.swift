// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import PipelineModel
internal import RunCoordination
internal import ServerOperation
internal import WebPages

/// What can be done to a run on its page. Each form leads on to the page that shows what came of it.
struct RunFormRoutes: Sendable {
    let server: Server

    var routes: [Route] {
        let pages = PageRoute(server: server)
        return [
            pages.post("/runs/{run}/{attempt}/cancel", .run(.cancelRuns), cancel),
            pages.post("/runs/{run}/{attempt}/rerun", .run(.rerunRuns), rerun),
        ]
    }

    @Sendable private func cancel(
        _ visit: PageVisit, _ form: FormFields
    ) async throws(DiagnosticError) -> OutboundAnswer {
        let run = try visit.run()
        let actor = visit.actor
        try await server.cancel(
            run, isForced: form["force"] == "1", reason: CancellationWords.sentence(visit.directory.told(actor)),
            by: actor)
        return .seeOther(.run(run.number, try visit.request.pathNumber("attempt")))
    }

    @Sendable private func rerun(
        _ visit: PageVisit, _ form: FormFields
    ) async throws(DiagnosticError) -> OutboundAnswer {
        let run = try visit.run()
        let selection: RunSession.Selection
        switch form["mode"] {
        case "failed"?: selection = .failed
        case "all"?: selection = .all
        case "from"?:
            let job = try form.required("job")
            selection = RerunPoints.selection(job)
        default:
            throw DiagnosticError(.requestInvalid, "The form does not say what is to run again.")
        }
        let attempt = try await server.rerun(run, selection, by: visit.actor)
        return .seeOther(.run(run.number, attempt))
    }
}
