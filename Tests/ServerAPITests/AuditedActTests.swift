// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Diagnostics
import HTTPMessages
import HTTPServing
import PipelineModel
import RunCoordination
import RunnerProtocol
import StructuredData
import TestFolders
import Testing

@testable import ServerAPI
@testable import ServerOperation

@Suite("Acts of people and tokens", .ownFolders)
struct AuditedActTests {
    private static let gated = """
        on: push
        jobs:
          deploy:
            runs-on: ubuntu-latest
            environment: production
            steps: [{run: echo deployed}]
        """
    private static let proxy = "192.0.2.1"
    private static let client = "198.51.100.7"

    private func behindProxy(_ workflow: String) async throws -> PageFolder {
        try await PageFolder(workflow) { $0.trustedProxies = [Self.proxy] }
    }

    private func ask(
        _ folder: PageFolder, _ method: String, _ path: String, _ json: DataValue? = nil, token: String? = nil
    ) async -> Reply {
        await folder.served.ask(
            method, "/api/v1" + path, token: token ?? folder.token, json: json,
            headers: [("X-Forwarded-For", Self.client)], peer: Self.proxy)
    }

    private func last(_ folder: PageFolder) throws -> AuditRow {
        try #require(try folder.server.directory.audit(after: 0, limit: 10_000) { _ in true }.last)
    }

    private func expect(_ folder: PageFolder, _ words: String) throws {
        let row = try last(folder)
        #expect(row.what.hasPrefix(words), "\(row.what)")
        #expect(row.actor.address == Self.client, "\(row.what)")
    }

    private func gate(_ folder: PageFolder, reviewers: [EntryID] = []) async throws -> RunID {
        var rules = EnvironmentRules(name: "production")
        rules.requiredApprovals = 1
        rules.reviewers = reviewers
        _ = try await folder.server.directory.perform(.setEnvironment(folder.project, rules), by: .system("test"))
        let run = try await folder.begin()
        while await folder.server.gates.waiting.isEmpty { await Task.yield() }
        try await folder.listed(run)
        return run
    }

    @Test("What is done to a run is in the audit log with the address that the proxy names")
    func runs() async throws {
        let folder = try await behindProxy(PagesOfRunsTests.failing)
        let run = try await folder.begin()
        try await folder.listed(run)
        #expect(await ask(folder, "POST", "/runs/\(run)/cancel").status == 202)
        try expect(folder, "cancelled run \(run)")
        try await folder.end(of: run)
        let count = try last(folder).sequence
        #expect(await ask(folder, "POST", "/runs/\(run)/cancel").status == 409)
        #expect(try last(folder).sequence == count, "what was not done is not told")
        #expect(await ask(folder, "POST", "/runs/\(run)/rerun", ["select": "all"]).status == 201)
        try expect(folder, "ran run \(run) of team/shop, attempt 2 again")
        let again = try last(folder).sequence
        #expect(await ask(folder, "POST", "/runs/\(run)/rerun", ["select": "all"]).status == 409)
        #expect(try last(folder).sequence == again)
        let held = try await folder.hold("It is of a fork.")
        #expect(await ask(folder, "POST", "/runs/\(held)/approval", ["decision": "approve"]).status == 202)
        try expect(folder, "approved the deployment of run \(held)")
        #expect(await ask(folder, "POST", "/runs/\(held)/approval", ["decision": "approve"]).status == 404)
    }

    @Test("So is what is decided at a gate; what is refused there is not")
    func gates() async throws {
        let folder = try await behindProxy(Self.gated)
        let run = try await gate(folder)
        let before = try last(folder).sequence
        let path = "/runs/\(run)/attempts/1/approvals/deploy"
        #expect(await ask(folder, "POST", path, ["decision": "override"]).status == 403)
        #expect(try last(folder).sequence == before)
        #expect(await ask(folder, "POST", path, ["decision": "approve", "reason": "fine"]).status == 200)
        try expect(folder, "approved the deployment of run \(run)")
        #expect(try last(folder).what.hasSuffix(": fine"))
    }

    @Test("So are notifications that are set, deliveries that are asked for again, and tests of hooks")
    func telling() async throws {
        let folder = try await behindProxy("")
        #expect(await ask(folder, "PUT", "/projects/team%2Fshop/notifications", ["policies": []]).status == 200)
        try expect(folder, "set the notifications of the project team/shop")
        let count = try last(folder).sequence
        #expect(await ask(folder, "PUT", "/projects/team%2Fshop/notifications", ["language": "xx"]).status == 422)
        #expect(try last(folder).sequence == count)
        let made = await ask(folder, "POST", "/projects/team%2Fshop/hooks", ["url": "https://example.org/h"])
        let hook = try #require(made.json["hook"]?["id"]?.string ?? made.json["id"]?.string, "\(made.text)")
        let test = await ask(folder, "POST", "/hooks/\(hook)/test")
        #expect(test.status == 202)
        try expect(folder, "had the hook to")
        let delivery = try #require(test.json["id"]?.string)
        while true {
            let state = await ask(folder, "GET", "/hooks/\(hook)/deliveries/\(delivery)").json["state"]?.string
            if state == "givenUp" || state == "delivered" { break }
            // A test of a hook that nobody hears waits for its next attempt; then it cannot be asked for again yet.
            if await ask(folder, "POST", "/hooks/\(hook)/deliveries/\(delivery)/redeliver").status == 409 { break }
        }
        #expect(try last(folder).type == "deliveryAsked")
    }

    @Test("Where an act cannot be written down it is not done: the job waits on, and can be decided about")
    func unwritten() async throws {
        let folder = try await PageFolder(Self.gated)
        let ada = try await folder.served.account("ada")
        let run = try await gate(folder, reviewers: [ada])
        // Acts are a project's.
        _ = try await folder.server.directory.perform(.removeProject(folder.project), by: .system("test"))
        await #expect(throws: DiagnosticError.self) {
            try await folder.server.review(
                run, attempt: 1, job: JobID("deploy"), .approve, reason: nil, by: .account(ada),
                actor: .system("test"))
        }
        #expect(await folder.server.gates.waiting.map(\.work.run) == [run])
        #expect(await folder.server.gates.waiting.first?.gate.reviews.isEmpty == true)
    }

    @Test("Whom the environment names may answer, by program as on the page, with a token that is for approving")
    func reviewer() async throws {
        let folder = try await PageFolder(Self.gated)
        let names = ["ada", "bob"]
        var ids: [EntryID] = []
        for name in names {
            ids.append(try await folder.served.account(name))
            _ = try await folder.server.directory.perform(
                .grantRole(project: folder.project, account: try #require(ids.last), name == "ada" ? .run : .approve),
                by: .system("test"))
        }
        let run = try await gate(folder, reviewers: [ids[0]])
        let path = "/runs/\(run)/attempts/1/approvals/deploy"
        // Whoever is not named has no say, whatever role they have; a token that only reads has none either.
        let refused = [
            try await folder.served.token(ids[1], [.approve]), try await folder.served.token(ids[0], [.read]),
        ]
        for token in refused {
            #expect(await ask(folder, "POST", path, ["decision": "approve"], token: token).status == 403)
            #expect(
                await folder.post("/approvals/\(run)/1/deploy", [("decision", "approve")], token: token).status == 403)
            #expect(await folder.page("/approvals", token: token).text.contains("name=\"decision\"") == false)
        }
        let token = try await folder.served.token(ids[0], [.approve])
        #expect(await folder.page("/approvals", token: token).text.contains("name=\"decision\""))
        #expect(await ask(folder, "POST", path, ["decision": "approve"], token: token).status == 200)
    }
}
