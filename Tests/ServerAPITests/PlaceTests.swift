// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Diagnostics
import FileAccess
import HTTPMessages
import RunCoordination
import SecretVault
import StructuredData
import TestFolders
import Testing
import Timekeeping

@testable import ServerAPI
@testable import ServerOperation

@Suite("Environments, secrets and variables", .ownFolders)
struct ValueRouteTests {
    @Test("An environment is made, changed, frozen, thawed and removed")
    func environments() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        try await served.account("ada")
        try await served.project("web")
        let path = "/api/v1/projects/web/environments/Production"
        let made = await served.ask(
            "PUT", path, token: admin, json: ["approvals": 1, "reviewers": ["ada"], "branches": ["main"]])
        #expect(made.status == 200)
        #expect(made.json["reviewers"] == ["ada"] && made.json["freeze"] == .null)
        let tag = try #require(await served.ask("GET", path, token: admin).headers["ETag"])
        let frozen = await served.ask("POST", path + "/freeze", token: admin, json: ["reason": "holidays"])
        #expect(frozen.json["freeze"]?["reason"] == "holidays")
        #expect(await served.ask("PUT", path, token: admin, json: [:], headers: [("If-Match", tag)]).status == 412)
        #expect(await served.ask("POST", path + "/thaw", token: admin).json["freeze"] == .null)
        #expect(await served.ask("PUT", path, token: admin, json: [:], headers: [("If-Match", tag)]).status == 200)
        let over = await served.ask("POST", path + "/freeze", token: admin, json: ["reason": "x", "until": 1])
        #expect(over.code == "MRT1046")
        #expect(await served.ask("GET", "/api/v1/projects/web/environments", token: admin).items.count == 1)
        #expect(await served.ask("DELETE", path, token: admin).status == 204)
        #expect(await served.ask("GET", path, token: admin).status == 404)
    }

    @Test("The secret of a project's webhooks comes with their address; who knocks beside it is told the form")
    func hookAddress() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        try await served.project("web")
        let made = await served.ask("POST", "/api/v1/projects/web/webhook-secret", token: admin)
        let url = made.json["url"]?.string ?? ""
        #expect(made.status == 201 && url.hasPrefix("http") && url.contains("/hooks/") && url.hasSuffix("/web"))
        for path in ["/hooks/web", "/hooks", "/hooks/bitbucket/web", "/hooks/git/web/x"] {
            let lost = await served.ask("POST", path)
            #expect(
                lost.status == 404 && lost.json["remedy"]?.string?.contains("/hooks/{forge}/{project}") == true,
                "\(path)")
        }
    }

    @Test("Who names reviewers has one of them asked, and not the author; none asked of some is refused")
    func reviewersAreAsked() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        try await served.account("ada")
        try await served.project("web")
        let path = "/api/v1/projects/web/environments/production"
        let asked = await served.ask("PUT", path, token: admin, json: ["reviewers": ["ada"]])
        #expect(asked.status == 200 && asked.json["approvals"] == 1 && asked.json["notAuthor"] == true)
        let nobody = await served.ask("PUT", path, token: admin, json: ["reviewers": ["ada"], "approvals": 0])
        #expect(nobody.status == 422 && nobody.code == "MRT1046")
        #expect(nobody.json["detail"]?.string?.contains("asks for 0 approvals") == true)
        let own = await served.ask("PUT", path, token: admin, json: ["approvals": 1, "notAuthor": false])
        #expect(own.json["notAuthor"] == false && own.json["reviewers"] == [])
        let open = await served.ask("PUT", path, token: admin, json: [:])
        #expect(open.json["approvals"] == 0 && open.json["notAuthor"] == false)
    }

    @Test("An environment is not made anew where the caller says that it must not be there")
    func onlyNew() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        try await served.project("web")
        let path = "/api/v1/projects/web/environments/prod"
        let new: HTTPHeaders = [("If-None-Match", "*")]
        #expect(await served.ask("PUT", path, token: admin, json: [:], headers: new).status == 200)
        #expect(await served.ask("PUT", path, token: admin, json: ["approvals": 1], headers: new).status == 412)
    }

    @Test(
        "A secret goes in at each level, and does not come out",
        arguments: ["", "/projects/web", "/projects/web/environments/prod"])
    func secrets(level: String) async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        let web = try await served.project("web")
        _ = await served.ask("PUT", "/api/v1/projects/web/environments/prod", token: admin, json: [:])
        let path = "/api/v1\(level)/secrets"
        let value = "planted-\(level.count)-value-of-a-secret"
        let first = await served.ask("PUT", path + "/deploy_key", token: admin, json: ["value": .string(value)])
        #expect(first.status == 200 && first.json["version"] == 1 && first.json["warnings"] == [])
        let same = await served.ask("PUT", path + "/DEPLOY_KEY", token: admin, json: ["value": .string(value)])
        #expect(same.json["version"] == 1)
        let next = await served.ask("PUT", path + "/DEPLOY_KEY", token: admin, json: ["value": .string(value + "2")])
        #expect(next.json["version"] == 2)
        let list = await served.ask("GET", path, token: admin)
        #expect(list.items.map { $0["name"] } == ["DEPLOY_KEY"])
        for answer in [first, next, list] { #expect(!answer.text.contains("planted")) }
        let opened = try served.server.vault.secrets(project: web.description, environment: "prod")
        #expect(opened["DEPLOY_KEY"]?.value == value + "2")
        let log = await served.ask("GET", "/api/v1/audit.ndjson", token: admin)
        #expect(log.text.contains("DEPLOY_KEY") && !log.text.contains("planted"))
        #expect(await served.ask("DELETE", path + "/deploy_key", token: admin).status == 204)
        #expect(await served.ask("DELETE", path + "/deploy_key", token: admin).status == 404)
        #expect(try served.server.vault.secrets(project: web.description, environment: "prod").isEmpty)
    }

    @Test(
        "A value that cannot be masked, or is guessed, is taken with a warning",
        arguments: ["abc", "true", "password", "aaaa1111"])
    func warnings(value: String) async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        let answer = await served.ask("PUT", "/api/v1/secrets/X", token: admin, json: ["value": .string(value)])
        #expect(answer.status == 200)
        #expect(answer.json["warnings"]?.array?.count == 1)
    }

    @Test("Names that GitHub would refuse are refused", arguments: ["1X", "GITHUB_X", "a-b", "%20"])
    func names(name: String) async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        #expect(await served.ask("PUT", "/api/v1/secrets/\(name)", token: admin, json: ["value": "x"]).status == 422)
    }

    @Test("A variable can be read, and the narrowest place wins")
    func variables() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        let web = try await served.project("web")
        _ = await served.ask("PUT", "/api/v1/projects/web/environments/Prod", token: admin, json: [:])
        for (level, value) in [("", "a"), ("/projects/web", "b"), ("/projects/web/environments/prod", "c")] {
            _ = await served.ask(
                "PUT", "/api/v1\(level)/variables/region", token: admin, json: ["value": .string(value)])
            let list = await served.ask("GET", "/api/v1\(level)/variables", token: admin)
            #expect(list.items.first?["value"] == .string(value))
        }
        #expect(try served.server.variables(project: web, environment: nil) == ["REGION": "b"])
        #expect(try served.server.variables(project: web, environment: "prod") == ["REGION": "c"])
    }

    @Test("With a project go its secrets")
    func removedProject() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        let web = try await served.project("web")
        _ = await served.ask("PUT", "/api/v1/projects/web/secrets/X", token: admin, json: ["value": "some value"])
        _ = await served.ask("POST", "/api/v1/projects/web/webhook-secret", token: admin)
        _ = await served.ask("POST", "/api/v1/projects/web/hooks", token: admin, json: ["url": "https://example.org/h"])
        let references = served.server.store.root + "/references"
        let before = try Trees.list(references).count
        #expect(await served.ask("DELETE", "/api/v1/projects/web", token: admin).status == 204)
        #expect(try served.server.vault.secrets(project: web.description).isEmpty)
        #expect(try Trees.list(references).count == before - 2)
    }

    private static func open(_ settings: ServerSettings) throws -> Server {
        try Server(
            settings, program: "/nowhere",
            transport: { (_) throws(DiagnosticError) in
                throw DiagnosticError(.webUnreachable, "A test asks nobody outside.")
            }, report: { _ in })
    }

    @Test("Another master key opens the same secrets, and the old one nothing")
    func rotateKey() async throws {
        let folder: String
        let old: [UInt8]
        do {
            let served = try await ServedFolder()
            folder = served.folder + "-kept"
        }
        defer { try? Trees.remove(folder) }
        var settings = ServerSettings(folder: folder, host: "", port: 0, capacity: 0, environment: [:])
        do {
            let server = try Self.open(settings)
            try server.vault.put("kept value", name: "X", in: .server, at: .now())
            try server.variables.put("kept variable", name: "Y", in: .server, at: .now())
            old = try Files.read(folder + "/master-key", limit: 4_096)
            #expect(throws: DiagnosticError.self) { try ServerVaults.rotateKey(settings, to: nil) }
        }
        #expect(try ServerVaults.rotateKey(settings, to: nil) == 2)
        #expect(try Files.read(folder + "/master-key", limit: 4_096) != old)
        do {
            let server = try Self.open(settings)
            #expect(try server.vault.secrets(project: "-")["X"]?.value == "kept value")
            #expect(try server.variables.secrets(project: "-")["Y"]?.value == "kept variable")
        }
        let file = folder + "/elsewhere"
        #expect(try ServerVaults.rotateKey(settings, to: file) == 2)
        #expect(throws: DiagnosticError.self) { try Self.open(settings) }
        settings.keyPath = file
        let server = try Self.open(settings)
        #expect(try server.vault.secrets(project: "-")["X"]?.value == "kept value")
    }
}

@Suite("Runners, hooks, channels and the audit log", .ownFolders)
struct MachineRouteTests {
    @Test("A runner comes with a token, is paused without losing its word, and goes")
    func runners() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        let made = await served.ask(
            "POST", "/api/v1/registrations", token: admin, json: ["group": "gpu", "labels": ["CUDA"], "hours": 1])
        let secret = try #require(made.json["secret"]?.string)
        #expect(made.status == 201 && made.json["registration"]?["labels"] == ["cuda"])
        #expect(await served.ask("GET", "/api/v1/registrations", token: admin).items.count == 1)
        let protocolHeader: HTTPHeaders = [("Martlet-Runner-Protocol", "1")]
        let registered = await served.ask(
            "POST", "/runner/v1/register",
            json: [
                "token": .string(secret),
                "runner": ["name": "box", "labels": ["linux"], "group": "", "capacity": 2, "ephemeral": false],
            ], headers: protocolHeader)
        #expect(registered.status == 200, "\(registered.text)")
        let credential = try #require(registered.json["credential"]?.string)
        #expect(await served.ask("GET", "/api/v1/registrations", token: admin).items.isEmpty)
        let list = await served.ask("GET", "/api/v1/runners", token: admin)
        #expect(list.items.map { $0["name"] } == ["box"])
        #expect(list.items[0]["group"] == "gpu" && list.items[0]["labels"] == ["cuda", "linux"])
        #expect(!list.text.contains(credential))
        #expect(await served.ask("POST", "/api/v1/runners/box/pause", token: admin).json["paused"] == true)
        let poll: DataValue = ["instance": "a", "free": 1, "holds": [], "waitMs": 0]
        let heard = await served.ask("POST", "/runner/v1/poll", token: credential, json: poll, headers: protocolHeader)
        #expect(heard.status == 200)
        #expect(await served.ask("GET", "/api/v1/runners/box", token: admin).json["connected"] == true)
        #expect(await served.ask("POST", "/api/v1/runners/box/resume", token: admin).json["paused"] == false)
        #expect(await served.ask("GET", "/api/v1/runners", token: credential).status == 403)
        #expect(await served.ask("DELETE", "/api/v1/runners/box", token: admin).status == 204)
        let gone = await served.ask("POST", "/runner/v1/poll", token: credential, json: poll, headers: protocolHeader)
        #expect(gone.status == 401)
    }

    @Test("A registration token is revoked")
    func registrations() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        let made = await served.ask("POST", "/api/v1/registrations", token: admin)
        #expect(made.status == 201)
        let id = try #require(made.json["registration"]?["id"]?.string)
        #expect(await served.ask("DELETE", "/api/v1/registrations/\(id)", token: admin).status == 204)
        #expect(await served.ask("DELETE", "/api/v1/registrations/\(id)", token: admin).status == 404)
    }

    @Test("Hooks are kept with a secret that is shown once", arguments: ["/api/v1", "/api/v1/projects/web"])
    func hooks(place: String) async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        try await served.project("web")
        let made = await served.ask(
            "POST", place + "/hooks", token: admin,
            json: ["url": "https://example.org/hook", "events": ["run.finished"]])
        #expect(made.status == 201)
        let secret = try #require(made.json["secret"]?.string)
        let id = try #require(made.json["hook"]?["id"]?.string)
        let path = place + "/hooks/\(id)"
        let changed = await served.ask("PATCH", path, token: admin, json: ["state": "paused", "events": []])
        #expect(changed.json["state"] == "paused" && changed.json["events"] == [])
        let rotated = await served.ask("POST", path + "/secret", token: admin)
        #expect(rotated.json["secret"]?.string != secret)
        for target in [path, place + "/hooks", "/api/v1/audit"] {
            let shown = await served.ask("GET", target, token: admin)
            #expect(shown.status == 200 && !shown.text.contains("whsec_"))
        }
        #expect(
            await served.ask("POST", place + "/hooks", token: admin, json: ["url": "ftp://example.org"]).status == 422)
        #expect(await served.ask("DELETE", path, token: admin).status == 204)
        #expect(await served.ask("GET", path, token: admin).status == 404)
    }

    @Test("A channel's address does not come out", arguments: ["/api/v1", "/api/v1/projects/web"])
    func channels(place: String) async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        try await served.project("web")
        let address = "https://chat.example/services/planted"
        let made = await served.ask(
            "POST", place + "/channels", token: admin,
            json: ["name": "builds", "kind": "slack", "address": .string(address)])
        #expect(made.status == 201 && !made.text.contains("planted"))
        let path = try #require(made.headers["Location"])
        let changed = await served.ask("PATCH", path, token: admin, json: ["name": "main builds"])
        #expect(changed.json["name"] == "main builds")
        let reference = try #require(served.server.directory.current.channels.values.first?.settings.addressReference)
        #expect(try served.server.references.text(reference) == address)
        #expect(await served.ask("DELETE", path, token: admin).status == 204)
        #expect(throws: DiagnosticError.self) { try served.server.references.text(reference) }
    }

    @Test("The audit log is paged, filtered, and shows what one may see")
    func audit() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        let ada = try await served.account("ada")
        try await served.account("bob")
        try await served.project("web", roles: [ada: .maintain])
        try await served.project("api")
        let adas = try await served.token(ada, [.maintain])
        for name in ["A", "B", "C"] {
            _ = await served.ask(
                "PUT", "/api/v1/projects/web/secrets/\(name)", token: adas, json: ["value": "something"])
        }
        let all = await served.ask("GET", "/api/v1/audit?limit=200", token: admin)
        let sequences = all.items.compactMap { $0["sequence"]?.int }
        #expect(sequences == sequences.sorted(by: >) && sequences.count == served.server.directory.current.version)
        let page = await served.ask("GET", "/api/v1/audit?limit=2&type=valueSet", token: admin)
        #expect(page.items.count == 2)
        let cursor = try #require(page.json["next"]?.string)
        let rest = await served.ask("GET", "/api/v1/audit?limit=2&type=valueSet&cursor=\(cursor)", token: admin)
        #expect(rest.items.count == 1 && rest.json["next"] == .null)
        let own = await served.ask("GET", "/api/v1/audit?limit=200", token: adas)
        #expect(!own.items.isEmpty && own.items.count < all.items.count)
        #expect(!own.text.contains("project api"))
        #expect(await served.ask("GET", "/api/v1/audit?actor=ada&project=web", token: admin).items.count == 3)
        #expect(await served.ask("GET", "/api/v1/audit?since=9000000000000", token: admin).items.isEmpty)
        let bobs = try await served.token(
            try #require(served.server.directory.current.account(named: "bob")?.id), [.read])
        for format in ["", ".csv", ".ndjson"] {
            #expect(await served.ask("GET", "/api/v1/audit\(format)", token: bobs).status == 403)
        }
        let table = await served.ask("GET", "/api/v1/audit.csv", token: admin)
        #expect(table.text.split(separator: "\r\n").count == served.server.directory.current.version + 1)
        let lines = await served.ask("GET", "/api/v1/audit.ndjson?project=web", token: adas)
        #expect(lines.text.split(separator: "\n").count == own.items.count)
    }
}
