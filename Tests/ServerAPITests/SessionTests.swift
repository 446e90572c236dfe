// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Credentials
import Diagnostics
import HTTPMessages
import RunCoordination
import StructuredData
import TestFolders
import Testing
import Timekeeping

@testable import ServerAPI
@testable import ServerOperation

@Suite("Signing in with a browser", .ownFolders)
struct SessionTests {
    private func form(_ pairs: [(String, String)]) -> String {
        FormText.text(pairs.map { FormText.Pair($0.0, $0.1) })
    }

    private let formType: (String, String) = ("Content-Type", "application/x-www-form-urlencoded")

    private func signIn(
        _ served: ServedFolder, _ name: String, _ password: String, peer: String = "192.0.2.1"
    ) async throws -> Reply {
        let page = await served.ask("GET", "/login", peer: peer)
        let browser = try #require(page.cookie("martlet-browser"))
        let token = try #require(page.formToken)
        return await served.ask(
            "POST", "/login", headers: [formType, ("Cookie", "martlet-browser=\(browser)")],
            body: form([("name", name), ("password", password), ("csrf", token), ("back", "/runs/7")]), peer: peer)
    }

    @Test("The right password gives a session, and the session is somebody")
    func rightPassword() async throws {
        let served = try await ServedFolder()
        try await served.account("ada", isAdmin: true)
        let answer = try await signIn(served, "ada", ServedFolder.password)
        #expect(answer.status == 303)
        #expect(answer.headers["Location"] == "/runs/7")
        let line = try #require(answer.headers["Set-Cookie"])
        #expect(line.contains("HttpOnly") && line.contains("SameSite=Lax") && !line.contains("Secure"))
        let cookie = try #require(answer.cookie("martlet"))
        let me = await served.ask("GET", "/api/v1/me", headers: [("Cookie", "martlet=\(cookie)")])
        #expect(me.status == 200)
        #expect(me.json["name"] == "ada")
        #expect(me.json["csrf"]?.string != nil)
    }

    @Test("A mail address signs in as the name does")
    func mailAddress() async throws {
        let served = try await ServedFolder()
        try await served.account("ada")
        #expect(try await signIn(served, "ADA@example.org", ServedFolder.password).status == 303)
    }

    @Test("Wrong passwords, unknown and disabled accounts are refused in the same words")
    func wrongPassword() async throws {
        let served = try await ServedFolder()
        let ada = try await served.account("ada", isAdmin: true)
        try await served.account("bob")
        let wrong = try await signIn(served, "bob", "no such password")
        let unknown = try await signIn(served, "nobody", "no such password")
        let bob = try #require(served.server.directory.current.account(named: "bob"))
        _ = try await served.server.directory.perform(.disableAccount(bob.id, reason: nil), by: .system("test"))
        let disabled = try await signIn(served, "bob", ServedFolder.password)
        for answer in [wrong, unknown, disabled] {
            #expect(answer.status == 401)
            #expect(answer.cookie("martlet") == nil)
        }
        #expect(wrong.alert != nil)
        #expect(unknown.alert == wrong.alert && disabled.alert == wrong.alert)
        _ = ada
    }

    @Test("After five failures an account has to wait, and the audit log says so")
    func backoff() async throws {
        let served = try await ServedFolder()
        try await served.account("ada", isAdmin: true)
        for _ in 1...6 { #expect(try await signIn(served, "ada", "wrong wrong").status == 401) }
        var refused = try await signIn(served, "ada", "wrong wrong")
        // On a slow machine the first waits are over before the next password is looked at; each is longer.
        for _ in 1...12 where refused.status == 401 { refused = try await signIn(served, "ada", "wrong wrong") }
        #expect(refused.status == 429)
        #expect(refused.headers["Retry-After"].flatMap { Int($0) } ?? 0 >= 1)
        let rows = try served.server.directory.audit(after: 0, limit: .max) { $0.type == "signInBlocked" }
        #expect(rows.count >= 1)
    }

    @Test("A form of another site, or without our text, signs nobody in")
    func foreignForm() async throws {
        let served = try await ServedFolder()
        try await served.account("ada")
        let page = await served.ask("GET", "/login")
        let browser = try #require(page.cookie("martlet-browser"))
        let token = try #require(page.formToken)
        let body = [("name", "ada"), ("password", ServedFolder.password)]
        let cookie = ("Cookie", "martlet-browser=\(browser)")
        let without = await served.ask("POST", "/login", headers: [formType, cookie], body: form(body))
        #expect(without.status == 403)
        let withToken = form(body + [("csrf", token)])
        let otherBrowser = await served.ask(
            "POST", "/login", headers: [formType, ("Cookie", "martlet-browser=other")], body: withToken)
        #expect(otherBrowser.code == "MRT1194")
        for header in [
            ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site"), ("Origin", "https://evil.example"),
        ] {
            let foreign = await served.ask("POST", "/login", headers: [formType, cookie, header], body: withToken)
            #expect(foreign.code == "MRT1194", "\(header)")
        }
        let own = await served.ask(
            "POST", "/login", headers: [formType, cookie, ("Origin", "http://127.0.0.1:8480")], body: withToken)
        #expect(own.status == 303)
    }

    @Test("A request that changes something needs more than a cookie")
    func unsafeRequests() async throws {
        let served = try await ServedFolder()
        try await served.account("ada", isAdmin: true)
        let cookie = try #require(try await signIn(served, "ada", ServedFolder.password).cookie("martlet"))
        let headers: HTTPHeaders = [("Cookie", "martlet=\(cookie)"), ("Content-Type", "application/json")]
        let body = "{\"name\":\"ci\",\"scopes\":[\"read\"]}"
        #expect(await served.ask("POST", "/api/v1/tokens", headers: headers, body: body).code == "MRT1194")
        let me = await served.ask("GET", "/api/v1/me", headers: headers)
        var proven = headers
        proven.add("X-CSRF-Token", try #require(me.json["csrf"]?.string))
        #expect(await served.ask("POST", "/api/v1/tokens", headers: proven, body: body).status == 201)
        var foreign = proven
        foreign.add("Sec-Fetch-Site", "cross-site")
        #expect(await served.ask("POST", "/api/v1/tokens", headers: foreign, body: body).code == "MRT1194")
    }

    @Test("Signing out ends the session, also after a restart")
    func signOut() async throws {
        let folder: String
        let cookie: String
        do {
            let served = try await ServedFolder()
            folder = served.folder + "-kept"
        }
        do {
            let served = try await ServedFolder(folder: folder)
            try await served.account("ada", isAdmin: true)
            cookie = try #require(try await signIn(served, "ada", ServedFolder.password).cookie("martlet"))
            let headers: HTTPHeaders = [("Cookie", "martlet=\(cookie)")]
            let me = await served.ask("GET", "/api/v1/me", headers: headers)
            let token = try #require(me.json["csrf"]?.string)
            var asked = headers
            asked.add(formType.0, formType.1)
            let out = await served.ask("POST", "/logout", headers: asked, body: form([("csrf", token)]))
            #expect(out.status == 303)
            #expect(await served.ask("GET", "/api/v1/me", headers: headers).status == 401)
            let again = try Sessions(
                keyring: TicketKeyring(
                    path: served.server.store.root + "/ticket-keys", key: served.server.store.sealingKey, now: .now()),
                directory: served.server.directory, store: served.server.store, now: .now())
            #expect(throws: DiagnosticError.self) { try again.session(ticket: cookie, now: .now()) }
        }
    }

    @Test("A new password, a lost account and the end of all sessions each end a session")
    func endings() async throws {
        let served = try await ServedFolder()
        let ada = try await served.account("ada", isAdmin: true)
        try await served.account("bob", isAdmin: true)
        let sessions = served.server.people.sessions
        for command: DirectoryCommand in [
            .endSessions(ada), .endSessions(nil), .setPassword(ada, reference: "ref_x"),
            .disableAccount(ada, reason: nil),
        ] {
            let ticket = try sessions.begin(ada, now: .now()).ticket
            #expect(try sessions.session(ticket: ticket, now: .now()).account == ada)
            _ = try await served.server.directory.perform(command, by: .system("test"))
            #expect(throws: DiagnosticError.self) { try sessions.session(ticket: ticket, now: .now()) }
        }
    }

    @Test("A session ends after 12 hours without a request, and after seven days with requests")
    func lifetimes() async throws {
        let served = try await ServedFolder()
        let ada = try await served.account("ada")
        let sessions = served.server.people.sessions
        let start = Timestamp.now()
        var (session, ticket) = try sessions.begin(ada, now: start)
        #expect(throws: DiagnosticError.self) { try sessions.session(ticket: ticket, now: start + .minutes(721)) }
        #expect(try sessions.renewed(session, now: start + .minutes(5)) == nil)
        var now = start
        while now < start + .days(7) + .minutes(-600) {
            now = now + .minutes(600)
            if now >= start + .days(7) { break }
            session = try sessions.session(ticket: ticket, now: now)
            if let next = try sessions.renewed(session, now: now) { ticket = next }
        }
        #expect(throws: DiagnosticError.self) { try sessions.session(ticket: ticket, now: start + .days(7)) }
    }

    @Test("Keys that sign are changed each week; what the one before signed still holds")
    func keyRotation() async throws {
        let served = try await ServedFolder()
        let path = served.server.store.root + "/ticket-keys"
        let ring = try TicketKeyring(path: path, key: served.server.store.sealingKey, now: .now())
        let first = try ring.keys(now: .now()).current.id
        let next = try ring.keys(now: .now() + .days(7))
        #expect(next.current.id != first && next.previous?.id == first)
        let reopened = try TicketKeyring(path: path, key: served.server.store.sealingKey, now: .now())
        #expect(try reopened.keys(now: .now()).current.id == next.current.id)
    }

    @Test("Behind TLS the cookie is bound to this host")
    func secureCookie() async throws {
        let served = try await ServedFolder { $0.publicURL = "https://ci.example.org" }
        try await served.account("ada")
        let page = await served.ask("GET", "/login")
        let line = try #require(page.headers["Set-Cookie"])
        #expect(line.hasPrefix("__Host-martlet-browser=") && line.contains("; Secure") && line.contains("; Path=/;"))
    }

    @Test("An address may knock sixty times a minute")
    func doorLimit() async throws {
        let served = try await ServedFolder()
        try await served.account("ada")
        for _ in 1...RequestLimits.ofAddress { #expect(await served.ask("GET", "/login").status == 200) }
        let refused = await served.ask("GET", "/login")
        #expect(refused.status == 429)
        #expect(refused.headers["Retry-After"] != nil)
        #expect(await served.ask("GET", "/login", peer: "192.0.2.2").status == 200)
        #expect(await served.ask("GET", "/healthz").status == 200)
    }

    @Test("Nobody is sent to another site after signing in")
    func redirects() {
        for place in ["//evil.example", "https://evil.example", "/\\evil", "javascript:alert(1)", "", "/a\nb"] {
            #expect(SessionRoutes.place(place) == "/")
        }
        #expect(SessionRoutes.place("/runs/7?x=1") == "/runs/7?x=1")
    }

    @Test("Addresses of one household count as one")
    func networks() {
        #expect(ClientAddress.network("192.0.2.1") == "192.0.2.1")
        #expect(ClientAddress.network("2001:db8:1:2:3:4:5:6") == ClientAddress.network("2001:db8:1:2::9"))
        #expect(ClientAddress.network("2001:db8:1:2::9") != ClientAddress.network("2001:db8:1:3::9"))
        #expect(ClientAddress.network("::ffff:192.0.2.1") == "192.0.2.1")
    }
}

@Suite("The first account, and invitations", .ownFolders)
struct LinkTests {
    private func post(_ served: ServedFolder, _ path: String, _ page: Reply, _ pairs: [(String, String)]) async throws
        -> Reply
    {
        let all = pairs + [("csrf", try #require(page.formToken))]
        return await served.ask(
            "POST", path,
            headers: [
                ("Content-Type", "application/x-www-form-urlencoded"),
                ("Cookie", "martlet-browser=\(try #require(page.cookie("martlet-browser")))"),
            ], body: FormText.text(all.map { FormText.Pair($0.0, $0.1) }))
    }

    @Test("The first link makes the first administrator, once")
    func firstLink() async throws {
        let served = try await ServedFolder()
        let old = try #require(try served.server.people.firstAdminToken())
        let token = try #require(try served.server.people.firstAdminToken())
        #expect(await served.ask("GET", "/setup?token=\(old)").status == 410)
        let page = await served.ask("GET", "/setup?token=\(token)")
        #expect(page.status == 200)
        let weak = try await post(
            served, "/setup", page, [("token", token), ("name", "ada"), ("password", "password123")])
        #expect(weak.status == 422)
        let fields = [("token", token), ("name", "ada"), ("password", ServedFolder.password)]
        let made = try await post(served, "/setup", page, fields)
        #expect(made.status == 303)
        #expect(made.cookie("martlet") != nil)
        #expect(served.server.directory.current.account(named: "ada")?.isServerAdmin == true)
        #expect(try await post(served, "/setup", page, fields).status == 410)
        #expect(try served.server.people.firstAdminToken() == nil)
    }

    @Test("Of two that use the first link at once one gets the account")
    func race() async throws {
        let served = try await ServedFolder()
        let token = try #require(try served.server.people.firstAdminToken())
        let people = served.server.people
        let count = await withTaskGroup(of: Bool.self) { group in
            for index in 1...4 {
                group.addTask {
                    (try? await people.makeFirstAdmin(
                        token: token, name: "admin\(index)", email: nil, password: ServedFolder.password, address: nil,
                        now: .now())) != nil
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(count == 1)
        #expect(served.server.directory.current.accounts.count == 1)
    }

    @Test("An invitation sets a password once, and not for somebody else")
    func invitation() async throws {
        let served = try await ServedFolder()
        let ada = try await served.account("ada")
        let ticket = try served.server.people.invitation(ada, now: .now())
        #expect(await served.ask("GET", "/invite?ticket=nonsense").status == 410)
        let page = await served.ask("GET", "/invite?ticket=\(ticket)")
        #expect(page.status == 200)
        let fields = [("ticket", ticket), ("password", "another four words here")]
        #expect(try await post(served, "/invite", page, fields).status == 303)
        #expect(try await post(served, "/invite", page, fields).status == 410)
        #expect(throws: DiagnosticError.self) {
            try served.server.people.invited(
                try served.server.people.invitation(ada, now: .now()), now: .now() + .days(8))
        }
    }
}
