// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import ServerOperation
internal import StructuredData
internal import Timekeeping

/// Who asks, and what they may.
struct MeRoutes: Sendable {
    let server: Server

    private static let projectLimit = 1_000

    var routes: [Route] {
        [
            Route(
                method: "GET", template: "/api/v1/me", operation: "whoAmI",
                summary: "Whom the credential is of, and what it may do, on the server and in each project.",
                guardian: .known, answers: [200: "Me"], handler: me),
            Route(
                method: "GET", template: "/api/v1/can-i", operation: "canI",
                summary: "Whether the credential may do something, and a sentence that says why.", guardian: .known,
                query: [
                    .init(
                        name: "permission", about: "What is to be done.", schema: AdministrationSchemas.permission,
                        isRequired: true),
                    .init(
                        name: "project", about: "Where, by name or id; else on the server.", schema: ["type": "string"]),
                ], answers: [200: "CanI", 400: "Problem", 404: "Problem"], handler: canI),
        ]
    }

    @Sendable private func me(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let directory = server.directory.current
        let now = Timestamp.now()
        let principal = request.principal
        var object = DataObject()
        var account: Account?
        switch principal {
        case .anonymous: throw DiagnosticError(.signInNeeded, "This needs a credential.")
        case .account(let id):
            object["kind"] = "account"
            account = directory.accounts[id]
            object["id"] = .string(id.description)
            object["name"] = .string(directory.name(of: id))
        case .token(let id):
            object["kind"] = "token"
            object["id"] = .string(id.description)
            object["name"] = .string(directory.name(of: id))
            if let token = directory.tokens[id] {
                account = directory.accounts[token.owner]
                object["token"] = token.shown(directory, lastUse: server.identification.lastUse(of: id))
            }
        case .runner(let id):
            object["kind"] = "runner"
            object["id"] = .string(id.description)
            object["name"] = .string(directory.name(of: id))
        }
        object.set("account", account?.shown)
        object["permissions"] = directory.permissions(principal, at: .server, now: now).shown
        let seen = directory.projects.values.sorted { $0.id < $1.id }.lazy.compactMap { project -> DataValue? in
            let permissions = directory.permissions(principal, at: .project(project.id), now: now)
            guard !permissions.isEmpty else { return nil }
            return [
                "id": .string(project.id.description), "name": .string(project.name), "permissions": permissions.shown,
            ]
        }
        object["projects"] = .array(Array(seen.prefix(Self.projectLimit)))
        if let session = request.session {
            object["csrf"] = .string(try server.people.sessions.formToken(session.id, now: now))
            return .secret(.object(object), status: 200)
        }
        return .json(.object(object))
    }

    @Sendable private func canI(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        guard let permission = try request.choice("permission", Permission.self) else {
            throw DiagnosticError(.requestInvalid, "'permission' is missing.")
        }
        let directory = server.directory.current
        var object: DataObject = ["permission": .string(permission.rawValue)]
        var target = AccessTarget.server
        if let name = request.query["project"] {
            // One that may not be seen is answered as one that is not there.
            target = .project(directory.find(name) ?? EntryID(.project, Int.max))
            object["project"] = .string(name)
        }
        let decision = directory.decision(request.principal, permission, at: target, now: .now())
        object["allowed"] = .bool(decision.isAllowed)
        object["verdict"] = .string(decision.verdict.rawValue)
        object["sentence"] = .string(
            decision.verdict == .hidden
                ? "There is no project '\(request.query["project"] ?? "")' that you may see." : decision.sentence)
        return .json(.object(object))
    }
}
