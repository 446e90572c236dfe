// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Credentials
internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import ServerOperation
internal import Timekeeping

/// How people sign in with a browser, and out.
struct SessionRoutes: Sendable {
    let server: Server
    let page: SignInPage

    private static let formBytes = 16 << 10

    var routes: [Route] {
        [
            route("GET", "/login", "showLogin", "The page to sign in.", showLogin),
            route("POST", "/login", "signIn", "Signs in: name, password, back, _csrf.", signIn),
            route("GET", "/login/oidc", "beginProviderSignIn", "Goes to the identity provider.", beginProvider),
            route(
                "GET", "/login/oidc/callback", "endProviderSignIn", "Comes back from the identity provider.",
                endProvider),
            route("GET", "/setup", "showSetup", "The page that makes the first account.", showSetup),
            route("POST", "/setup", "setUp", "Makes the first account: token, name, email, password, _csrf.", setUp),
            route("GET", "/invite", "showInvitation", "The page that sets a password.", showInvitation),
            route("POST", "/invite", "acceptInvitation", "Sets it: ticket, password, _csrf.", acceptInvitation),
            Route(
                method: "POST", template: "/logout", operation: "signOut", summary: "Ends the session: _csrf.",
                guardian: .open, answers: [303: ""], bodyLimitBytes: Self.formBytes, isDocumented: false,
                handler: signOut),
        ]
    }

    private func route(
        _ method: String, _ path: String, _ operation: String, _ summary: String,
        _ handler: @escaping @Sendable (APIRequest) async throws(DiagnosticError) -> OutboundAnswer
    ) -> Route {
        Route(
            method: method, template: path, operation: operation, summary: summary, guardian: .open,
            answers: [200: ""], bodyLimitBytes: Self.formBytes, isDocumented: false, isDoor: true, checksOwnForm: true,
            handler: handler)
    }

    // MARK: passwords

    @Sendable private func showLogin(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let back = Self.place(request.query["back"])
        if request.session != nil { return Self.redirect(back) }
        return try show(request, loginRoom("", back), nil, 200)
    }

    private func loginRoom(_ name: String, _ back: String) -> SignInView.Room {
        if server.directory.current.accounts.isEmpty { return .noAccount }
        return .login(name: name, back: back, isProviderOffered: server.people.provider.isOffered)
    }

    @Sendable private func signIn(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let form = try await checkedForm(request)
        let name = form["name"] ?? ""
        let back = Self.place(form["back"])
        let now = Timestamp.now()
        do throws(SignInRefusal) {
            let account = try await server.people.signIn.check(
                name: name, password: form["password"] ?? "", network: ClientAddress.network(request.address),
                actor: request.actor(server), now: now)
            return try await admit(account, request, to: back)
        } catch {
            switch error {
            case .wrong: return try show(request, loginRoom(name, back), .wrong, 401)
            case .wait(let milliseconds):
                let seconds = max(1, (milliseconds + 999) / 1_000)
                var answer = try show(request, loginRoom(name, back), .wait(seconds: seconds), 429)
                answer.headers.add("Retry-After", String(seconds))
                return answer
            case .failed(let error): throw error
            }
        }
    }

    @Sendable private func signOut(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        if let session = request.session { try await server.people.sessions.end(session, now: .now()) }
        var answer = Self.redirect("/login")
        let cookies = cookies(request)
        answer.headers.add("Set-Cookie", cookies.line(cookies.session, "", seconds: 0))
        return answer
    }

    // MARK: the identity provider

    @Sendable private func beginProvider(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let browser = browser(request)
        let start = try await server.people.provider.begin(
            address: server.address, browser: browser.id, back: Self.place(request.query["back"]), now: .now())
        var answer = Self.redirect(start.url)
        let cookies = cookies(request)
        if let line = browser.cookie { answer.headers.add("Set-Cookie", line) }
        answer.headers.add(
            "Set-Cookie",
            cookies.line(cookies.attempt, start.ticket, seconds: ProviderSignIn.attemptMinutes * 60))
        return answer
    }

    @Sendable private func endProvider(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let cookies = cookies(request)
        let ticket = SessionCookie.value(cookies.attempt, request.inbound.headers)
        do throws(DiagnosticError) {
            let found = try await server.people.provider.finish(
                query: request.inbound.query, ticket: ticket ?? "", browser: browser(request).id,
                address: server.address, actor: request.actor(server), now: .now())
            var answer = try begin(found.account, request, to: found.back)
            answer.headers.add("Set-Cookie", cookies.line(cookies.attempt, "", seconds: 0))
            return answer
        } catch {
            let remedy = error.diagnostic.remedy.map { " \($0)" } ?? ""
            var answer = try show(
                request, .refused(back: "/login"), .other(error.diagnostic.message + remedy),
                APIProblem.status(error.diagnostic.code))
            answer.headers.add("Set-Cookie", cookies.line(cookies.attempt, "", seconds: 0))
            return answer
        }
    }

    // MARK: links

    @Sendable private func showSetup(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let token = request.query["token"] ?? ""
        guard server.people.isFirstAdminToken(token) else { return try refusedLink(request) }
        return try show(request, .setup(token: token, name: ""), nil, 200)
    }

    @Sendable private func setUp(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let form = try await checkedForm(request)
        let token = form["token"] ?? ""
        let name = form["name"] ?? ""
        do throws(DiagnosticError) {
            let account = try await server.people.makeFirstAdmin(
                token: token, name: name, email: form["email"].flatMap { $0.isEmpty ? nil : $0 },
                password: form["password"] ?? "", address: request.address, now: .now())
            return try begin(account, request, to: "/")
        } catch {
            guard error.diagnostic.code != .linkRefused else { return try refusedLink(request) }
            return try show(
                request, .setup(token: token, name: name), .other(error.diagnostic.message),
                APIProblem.status(error.diagnostic.code))
        }
    }

    @Sendable private func showInvitation(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let ticket = request.query["ticket"] ?? ""
        guard let person = try? server.people.invited(ticket, now: .now()) else { return try refusedLink(request) }
        return try show(request, .invitation(ticket: ticket, name: person.name), nil, 200)
    }

    @Sendable private func acceptInvitation(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let form = try await checkedForm(request)
        let ticket = form["ticket"] ?? ""
        let now = Timestamp.now()
        do throws(DiagnosticError) {
            let account = try await server.people.acceptInvitation(
                ticket, password: form["password"] ?? "", address: request.address, now: now)
            return try begin(account, request, to: "/")
        } catch {
            guard error.diagnostic.code != .linkRefused else { return try refusedLink(request) }
            let name = (try? server.people.invited(ticket, now: now))?.name ?? ""
            return try show(
                request, .invitation(ticket: ticket, name: name), .other(error.diagnostic.message),
                APIProblem.status(error.diagnostic.code))
        }
    }

    private func refusedLink(_ request: APIRequest) throws(DiagnosticError) -> OutboundAnswer {
        try show(
            request, .refused(back: "/login"),
            .other("The link is used up, too old, or none. Ask for a new one."), 410)
    }
}

extension SessionRoutes {
    private func cookies(_ request: APIRequest) -> SessionCookie {
        SessionCookie(isSecure: request.inbound.isSecure || server.address.hasPrefix("https://"))
    }

    /// What the browser is known by while nobody is signed in, and the cookie's line where it is new.
    private func browser(_ request: APIRequest) -> (id: String, cookie: String?) {
        let cookies = cookies(request)
        if let known = SessionCookie.value(cookies.browser, request.inbound.headers), known.utf8.count <= 64 {
            return (known, nil)
        }
        let id = Base64Text.text(Secrecy.randomBytes(18), .url)
        return (id, cookies.line(cookies.browser, id, seconds: nil))
    }

    private func show(
        _ request: APIRequest, _ room: SignInView.Room, _ refusal: SignInView.Refusal?, _ status: Int
    ) throws(DiagnosticError) -> OutboundAnswer {
        let browser = browser(request)
        let token = try server.people.sessions.formToken("browser:" + browser.id, now: .now())
        var answer = page(SignInView(room: room, formToken: token, refusal: refusal, status: status), request)
        if let line = browser.cookie { answer.headers.add("Set-Cookie", line) }
        return answer
    }

    /// The form, once it is sure that it is one of this server's pages in this browser.
    private func checkedForm(_ request: APIRequest) async throws(DiagnosticError) -> [String: String] {
        var request = request
        request.content = try await request.bytes()
        try await FormCheck(server: server).require(
            request, binding: "browser:" + browser(request).id, now: .now())
        return try await request.form()
    }

    private func admit(
        _ account: EntryID, _ request: APIRequest, to back: String
    ) async throws(SignInRefusal) -> OutboundAnswer {
        do throws(DiagnosticError) {
            // Who signs in while signed in leaves the other session behind.
            if let session = request.session { try await server.people.sessions.end(session, now: .now()) }
            return try begin(account, request, to: back)
        } catch {
            throw .failed(error)
        }
    }

    /// A new session, with an id of its own.
    private func begin(
        _ account: EntryID, _ request: APIRequest, to back: String
    ) throws(DiagnosticError) -> OutboundAnswer {
        var answer = Self.redirect(back)
        answer.headers.add("Set-Cookie", try Self.sessionLine(account, server, cookies(request)))
        return answer
    }

    static func sessionLine(
        _ account: EntryID, _ server: Server, _ cookies: SessionCookie
    ) throws(DiagnosticError) -> String {
        let ticket = try server.people.sessions.begin(account, now: .now()).ticket
        return cookies.line(cookies.session, ticket, seconds: SessionLimits.idle.milliseconds / 1_000)
    }

    private static func redirect(_ place: String) -> OutboundAnswer {
        OutboundAnswer(status: 303, headers: [("Location", place), ("Cache-Control", "no-store")])
    }

    /// A page of this server; anything else is the first one.
    static func place(_ text: String?) -> String {
        guard let text, text.hasPrefix("/"), !text.hasPrefix("//"), text.utf8.count <= 2_000,
            text.utf8.allSatisfy({ (33...126).contains($0) && $0 != UInt8(ascii: "\\") })
        else { return "/" }
        return text
    }
}
