// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Diagnostics
import HTTPMessages
import StructuredData
import TestFolders
import Testing
import Timekeeping

@testable import ServerAPI
@testable import ServerOperation

@Suite("Projects and who is in them", .ownFolders)
struct ProjectRouteTests {
    @Test("A project is added, shown, changed and removed")
    func life() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        let made = await served.ask(
            "POST", "/api/v1/projects", token: admin,
            json: ["name": "team/web", "cloneURL": "https://example.org/web.git", "forge": "gitea", "forks": "run"])
        #expect(made.status == 201)
        #expect(made.headers["Location"] == "/api/v1/projects/prj_1")
        #expect(made.json["forks"] == "run")
        let shown = await served.ask("GET", "/api/v1/projects/team%2Fweb", token: admin)
        #expect(shown.json == made.json)
        let changed = await served.ask(
            "PATCH", "/api/v1/projects/prj_1", token: admin, json: ["paused": true, "options": ["poll": "60"]])
        #expect(changed.json["paused"] == true && changed.json["options"]?["poll"] == "60")
        #expect(changed.json["forge"] == "gitea")
        #expect(await served.ask("GET", "/api/v1/projects", token: admin).items.count == 1)
        #expect(await served.ask("DELETE", "/api/v1/projects/prj_1", token: admin).status == 204)
        #expect(await served.ask("GET", "/api/v1/projects/prj_1", token: admin).status == 404)
    }

    @Test("A change that names another version is refused, and changes nothing")
    func conditions() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        try await served.project("web")
        let tag = try #require(await served.ask("GET", "/api/v1/projects/web", token: admin).headers["ETag"])
        let first = await served.ask(
            "PATCH", "/api/v1/projects/web", token: admin, json: ["paused": true], headers: [("If-Match", tag)])
        #expect(first.status == 200)
        #expect(first.headers["ETag"] == nil)
        let second = await served.ask(
            "PATCH", "/api/v1/projects/web", token: admin, json: ["forks": "ignore"], headers: [("If-Match", tag)])
        #expect(second.status == 412)
        #expect(second.code == "MRT1200")
        let project = try #require(served.server.directory.current.project(named: "web"))
        #expect(project.settings.isPaused && project.settings.forkPolicy == .ask)
    }

    @Test("Changes of different parts at once all hold")
    func together() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        try await served.project("web")
        let changes: [DataValue] = [
            ["paused": true], ["forks": "ignore"], ["status": "everyone"], ["defaultBranch": "trunk"],
            ["options": ["poll": "60"]], ["forge": "gitlab"],
        ]
        await withTaskGroup(of: Void.self) { group in
            for change in changes {
                group.addTask {
                    let answer = await served.ask("PATCH", "/api/v1/projects/web", token: admin, json: change)
                    #expect(answer.status == 200)
                }
            }
        }
        let shown = await served.ask("GET", "/api/v1/projects/web", token: admin).json
        for change in changes {
            for (key, value) in change.object ?? [:] { #expect(shown[key] == value, "\(key)") }
        }
    }

    @Test("An address to clone from holds no credential")
    func cloneURL() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        for url in ["https://token@example.org/x.git", "https://a:b@example.org/x", "ssh://git:pw@example.org/x"] {
            let answer = await served.ask(
                "POST", "/api/v1/projects", token: admin, json: ["name": "x", "cloneURL": .string(url)])
            #expect(answer.status == 422 && !answer.text.contains("token@"), "\(url)")
        }
        for (index, url) in ["ssh://git@example.org/x.git", "git@example.org:x.git", "/srv/x.git"].enumerated() {
            let answer = await served.ask(
                "POST", "/api/v1/projects", token: admin,
                json: ["name": .string("x\(index)"), "cloneURL": .string(url)])
            #expect(answer.status == 201, "\(url)")
        }
    }

    @Test("Only an administrator of the server has a project read what is on its machine")
    func localAddress() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        let ada = try await served.account("ada")
        try await served.project("web", roles: [ada: .admin])
        let adas = try await served.token(ada, [.admin])
        for url in ["/srv/other.git", "other.git", "file:///srv/other.git", "./x:y", "ext::sh"] {
            let change: DataValue = ["cloneURL": .string(url)]
            #expect(
                await served.ask("PATCH", "/api/v1/projects/web", token: adas, json: change).status == 403, "\(url)")
            #expect(await served.ask("PATCH", "/api/v1/projects/web", token: admin, json: change).status == 200)
        }
        for url in ["https://example.org/x", "git@example.org:x.git", "ssh://git@example.org/x"] {
            let change: DataValue = ["cloneURL": .string(url)]
            #expect(
                await served.ask("PATCH", "/api/v1/projects/web", token: adas, json: change).status == 200, "\(url)")
        }
    }

    @Test("A GET of what one has is answered without content")
    func notModified() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        try await served.project("web")
        let first = await served.ask("GET", "/api/v1/projects", token: admin)
        let tag = try #require(first.headers["ETag"])
        let same = await served.ask("GET", "/api/v1/projects", token: admin, headers: [("If-None-Match", "W/\(tag)")])
        #expect(same.status == 304 && same.text.isEmpty && same.headers["ETag"] == tag)
        try await served.project("api")
        let other = await served.ask("GET", "/api/v1/projects", token: admin, headers: [("If-None-Match", tag)])
        #expect(other.status == 200)
    }

    @Test("Who has no role does not learn that a project is there")
    func hidden() async throws {
        let served = try await ServedFolder()
        let ada = try await served.account("ada")
        let bob = try await served.account("bob")
        let web = try await served.project("web", roles: [ada: .read])
        try await served.project("api")
        let adas = try await served.token(ada, [.read])
        let bobs = try await served.token(bob, [.read])
        #expect(await served.ask("GET", "/api/v1/projects/web", token: adas).status == 200)
        #expect(await served.ask("GET", "/api/v1/projects/web", token: bobs).status == 404)
        #expect(await served.ask("GET", "/api/v1/projects", token: adas).items.map { $0["name"] } == ["web"])
        #expect(await served.ask("GET", "/api/v1/projects", token: bobs).items.isEmpty)
        #expect(await served.ask("PATCH", "/api/v1/projects/web", token: adas, json: [:]).status == 403)
        _ = web
    }

    @Test("Roles are given and taken by the project's administrators")
    func members() async throws {
        let served = try await ServedFolder()
        let ada = try await served.account("ada")
        try await served.account("bob")
        try await served.project("web", roles: [ada: .admin])
        let adas = try await served.token(ada, [.admin])
        let given = await served.ask(
            "PUT", "/api/v1/projects/web/members/bob", token: adas, json: ["role": "approve"])
        #expect(given.status == 200)
        #expect(await served.ask("GET", "/api/v1/projects/web/members", token: adas).items.count == 2)
        #expect(
            await served.ask("PUT", "/api/v1/projects/web/members/bob", token: adas, json: ["role": "owner"]).status
                == 422)
        #expect(
            await served.ask("PUT", "/api/v1/projects/web/members/eve", token: adas, json: ["role": "read"]).status
                == 404)
        #expect(await served.ask("DELETE", "/api/v1/projects/web/members/bob", token: adas).status == 204)
        #expect(await served.ask("DELETE", "/api/v1/projects/web/members/bob", token: adas).status == 404)
    }

    @Test("A webhook's secret is shown once; the one before holds until the next")
    func webhookSecret() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        let web = try await served.project("web")
        var secrets: [String] = []
        for _ in 1...3 {
            let made = await served.ask("POST", "/api/v1/projects/web/webhook-secret", token: admin)
            #expect(made.status == 201 && made.headers["Cache-Control"] == "no-store")
            secrets.append(try #require(made.json["secret"]?.string))
        }
        #expect(Set(secrets).count == 3)
        let kept = try #require(served.server.directory.current.projects[web]?.webhookSecrets)
        #expect(try kept.map { try served.server.references.text($0) } == [secrets[2], secrets[1]])
        let shown = await served.ask("GET", "/api/v1/projects/web", token: admin)
        #expect(shown.json["webhookSecrets"] == 2)
        for secret in secrets { #expect(!shown.text.contains(secret)) }
    }
}

@Suite("Accounts and tokens", .ownFolders)
struct AccountRouteTests {
    @Test("An account is added with a password, or with a link that sets one")
    func add() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        let made = await served.ask(
            "POST", "/api/v1/accounts", token: admin, json: ["name": "ada", "password": .string(ServedFolder.password)])
        #expect(made.status == 201 && made.json["account"]?["hasPassword"] == true)
        #expect(!made.text.contains(ServedFolder.password))
        let invited = await served.ask(
            "POST", "/api/v1/accounts", token: admin, json: ["name": "bob", "invitation": true])
        #expect(invited.json["invitation"]?.string?.hasPrefix("http://127.0.0.1:8480/invite?ticket=") == true)
        #expect(
            await served.ask("POST", "/api/v1/accounts", token: admin, json: ["name": "ADA"]).code == "MRT1041")
        #expect(
            await served.ask("POST", "/api/v1/accounts", token: admin, json: ["name": "eve", "password": "short"])
                .code == "MRT1030")
        #expect(await served.ask("GET", "/api/v1/accounts?limit=2", token: admin).items.count == 2)
    }

    @Test("Pages of a list follow each other, and hold everybody once")
    func paging() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        for index in 1...7 { try await served.account("person\(index)") }
        var names: [String] = []
        var cursor: String?
        repeat {
            let page = await served.ask(
                "GET", "/api/v1/accounts?limit=3" + (cursor.map { "&cursor=\($0)" } ?? ""), token: admin)
            names += page.items.compactMap { $0["name"]?.string }
            cursor = page.json["next"]?.string
        } while cursor != nil
        #expect(names.count == 8 && Set(names).count == 8)
        #expect(await served.ask("GET", "/api/v1/accounts?cursor=x", token: admin).status == 400)
    }

    @Test("Accounts are changed, disabled, enabled and removed; the last administrator stays")
    func change() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        try await served.account("ada")
        let changed = await served.ask(
            "PATCH", "/api/v1/accounts/ada", token: admin, json: ["email": nil, "name": "adele"])
        #expect(changed.json["email"] == .null && changed.json["name"] == "adele")
        let off = await served.ask("POST", "/api/v1/accounts/adele/disable", token: admin, json: ["reason": "left"])
        #expect(off.json["disabled"] == true)
        #expect(await served.ask("POST", "/api/v1/accounts/adele/enable", token: admin).json["disabled"] == false)
        #expect(await served.ask("DELETE", "/api/v1/accounts/adele", token: admin).status == 204)
        #expect(await served.ask("DELETE", "/api/v1/accounts/adele", token: admin).status == 404)
        #expect(await served.ask("DELETE", "/api/v1/accounts/root", token: admin).code == "MRT1043")
        #expect(
            await served.ask("PUT", "/api/v1/accounts/root/server-admin", token: admin, json: ["serverAdmin": false])
                .status == 409)
    }

    @Test("One's own password needs the old one; somebody else's needs an administrator")
    func passwords() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        let ada = try await served.account("ada", isAdmin: true)
        let bob = try await served.account("bob")
        let adas = try await served.token(ada, [.admin])
        let bobs = try await served.token(bob, [.read])
        func set(_ name: String, _ token: String, _ old: String?) async -> Reply {
            var body: DataObject = ["password": "five other words to sign in"]
            body.set("oldPassword", old.map(DataValue.string))
            return await served.ask("PUT", "/api/v1/accounts/\(name)/password", token: token, json: .object(body))
        }
        #expect(await set("ada", adas, nil).code == "MRT1206")
        #expect(await set("ada", adas, "wrong").code == "MRT1206")
        #expect(await set("ada", adas, ServedFolder.password).status == 204)
        #expect(await set("bob", bobs, ServedFolder.password).status == 404)
        #expect(await set("bob", admin, nil).status == 204)
    }

    @Test("Who becomes an administrator signs in anew")
    func promotion() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        let ada = try await served.account("ada")
        let ticket = try served.server.people.sessions.begin(ada, now: .now()).ticket
        let cookie: HTTPHeaders = [("Cookie", "martlet=\(ticket)")]
        #expect(await served.ask("GET", "/api/v1/me", headers: cookie).status == 200)
        let made = await served.ask(
            "PUT", "/api/v1/accounts/ada/server-admin", token: admin, json: ["serverAdmin": true])
        #expect(made.json["serverAdmin"] == true)
        #expect(await served.ask("GET", "/api/v1/me", headers: cookie).status == 401)
    }

    @Test("A token is shown once, does what it was made for, and nothing once it is revoked")
    func tokens() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        let made = await served.ask(
            "POST", "/api/v1/tokens", token: admin, json: ["name": "ci", "scopes": ["read"], "days": 30])
        #expect(made.status == 201)
        let secret = try #require(made.json["secret"]?.string)
        let id = try #require(made.json["token"]?["id"]?.string)
        #expect(await served.ask("GET", "/api/v1/me", token: secret).status == 200)
        #expect(await served.ask("GET", "/api/v1/accounts", token: secret).status == 403)
        #expect(await served.ask("GET", "/api/v1/tokens", token: secret).status == 403)
        let list = await served.ask("GET", "/api/v1/tokens", token: admin)
        #expect(!list.text.contains(secret))
        let shown = try #require(list.items.first { $0["id"]?.string == id })
        #expect(shown["lastUsedAt"]?.int != nil && shown["expiresAt"]?.int != nil)
        #expect(await served.ask("DELETE", "/api/v1/tokens/\(id)", token: secret).status == 404)
        #expect(await served.ask("DELETE", "/api/v1/tokens/\(id)", token: admin).status == 204)
        #expect(await served.ask("GET", "/api/v1/me", token: secret).status == 401)
    }

    @Test("A project's tokens reach their project alone")
    func projectTokens() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        try await served.project("web")
        try await served.project("api")
        let made = await served.ask(
            "POST", "/api/v1/projects/web/tokens", token: admin, json: ["name": "bot", "scopes": ["maintain"]])
        let secret = try #require(made.json["secret"]?.string)
        let id = try #require(made.json["token"]?["id"]?.string)
        #expect(await served.ask("GET", "/api/v1/projects/web", token: secret).status == 200)
        #expect(await served.ask("GET", "/api/v1/projects/api", token: secret).status == 404)
        #expect(await served.ask("GET", "/api/v1/projects/web/tokens", token: admin).items.count == 1)
        #expect(await served.ask("DELETE", "/api/v1/projects/api/tokens/\(id)", token: admin).status == 404)
        #expect(await served.ask("DELETE", "/api/v1/projects/web/tokens/\(id)", token: admin).status == 204)
        let wide = await served.ask(
            "POST", "/api/v1/projects/web/tokens", token: admin, json: ["name": "x", "scopes": ["admin"]])
        #expect(wide.code == "MRT1047")
    }

    @Test("Whether something may be done is answered in a sentence, and hides what is hidden")
    func canI() async throws {
        let served = try await ServedFolder()
        let ada = try await served.account("ada")
        try await served.project("web", roles: [ada: .run])
        try await served.project("secret")
        let adas = try await served.token(ada, [.run])
        let yes = await served.ask("GET", "/api/v1/can-i?permission=cancelRuns&project=web", token: adas)
        #expect(yes.json["allowed"] == true)
        let no = await served.ask("GET", "/api/v1/can-i?permission=approve&project=web", token: adas)
        #expect(no.json["allowed"] == false)
        let hidden = await served.ask("GET", "/api/v1/can-i?permission=viewRuns&project=secret", token: adas)
        let absent = await served.ask("GET", "/api/v1/can-i?permission=viewRuns&project=absent", token: adas)
        #expect(hidden.json["verdict"] == absent.json["verdict"])
        #expect(hidden.json["sentence"]?.string?.replacing("secret", with: "absent") == absent.json["sentence"]?.string)
        #expect(await served.ask("GET", "/api/v1/can-i?permission=fly", token: adas).status == 400)
        #expect(await served.ask("GET", "/api/v1/can-i", token: adas).status == 400)
    }

    @Test("A caller may ask 1200 times a minute")
    func limit() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        for _ in 1...ServerSettings.standardRequestsPerMinute {
            let answer = await served.ask("GET", "/api/v1/can-i?permission=viewRuns", token: admin)
            guard answer.status == 200 else {
                Issue.record("refused early: \(answer.text)")
                return
            }
        }
        let refused = (0..<50).lazy
        var statuses: Set<Int> = []
        for _ in refused { statuses.insert(await served.ask("GET", "/api/v1/me", token: admin).status) }
        #expect(statuses.contains(429))
    }
}
