// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Announcements
internal import Diagnostics
internal import HTTPServing
internal import NotificationRules
internal import ServerOperation
internal import StructuredData
internal import WebPages

/// Addresses that are told what happens in all projects. Those of single projects are the API's.
struct HooksReading: SettingsReading {
    let server: Server
    let calls: APICalls

    private static let guardian = Route.Guardian.server(.manageHooks)

    var routes: [Route] {
        let pages = PageRoute(server: server)
        return [
            room("/settings/hooks", Self.guardian, pages),
            form("/settings/hooks", Self.guardian, pages) { (visit, form) throws(DiagnosticError) in
                let url = try form.required("url")
                var body: DataObject = ["url": .string(url)]
                let events = form.list("events")
                if !events.isEmpty { body["events"] = .array(events.map(DataValue.string)) }
                let made = try await calls.call("addServerHook", body, as: visit)
                let secret = made["secret"]?.string
                return SettingsChange(sentence: "\(url) is told what happens.") { $0.newSecret = secret }
            },
            form("/settings/hooks/{hook}/rotate", Self.guardian, pages) { (visit, _) throws(DiagnosticError) in
                let made = try await calls.call(
                    "rotateServerHookSecret", ["hook": visit.request.parameter("hook")], as: visit)
                let secret = made["secret"]?.string
                return SettingsChange(sentence: "The hook has another secret.") { $0.newSecret = secret }
            },
            form("/settings/hooks/{hook}/test", Self.guardian, pages) { (visit, _) throws(DiagnosticError) in
                try await calls.call("testHook", ["hook": visit.request.parameter("hook")], as: visit)
                return SettingsChange(sentence: "A message of the type 'ping' is on its way.")
            },
            form("/settings/hooks/{hook}/deliveries/{delivery}/redeliver", Self.guardian, pages) {
                (visit, _) throws(DiagnosticError) in
                let path = ["hook", "delivery"].map { ($0, visit.request.parameter($0)) }
                try await calls.call("redeliver", Dictionary(uniqueKeysWithValues: path), as: visit)
                return SettingsChange(sentence: "The delivery is sent once more.")
            },
            form("/settings/hooks/{hook}/remove", Self.guardian, pages) { (visit, _) throws(DiagnosticError) in
                try await calls.call("removeServerHook", ["hook": visit.request.parameter("hook")], as: visit)
                return SettingsChange(sentence: "The hook was removed.")
            },
        ]
    }

    func with(_ receipt: Receipt, _ page: HooksPage) -> HooksPage {
        var page = page
        page.receipt = receipt
        return page
    }

    func page(_ visit: PageVisit) async throws(DiagnosticError) -> HooksPage {
        let hooks = visit.directory.hooks.values.filter { $0.settings.project == nil }.sorted { $0.id < $1.id }
        var shown: [HooksPage.Hook] = []
        for hook in hooks {
            let sent = try server.announcer.deliveries.page(of: hook.id, after: nil, limit: Self.shownDeliveries)
            shown.append(
                HooksPage.Hook(
                    id: hook.id.description, url: hook.settings.url, events: hook.settings.events,
                    isEnabled: hook.state == .active, deliveries: sent.map(HooksPage.Delivery.init)))
        }
        return HooksPage(hooks: shown, mayChange: visit.mayOnServer(.manageHooks))
    }

    private static let shownDeliveries = 10
}

extension HooksPage.Delivery {
    fileprivate init(_ sent: OutgoingDelivery) {
        let last = sent.exchanges.last
        self.init(
            id: sent.state.id, event: sent.state.type, at: sent.createdAt, tries: sent.state.attemptCount,
            status: last?.status, durationMs: last.map { Int64($0.durationMs) }, state: .waiting, note: last?.problem)
        switch sent.state.status {
        case .due(let time):
            if last != nil { note = [note, "next try \(time)"].compactMap { $0 }.joined(separator: "; ") }
        case .delivered: state = .passed
        case .givenUp(let reason, _): (state, note) = (.failed, reason)
        }
    }
}
