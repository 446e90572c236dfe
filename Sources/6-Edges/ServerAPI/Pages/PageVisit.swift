// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import PipelineModel
internal import ServerOperation
internal import ThreadExecution
internal import Timekeeping
internal import WebPages

/// A person who asks for a page: who it is, what they may see, in which language.
struct PageVisit: Sendable {
    let server: Server
    let request: APIRequest
    let directory: Directory
    let now: Timestamp
    /// Jobs that wait before their environments.
    let gates: [GateKeeper.Waiting]

    init(_ server: Server, _ request: APIRequest, now: Timestamp = .now()) async {
        self.server = server
        self.request = request
        self.now = now
        directory = server.directory.current
        gates = request.principal == .anonymous ? [] : await server.gates.waiting
    }

    func may(_ permission: Permission, in project: EntryID) -> Bool {
        directory.decision(request.principal, permission, at: .project(project), now: now).isAllowed
    }

    func mayOnServer(_ permission: Permission) -> Bool {
        directory.decision(request.principal, permission, at: .server, now: now).isAllowed
    }

    /// The projects whose runs may be seen, by name.
    var projects: [Project] {
        directory.projects.values.filter { may(.viewRuns, in: $0.id) }
            .sorted { ($0.name.lowercased(), $0.id) < ($1.name.lowercased(), $1.id) }
    }

    /// The path's project; the route's guardian has seen that it is there and may be seen.
    func project() throws(DiagnosticError) -> Project {
        let text = request.parameter("project")
        guard let id = directory.find(text), let project = directory.projects[id] else {
            throw DiagnosticError(.entryMissing, "There is no project '\(text)'.")
        }
        return project
    }

    func run() throws(DiagnosticError) -> RunID { RunID(try request.pathNumber("run")) }

    /// `nil`: nothing stands in the path, or the query's field is empty.
    func query(_ name: String) -> String? { request.query[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// A number of the query; an empty field is none.
    func number(_ name: String, in range: ClosedRange<Int>, default fallback: Int) throws(DiagnosticError) -> Int {
        query(name) == nil ? fallback : try request.number(name, in: range, default: fallback)
    }

    /// For what is recorded of an act.
    var actor: Actor { request.actor(server) }

    // MARK: the page's context

    /// Whoever is signed in, or whose the token is.
    var account: EntryID? {
        switch request.principal {
        case .account(let id): id
        case .token(let id): directory.tokens[id]?.owner
        case .anonymous, .runner: nil
        }
    }

    var person: String? { account.map { directory.name(of: $0) } }

    /// - Parameter refused: a form whose page is shown again.
    func context(refused form: FormFields? = nil) -> PageContext {
        var context = PageLooks.context(of: request.inbound, now: now)
        context.person = person
        context.csrfToken = request.session.flatMap { try? server.people.sessions.formToken($0.id, now: now) }
        context.version = server.settings.version
        context.isFragment = request.query["fragment"] == "main"
        context.typed = form?.typed(at: request.inbound.path)
        if context.person != nil { context.waitingCount = (try? HeldReading(self).count()) ?? 0 }
        return context
    }
}

/// What a browser says of how it wants its pages.
enum PageLooks {
    static func context(of inbound: InboundRequest, now: Timestamp) -> PageContext {
        PageContext(
            language: Language.chosen(
                cookie: SessionCookie.value(Language.cookieName, inbound.headers),
                acceptLanguage: inbound.headers["Accept-Language"]),
            theme: Theme(cookie: SessionCookie.value(Theme.cookieName, inbound.headers)), path: path(inbound), now: now)
    }

    /// Where the switches come back to: the page itself, whole.
    private static func path(_ inbound: InboundRequest) -> PageAddress {
        let pairs = inbound.query.split(separator: "&").filter { !$0.hasPrefix("fragment=") }
        let query = pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
        return PageAddress(checking: inbound.path + query) ?? .overview
    }
}

extension OutboundAnswer {
    static func page(_ page: some Page, _ context: PageContext, status: Int = 200) -> OutboundAnswer {
        OutboundAnswer(status: status, headers: PageHeaders.page, content: .bytes(page.render(context)))
    }

    /// After a form: on to a page, which is then asked for.
    static func seeOther(_ address: PageAddress) -> OutboundAnswer {
        OutboundAnswer(status: 303, headers: [("Location", address.text), ("Cache-Control", "no-store")])
    }
}

/// The routes of pages: HTML out, away from the threads that serve everybody.
struct PageRoute: Sendable {
    let server: Server

    /// A page that is read.
    func get(
        _ template: String, _ guardian: Route.Guardian,
        _ show: @escaping @Sendable (PageVisit) throws(DiagnosticError) -> OutboundAnswer
    ) -> Route {
        let server = server
        return Route(
            method: "GET", template: template, operation: "page GET \(template)", summary: "A page.",
            guardian: guardian, answers: [200: ""], isDocumented: false
        ) { (request) throws(DiagnosticError) in
            let visit = await PageVisit(server, request)
            return try await BlockingWork.attempt { () throws(DiagnosticError) in try show(visit) }
        }
    }

    /// A page that needs to know first what only actors know.
    func get(
        _ template: String, _ guardian: Route.Guardian,
        showing show: @escaping @Sendable (PageVisit) async throws(DiagnosticError) -> OutboundAnswer
    ) -> Route {
        let server = server
        return Route(
            method: "GET", template: template, operation: "page GET \(template)", summary: "A page.",
            guardian: guardian, answers: [200: ""], isDocumented: false
        ) { (request) throws(DiagnosticError) in try await show(await PageVisit(server, request)) }
    }

    /// What a page's form is sent to.
    func post(
        _ template: String, _ guardian: Route.Guardian,
        _ act: @escaping @Sendable (PageVisit, FormFields) async throws(DiagnosticError) -> OutboundAnswer
    ) -> Route {
        let server = server
        return Route(
            method: "POST", template: template, operation: "page POST \(template)", summary: "A page's form.",
            guardian: guardian, answers: [303: ""], isDocumented: false
        ) { (request) throws(DiagnosticError) in
            try await act(await PageVisit(server, request), try await FormFields(request))
        }
    }
}

/// What was filled in.
struct FormFields: Sendable {
    private let pairs: [FormText.Pair]

    init(_ request: APIRequest) async throws(DiagnosticError) {
        let bytes = try await request.bytes()
        guard let text = String(validating: bytes, as: UTF8.self), let pairs = FormText.pairs(text) else {
            throw .formUndecodable
        }
        self.pairs = pairs
    }

    /// `nil`: it is not there, or empty.
    subscript(_ name: String) -> String? {
        pairs.last { $0.name == name }.flatMap { $0.value.isEmpty ? nil : $0.value }
    }

    /// To be shown again in the form that was posted there.
    func typed(at path: String) -> TypedForm {
        TypedForm(
            address: path, fields: Dictionary(pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last }))
    }

    func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

    /// Fields whose names begin so, by the rest of the name; of several the last.
    func values(below prefix: String) -> [(name: String, value: String)] {
        var values: [(name: String, value: String)] = []
        var places: [String: Int] = [:]
        for pair in pairs where pair.name.hasPrefix(prefix) {
            let name = String(pair.name.dropFirst(prefix.count))
            if let place = places[name] {
                values[place].value = pair.value
            } else {
                places[name] = values.count
                values.append((name, pair.value))
            }
        }
        return values
    }

    /// - Throws: ``DiagnosticCode/requestInvalid`` where it is missing or empty.
    func required(_ name: String) throws(DiagnosticError) -> String {
        guard let value = self[name] else {
            throw DiagnosticError(.requestInvalid, "The form's field '\(name)' is empty.", remedy: "Fill it in.")
        }
        return value
    }
}

extension DiagnosticError {
    static var formUndecodable: DiagnosticError {
        DiagnosticError(
            .requestInvalid, "The form cannot be decoded, or has more than \(FormText.pairLimit) fields.",
            remedy: "Send it as application/x-www-form-urlencoded, with fewer fields.")
    }
}
