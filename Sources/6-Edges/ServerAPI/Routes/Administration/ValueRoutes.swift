// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import ServerOperation
internal import StructuredData
internal import Timekeeping

/// Secrets and variables, at the three places where they can be. A secret's value goes in and does not come out.
struct ValueRoutes: Sendable {
    let server: Server

    private struct Level: Sendable {
        var path: String
        /// In operations' names.
        var name: String
        var words: String
        var guardian: Route.Guardian
    }

    private static let levels = [
        Level(path: "", name: "Server", words: "the server", guardian: .server(.manageSecrets)),
        Level(
            path: "/projects/{project}", name: "Project", words: "a project", guardian: .project(.manageSecrets)),
        Level(
            path: "/projects/{project}/environments/{environment}", name: "Environment", words: "an environment",
            guardian: .project(.manageSecrets)),
    ]

    var routes: [Route] {
        Self.levels.flatMap { level in ValueKey.Kind.allCases.flatMap { routes(of: $0, at: level) } }
    }

    private func routes(of kind: ValueKey.Kind, at level: Level) -> [Route] {
        let isSecret = kind == .secret
        let plural = isSecret ? "secrets" : "variables"
        let word = isSecret ? "Secret" : "Variable"
        let path = "/api/v1\(level.path)/\(plural)"
        return [
            Route(
                method: "GET", template: path, operation: "list\(level.name)\(word)s",
                summary: isSecret
                    ? "Names, versions and times of the secrets of \(level.words)."
                    : "The variables of \(level.words).",
                guardian: level.guardian, query: PageParameters.all, answers: [200: "\(word)List"]
            ) { (request) throws(DiagnosticError) in try await list(request, kind) },
            Route(
                method: "PUT", template: path + "/{name}", operation: "set\(level.name)\(word)",
                summary: "Sets a \(kind.rawValue) of \(level.words); the answer warns of values that are no secrets.",
                guardian: level.guardian, body: "ValueGiven",
                answers: [200: "ValueSet", 409: "Problem", 412: "Problem"]
            ) { (request) throws(DiagnosticError) in try await set(request, kind) },
            Route(
                method: "DELETE", template: path + "/{name}", operation: "remove\(level.name)\(word)",
                summary: "Removes a \(kind.rawValue) of \(level.words).", guardian: level.guardian, answers: [204: ""]
            ) { (request) throws(DiagnosticError) in try await remove(request, kind) },
        ]
    }

    private func place(_ request: APIRequest) throws(DiagnosticError) -> ValuePlace {
        guard request.path["project"] != nil else { return .server }
        let project = try request.project(server.directory.current)
        guard let name = request.path["environment"] else { return .project(project.id) }
        guard let environment = project.environments[name.lowercased()] else {
            throw APIRequest.missing("environment", name)
        }
        return .environment(project.id, environment.name)
    }

    private func key(_ request: APIRequest, _ kind: ValueKey.Kind) throws(DiagnosticError) -> ValueKey {
        ValueKey(kind, request.parameter("name"), at: try place(request))
    }

    private func list(_ request: APIRequest, _ kind: ValueKey.Kind) async throws(DiagnosticError) -> OutboundAnswer {
        let place = ValueKey(kind, "X", at: try place(request)).place
        let texts = kind == .variable ? try await server.variables(at: place) : [:]
        let found = server.directory.current.values.values.filter { $0.key.kind == kind && $0.key.place == place }
            .sorted { $0.key.name < $1.key.name }
        return try request.page(Array(found.enumerated()), { $0.offset + 1 }) { entry in
            var object = Self.shown(entry.element)
            object.set("value", texts[entry.element.key.name].map(DataValue.string))
            return .object(object)
        }
    }

    private static func shown(_ value: StoredValue) -> DataObject {
        [
            "name": .string(value.key.name), "version": .number(Double(value.version)),
            "updatedAt": .moment(value.setAt),
        ]
    }

    private func set(_ request: APIRequest, _ kind: ValueKey.Kind) async throws(DiagnosticError) -> OutboundAnswer {
        let value = try await request.json().text("value")
        let key = try key(request, kind)
        try request.requireMatch(server.directory.current.values[key].map { .object(Self.shown($0)) })
        let stored = try await server.setValue(
            value, of: key, by: request.actor(server), as: request.principal, now: .now())
        var object = Self.shown(stored)
        object["warnings"] = .texts(kind == .secret ? SecretWarning.texts(value) : [])
        return .json(.object(object))
    }

    private func remove(_ request: APIRequest, _ kind: ValueKey.Kind) async throws(DiagnosticError) -> OutboundAnswer {
        let key = try key(request, kind)
        guard server.directory.current.values[key] != nil else {
            throw APIRequest.missing(kind.rawValue, request.parameter("name"))
        }
        try await server.removeValue(key, by: request.actor(server), as: request.principal, now: .now())
        return .empty
    }
}
