// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Announcements
import Credentials
import Diagnostics
import HTTPCalling
import HTTPMessages
import HTTPServing
import PipelineModel
import RunCoordination
import RunnerAgent
import ServerAPI
import ServerOperation
import StructuredData
import Synchronization
import TestFolders
import Testing
import Timekeeping

@Suite("What a server tells of its runs", .ownFolders)
struct AnnouncedRunTests {
    private static let workflow = """
        on: push
        jobs:
          test:
            runs-on: ubuntu-latest
            steps:
              - name: Break
                run: exit 3
        """

    private static func outside() throws -> ServerHarness.Outside {
        let client = try WebClient()
        var outside = ServerHarness.Outside()
        outside.environment = ["MARTLET_ALLOW_PRIVATE_HOOKS": "1"]
        outside.web = WebReach(
            transport: client.transport,
            resolve: { (host) throws(DiagnosticError) in try await PinnedCalls.addresses(of: host) },
            pinned: { (call, host, address) throws(DiagnosticError) in
                try await client.send(call, host: host, address: address)
            })
        return outside
    }

    @Test("A failing run is told to a hook and to a channel, and the deliveries can be looked at and sent again")
    func failure() async throws {
        let receiver = try await Receiver()
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow], outside: Self.outside())
        let server = harness.server
        let secret = WebhookSecret.mint()
        _ = try await server.directory.perform(
            .setHook(
                nil,
                HookSettings(
                    project: harness.project, url: receiver.url + "/hook", events: [],
                    secretReference: try server.references.keep(secret.text))), by: .system("test"))
        let hook = try #require(server.directory.current.hooks.keys.first)
        _ = try await server.directory.perform(
            .setChannel(
                nil,
                ChannelSettings(
                    project: harness.project, name: "ci", kind: .webhook,
                    addressReference: try server.references.keep(receiver.url + "/channel"), events: [])),
            by: .system("test"))
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        let run = try await harness.begin("ci.yml")
        _ = try await harness.end(of: run)
        let told = try await receiver.requests(5)
        let events = told.filter { $0.path == "/hook" }
        #expect(
            Set(events.compactMap { $0.data["type"]?.string }) == [
                "run.created", "run.started", "job.finished", "run.finished",
            ])
        let job = try #require(events.first { $0.data["type"]?.string == "job.finished" }).data["data"]?["job"]
        #expect(job?["runner"]?.string == "one")
        #expect(job?["conclusion"]?.string == "failure")
        for event in events {
            try WebhookSignature(
                id: event.headers["webhook-id"] ?? "", timestamp: event.headers["webhook-timestamp"] ?? "",
                signature: event.headers["webhook-signature"] ?? ""
            ).verify(body: event.body, secrets: [secret], now: .now())
        }
        let notice = try #require(told.first { $0.path == "/channel" }).data["data"]
        #expect(notice?["change"]?.string == "broke")
        #expect(notice?["detail"]?.string?.hasPrefix("Failed in test › Break after") == true, "\(notice ?? .null)")
        await server.announcer.idle()
        let list = await harness.send("GET", "/api/v1/hooks/\(hook)/deliveries?limit=3")
        #expect(list.status == 200)
        #expect(list.body["items"]?.array?.count == 3)
        let next = try #require(list.body["next"]?.string)
        let rest = await harness.send("GET", "/api/v1/hooks/\(hook)/deliveries?cursor=\(next)")
        #expect(rest.body["items"]?.array?.count == 1)
        let id = try #require(list.body["items"]?.array?.first?["id"]?.string)
        let one = await harness.send("GET", "/api/v1/hooks/\(hook)/deliveries/\(id)")
        #expect(one.body["state"]?.string == "delivered")
        #expect(one.body["body"]?["type"]?.string == list.body["items"]?.array?.first?["type"]?.string)
        #expect(one.body["attempts"]?.array?.first?["status"]?.int == 204)
        #expect(await harness.send("POST", "/api/v1/hooks/\(hook)/deliveries/\(id)/redeliver").status == 202)
        #expect(await harness.send("POST", "/api/v1/hooks/\(hook)/test").status == 202)
        #expect(try await receiver.requests(7).last?.path == "/hook")
        #expect(await harness.send("GET", "/api/v1/hooks/\(hook)/deliveries/msg_0").status == 404)
        #expect(await harness.send("GET", "/api/v1/hooks/hok_99/deliveries").status == 404)
        #expect(await harness.door.answer(InboundRequest("GET", "/api/v1/hooks/\(hook)/deliveries")).status == 401)
        await agent.leave()
        try await work.value
        await receiver.stop()
    }

    @Test("Who is told what is set by a document with a version")
    func notifications() async throws {
        let harness = try await ServerHarness()
        let path = "/api/v1/projects/demo/notifications"
        func send(_ method: String, _ body: DataObject?, _ more: HTTPHeaders = []) async -> OutboundAnswer {
            var headers = more
            headers["Authorization"] = "Bearer \(harness.token)"
            let bytes = body.map { Array(DataValue.object($0).jsonText().utf8) } ?? []
            return await harness.door.answer(InboundRequest(method, path, headers: headers, body: bytes))
        }
        let before = await send("GET", nil)
        let tag = try #require(before.headers["ETag"])
        let document: DataObject = ["policies": [["id": "a", "on": ["broke"], "to": ["author"]]], "language": "ko"]
        #expect(await send("PUT", document, [("If-Match", tag)]).status == 200)
        #expect(await send("PUT", document, [("If-Match", tag)]).status == 412)
        #expect(await send("PUT", ["policies": [["id": "a", "on": ["boom"], "to": ["author"]]]]).status == 422)
        #expect(await send("PUT", ["other": 1]).status == 422)
        let after = try DataValue(json: await ServerHarness.bytes(await send("GET", nil)))
        #expect(after == .object(document))
    }

    @Test(
        "Slack's commands are answered at once, done for whom the project knows, and said at the address that came with them"
    )
    func slack() async throws {
        let said = Said()
        var outside = ServerHarness.Outside()
        outside.environment = ["MARTLET_SLACK_SIGNING_SECRET": "slack secret"]
        outside.web = .only { (call) throws(DiagnosticError) in said.take(call) }
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow], outside: outside)
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        let run = try await harness.begin("ci.yml")
        _ = try await harness.end(of: run)
        _ = try await harness.rows(1)
        func command(_ text: String, user: String = "U1", secret: String = "slack secret") async throws -> Int {
            let form = FormText.text([
                .init("user_id", user), .init("team_id", "T1"), .init("channel_id", "C1"), .init("command", "/martlet"),
                .init("text", text), .init("response_url", "https://hooks.slack.com/commands/1"),
            ])
            let body = Array(form.utf8)
            let time = String(Timestamp.now().milliseconds / 1_000)
            let answer = await harness.door.answer(
                InboundRequest(
                    "POST", "/hooks/slack/command",
                    headers: [
                        (SlackSignature.timestampHeader, time),
                        (
                            SlackSignature.signatureHeader,
                            SlackSignature.text(secret: secret, timestamp: time, body: body)
                        ),
                    ], body: body))
            return answer.status
        }
        #expect(try await command("status", secret: "another") == 401)
        #expect(try await command("help") == 200)
        #expect(try await command("rerun #\(run)") == 200)
        #expect(try await said.next().contains("Nobody is known here as the Slack user U1."))
        _ = try await harness.server.directory.perform(
            .addAccount(NewAccount(name: "ann", email: "ann@example.org")), by: .system("test"))
        let ann = try #require(harness.server.directory.current.account(named: "ann"))
        _ = try await harness.server.directory.perform(
            .grantRole(project: harness.project, account: ann.id, .read), by: .system("test"))
        let document: DataObject = ["slack": ["T1/U1": "ann@example.org"]]
        #expect(await harness.send("PUT", "/api/v1/projects/demo/notifications", document).status == 200)
        #expect(try await command("status demo") == 200)
        #expect(try await said.next().contains("Failed in test › Break"))
        #expect(try await command("status", user: "U2") == 200)
        #expect(try await said.next().contains("You may see no project."))
        #expect(try await command("rerun demo##\(run)") == 200)
        #expect(try await command("rerun #\(run)") == 200)
        #expect(try await said.next().contains("needs run"))
        _ = try await harness.server.directory.perform(
            .grantRole(project: harness.project, account: ann.id, .approve), by: .system("test"))
        #expect(try await command("rerun demo#\(run)") == 200)
        #expect(try await said.next().contains("runs again"))
        let held = try await harness.server.runs.hold(
            try RunRecord.load(from: harness.server.store, run), "It is of a fork.")
        #expect(try await command("approve #\(held)") == 200)
        #expect(try await said.next().contains("ann let run \(held) begin"))
        #expect(try await harness.end(of: held).state == .finished)
        await agent.leave()
        try await work.value
    }

    @Test("A run's trace reaches a collector with its jobs and steps; so does a request whose caller records one")
    func traces() async throws {
        let receiver = try await Receiver()
        var outside = try Self.outside()
        outside.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.url
        outside.environment["OTEL_EXPORTER_OTLP_HEADERS"] = "authorization=Bearer%20xyz, x-scope = a"
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow], outside: outside)
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        let run = try await harness.begin("ci.yml")
        _ = try await harness.end(of: run)
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        _ = await harness.send("GET", "/api/v1/runs/\(run)", headers: [("traceparent", parent)])
        _ = await harness.send("GET", "/api/v1/runs/\(run)", headers: [("traceparent", parent.dropLast(2) + "00")])
        await agent.leave()
        try await work.value
        var spans: [DataValue] = []
        var count = 1
        while spans.count < 4 {
            let requests = try await receiver.requests(count)
            count = requests.count + 1
            #expect(requests.allSatisfy { $0.path == "/v1/traces" && $0.headers["Authorization"] == "Bearer xyz" })
            spans = requests.flatMap { request in
                (request.data["resourceSpans"]?.array ?? []).flatMap { $0["scopeSpans"]?.array ?? [] }
                    .flatMap { $0["spans"]?.array ?? [] }
            }
        }
        #expect(
            Set(spans.compactMap { $0["name"]?.string }) == [
                "RUN .github/workflows/ci.yml", "test", "Break", "GET /api/v1/runs/{run}",
            ], "\(spans.map { $0["name"] })")
        let request = try #require(spans.first { $0["name"]?.string?.hasPrefix("GET") == true })
        #expect(request["traceId"]?.string == "0af7651916cd43dd8448eb211c80319c")
        #expect(request["parentSpanId"]?.string == "b7ad6b7169203331")
        let job = try #require(spans.first { $0["name"]?.string == "test" })
        let step = try #require(spans.first { $0["name"]?.string == "Break" })
        #expect(step["parentSpanId"] == job["spanId"])
        #expect(spans.count == 4)
        await harness.server.stop()
        await receiver.stop()
    }

    /// What was said at addresses of Slack.
    private final class Said: Sendable {
        private let stream: AsyncStream<String>
        private let told: AsyncStream<String>.Continuation

        init() { (stream, told) = AsyncStream.makeStream() }

        func take(_ call: HTTPCall) -> HTTPAnswer {
            #expect(call.url == "https://hooks.slack.com/commands/1")
            told.yield((try? DataValue(json: call.body))?["text"]?.string ?? "")
            return HTTPAnswer(status: 200)
        }

        func next() async throws -> String { try #require(await stream.first { _ in true }) }
    }
}

/// Takes whatever is posted to a free port of this machine.
final class Receiver: Sendable {
    struct Request: Sendable {
        var path: String
        var headers: HTTPHeaders
        var body: [UInt8]

        var data: DataValue { (try? DataValue(json: body)) ?? .null }
    }

    private final class Kept: Sendable {
        private let requests = Mutex<[Request]>([])

        var all: [Request] { requests.withLock { $0 } }
        func take(_ request: Request) { requests.withLock { $0.append(request) } }
    }

    let port: Int
    private let kept: Kept
    private let listener: HTTPListener
    private let serving: Task<Void, any Error>

    var url: String { "http://127.0.0.1:\(port)" }

    init() async throws {
        let kept = Kept()
        let listener = HTTPListener(.init(host: "127.0.0.1", port: 0)) { inbound in
            let body = (try? await inbound.body(limit: 4 << 20)) ?? []
            kept.take(Request(path: inbound.path, headers: inbound.headers, body: body))
            return OutboundAnswer(status: 204)
        }
        let (ports, told) = AsyncStream<Int>.makeStream()
        serving = Task { try await listener.run { told.yield($0) } }
        port = try #require(await ports.first { _ in true })
        self.listener = listener
        self.kept = kept
    }

    /// Waits until there are so many.
    func requests(_ count: Int) async throws -> [Request] {
        while kept.all.count < count { try await Task.sleep(for: .milliseconds(5)) }
        return kept.all
    }

    func stop() async {
        await listener.stop()
        serving.cancel()
    }
}
