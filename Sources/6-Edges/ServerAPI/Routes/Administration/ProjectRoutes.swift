// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Credentials
internal import Diagnostics
internal import HTTPServing
internal import RetentionRules
internal import RunCoordination
internal import ServerOperation
internal import StructuredData
internal import Timekeeping

/// Projects: the repositories whose workflows run here.
struct ProjectRoutes: Sendable {
    let server: Server

    var routes: [Route] {
        [
            Route(
                method: "GET", template: "/api/v1/projects", operation: "listProjects",
                summary: "Projects that you may see.", guardian: .known, query: PageParameters.all,
                answers: [200: "ProjectList"], handler: list),
            Route(
                method: "POST", template: "/api/v1/projects", operation: "addProject", summary: "Adds a project.",
                guardian: .server(.createProjects), body: "NewProject", answers: [201: "Project", 409: "Problem"],
                handler: add),
            Route(
                method: "GET", template: "/api/v1/projects/{project}", operation: "getProject",
                summary: "One project, by name or id; a slash in a name is written %2F.",
                guardian: .project(.viewRuns), answers: [200: "Project"]
            ) { (request) throws(DiagnosticError) in .json(try request.project(server.directory.current).shown) },
            Route(
                method: "PATCH", template: "/api/v1/projects/{project}", operation: "changeProject",
                summary: "Changes some of a project's settings.", guardian: .project(.manageProject),
                body: "ProjectChange", answers: [200: "Project", 409: "Problem", 412: "Problem"], handler: change),
            Route(
                method: "DELETE", template: "/api/v1/projects/{project}", operation: "removeProject",
                summary: "Removes a project with its tokens, environments and secrets; its runs stay.",
                guardian: .project(.manageProject), answers: [204: "", 412: "Problem"], handler: remove),
            Route(
                method: "POST", template: "/api/v1/projects/{project}/webhook-secret",
                operation: "makeWebhookSecret",
                summary:
                    "Makes the secret of the project's incoming webhooks, shown this once; the one before holds until the next.",
                guardian: .project(.manageHooks), answers: [201: "WebhookSecretMade"], handler: makeWebhookSecret),
        ]
    }

    @Sendable private func list(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let directory = server.directory.current
        let now = Timestamp.now()
        let seen = directory.projects.values.filter {
            directory.decision(request.principal, .viewRuns, at: .project($0.id), now: now).isAllowed
        }
        return try request.page(seen, { $0.id.number }, \.shown)
    }

    @Sendable private func add(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let body = try await request.json()
        var settings = ProjectSettings(
            name: try body.text("name"), forge: body["forge"]?.string.flatMap { .init(rawValue: $0) } ?? .git,
            cloneURL: try body.text("cloneURL"))
        try settings.take(body)
        try settings.checkRetention()
        let actor = request.actor(server)
        let kept = try server.keep(ConnectionSecrets(body))
        do throws(DiagnosticError) {
            let change = ConnectionChange(kept, namesRemote: true, by: request.principal)
            try server.connect(&settings, before: nil, change)
            try await server.perform(.addProject(settings, admin: actor.account), request)
        } catch {
            server.forget(kept)
            throw error
        }
        guard let project = server.directory.current.project(named: settings.name) else {
            throw APIRequest.missing("project", settings.name)
        }
        return .created(project.shown, at: "/api/v1/projects/\(project.id)")
    }

    @Sendable private func change(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let body = try await request.json()
        let directory = server.directory.current
        let id = try request.project(directory).id
        if let url = body["cloneURL"]?.string, ProjectSettings.isOfThisMachine(url) {
            // What the server can read is not for everybody who administers a project.
            try directory.decision(request.principal, .manageServer, at: .server, now: .now()).required()
        }
        let kept = try server.keep(ConnectionSecrets(body))
        let change = ConnectionChange(kept, namesRemote: body["cloneURL"] != nil, by: request.principal)
        var replaced = try request.project(directory).settings
        do throws(DiagnosticError) {
            try await server.change(
                request, { (directory) throws(DiagnosticError) in try Self.find(id, directory).settings },
                showing: { $0.projects[id]?.shown }
            ) { (before) throws(DiagnosticError) in
                replaced = before
                var settings = before
                try settings.take(body)
                try settings.checkRetention()
                try server.connect(&settings, before: before, change)
                return .changeProject(id, settings)
            }
        } catch {
            server.forget(kept)
            throw error
        }
        server.forgetReplaced(of: id, before: replaced)
        return .json(try Self.find(id, server).shown)
    }

    @Sendable private func remove(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let before = server.directory.current
        let project = try request.project(before)
        try await server.perform(.removeProject(project.id), request) { $0.projects[project.id]?.shown }
        try await server.endAll(of: project)
        try await server.forgetSecrets(of: project, in: before)
        return .empty
    }

    @Sendable private func makeWebhookSecret(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let project = try request.project(server.directory.current)
        let secret = try await server.makeWebhookSecret(
            of: project.id, by: request.actor(server), as: request.principal)
        let now = try Self.find(project.id, server)
        return .secret([
            "secret": .string(secret), "secrets": .number(Double(now.webhookSecrets.count)),
            "url": .string(HookAddress.of(now, server)),
        ])
    }

    static func find(_ id: EntryID, _ server: Server) throws(DiagnosticError) -> Project {
        try find(id, server.directory.current)
    }

    private static func find(_ id: EntryID, _ directory: Directory) throws(DiagnosticError) -> Project {
        guard let project = directory.projects[id] else {
            throw APIRequest.missing("project", id.description)
        }
        return project
    }
}

/// Who is what in a project.
struct MemberRoutes: Sendable {
    let server: Server

    var routes: [Route] {
        [
            Route(
                method: "GET", template: "/api/v1/projects/{project}/members", operation: "listMembers",
                summary: "Who has which role in a project.", guardian: .project(.viewRuns), query: PageParameters.all,
                answers: [200: "MemberList"]
            ) { (request) throws(DiagnosticError) in
                let directory = server.directory.current
                let project = try request.project(directory)
                return try request.page(Array(project.roles), { $0.key.number }) { account, role in
                    Self.shown(account, role, directory)
                }
            },
            Route(
                method: "PUT", template: "/api/v1/projects/{project}/members/{account}", operation: "setMember",
                summary: "Gives somebody a role, in place of the one before.", guardian: .project(.managePeople),
                body: "RoleGiven", answers: [200: "Member"], handler: grant),
            Route(
                method: "DELETE", template: "/api/v1/projects/{project}/members/{account}",
                operation: "removeMember", summary: "Takes somebody's role away.", guardian: .project(.managePeople),
                answers: [204: ""], handler: withdraw),
        ]
    }

    private static func shown(_ account: EntryID, _ role: Role, _ directory: Directory) -> DataValue {
        [
            "account": .string(account.description), "name": .string(directory.name(of: account)),
            "role": .string(role.rawValue),
        ]
    }

    private func find(_ request: APIRequest) throws(DiagnosticError) -> (project: EntryID, account: EntryID) {
        let directory = server.directory.current
        let name = request.parameter("account")
        guard let account = directory.account(name) else { throw APIRequest.missing("account", name) }
        return (try request.project(directory).id, account.id)
    }

    @Sendable private func grant(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let (project, account) = try find(request)
        guard let role = try await request.json().text("role").asRole else {
            throw DiagnosticError(.requestInvalid, "'role' is no role.")
        }
        try await server.perform(.grantRole(project: project, account: account, role), request)
        return .json(Self.shown(account, role, server.directory.current))
    }

    @Sendable private func withdraw(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let (project, account) = try find(request)
        guard server.directory.current.projects[project]?.roles[account] != nil else {
            throw APIRequest.missing("member", request.parameter("account"))
        }
        try await server.perform(.withdrawRole(project: project, account: account), request)
        return .empty
    }
}

extension String {
    fileprivate var asRole: Role? { Role(rawValue: self) }
}

extension Project {
    var shown: DataValue {
        var options = DataObject()
        for (key, value) in settings.options.sorted(by: { $0.key < $1.key }) { options[key] = .string(value) }
        return [
            "id": .string(id.description), "name": .string(name), "forge": .string(settings.forge.rawValue),
            "cloneURL": .string(settings.cloneURL), "defaultBranch": .string(settings.defaultBranch),
            "forks": .string(settings.forkPolicy.rawValue), "status": .string(settings.statusVisibility.rawValue),
            "paused": .bool(settings.isPaused), "options": .object(options),
            "environments": .texts(environments.values.map(\.name).sorted()),
            "webhookSecrets": .number(Double(webhookSecrets.count)),
            "hasCredential": .bool(settings.credentialReference != nil),
            "hasStatusToken": .bool(settings.statusTokenReference != nil), "addedAt": .moment(addedAt),
        ]
    }
}

extension ConnectionSecrets {
    init(_ body: DataObject) {
        self.init(credential: Self.given(body["credential"]), statusToken: Self.given(body["statusToken"]))
    }

    private static func given(_ value: DataValue?) -> Given {
        switch value {
        case .string(let text)?: .text(text)
        case .null?: .none
        default: .nothing
        }
    }
}

extension ProjectSettings {
    /// Whether an address names a folder of the server's own machine, or a helper of git's.
    static func isOfThisMachine(_ url: String) -> Bool {
        if let mark = url.firstRange(of: "://") {
            return !["https", "http", "ssh", "git"].contains(url[..<mark.lowerBound].lowercased())
        }
        // `git@example.org:web.git`; git takes it for a path where a slash comes first.
        guard let colon = url.firstIndex(of: ":"), !url[..<colon].contains("/") else { return true }
        return url[colon...].hasPrefix("::")
    }

    /// - Throws: ``DiagnosticCode/retentionInvalid``.
    fileprivate func checkRetention() throws(DiagnosticError) {
        for option in RetentionPolicy.Option.allCases {
            guard let text = options[option.rawValue], !RetentionPolicy.accepts(text, for: option) else { continue }
            let remedy =
                option == .keepLast
                ? "Write a number of runs, 0 to \(RetentionPolicy.maximumKept)."
                : "Write days, as 30 or 30d, 0 to \(RetentionPolicy.maximumDays), or 'forever'."
            throw DiagnosticError(
                .retentionInvalid, "The option '\(option.rawValue)' cannot be '\(text.prefix(40))'.", remedy: remedy)
        }
    }

    /// What a request says; what it does not say stays.
    fileprivate mutating func take(_ body: DataObject) throws(DiagnosticError) {
        if let name = body["name"]?.string { self.name = name }
        if let forge = body["forge"]?.string.flatMap(Forge.init(rawValue:)) { self.forge = forge }
        if let url = body["cloneURL"]?.string { cloneURL = url }
        if let branch = body["defaultBranch"]?.string { defaultBranch = branch }
        if let policy = body["forks"]?.string.flatMap(ForkPolicy.init(rawValue:)) { forkPolicy = policy }
        if let status = body["status"]?.string.flatMap(StatusVisibility.init(rawValue:)) { statusVisibility = status }
        if let paused = body["paused"]?.bool { isPaused = paused }
        guard let options = body["options"]?.object else { return }
        for name in ["credential", "statusToken"] where options[name] != nil {
            throw DiagnosticError(
                .requestInvalid, "'\(name)' is no option: options are shown to everybody in the project.",
                remedy: "Give '\(name)' beside 'options': it is sealed, and never shown again.")
        }
        self.options = [:]
        for (key, value) in options { self.options[key] = value.string }
    }
}
