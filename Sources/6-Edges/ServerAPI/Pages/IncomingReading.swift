// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import PipelineModel
internal import ServerOperation
internal import TriggerIntake
internal import WebPages

/// What came to a project, and what became of it.
struct IncomingReading: SettingsReading {
    let server: Server
    let calls: APICalls

    private static let template = "/settings/projects/{project}/deliveries"
    private static let shown = 50

    var routes: [Route] {
        let pages = PageRoute(server: server)
        return [
            room(Self.template, .project(.viewRuns), pages),
            form(Self.template + "/{delivery}/redeliver", .project(.manageHooks), pages) {
                (visit, _) throws(DiagnosticError) in
                let path = ["project": try visit.project().name, "delivery": visit.request.parameter("delivery")]
                try await calls.call("redeliverIncoming", path, as: visit)
                return SettingsChange(sentence: "It is worked again. Runs that it has begun do not begin once more.")
            },
        ]
    }

    func with(_ receipt: Receipt, _ page: IncomingPage) -> IncomingPage {
        var page = page
        page.receipt = receipt
        return page
    }

    func page(_ visit: PageVisit) async throws(DiagnosticError) -> IncomingPage {
        let project = try visit.project()
        let found = try server.triggers.log.page(
            project.id.description, before: try PageParameters.cursor(visit.request), limit: Self.shown)
        var page = IncomingPage(
            project: project.name, deliveries: found.map { IncomingPage.Delivery($0.delivery) },
            mayRedeliver: visit.may(.manageHooks, in: project.id))
        if let last = found.last?.place, last > 1 {
            page.nextPage = PageAddress(
                parts: ["settings", "projects", project.name, "deliveries"],
                query: [("cursor", PageParameters.cursor(last))])
        }
        return page
    }
}

extension IncomingPage.Delivery {
    fileprivate init(_ delivery: Delivery) {
        self.init(id: delivery.id, event: delivery.title, at: delivery.receivedAt, state: .waiting)
        (ref, actor) = (delivery.ref, delivery.actor)
        switch delivery.state {
        case .waiting: break
        case .worked(let found, let more):
            state = found.contains { $0.run != nil } ? .passed : .skipped
            notes = found.map { .init(workflow: $0.path, run: $0.run?.number, reason: $0.reason) }
            dropped = more
        case .failed(let diagnostic, let retryAt):
            let again = retryAt.map { " It is tried again at \($0)." } ?? ""
            problem = "\(diagnostic.code) \(diagnostic.message)\(again)"
            if retryAt == nil { state = .failed }
        }
    }
}
