// SPDX-License-Identifier: Apache-2.0

import AccessRules
import HTTPMessages
import RunCoordination
import StructuredData
import TestFolders
import Testing
import Timekeeping

@testable import ServerAPI
@testable import ServerOperation

@Suite("Pages beside runs: who sees them, assets, errors, preferences, settings", .ownFolders)
struct PagesOfRoomsTests {
    @Test("A project that one may not see is not there: on no page, in no list")
    func hiddenProject() async throws {
        let folder = try await PageFolder(PagesOfRunsTests.failing)
        let run = try await folder.begin()
        try await folder.listed(run)
        let stranger = try await folder.served.account("mallory")
        let token = try await folder.served.token(stranger, [.read])
        let paths = [
            PageAddressText.project(PageFolder.name), "/runs/\(run)", "/runs/\(run)/1", "/runs/\(run)/1?view=tests",
            "/runs/\(run)/1/log/build/1/1", "/runs/\(run)/1/search?q=x",
            "/public/status/" + FormText.encoded(PageFolder.name),
            "/public/badge/" + FormText.encoded(PageFolder.name) + ".svg",
        ]
        for path in paths {
            let reply = await folder.page(path, token: token)
            #expect(reply.status == 404, "\(path): \(reply.status)")
            #expect(!reply.text.contains("Adds"), "\(path)")
        }
        for path in ["/runs/\(run)/1/cancel", "/runs/\(run)/1/rerun", "/approvals/\(run)"] {
            // A token of too small a scope is told so before anything is looked for.
            #expect(await folder.post(path, [("mode", "all")], token: token).status == 403, "\(path)")
        }
        let ticket = try folder.server.people.sessions.begin(stranger, now: .now()).ticket
        let own = await folder.served.ask("GET", "/", headers: [("Cookie", "martlet=\(ticket)")])
        let form = "mode=all&csrf=" + FormText.encoded(try #require(own.field("csrf")))
        for path in ["/runs/\(run)/1/cancel", "/runs/\(run)/1/rerun", "/approvals/\(run)"] {
            let reply = await folder.served.ask(
                "POST", path,
                headers: [
                    ("Cookie", "martlet=\(ticket)"), ("Content-Type", "application/x-www-form-urlencoded"),
                ], body: form)
            #expect(reply.status == 404, "\(path)")
        }
        for path in ["/", "/approvals", "/api/v1/palette?q=", "/audit", "/settings/projects", "/settings/environments"]
        {
            let reply = await folder.page(path, token: token)
            #expect(!reply.text.contains("shop"), "\(path)")
        }
    }

    @Test("Without a session a page leads to the sign-in, and back")
    func signIn() async throws {
        let folder = try await PageFolder()
        let reply = await folder.anonymous("/runs/1?view=tests")
        #expect(reply.status == 303)
        #expect(reply.headers["Location"] == "/login?back=%2Fruns%2F1%3Fview%3Dtests")
        let login = await folder.anonymous("/login?back=%2Fruns%2F1%3Fview%3Dtests")
        #expect(login.status == 200 && login.text.contains("value=\"/runs/1?view=tests\""))
        #expect(login.headers["content-security-policy"] != nil)
        try await folder.served.account("ada")
        let csrf = try #require(login.field("csrf"))
        let browser = try #require(login.cookie("martlet-browser"))
        let body = FormText.text([
            .init("csrf", csrf), .init("name", "ada"), .init("password", ServedFolder.password),
            .init("back", "/approvals"),
        ])
        let signed = await folder.served.ask(
            "POST", "/login",
            headers: [
                ("Content-Type", "application/x-www-form-urlencoded"), ("Cookie", "martlet-browser=\(browser)"),
            ], body: body)
        #expect(signed.status == 303 && signed.headers["Location"] == "/approvals")
        let cookie = try #require(signed.cookie("martlet"))
        let page = await folder.served.ask("GET", "/approvals", headers: [("Cookie", "martlet=\(cookie)")])
        #expect(page.status == 200 && page.text.contains("ada"))
        let palette = await folder.served.ask("GET", "/api/v1/palette", headers: [("Cookie", "martlet=\(cookie)")])
        #expect(palette.status == 200, "the pages' modules go by the cookie")
    }

    @Test("A form with a cookie and without its page's token changes nothing")
    func foreignForm() async throws {
        let folder = try await PageFolder(PagesOfRunsTests.failing)
        let run = try await folder.begin()
        try await folder.listed(run)
        let account = try await folder.served.account("root2", isAdmin: true)
        let ticket = try folder.server.people.sessions.begin(account, now: .now()).ticket
        let headers: HTTPHeaders = [
            ("Cookie", "martlet=\(ticket)"), ("Accept", "text/html"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ]
        let refused = await folder.served.ask("POST", "/runs/\(run)/1/cancel", headers: headers, body: "")
        #expect(refused.status == 403 && refused.headers["Content-Type"]?.hasPrefix("text/html") == true)
        #expect(await folder.server.runs.isActive(run))
        let page = await folder.served.ask("GET", "/runs/\(run)", headers: headers)
        let csrf = try #require(page.field("csrf"))
        let done = await folder.served.ask(
            "POST", "/runs/\(run)/1/cancel", headers: headers, body: "csrf=" + FormText.encoded(csrf))
        #expect(done.status == 303)
    }

    @Test("Assets are kept for ever under their digest's address, and are not sent twice")
    func assets() async throws {
        let folder = try await PageFolder()
        let page = await folder.page("/")
        let start = try #require(page.text.firstRange(of: "/assets/app."))
        let path = String(page.text[start.lowerBound...].prefix { $0 != "\"" })
        let asset = await folder.served.ask("GET", path)
        #expect(asset.status == 200 && asset.headers["Cache-Control"]?.contains("immutable") == true)
        let tag = try #require(asset.headers["ETag"])
        let again = await folder.served.ask("GET", path, headers: [("If-None-Match", tag)])
        #expect(again.status == 304 && again.text.isEmpty)
        #expect(await folder.served.ask("GET", "/assets/app.000000000000.css").status == 404)
        #expect(await folder.served.ask("GET", "/favicon.ico").headers["Content-Type"] == "image/svg+xml")
    }

    @Test("A browser gets an error's page, a program its problem")
    func errors() async throws {
        let folder = try await PageFolder()
        let page = await folder.page("/runs/77")
        #expect(page.status == 404 && page.text.contains("There is nothing here"))
        let nowhere = await folder.page("/no/such/page")
        #expect(nowhere.status == 404 && nowhere.text.contains("MRT1190"))
        let problem = await folder.page("/runs/77", headers: [("Accept", "application/json")])
        #expect(problem.headers["Content-Type"] == "application/problem+json")
        let api = await folder.page("/api/v1/runs/77")
        #expect(api.headers["Content-Type"] == "application/problem+json")
        let about = await folder.anonymous("/errors/MRT1190")
        #expect(about.status == 200 && about.text.contains("martlet explain MRT1190"))
        #expect(await folder.anonymous("/errors/MRT9").status == 404)
    }

    @Test("Theme and language are kept in cookies, and lead back to a page of this server only")
    func preferences() async throws {
        let folder = try await PageFolder()
        let answer = await folder.post("/preferences", [("language", "ko"), ("back", "/approvals")])
        #expect(answer.status == 303 && answer.headers["Location"] == "/approvals")
        #expect(answer.headers["Set-Cookie"]?.hasPrefix("martlet_language=ko; Path=/;") == true)
        let korean = await folder.page("/", headers: [("Cookie", "martlet_language=ko; martlet_theme=dark")])
        #expect(korean.text.contains("lang=\"ko\"") && korean.text.contains("data-theme=\"dark\""))
        for back in ["https://evil.test/", "//evil.test", "javascript:alert(1)"] {
            let answer = await folder.post("/preferences", [("theme", "dark"), ("back", back)])
            #expect(answer.headers["Location"] == "/", "\(back)")
        }
    }

    @Test("The status, the badge and the tray's feed are for everybody where the project says so")
    func publicStatus() async throws {
        let folder = try await PageFolder(PagesOfRunsTests.failing, status: .everyone)
        try await folder.withRunner {
            let run = try await folder.begin()
            try await folder.end(of: run)
        }
        let name = FormText.encoded(PageFolder.name)
        let status = await folder.anonymous("/public/status/\(name)")
        #expect(status.status == 200 && status.text.contains("has failures") && !status.text.contains("Ada"))
        let badge = await folder.anonymous("/public/badge/\(name).svg")
        #expect(badge.headers["Content-Type"] == "image/svg+xml" && badge.text.contains("failing"))
        let other = await folder.anonymous("/public/badge/\(name).svg?branch=other")
        #expect(other.text.contains("no runs"))
        let json = await folder.anonymous("/public/badge/\(name).json")
        #expect(json.json["message"]?.string == "failing" && json.json["schemaVersion"]?.int == 1)
        let tray = await folder.anonymous("/public/cc.xml")
        #expect(tray.text.contains("lastBuildStatus=\"Failure\"") && !tray.text.contains("<script"))
        let closed = try await PageFolder(PagesOfRunsTests.failing)
        #expect(await closed.anonymous("/public/status/\(name)").status == 303)
        #expect(await closed.anonymous("/public/badge/\(name).svg").status == 404)
        #expect(await closed.anonymous("/public/cc.xml").text.contains("shop") == false)
    }

    @Test("Settings are changed by forms as by the API, say what came of it, and show no secret again")
    func settings() async throws {
        let folder = try await PageFolder()
        for room in SettingsRooms.all {
            let reply = await folder.page("/settings/\(room)")
            #expect(reply.status == 200, "\(room)")
        }
        let added = await folder.post(
            "/settings/projects",
            [("name", "docs"), ("repository", "https://forge.test/acme/docs.git"), ("forge", "git")])
        #expect(added.status == 200 && added.text.contains("The project docs was added."))
        let twice = await folder.post("/settings/projects", [("name", "docs"), ("repository", "x"), ("forge", "git")])
        #expect(twice.status == 409 && twice.text.contains("note bad"))
        let secret = await folder.post("/settings/projects/docs/secret")
        #expect(secret.text.contains("class=\"token\""))
        #expect(secret.text.contains("http://127.0.0.1:8480/hooks/git/docs"))
        let set = await folder.post(
            "/settings/secrets", [("name", "KEY"), ("place", folder.project.description), ("value", "v3ry s3cret")])
        #expect(set.text.contains("KEY was set for") && !set.text.contains("v3ry s3cret"))
        #expect(await folder.page("/settings/secrets").text.contains(">KEY<"))
        let gone = await folder.post(
            "/settings/secrets/remove", [("name", "KEY"), ("place", folder.project.description)])
        #expect(!gone.text.contains(">KEY<"))
        let environment = await folder.post(
            "/settings/environments",
            [("project", PageFolder.name), ("name", "production"), ("votes", "2"), ("branches", "main, release/*")])
        #expect(environment.text.contains("production") && environment.text.contains("release/*"))
        let token = await folder.post("/settings/runners/tokens")
        #expect(token.text.contains("martlet runner register") && token.text.contains("--token mrt_"))
        let hook = await folder.post("/settings/hooks", [("url", "https://hooks.test/x"), ("events", "")])
        #expect(hook.text.contains("https://hooks.test/x") && hook.text.contains("whsec_"))
        let id = try #require(folder.server.directory.current.hooks.values.first?.id)
        let test = await folder.post("/settings/hooks/\(id)/test")
        #expect(test.status == 200 && test.text.contains("is on its way"), "\(test.alert ?? test.text)")
        let person = await folder.post(
            "/settings/people", [("name", "bob"), ("role", "member"), ("password", ServedFolder.password)])
        #expect(person.text.contains("bob can sign in now."))
        #expect(await folder.post("/settings/people/bob/disable").text.contains("Nobody signs in as bob"))
        #expect(await folder.post("/settings/people/bob/enable").text.contains("bob can sign in again."))
        let members = "/settings/projects/\(PageFolder.name.replacing("/", with: "%2F"))/members"
        #expect(await folder.page(members).text.contains(">bob<"))
        let given = await folder.post(members, [("account", "bob"), ("role", "approve")])
        #expect(given.text.contains("bob has the role approve in team/shop now."))
        #expect(await folder.post(members + "/bob", [("role", "king")]).status == 422)
        #expect(await folder.post(members + "/bob/remove").text.contains("bob has no role in team/shop any more."))
        let wrong = await folder.post("/account/password", [("old", "no"), ("password", "five words that differ now")])
        #expect(wrong.status >= 400 && wrong.status < 500)
        let account = await folder.post("/account/tokens", [("name", "laptop"), ("scope", "read"), ("days", "7")])
        #expect(account.text.contains("mrt_pat_"))
        #expect(await folder.page("/account").text.contains("laptop"))
        #expect(await folder.page("/audit?q=laptop").text.contains("laptop"))
    }

    @Test("What a project keeps is set on its page, beside its other options; what is empty is as the server has it")
    func retention() async throws {
        let folder = try await PageFolder()
        _ = await folder.served.ask(
            "PATCH", "/api/v1/projects/team%2Fshop", token: folder.token, json: ["options": ["timezone": "UTC"]])
        let path = "/settings/projects/team%2Fshop/retention"
        let saved = await folder.post(path, [("runDays", "30"), ("logDays", "forever"), ("keepLast", "")])
        #expect(saved.status == 200, "\(saved.alert ?? "")")
        func options() -> [String: String] {
            folder.server.directory.current.projects[folder.project]?.settings.options ?? [:]
        }
        #expect(options() == ["timezone": "UTC", "runDays": "30", "logDays": "forever"])
        let page = await folder.page("/settings/projects").text
        #expect(page.contains("value=\"30\"") && page.contains("value=\"forever\""))
        let refused = await folder.post(path, [("runDays", "-1")])
        #expect(refused.status == 422)
        #expect(options()["runDays"] == "30")
        #expect(await folder.post(path).status == 200)
        #expect(options() == ["timezone": "UTC"])
        let reader = try await folder.served.account("eve")
        _ = try await folder.server.directory.perform(
            .grantRole(project: folder.project, account: reader, .run), by: .system("test"))
        let weak = try await folder.served.token(reader, [.run])
        #expect(await folder.post(path, [("runDays", "1")], token: weak).status == 403)
        #expect(await folder.page("/settings/projects", token: weak).text.contains("runDays") == false)
    }

    @Test("Who administers nothing is refused by the rooms of the server")
    func strangers() async throws {
        let folder = try await PageFolder()
        let account = try await folder.served.account("eve")
        let token = try await folder.served.token(account, [.read])
        for room in ["people", "runners", "hooks"] {
            #expect(await folder.page("/settings/\(room)", token: token).status == 403, "\(room)")
        }
        let refused = await folder.post(
            "/settings/projects", [("name", "x"), ("repository", "y")], token: token)
        #expect(refused.status == 403)
        #expect(folder.server.directory.current.project(named: "x") == nil)
        #expect(await folder.post("/settings/people", [("name", "z"), ("password", "p")], token: token).status == 403)
        #expect(await folder.page("/audit", token: token).status == 403)
    }
}

private enum SettingsRooms {
    static let all = ["projects", "people", "runners", "secrets", "environments", "hooks"]
}
