// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Credentials
import Crypto
import Foundation
import HTTPMessages
import HTTPServing
import PipelineModel
import RunCoordination
import RunIndex
import RunnerAgent
import ServerAPI
import ServerOperation
import StructuredData
import TestFolders
import Testing
import Timekeeping
import TriggerIntake

@Suite("What starts runs on a server", .ownFolders)
struct TriggeredRunTests {
    static let workflow = """
        on:
          push:
          workflow_dispatch:
            inputs: {who: {type: string, default: world}}
        jobs:
          build:
            runs-on: ubuntu-latest
            steps:
              - uses: actions/checkout@v4
              - run: |
                  cat word.txt
                  echo "hello ${{ inputs.who }} of ${{ github.ref_name }}"
        """

    static func pushed(_ harness: ServerHarness, word: String) throws -> String {
        try "\(word)\n".write(toFile: harness.repository + "/word.txt", atomically: true, encoding: .utf8)
        return try harness.commit("say \(word)")
    }

    @Test("Whoever asks for a run is its author, whatever a token is called")
    func author() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow])
        _ = try Self.pushed(harness, word: "first")
        let keeper = harness.server.directory
        for name in ["ada", "bob"] {
            _ = try await keeper.perform(.addAccount(NewAccount(name: name)), by: .system("test"))
        }
        let bob = try #require(keeper.current.account(named: "bob")?.id)
        _ = try await keeper.perform(.grantRole(project: harness.project, account: bob, .run), by: .system("test"))
        let disguised = try await keeper.makeToken(TokenGrant([.run]), name: "ada", account: "bob", now: .now())
        // Of the server's first account.
        let other = try await keeper.makeToken(TokenGrant([.admin]), name: "ada", account: nil, now: .now())
        for token in [disguised, other] {
            let answer = await harness.send(
                "POST", "/api/v1/projects/demo/runs", ["workflow": "ci.yml"], token: token.text)
            #expect(answer.status == 201, "\(answer.body.jsonText())")
        }
        let authors = try await harness.rows(2).map(\.actor)
        #expect(authors == ["admin", "bob"])
    }

    @Test("A push that a hook tells of runs the commit's own files, once, however often it is told")
    func webhook() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow])
        let before = try Self.pushed(harness, word: "first")
        let commit = try Self.pushed(harness, word: "second")
        let secret = "a secret that is long enough to be one"
        let reference = try harness.server.references.keep(secret)
        _ = try await harness.server.directory.perform(
            .setWebhookSecret(harness.project, reference: reference), by: .system("test"))
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        let body = Array(#"{"ref":"refs/heads/main","before":"\#(before)","after":"\#(commit)"}"#.utf8)
        let code = HMAC<SHA256>.authenticationCode(for: body, using: SymmetricKey(data: Array(secret.utf8)))
        let signature = "sha256=" + code.map { String(format: "%02x", $0) }.joined()
        func tell(_ signature: String) async -> Int {
            await harness.door.answer(
                InboundRequest(
                    "POST", "/hooks/git/demo", headers: [("X-Martlet-Signature", signature)], body: body)
            ).status
        }
        #expect(await tell("sha256=00") == 401)
        #expect(await tell(signature) == 202)
        #expect(await tell(signature) == 200)
        await harness.server.triggers.idle()
        let rows = try await harness.rows(1)
        #expect(rows.map(\.sha) == [commit])
        #expect(rows.map(\.subject) == ["say second"])
        let report = try await harness.end(of: rows[0].run)
        #expect(report.conclusion == .success, "\(report.sentence)")
        let log = try String(
            contentsOfFile: harness.server.logPath(
                LogPlace(
                    run: rows[0].run, attempt: 1, job: JobID("build"), step: StepAttempt(step: StepPath(2)))),
            encoding: .utf8)
        #expect(log.contains("second\n"))
        #expect(log.contains("of main\n"))
        await agent.leave()
        try await work.value
    }

    @Test("Somebody who may starts a workflow with typed inputs; who may not does not")
    func dispatch() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow])
        _ = try Self.pushed(harness, word: "first")
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        let answer = await harness.send(
            "POST", "/api/v1/projects/demo/runs", ["workflow": "ci.yml", "inputs": ["who": "you"]])
        #expect(answer.status == 201, "\(answer.body.jsonText())")
        let run = try #require(answer.body["runs"]?.array?.first?["run"]?.int)
        let report = try await harness.end(of: RunID(run))
        #expect(report.conclusion == .success, "\(report.sentence)")
        let unknown = await harness.send(
            "POST", "/api/v1/projects/demo/runs", ["workflow": "ci.yml", "inputs": ["nobody": "x"]])
        #expect((400..<500).contains(unknown.status), "\(unknown.body.jsonText())")
        let reader = try await harness.server.directory.makeToken(
            TokenGrant([.read]), name: "reader", account: nil, now: .now())
        let refused = await harness.send(
            "POST", "/api/v1/projects/demo/runs", ["workflow": "ci.yml"], token: reader.text)
        #expect(refused.status == 403)
        #expect(refused.body["detail"]?.string?.contains("read") == true)
        await agent.leave()
        try await work.value
    }

    @Test("The page has a field for each input of a workflow, and what is filled in reaches the run")
    func startPage() async throws {
        let workflow = """
            name: Deploy it
            on:
              workflow_dispatch:
                inputs:
                  place: {type: environment, required: true, description: Where <it> goes}
                  level: {type: choice, options: [low, high], default: high}
                  count: {type: number, default: 3}
                  dry: {type: boolean, default: true}
                  word: {default: hello}
            jobs:
              build:
                runs-on: ubuntu-latest
                steps:
                  - run: test "${{ inputs.place }} ${{ inputs.level }} ${{ inputs.count }} ${{ inputs.dry }} ${{ inputs.word }}" = "prod low 7 false "
            """
        let harness = try await ServerHarness(workflows: ["deploy.yml": workflow])
        _ = try harness.commit("All")
        _ = try await harness.server.directory.perform(
            .setEnvironment(harness.project, EnvironmentRules(name: "prod")), by: .system("test"))
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        _ = await harness.send(
            "POST", "/api/v1/projects/demo/runs", ["workflow": "deploy.yml", "inputs": ["place": "prod"]])
        var page = ""
        // What can be started is known once the default branch was looked at.
        while !page.contains("deploy.yml") {
            page = await harness.page("GET", "/projects/demo").text
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(page.contains("name=\"workflow\" value=\".github/workflows/deploy.yml\""))
        #expect(page.contains("Where &lt;it&gt; goes"))
        for field in [
            "name=\"input.place\" required", "<option value=\"prod\">prod</option>",
            "<option value=\"high\" selected>high</option>",
            "name=\"input.count\" type=\"number\" step=\"any\" value=\"3\"",
            "type=\"checkbox\" name=\"input.dry\" value=\"true\" checked",
            "name=\"input.word\" type=\"text\" value=\"hello\"",
        ] { #expect(page.contains(field), "\(field)") }
        let form =
            "workflow=.github/workflows/deploy.yml&ref=main&input.place=prod&input.level=low&input.count=7"
            + "&input.dry=false&input.word="
        let started = await harness.page("POST", "/projects/demo/runs", form)
        let run = try #require(started.location?.split(separator: "/").last.flatMap { RunID(String($0)) })
        let report = try await harness.end(of: run)
        #expect(report.conclusion == .success, "\(report.sentence)")
        let wrong = await harness.page("POST", "/projects/demo/runs", form.replacing("=low", with: "=lower"))
        #expect(wrong.status == 422 && wrong.text.contains("not among the options"))
        await agent.leave()
        try await work.value
    }

    @Test("Some jobs of a workflow can be started with what they need; which event it is the server says")
    func someJobs() async throws {
        let workflow = """
            on: workflow_dispatch
            jobs:
              build: {runs-on: ubuntu-latest, steps: [{run: echo built}]}
              test: {needs: build, runs-on: ubuntu-latest, steps: [{run: echo tested}]}
              deploy: {needs: test, runs-on: ubuntu-latest, steps: [{run: exit 1}]}
            """
        let harness = try await ServerHarness(workflows: ["ci.yml": workflow])
        _ = try harness.commit("All")
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        func start(_ more: DataObject) async -> (status: Int, body: DataValue) {
            var body = more
            body["workflow"] = "ci.yml"
            return await harness.send("POST", "/api/v1/projects/demo/runs", body)
        }
        let answer = await start(["jobs": ["test"], "event": "workflow_dispatch"])
        #expect(answer.status == 201, "\(answer.body.jsonText())")
        let report = try await harness.end(of: RunID(try #require(answer.body["runs"]?.array?.first?["run"]?.int)))
        #expect(report.conclusion == .success)
        let ran = report.jobs.filter { $0.conclusion == .success }
        #expect(ran.map(\.id.text) == ["build", "test"])
        let unknown = await start(["jobs": ["tset"]])
        #expect(unknown.status == 422 && unknown.body["detail"]?.string?.contains("'tset'") == true)
        #expect(await start(["event": "push"]).status == 422)
        #expect(await start(["jobs": .array(Array(repeating: "test", count: 300))]).status == 413)
        await agent.leave()
        try await work.value
    }

    private func runs(_ answer: (status: Int, body: DataValue)) -> [Int] {
        (answer.body["runs"]?.array ?? []).compactMap { $0["run"]?.int }
    }

    @Test("A key is its caller's and its request's: nobody else's run comes of it")
    func keys() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow])
        _ = try Self.pushed(harness, word: "first")
        let other = try await harness.server.directory.makeToken(
            TokenGrant([.admin]), name: "other", account: nil, now: .now())
        let path = "/api/v1/projects/demo/runs"
        func start(_ who: String, token: String? = nil) async -> (status: Int, body: DataValue) {
            await harness.send(
                "POST", path, ["workflow": "ci.yml", "inputs": ["who": .string(who)]], token: token,
                headers: [("Idempotency-Key", "k")])
        }
        let first = await start("one")
        #expect(runs(first) == [1], "\(first.body.jsonText())")
        #expect(runs(await start("one")) == [1])
        #expect(runs(await start("one", token: other.text)) == [2])
        #expect(await start("two").status == 422)
        // A day later a key may be used again, and stands for what is asked with it then.
        let request: DataObject = ["workflow": "ci.yml", "inputs": ["who": "three"]]
        let asked = KeptAnswers.Request(caller: "a", key: "k", content: [Array(request.jsonText().utf8)])
        let again = KeptAnswers.Request(caller: "a", key: "k", content: [Array("other".utf8)])
        #expect(asked.identity != again.identity)
        let stranger = KeptAnswers.Request(caller: "b", key: "k", content: [Array(request.jsonText().utf8)])
        #expect(asked.identity != stranger.identity)
    }

    @Test("A program's event starts what waits for its type, once a key, and who may not does not")
    func events() async throws {
        let baked = """
            on: {repository_dispatch: {types: [baked]}}
            jobs: {test: {runs-on: ubuntu-latest, steps: [{run: echo}]}}
            """
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow, "baked.yml": baked])
        _ = try harness.commit("All")
        let path = "/api/v1/projects/demo/dispatches"
        let body: DataObject = ["event_type": "baked", "client_payload": ["cake": "apple"]]
        let key: HTTPHeaders = [("Idempotency-Key", "k")]
        let answer = await harness.send(
            "POST", path, body, headers: [("Idempotency-Key", "k"), ("User-Agent", "baker/7")])
        #expect(answer.status == 201 && runs(answer) == [1], "\(answer.body.jsonText())")
        #expect(runs(await harness.send("POST", path, body, headers: key)) == [1])
        // The audit log says who asked as it does of any other request.
        let audit = await harness.send("GET", "/api/v1/audit?limit=50")
        #expect(audit.body["items"]?.array?.contains { $0.jsonText().contains("baker/7") } == true)
        let record = try RunRecord.load(from: harness.server.store, RunID(1))
        #expect(record.payload["client_payload"]?["cake"] == "apple" && record.payload["action"] == "baked")
        let eaten = await harness.send("POST", path, ["event_type": "eaten"])
        #expect(eaten.status == 201 && runs(eaten).isEmpty)
        #expect(eaten.body["refused"]?.array?.count == 2, "\(eaten.body.jsonText())")
        let keys = DataObject((0...TriggerLimits.clientPayloadKeys).map { ("k\($0)", DataValue.null) })
        let large = await harness.send("POST", path, ["event_type": "baked", "client_payload": .object(keys)])
        #expect(large.status == 413)
        #expect(await harness.send("POST", path, [:]).status == 422)
        #expect(await harness.send("POST", path, ["event_type": ""]).status == 422)
        let reader = try await harness.server.directory.makeToken(
            TokenGrant([.read]), name: "reader", account: nil, now: .now())
        #expect(await harness.send("POST", path, body, token: reader.text).status == 403)
    }
}
