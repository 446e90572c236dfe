// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Crypto
import Diagnostics
import HTTPMessages
import HTTPServing
import RunCoordination
import StructuredData
import TestFolders
import Testing
import Timekeeping

@testable import ServerAPI
@testable import ServerOperation

@Suite("What strangers may cost, and what they are told", .ownFolders)
struct DoorTests {
    private static let proof: HTTPHeaders = [
        ("X-Hub-Signature-256", "sha256=" + String(repeating: "0", count: 64)), ("X-GitHub-Event", "push"),
    ]

    @Test("A stranger's webhook is answered the same whether the project is there, and unread unless it could be one")
    func sameAnswer() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        for name in ["web", "bare"] { try await served.project(name) }
        #expect(await served.ask("POST", "/api/v1/projects/web/webhook-secret", token: admin).status == 201)
        func knock(_ path: String, _ body: [UInt8], _ headers: HTTPHeaders) async -> Reply {
            await Reply(
                served.door.answer(InboundRequest("POST", path, headers: headers, body: body, peer: "192.0.2.7")))
        }
        // Reading it would be refused: it is too large.
        let large = [UInt8](repeating: 0, count: (25 << 20) + 1)
        let unknown = await knock("/hooks/github/none", large, Self.proof)
        #expect(unknown.status == 401 && unknown.code == "MRT1001")
        #expect(await knock("/hooks/github/bare", large, Self.proof).text == unknown.text)
        #expect(await knock("/hooks/github/web", Array("{}".utf8), Self.proof).text == unknown.text)
        #expect(await knock("/hooks/github/web", large, Self.proof).status == 413)
        let unsigned = await knock("/hooks/github/none", large, [])
        #expect(unsigned.status == 401 && unsigned.code == "MRT1000")
        #expect(await knock("/hooks/github/web", large, []).text == unsigned.text)
        #expect(await knock("/hooks/gitlab/web", large, Self.proof).status == 401)
    }

    @Test("Strangers' webhooks are counted, also where no secret could prove them; a forge's are not")
    func counted() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        try await served.project("web")
        let made = await served.ask("POST", "/api/v1/projects/web/webhook-secret", token: admin)
        let secret = try #require(made.json["secret"]?.string)
        let code = HMAC<SHA256>.authenticationCode(for: Array("{}".utf8), using: SymmetricKey(data: Array(secret.utf8)))
        let signed: HTTPHeaders = [
            ("X-Hub-Signature-256", "sha256=" + Hexadecimal.text(code)), ("X-GitHub-Event", "ping"),
            ("Content-Type", "application/json"),
        ]
        func knock(_ path: String, _ headers: HTTPHeaders) async -> Int {
            await served.ask("POST", path, headers: headers, body: "{}", peer: "192.0.2.7").status
        }
        for _ in 1...RequestLimits.ofStranger { #expect(await knock("/hooks/github/web", signed) / 100 == 2) }
        try await served.project("bare")
        // While they knock they earn some more.
        var statuses: Set<Int> = []
        for _ in 1...4 * RequestLimits.ofStranger where !statuses.contains(429) {
            statuses.insert(await knock("/hooks/github/bare", Self.proof))
        }
        #expect(statuses == [401, 429])
    }

    @Test("A form or a query has at most 1000 fields")
    func fields() async throws {
        let folder = try await PageFolder()
        let many = (0...FormText.pairLimit).map { ("input.x\($0)", "y") }
        let reply = await folder.post("/projects/team%2Fshop/runs", [("workflow", "ci.yml")] + many)
        #expect(reply.status == 400 && reply.text.contains("MRT1192"), "\(reply.text)")
        let query = many.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        #expect(await folder.page("/settings/projects?" + query).status == 400)
        #expect(FormText.pairs(many.dropLast().map(\.0).joined(separator: "&"))?.count == FormText.pairLimit)
    }

    @Test("Of fields of one name the last counts, where the first stood")
    func lastField() async throws {
        let inbound = InboundRequest("POST", "/", body: Array("input.a=1&input.b=2&input.a=3&c=4".utf8))
        let form = try await FormFields(
            APIRequest(
                inbound: inbound, path: [:], query: [:], principal: .anonymous, session: nil, address: "",
                bodyLimitBytes: 100))
        #expect(form.values(below: "input.").map { "\($0.name)=\($0.value)" } == ["a=3", "b=2"])
    }

    @Test("A start that is refused comes back with its form as it was filled in")
    func start() async throws {
        let folder = try await PageFolder()
        let reply = await folder.post("/projects/team%2Fshop/runs", [("ref", "main")])
        #expect(reply.status == 400 && reply.text.contains("<h1>team/shop</h1>"), "\(reply.text)")
        #expect(reply.text.contains("note bad") && reply.text.contains("MRT1192"))
    }

    @Test("A token's page of an account is for a token that stands for it")
    func account() async throws {
        let served = try await ServedFolder()
        let ada = try await served.account("ada")
        let web = try await served.project("web", roles: [ada: .admin])
        let whole = try await served.token(ada, [.admin])
        for narrow in [try await served.token(ada, [.read]), try await served.token(ada, [.admin], projects: [web])] {
            #expect(await served.ask("GET", "/account", token: narrow).status == 403)
            let change = await served.ask(
                "POST", "/account/password", token: narrow,
                headers: [("Content-Type", "application/x-www-form-urlencoded")], body: "old=x")
            #expect(change.status == 403 && !change.text.contains("mrt_pat_"))
        }
        #expect(await served.ask("GET", "/account", token: whole).text.contains("web: admin"))
    }

    @Test(
        "A token that ends makes one that ends with it, where nothing else is said, and is told what would be too much")
    func heirs() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        func make(_ name: String, _ token: String, _ days: Int?) async -> Reply {
            let scopes = name == "first" ? "admin" : "read"
            let days = days.map { #", "days": \#($0)"# } ?? ""
            return await served.ask(
                "POST", "/api/v1/tokens", token: token, headers: [("Content-Type", "application/json")],
                body: #"{"name": "\#(name)", "scopes": ["\#(scopes)"]\#(days)}"#)
        }
        let first = await make("first", admin, 30)
        let secret = try #require(first.json["secret"]?.string)
        let second = await make("second", secret, nil)
        #expect(second.status == 201, "\(second.text)")
        #expect(second.json["token"]?["expiresAt"] == first.json["token"]?["expiresAt"])
        let third = await make("third", secret, 31)
        #expect(third.code == "MRT1047" && third.text.contains("with a longer life than"), "\(third.text)")
        #expect(await make("fourth", secret, 0).code == "MRT1047")
    }
}

extension DoorTests {
    @Test("The form that adds an environment changes none that is there, and what is not said of its expiry stays")
    func environments() async throws {
        let folder = try await PageFolder()
        let path = "/api/v1/projects/team%2Fshop/environments/prod"
        let made = await folder.served.ask(
            "PUT", path, token: folder.token,
            json: ["approvals": 1, "reviewers": ["root"], "branches": ["main"], "expiryMinutes": 77])
        #expect(made.status == 200)
        let tag = made.json
        for name in ["prod", "PROD"] {
            let again = await folder.post("/settings/environments", [("project", PageFolder.name), ("name", name)])
            #expect(again.status == 409 && again.text.contains("MRT1041"), "\(again.alert ?? again.text)")
            // What was typed is there.
            #expect(again.text.contains("value=\"\(name)\""))
        }
        #expect(await folder.served.ask("GET", path, token: folder.token).json == tag)
        let changed = await folder.served.ask("PUT", path, token: folder.token, json: ["waitMinutes": 5])
        #expect(changed.json["expiryMinutes"]?.int == 77 && changed.json["reviewers"] == [])
    }

    @Test("Removing an environment is offered to who may do it there")
    func removing() async throws {
        let folder = try await PageFolder()
        let ada = try await folder.served.account("ada")
        let web = try await folder.served.project("web", roles: [ada: .maintain])
        _ = try await folder.server.directory.perform(
            .grantRole(project: folder.project, account: ada, .read), by: .system("test"))
        for project in [web, folder.project] {
            _ = try await folder.server.directory.perform(
                .setEnvironment(project, EnvironmentRules(name: "prod")), by: .system("test"))
        }
        let page = await folder.page("/settings/environments", token: try await folder.served.token(ada, [.maintain]))
        #expect(page.status == 200 && page.text.contains("team/shop"))
        #expect(page.text.split(separator: "/settings/environments/remove").count == 2)
    }

    @Test("A connection that is refused is shown as it was typed, without its secrets")
    func connection() async throws {
        let folder = try await PageFolder()
        let reply = await folder.post(
            "/settings/projects/team%2Fshop",
            [
                ("repository", "https://forge.test/acme/other.git"), ("forge", "gitlab"), ("branch", "trunk"),
                ("credential", "planted two"), ("statusToken", "planted"), ("forgetCredential", "1"),
            ])
        #expect(reply.status == 422 && reply.text.contains("MRT1215"), "\(reply.text)")
        #expect(reply.text.contains("value=\"https://forge.test/acme/other.git\""))
        #expect(reply.text.contains("value=\"trunk\"") && reply.text.contains("value=\"gitlab\" selected"))
        #expect(!reply.text.contains("planted"))
    }

    @Test("There is no gate to override before a run that is held")
    func override() async throws {
        let folder = try await PageFolder(PagesOfRunsTests.failing)
        let held = try await folder.hold("It is of a fork.")
        let asked = await folder.served.ask(
            "POST", "/api/v1/runs/\(held)/approval", token: folder.token, json: ["decision": "override"])
        #expect(asked.status == 422 && asked.code == "MRT1220")
        #expect(await folder.post("/approvals/\(held)", [("decision", "override")]).status == 422)
        #expect(try folder.server.store.heldReason(of: held) != nil)
    }
}
