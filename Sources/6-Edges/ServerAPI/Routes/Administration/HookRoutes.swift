// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import ServerOperation
internal import StructuredData

/// Where something is told outside: of the server, or of a project.
struct OutgoingPlace: Sendable {
    /// `/api/v1`, `/api/v1/projects/{project}`
    var path: String
    /// In operations' names.
    var name: String
    var words: String
    var guardian: Route.Guardian

    static let all = [
        OutgoingPlace(path: "/api/v1", name: "Server", words: "all projects", guardian: .server(.manageHooks)),
        OutgoingPlace(
            path: "/api/v1/projects/{project}", name: "Project", words: "a project", guardian: .project(.manageHooks)),
    ]
}

extension APIRequest {
    /// The project that the path names; `nil`: the server.
    func placeProject(_ directory: Directory) throws(DiagnosticError) -> EntryID? {
        guard path["project"] != nil else { return nil }
        return try project(directory).id
    }
}

/// Addresses that are told what happens.
struct HookRoutes: Sendable {
    let server: Server

    var routes: [Route] { OutgoingPlace.all.flatMap { routes(at: $0) } }

    private func routes(at place: OutgoingPlace) -> [Route] {
        func route(
            _ method: String, _ path: String, _ operation: String, _ summary: String, body: String? = nil,
            _ answers: [Int: String],
            _ handler: @escaping @Sendable (APIRequest) async throws(DiagnosticError) -> OutboundAnswer
        ) -> Route {
            Route(
                method: method, template: place.path + "/hooks" + path, operation: operation, summary: summary,
                guardian: place.guardian, query: operation.hasPrefix("list") ? PageParameters.all : [], body: body,
                answers: answers, handler: handler)
        }
        return [
            route("GET", "", "list\(place.name)Hooks", "Hooks of \(place.words).", [200: "HookList"]) {
                (request) throws(DiagnosticError) in
                let directory = server.directory.current
                let project = try request.placeProject(directory)
                let found = directory.hooks.values.filter { $0.settings.project == project }
                return try request.page(found, { $0.id.number }) { $0.shown(directory) }
            },
            route(
                "POST", "", "add\(place.name)Hook",
                "Adds a hook of \(place.words); the secret that signs what is sent is shown this once.",
                body: "NewHook", [201: "HookMade"], add),
            route("GET", "/{hook}", "get\(place.name)Hook", "One hook.", [200: "Hook"]) {
                (request) throws(DiagnosticError) in .json(try find(request).shown(server.directory.current))
            },
            route(
                "PATCH", "/{hook}", "change\(place.name)Hook", "Changes a hook, pauses it or lets it go on.",
                body: "HookChange", [200: "Hook"], change),
            route("DELETE", "/{hook}", "remove\(place.name)Hook", "Removes a hook.", [204: ""], remove),
            route(
                "POST", "/{hook}/secret", "rotate\(place.name)HookSecret",
                "Another secret for a hook, shown this once; the one before signs beside it for a day.",
                [201: "HookMade"]
            ) { (request) throws(DiagnosticError) in
                let hook = try find(request)
                let secret = try await server.rotateHookSecret(
                    hook, by: request.actor(server), as: request.principal)
                return .secret(["hook": try find(request).shown(server.directory.current), "secret": .string(secret)])
            },
        ]
    }

    private func find(_ request: APIRequest) throws(DiagnosticError) -> OutgoingHook {
        let directory = server.directory.current
        let name = request.parameter("hook")
        let project = try request.placeProject(directory)
        guard let hook = EntryID(name).flatMap({ directory.hooks[$0] }), hook.settings.project == project else {
            throw APIRequest.missing("hook", name)
        }
        return hook
    }

    @Sendable private func add(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let body = try await request.json()
        let settings = HookSettings(
            project: try request.placeProject(server.directory.current), url: try body.text("url"),
            events: (body["events"]?.array ?? []).compactMap(\.string), secretReference: "")
        let made = try await server.addHook(settings, by: request.actor(server), as: request.principal)
        return .secret(["hook": made.hook.shown(server.directory.current), "secret": .string(made.secret)])
    }

    @Sendable private func change(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let body = try await request.json()
        let hook = try find(request)
        let id = hook.id
        try await server.change(
            request,
            { (directory) throws(DiagnosticError) in
                guard let settings = directory.hooks[id]?.settings else {
                    throw APIRequest.missing("hook", id.description)
                }
                return settings
            }, showing: { directory in directory.hooks[id]?.shown(directory) }
        ) { before in
            var settings = before
            if let url = body["url"]?.string { settings.url = url }
            if let events = body["events"]?.array { settings.events = events.compactMap(\.string) }
            return .setHook(id, settings)
        }
        if let state = body["state"]?.string.flatMap(OutgoingHook.State.init(rawValue:)) {
            _ = try await server.directory.perform(
                .setHookState(id, state, reason: nil), by: request.actor(server), as: request.principal)
        }
        return .json(try find(request).shown(server.directory.current))
    }

    @Sendable private func remove(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let hook = try find(request)
        try await server.perform(.removeHook(hook.id), request) { directory in
            directory.hooks[hook.id]?.shown(directory)
        }
        server.references.forget(hook.settings.secretReference)
        return .empty
    }
}

extension OutgoingHook {
    fileprivate func shown(_ directory: Directory) -> DataValue {
        [
            "id": .string(id.description), "project": .textOrNull(settings.project.map(directory.name(of:))),
            "url": .string(settings.url), "events": .texts(settings.events), "state": .string(state.rawValue),
            "stateReason": .textOrNull(stateReason),
        ]
    }
}
