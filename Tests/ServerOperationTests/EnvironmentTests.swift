// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Credentials
import Foundation
import PipelineModel
import RunCoordination
import RunnerAgent
import SecretVault
import ServerAPI
import ServerOperation
import StructuredData
import TestFolders
import Testing
import Timekeeping

@Suite("Jobs before their environments", .ownFolders)
struct EnvironmentTests {
    static let workflow = """
        on: push
        jobs:
          deploy:
            runs-on: ubuntu-latest
            environment: production
            steps:
              - run: |
                  echo "to ${{ secrets.PLACE }}"
                  [ "${{ secrets.PLACE }}" = the-real-one ]
        """

    /// A server with an environment that asks for one approval that is not the author's, and its reviewers.
    static func harness(
        _ workflow: String = workflow, _ change: (inout EnvironmentRules) -> Void = { _ in }
    ) async throws -> (ServerHarness, ada: AccessToken, bob: AccessToken) {
        let harness = try await ServerHarness(workflows: ["ci.yml": workflow])
        var rules = EnvironmentRules(name: "production")
        rules.requiredApprovals = 1
        change(&rules)
        let keeper = harness.server.directory
        _ = try await keeper.perform(.setEnvironment(harness.project, rules), by: .system("test"))
        var tokens: [AccessToken] = []
        for (name, role, scope) in [("ada", Role.approve, TokenScope.approve), ("bob", .run, .run)] {
            _ = try await keeper.perform(.addAccount(NewAccount(name: name)), by: .system("test"))
            let id = try #require(keeper.current.account(named: name)?.id)
            _ = try await keeper.perform(
                .grantRole(project: harness.project, account: id, role), by: .system("test"))
            tokens.append(
                try await keeper.makeToken(TokenGrant([scope]), name: "t", account: name, now: .now()))
        }
        try harness.server.vault.put(
            "the-real-one", name: "PLACE",
            in: .environment(project: harness.project.description, name: "production"), at: .now())
        return (harness, tokens[0], tokens[1])
    }

    static func waiting(_ harness: ServerHarness, _ run: RunID) async throws -> String {
        while true {
            if let reason = await harness.server.runs.waitingReason(of: JobID("deploy"), in: run),
                reason.text.hasPrefix("production waits")
            {
                return reason.text
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    static func review(
        _ harness: ServerHarness, _ run: RunID, _ decision: String, reason: String? = nil, _ token: AccessToken
    ) async -> (status: Int, body: DataValue) {
        var body: DataObject = ["decision": .string(decision)]
        body.set("reason", reason.map { .string($0) })
        return await harness.send(
            "POST", "/api/v1/runs/\(run)/attempts/1/approvals/deploy", body, token: token.text)
    }

    @Test(
        "A job waits until one approves who may; then it runs with its environment's secrets, and all of it is recorded"
    )
    func approved() async throws {
        let (harness, ada, bob) = try await Self.harness()
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        let run = try await harness.begin("ci.yml")
        #expect(try await Self.waiting(harness, run) == "production waits for 1 approval.")
        let listed = await harness.send("GET", "/api/v1/approvals", token: ada.text)
        #expect(listed.body["items"]?.array?.first?["environment"]?.string == "production")
        #expect(await Self.review(harness, run, "approve", bob).status == 403)
        let answer = await Self.review(harness, run, "approve", reason: "looks good", ada)
        #expect(answer.status == 200, "\(answer.body.jsonText())")
        #expect(answer.body["sentence"]?.string == "ada approved the deployment to production: looks good")
        let report = try await harness.end(of: run)
        #expect(report.conclusion == .success, "\(report.sentence)")
        #expect(report.jobs[0].notes.contains("ada approved the deployment to production: looks good"))
        #expect(await Self.review(harness, run, "approve", ada).status == 404)
        let rows = try harness.server.directory.audit(after: 0, limit: 1_000) { _ in true }
        #expect(rows.last { $0.type == "acted" }?.details["reason"]?.string == "looks good")
        let log = try String(
            contentsOfFile: harness.server.logPath(
                LogPlace(run: run, attempt: 1, job: JobID("deploy"), step: StepAttempt(step: StepPath(1)))),
            encoding: .utf8)
        #expect(log.contains("to ***"))
        #expect(!log.contains("the-real-one"))
        await agent.leave()
        try await work.value
    }

    @Test("Who approves is told what stands there now; a job that failed or was refused changes nothing of that")
    func deployed() async throws {
        let (harness, ada, _) = try await Self.harness()
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        let project = harness.project.description
        var runs: [RunID] = []
        for decision in ["approve", "reject"] {
            let run = try await harness.begin("ci.yml")
            _ = try await Self.waiting(harness, run)
            let listed = await harness.send("GET", "/api/v1/approvals", token: ada.text)
            let change = listed.body["items"]?.array?.first?["change"]?["deployed"]
            #expect(change?["run"]?.int == runs.first?.number)
            #expect(await Self.review(harness, run, decision, ada).status == 200)
            _ = try await harness.end(of: run)
            runs.append(run)
        }
        let standing = try #require(try await harness.server.runs.deployed("production", of: project))
        #expect((standing.run, standing.attempt, standing.job.text) == (runs[0], 1, "deploy"))
        await agent.leave()
        try await work.value
        try await harness.restart()
        #expect(try await harness.server.runs.deployed("production", of: project) == standing)
        #expect(try await harness.server.runs.deployed("staging", of: project) == nil)
    }

    @Test("A rejection fails the job with who and why; nothing of it runs")
    func rejected() async throws {
        let (harness, ada, _) = try await Self.harness()
        let run = try await harness.begin("ci.yml")
        _ = try await Self.waiting(harness, run)
        #expect(await Self.review(harness, run, "reject", reason: "not on Friday", ada).status == 200)
        let report = try await harness.end(of: run)
        #expect(report.conclusion == .failure)
        #expect(report.jobs[0].reason?.text == "ada rejected the deployment to production: not on Friday")
        #expect(report.jobs[0].reason?.kind == .approval)
    }

    @Test("What waited before the server ended waits after it, and can be approved then")
    func restart() async throws {
        let (harness, ada, _) = try await Self.harness()
        let run = try await harness.begin("ci.yml")
        _ = try await Self.waiting(harness, run)
        try await harness.restart()
        _ = try await Self.waiting(harness, run)
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        #expect(await Self.review(harness, run, "approve", ada).status == 200)
        #expect(try await harness.end(of: run).conclusion == .success)
        await agent.leave()
        try await work.value
    }

    @Test("A wait timer lets it pass by itself, and a branch that is not allowed is refused at once")
    func rules() async throws {
        let (timed, _, _) = try await Self.harness {
            $0.requiredApprovals = 0
            $0.waitMinutes = 5
        }
        let (agent, _) = try await timed.runner("one")
        let work = Task { try await agent.run() }
        let run = try await timed.begin("ci.yml")
        _ = try await Self.waiting(timed, run)
        timed.clock.advance(5 * 60_000 + 1)
        #expect(try await timed.end(of: run).conclusion == .success)
        await agent.leave()
        try await work.value
        let (strict, _, _) = try await Self.harness { $0.branchPatterns = ["release/*"] }
        let report = try await strict.end(of: try await strict.begin("ci.yml"))
        #expect(report.conclusion == .failure)
        #expect(report.jobs[0].reason?.text == "production takes deployments of release/*; this is main.")
    }

    @Test("An emergency passes with a reason, by somebody who may")
    func override() async throws {
        let (harness, ada, _) = try await Self.harness()
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        let run = try await harness.begin("ci.yml")
        _ = try await Self.waiting(harness, run)
        #expect(await Self.review(harness, run, "override", reason: "fire", ada).status == 403)
        let path = "/api/v1/runs/\(run)/attempts/1/approvals/deploy"
        #expect(await harness.send("POST", path, ["decision": "override"]).status == 403)
        #expect(await harness.send("POST", path, ["decision": "override", "reason": "fire"]).status == 200)
        let report = try await harness.end(of: run)
        #expect(report.conclusion == .success)
        #expect(report.jobs[0].notes.contains { $0.contains("in an emergency: fire") })
        await agent.leave()
        try await work.value
    }
}
