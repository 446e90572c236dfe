// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Announcements
import Credentials
import Diagnostics
import HTTPMessages
import HTTPServing
import NotificationRules
import PipelineModel
import RunCoordination
import StructuredData
import Testing
import Timekeeping

@Suite("What programs are told")
struct DeliveryDeskTests {
    private static let secret = WebhookSecret.mint()

    private static func verify(_ request: Endpoint.Request, _ secret: WebhookSecret, now: Timestamp) throws {
        let signature = WebhookSignature(
            id: request.headers["webhook-id"] ?? "", timestamp: request.headers["webhook-timestamp"] ?? "",
            signature: request.headers["webhook-signature"] ?? "")
        try signature.verify(body: request.body, secrets: [secret], now: now)
    }

    @Test("An event goes to each hook that wants it, signed, once, however often it is told")
    func once() async throws {
        let ground = try Ground()
        let endpoint = try await Endpoint()
        let project = try ground.project()
        let other = try ground.project("other")
        let hook = try ground.hook(endpoint.url, project: project, secret: Self.secret.text)
        _ = try ground.hook(
            endpoint.url + "&finished", project: nil, events: ["run.finished"], secret: Self.secret.text)
        _ = try ground.hook(endpoint.url + "&other", project: other, secret: Self.secret.text)
        let announcer = Announcer(ground.surroundings())
        try await announcer.start()
        let run = try ground.run(project)
        await announcer.hear(run)
        await announcer.hear(run)
        await announcer.hear(ground.change(run, .running))
        ground.pass(.seconds(1))
        await announcer.hear(ground.change(run, .running))
        await announcer.idle()
        // Each goes as soon as it can: nothing is said of their order.
        #expect(endpoint.received.compactMap { $0.data["type"]?.string }.sorted() == ["run.created", "run.started"])
        ground.pass(.seconds(60))
        let end = ground.change(run, .finished(.success))
        await announcer.hear(end)
        await announcer.hear(end)
        await announcer.idle()
        let finished = endpoint.received.filter { $0.data["type"]?.string == "run.finished" }
        #expect(finished.count == 2)
        #expect(finished.first?.data["data"]?["run"]?["conclusion"]?.string == "success")
        #expect(finished.first?.data["data"]?["run"]?["url"]?.string == "https://ci.test/runs/\(run.run)")
        for request in endpoint.received { try Self.verify(request, Self.secret, now: ground.now) }
        let page = try announcer.deliveries.page(of: hook, after: nil, limit: 10)
        #expect(page.first?.state.type == "run.finished")
        #expect(Set(page.map(\.state.type)) == ["run.finished", "run.started", "run.created"])
        let rest = try announcer.deliveries.page(of: hook, after: page[0].state.id, limit: 10)
        #expect(rest.map(\.state.id) == page.dropFirst().map(\.state.id))
        #expect(ground.counts == ["hook delivered": 4])
        await endpoint.stop()
    }

    @Test("While a secret is replaced, both sign")
    func rotation() async throws {
        let ground = try Ground()
        let endpoint = try await Endpoint()
        let project = try ground.project()
        let newer = WebhookSecret.mint()
        _ = try ground.hook(endpoint.url, project: project, secret: newer.text + "\n" + Self.secret.text)
        let announcer = Announcer(ground.surroundings())
        await announcer.hear(try ground.run(project))
        await announcer.idle()
        let request = try #require(endpoint.received.first)
        try Self.verify(request, newer, now: ground.now)
        try Self.verify(request, Self.secret, now: ground.now)
        #expect(throws: DiagnosticError.self) { try Self.verify(request, WebhookSecret.mint(), now: ground.now) }
        await endpoint.stop()
    }

    @Test("What fails is tried again by the schedule, also by the next process, and is shown with its answers")
    func retries() async throws {
        let ground = try Ground()
        let endpoint = try await Endpoint()
        endpoint.answer(
            OutboundAnswer(
                status: 503, headers: [("X-Why", "busy")],
                content: .bytes([UInt8](repeating: 120, count: AnnouncementLimits.shownBodyBytes * 2))),
            OutboundAnswer(status: 500))
        let project = try ground.project()
        let hook = try ground.hook(endpoint.url, project: project, secret: Self.secret.text)
        let first = Announcer(ground.surroundings())
        await first.hear(try ground.run(project))
        await first.idle()
        await first.tick()
        await first.idle()
        #expect(endpoint.received.count == 1)
        ground.pass(.seconds(6))
        await first.tick()
        await first.idle()
        #expect(endpoint.received.count == 2)
        await first.stop()
        let second = Announcer(ground.surroundings())
        try await second.start()
        await second.tick()
        await second.idle()
        #expect(endpoint.received.count == 2)
        ground.pass(.minutes(6))
        await second.tick()
        await second.idle()
        #expect(endpoint.received.count == 3)
        #expect(Set(endpoint.received.map { $0.headers["webhook-id"] }).count == 1)
        let delivery = try #require(try second.deliveries.page(of: hook, after: nil, limit: 1).first)
        #expect(delivery.exchanges.map(\.status) == [503, 500, 204])
        #expect(delivery.exchanges[0].answerHeaders["X-Why"] == "busy")
        #expect(delivery.exchanges[0].answerBody.utf8.count == AnnouncementLimits.shownBodyBytes)
        #expect(delivery.exchanges[0].isAnswerCut)
        #expect(delivery.exchanges[0].requestHeaders["webhook-signature"]?.hasPrefix("v1,") == true)
        guard case .delivered = delivery.state.status else {
            Issue.record("\(delivery.state.status)")
            return
        }
        #expect(ground.counts == ["hook retried": 2, "hook delivered": 1])
        await endpoint.stop()
    }

    @Test("An answer that is as large and as awkward as it can be is kept, shortened")
    func hostileAnswer() async throws {
        let ground = try Ground()
        let endpoint = try await Endpoint()
        var headers: HTTPHeaders = []
        for number in 0..<60 { headers.add("X-Field-\(number)", String(repeating: "\"\\", count: 400)) }
        endpoint.answer(
            OutboundAnswer(status: 200, headers: headers, content: .bytes([UInt8](repeating: 1, count: 100_000))))
        let project = try ground.project()
        let hook = try ground.hook(endpoint.url, project: project, secret: Self.secret.text)
        let announcer = Announcer(ground.surroundings())
        let id = try await announcer.deliveries.test(hook, by: "ann")
        await announcer.idle()
        let (delivery, _) = try announcer.deliveries.delivery(id, of: hook)
        #expect(delivery.exchanges.map(\.status) == [200])
        #expect(delivery.exchanges.first?.answerHeaders.fields.count == AnnouncementLimits.shownFields)
        guard case .delivered = delivery.state.status else {
            Issue.record("\(delivery.state.status)")
            return
        }
        #expect(ground.reports.isEmpty, "\(ground.reports)")
        await endpoint.stop()
    }

    @Test("An endpoint that takes nothing for five days is switched off, and goes on when somebody switches it on")
    func switchedOff() async throws {
        let ground = try Ground()
        let endpoint = try await Endpoint()
        let project = try ground.project()
        let hook = try ground.hook(endpoint.url, project: project, secret: Self.secret.text)
        let announcer = Announcer(ground.surroundings())
        endpoint.answer(OutboundAnswer(status: 500), OutboundAnswer(status: 500))
        await announcer.hear(try ground.run(project))
        await announcer.idle()
        ground.pass(.days(5))
        await announcer.tick()
        await announcer.idle()
        #expect(endpoint.received.count == 2)
        #expect(ground.directory.hooks[hook]?.state == .failing)
        #expect(ground.directory.hooks[hook]?.stateReason?.hasPrefix("Nothing could be delivered to it since") == true)
        #expect(ground.reports.map(\.code) == [.hookSwitchedOff])
        let id = try #require(try announcer.deliveries.page(of: hook, after: nil, limit: 1).first?.state.id)
        await #expect(throws: DiagnosticError.self) {
            try await announcer.deliveries.redeliver(id, of: hook, by: "ann")
        }
        await announcer.hear(try ground.run(project))
        await announcer.idle()
        #expect(endpoint.received.count == 2)
        try ground.perform(.setHookState(hook, .active, reason: nil))
        try await announcer.deliveries.redeliver(id, of: hook, by: "ann")
        await announcer.idle()
        #expect(endpoint.received.count == 3)
        #expect(endpoint.received[2].body == endpoint.received[0].body)
        await endpoint.stop()
    }

    @Test("A paused hook's deliveries wait; a removed one's end")
    func paused() async throws {
        let ground = try Ground()
        let endpoint = try await Endpoint()
        let project = try ground.project()
        let hook = try ground.hook(endpoint.url, project: project, secret: Self.secret.text)
        let announcer = Announcer(ground.surroundings())
        try ground.perform(.setHookState(hook, .paused, reason: nil))
        let id = try await announcer.deliveries.test(hook, by: "ann")
        await announcer.idle()
        #expect(endpoint.received.isEmpty)
        try ground.perform(.setHookState(hook, .active, reason: nil))
        ground.pass(.minutes(2))
        await announcer.tick()
        await announcer.idle()
        #expect(endpoint.received.map { $0.data["type"]?.string } == ["ping"])
        #expect(endpoint.received.first?.headers["webhook-id"] == id)
        endpoint.answer(OutboundAnswer(status: 500))
        let last = try await announcer.deliveries.test(hook, by: "ann")
        await announcer.idle()
        try ground.perform(.removeHook(hook))
        ground.pass(.minutes(2))
        await announcer.tick()
        await announcer.idle()
        guard case .givenUp(let reason, _) = try announcer.deliveries.delivery(last, of: hook).delivery.state.status
        else {
            Issue.record("it is not given up")
            return
        }
        #expect(reason == "Its hook was removed.")
        await endpoint.stop()
    }

    @Test("The server's own network is not gone to, by address or by name, and the delivery says so")
    func guarded() async throws {
        let ground = try Ground()
        let endpoint = try await Endpoint()
        let project = try ground.project()
        for url in ["https://127.0.0.1:8443/", "https://localhost:8443/", "http://example.org/", endpoint.url] {
            let hook = try ground.hook(url, project: project, secret: Self.secret.text)
            let announcer = Announcer(ground.surroundings(isGuarded: true))
            let id = try await announcer.deliveries.test(hook, by: "ann")
            await announcer.idle()
            let exchange = try announcer.deliveries.delivery(id, of: hook).delivery.exchanges.first
            #expect(exchange?.problem?.contains("does not go to this address") == true, "\(url)")
        }
        #expect(endpoint.received.isEmpty)
        // A name that leads inside is found out when it is looked up, and the name is not asked for again.
        var surroundings = ground.surroundings()
        surroundings.addressGuard = AddressGuard()
        surroundings.addressGuard.allowsAnyPort = true
        surroundings.addressGuard.schemes = ["http"]
        surroundings.web.resolve = { (_) throws(DiagnosticError) in ["93.184.216.34", "10.0.0.7"] }
        let hook = try ground.hook(
            "http://inside.example:\(endpoint.port)/", project: project, secret: Self.secret.text)
        let announcer = Announcer(surroundings)
        let id = try await announcer.deliveries.test(hook, by: "ann")
        await announcer.idle()
        let exchange = try announcer.deliveries.delivery(id, of: hook).delivery.exchanges.first
        #expect(exchange?.problem?.contains("a private network") == true)
        await endpoint.stop()
    }

    @Test("The connection goes to the address that was looked at, whatever the name leads to by then")
    func pinned() async throws {
        let ground = try Ground()
        let endpoint = try await Endpoint()
        let project = try ground.project()
        var surroundings = ground.surroundings()
        surroundings.web.resolve = { (_) throws(DiagnosticError) in ["127.0.0.1"] }
        let hook = try ground.hook(
            "http://No.Such.Name.Invalid:\(endpoint.port)/here", project: project, secret: Self.secret.text)
        let announcer = Announcer(surroundings)
        _ = try await announcer.deliveries.test(hook, by: "ann")
        await announcer.idle()
        let request = try #require(endpoint.received.first)
        #expect(request.path == "/here")
        #expect(request.headers["Host"] == "no.such.name.invalid:\(endpoint.port)")
        await endpoint.stop()
    }

    @Test("A large body is kept beside the journal, and sent as it is")
    func large() async throws {
        let ground = try Ground()
        let endpoint = try await Endpoint()
        let project = try ground.project()
        let hook = try ground.hook(endpoint.url, project: project, secret: Self.secret.text)
        let announcer = Announcer(ground.surroundings())
        let run = try ground.run(project)
        for number in 10..<60 {
            let name = String(repeating: "x", count: 90) + "\(number)"
            _ = try ground.account(name, "p\(number)@example.org", .approve, in: project)
        }
        await announcer.hear(ground.change(run, .held("It is of a fork.")))
        await announcer.idle()
        let page = try announcer.deliveries.page(of: hook, after: nil, limit: 10)
        let asked = try #require(page.first { $0.state.type == "approval.requested" })
        let (_, body) = try announcer.deliveries.delivery(asked.state.id, of: hook)
        #expect(body.count > AnnouncementLimits.inlineBodyBytes)
        #expect(endpoint.received.contains { $0.body == body })
        await endpoint.stop()
    }

    @Test("A project's changed settings are told by their names")
    func projectUpdated() async throws {
        let ground = try Ground()
        let endpoint = try await Endpoint()
        let project = try ground.project()
        _ = try ground.hook(endpoint.url, project: project, secret: Self.secret.text)
        let announcer = Announcer(ground.surroundings())
        let before = ground.directory
        var settings = try #require(before.projects[project]).settings
        settings.isPaused = true
        settings.defaultBranch = "trunk"
        let events = try ground.perform(.changeProject(project, settings), by: "ann")
        await announcer.hear(events, before: before)
        await announcer.idle()
        let data = try #require(endpoint.received.first).data["data"]
        #expect(data?.strings("changed") == ["branch", "paused"])
        #expect(data?["by"]?.string == "ann")
        await endpoint.stop()
    }
}
