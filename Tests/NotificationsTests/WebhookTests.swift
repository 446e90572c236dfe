// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import HTTPMessages
import NotificationRules
import Notifications
import PipelineModel
import StructuredData
import Testing
import Timekeeping

private func page() throws -> String {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let path = tests.deletingLastPathComponent().appending(path: "docs/reference/webhooks.md")
    return try String(contentsOf: path, encoding: .utf8)
}

private func block(_ mark: String) throws -> DataValue {
    let text = try #require(try page().components(separatedBy: mark + "\n").dropFirst().first)
    return try DataValue(json: try #require(text.components(separatedBy: "\n```").first))
}

private let run: WebhookRun = {
    var run = WebhookRun(subject: news().subject, number: 12, attempt: 1, event: "push", created: now)
    run.labels = news().labels
    run.author = news().author
    return run
}()

private func finished(_ run: WebhookRun) -> WebhookRun {
    var run = run
    run.conclusion = .failure
    run.started = now + .seconds(2)
    run.finished = now + .minutes(2)
    return run
}

private let events: [WebhookEvent] = {
    let decision = WebhookApproval.Decision(isApproved: false, by: "olaf", comment: "Not on a Friday", at: now)
    let approval = WebhookApproval(environment: "production", approvers: ["olaf", "bea"], requested: now)
    var decided = approval
    decided.decision = decision
    var job = WebhookJob(id: "test#2", name: "test (2)", attempt: 1, conclusion: .failure, finished: now)
    job.reason = "It exited with 1."
    return [
        .runCreated(run), .runStarted(run), .runFinished(finished(run)), .jobFinished(finished(run), job),
        .approvalRequested(run, approval), .approvalDecided(run, decided),
        .projectUpdated(project: "acme/web", changed: ["name", "branches"], by: nil),
    ]
}()

@Suite("Webhooks that the server sends")
struct WebhookTests {
    @Test("Every message is as the documentation's schema says, and so is the example there")
    func schema() throws {
        let check = SchemaCheck(root: try block("```json schema"))
        #expect(events.map(\.type) == WebhookEvent.types)
        for event in events {
            let text = event.envelope(at: now).jsonText()
            #expect(check.problems(try DataValue(json: text)) == [], "\(event.type)")
        }
        #expect(check.problems(try block("```json")) == [])
        for type in WebhookEvent.types { #expect(try page().contains("| `\(type)` |")) }
    }

    @Test("The schema does refuse: another type, a run without its end, another version")
    func refusals() throws {
        let check = SchemaCheck(root: try block("```json schema"))
        let good = try #require(WebhookEvent.runFinished(finished(run)).envelope(at: now).object)
        for (key, value): (String, DataValue) in [
            ("type", "run.vanished"), ("version", 2), ("timestamp", "yesterday"), ("data", ["project": "p"]),
        ] {
            var bad = good
            bad[key] = value
            #expect(!check.problems(.object(bad)).isEmpty, "\(key)")
        }
        #expect(!check.problems(WebhookEvent.runFinished(run).envelope(at: now)).isEmpty)
        let approval = WebhookApproval(environment: "e", approvers: [], requested: now)
        #expect(!check.problems(WebhookEvent.approvalDecided(run, approval).envelope(at: now)).isEmpty)
    }

    @Test("However long the texts are, a message stays small and within the schema")
    func bounded() throws {
        let check = SchemaCheck(root: try block("```json schema"))
        var long = finished(run)
        let text = String(repeating: "가\"\n", count: 20_000)
        long.labels.title = text
        long.labels.sentence = text
        long.labels.url = "https://ci.example.org/" + text
        long.author = Person(name: text, email: text)
        let approval = WebhookApproval(
            environment: text, approvers: Array(repeating: text, count: 500), requested: now,
            decision: .init(isApproved: true, by: text, comment: text, at: now))
        let message = WebhookEvent.approvalDecided(long, approval).envelope(at: now)
        #expect(check.problems(message) == [])
        #expect(message.jsonText().utf8.count < 64 << 10)
    }

    @Test("The signature is the one of Standard Webhooks, and each secret signs")
    func signature() throws {
        let secret = try WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        let other = WebhookSecret()
        let call = WebhookCall.request(
            url: "https://example.org/hook", id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            body: Array(#"{"test": 2432232314}"#.utf8),
            secrets: [secret, other], now: Timestamp(milliseconds: 1_614_265_330_500))
        #expect(call.method == "POST")
        #expect(call.headers["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek")
        #expect(call.headers["webhook-timestamp"] == "1614265330")
        let signatures = call.headers["webhook-signature"]?.split(separator: " ") ?? []
        #expect(signatures.first == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        #expect(signatures.count == 2 && Set(signatures).count == 2)
        #expect(try WebhookSecret(other.text) == other)
    }

    @Test(
        "A secret that is none is refused",
        arguments: [
            "", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!",
        ])
    func secrets(text: String) {
        #expect(code { _ = try WebhookSecret(text) } == .webhookSecretInvalid)
    }

    @Test("An answer becomes an attempt, with the time that it asks for")
    func answers() {
        let answer = HTTPAnswer(status: 429, headers: [("retry-after", "30")])
        let attempt = WebhookCall.attempt(answer, durationMs: 12, now: now)
        #expect(attempt == DeliveryAttempt(status: 429, retryAfter: .seconds(30), durationMs: 12))
    }
}
