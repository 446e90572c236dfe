// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Diagnostics
import HTTPMessages
import HTTPServing
import SourceForges
import StructuredData
import TestFolders
import Testing
import Timekeeping
import TriggerIntake

@testable import ServerAPI
@testable import ServerOperation

@Suite("What comes to a project", .ownFolders)
struct IncomingTests {
    private static let path = "/api/v1/projects/web/deliveries"

    private func deliver(_ served: ServedFolder, _ ids: [String], to project: EntryID) async throws {
        let headers: (String) -> HTTPHeaders = { [("X-GitHub-Event", "ping"), ("X-GitHub-Delivery", $0)] }
        for id in ids {
            let body = Array(#"{"zen": "x", "hook_id": 1, "repository": {"full_name": "a/web"}}"#.utf8)
            let delivery = try ForgeDelivery(headers(id), body: body, forge: .github)
            let log = served.server.triggers.log
            _ = try log.receive(.forge(delivery.events), id: id, project: project.description, at: .now())
            try await served.server.triggers.redeliver(id, of: project.description, by: "test")
            await served.server.triggers.idle()
        }
    }

    @Test("It is listed page by page, the newest first, with what became of it")
    func list() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        let project = try await served.project("web")
        try await deliver(served, ["d-1", "d-2", "poll:refs/heads/main:abc"], to: project)
        let first = await served.ask("GET", Self.path + "?limit=2", token: admin)
        #expect(first.items.map { $0["id"] } == ["poll:refs/heads/main:abc", "d-2"], "\(first.text)")
        let next = try #require(first.json["next"]?.string)
        let second = await served.ask("GET", Self.path + "?limit=2&cursor=\(next)", token: admin)
        #expect(second.items.map { $0["id"] } == ["d-1"] && second.json["next"] == .null)
        #expect(second.items[0]["state"]?.string != nil && second.items[0]["attempts"]?.int == 1)
        let one = await served.ask("GET", Self.path + "/poll:refs%2Fheads%2Fmain:abc", token: admin)
        #expect(one.status == 200 && one.json == first.items[0])
        #expect(await served.ask("GET", Self.path + "/d-9", token: admin).code == "MRT1151")
        #expect(await served.ask("GET", Self.path + "?cursor=x", token: admin).status == 400)
    }

    @Test("Who sees the runs sees it; who keeps the hooks has it worked again; others do not learn of it")
    func roles() async throws {
        let served = try await ServedFolder()
        let project = try await served.project("web")
        var tokens: [Role?: String] = [:]
        let known: [(String, Role, TokenScope)] = [
            ("rea", .read, .read), ("run", .run, .run), ("app", .approve, .approve), ("mai", .maintain, .maintain),
        ]
        for (name, role, scope) in known {
            let account = try await served.account(name)
            _ = try await served.server.directory.perform(
                .grantRole(project: project, account: account, role), by: .system("test"))
            tokens[role] = try await served.token(account, [scope])
        }
        tokens[nil] = try await served.token(try await served.account("out"), [.read])
        try await deliver(served, ["d-1"], to: project)
        let page = "/settings/projects/web/deliveries"
        for (role, token) in tokens {
            let list = await served.ask("GET", Self.path, token: token)
            let shown = await served.ask("GET", page, token: token)
            let again = await served.ask("POST", Self.path + "/d-1/redeliver", token: token)
            await served.server.triggers.idle()
            #expect(list.status == (role == nil ? 404 : 200) && shown.status == list.status)
            #expect(shown.text.contains("/d-1/redeliver") == (role == .maintain))
            #expect(again.status == (role == .maintain ? 202 : 403), "\(again.text)")
        }
        // The page's button does the same, and says so.
        let button = await served.ask(
            "POST", page + "/d-1/redeliver", token: tokens[.maintain] ?? nil,
            headers: [("Accept", "text/html"), ("Content-Type", "application/x-www-form-urlencoded")])
        #expect(button.status == 200 && button.text.contains("It is worked again."), "\(button.text)")
        await served.server.triggers.idle()
        let missing = await served.ask("POST", Self.path + "/d-9/redeliver", token: tokens[.maintain] ?? nil)
        #expect(missing.status == 404)
    }

    @Test("A hook's message is sent for a try, and its delivery sent again, by the buttons of the hooks' page")
    func outgoingButtons() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        let made = await served.ask("POST", "/api/v1/hooks", token: admin, json: ["url": "https://hooks.example.org/x"])
        let hook = try #require(made.json["hook"]?["id"]?.string)
        let reply = await served.ask(
            "POST", "/settings/hooks/\(hook)/test", token: admin,
            headers: [("Accept", "text/html"), ("Content-Type", "application/x-www-form-urlencoded")])
        #expect(reply.status == 200 && reply.text.contains("is on its way"), "\(reply.text)")
    }
}
