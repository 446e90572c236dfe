// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import ServerOperation
internal import StructuredData
internal import Timekeeping

/// Environments: where a project deploys to, and what has to hold before it may.
struct EnvironmentRoutes: Sendable {
    let server: Server

    private static let path = "/api/v1/projects/{project}/environments"

    var routes: [Route] {
        [
            Route(
                method: "GET", template: Self.path, operation: "listEnvironments", summary: "A project's environments.",
                guardian: .project(.viewRuns), query: PageParameters.all, answers: [200: "EnvironmentList"]
            ) { (request) throws(DiagnosticError) in
                let directory = server.directory.current
                let all = try request.project(directory).environments.sorted { $0.key < $1.key }.map(\.value)
                return try request.page(Array(all.enumerated()), { $0.offset + 1 }) { $0.element.shown(directory) }
            },
            Route(
                method: "GET", template: Self.path + "/{environment}", operation: "getEnvironment",
                summary: "One environment.", guardian: .project(.viewRuns), answers: [200: "Environment"]
            ) { (request) throws(DiagnosticError) in .json(try show(request)) },
            Route(
                method: "PUT", template: Self.path + "/{environment}", operation: "setEnvironment",
                summary: """
                    Makes an environment, or puts rules in place of those that it has. Reviewers without 'approvals' \
                    mean one approval; where one is asked for, the author's does not count unless 'notAuthor' is false. \
                    'expiryMinutes' stays as it is where it is not said.
                    """,
                guardian: .project(.manageEnvironments), body: "EnvironmentRules",
                answers: [200: "Environment", 409: "Problem", 412: "Problem"], handler: set),
            Route(
                method: "DELETE", template: Self.path + "/{environment}", operation: "removeEnvironment",
                summary: "Removes an environment with its secrets and variables.",
                guardian: .project(.manageEnvironments), answers: [204: "", 412: "Problem"], handler: remove),
            Route(
                method: "POST", template: Self.path + "/{environment}/freeze", operation: "freezeEnvironment",
                summary: "Nothing is deployed to it, until a time or until it is lifted.",
                guardian: .project(.manageEnvironments), body: "FreezeGiven", answers: [200: "Environment"],
                handler: freeze),
            Route(
                method: "POST", template: Self.path + "/{environment}/thaw", operation: "thawEnvironment",
                summary: "The end of that.", guardian: .project(.manageEnvironments), answers: [200: "Environment"]
            ) { (request) throws(DiagnosticError) in
                let (project, name) = try find(request)
                try await server.perform(.thawEnvironment(project, name), request)
                return .json(try show(request))
            },
        ]
    }

    private func find(_ request: APIRequest) throws(DiagnosticError) -> (project: EntryID, name: String) {
        let project = try request.project(server.directory.current)
        let name = request.parameter("environment")
        guard let known = project.environments[name.lowercased()] else { throw APIRequest.missing("environment", name) }
        return (project.id, known.name)
    }

    private func show(_ request: APIRequest) throws(DiagnosticError) -> DataValue {
        let (project, name) = try find(request)
        let directory = server.directory.current
        guard let known = directory.environment(name, of: project) else {
            throw APIRequest.missing("environment", name)
        }
        return known.shown(directory)
    }

    @Sendable private func set(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let body = try await request.json()
        let directory = server.directory.current
        let project = try request.project(directory)
        let name = request.parameter("environment")
        let known = project.environments[name.lowercased()]
        var rules = EnvironmentRules(name: known?.name ?? name)
        rules.waitMinutes = body["waitMinutes"]?.int ?? 0
        rules.branchPatterns = (body["branches"]?.array ?? []).compactMap(\.string)
        rules.expiryMinutes =
            body["expiryMinutes"]?.int ?? known?.rules.expiryMinutes ?? EnvironmentRules.standardExpiryMinutes
        for reviewer in (body["reviewers"]?.array ?? []).compactMap(\.string) {
            guard let account = directory.account(reviewer) else { throw APIRequest.missing("account", reviewer) }
            rules.reviewers.append(account.id)
        }
        // Who names reviewers wants one of them to be asked; and where somebody is asked, it is not the author.
        rules.requiredApprovals = body["approvals"]?.int ?? (rules.reviewers.isEmpty ? 0 : 1)
        rules.excludesAuthor = body["notAuthor"]?.bool ?? (rules.requiredApprovals > 0)
        let id = project.id
        try await server.perform(.setEnvironment(id, rules), request) {
            $0.environment(name, of: id)?.shown($0)
        }
        return .json(try show(request))
    }

    @Sendable private func remove(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let (project, name) = try find(request)
        try await server.perform(.removeEnvironment(project, name), request) {
            $0.environment(name, of: project)?.shown($0)
        }
        try await server.forgetValues(at: .environment(project, name))
        return .empty
    }

    @Sendable private func freeze(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let body = try await request.json()
        let (project, name) = try find(request)
        let until = body["until"]?.int.map { Timestamp(milliseconds: Int64($0)) }
        try await server.perform(
            .freezeEnvironment(project, name, Freeze(reason: try body.text("reason"), until: until)), request)
        return .json(try show(request))
    }
}

extension DeploymentEnvironment {
    func shown(_ directory: Directory) -> DataValue {
        let frozen: DataValue =
            freeze.map { ["reason": .string($0.reason), "until": .momentOrNull($0.until)] } ?? .null
        return [
            "name": .string(name), "approvals": .number(Double(rules.requiredApprovals)),
            "reviewers": .texts(rules.reviewers.map { directory.name(of: $0) }),
            "notAuthor": .bool(rules.excludesAuthor), "waitMinutes": .number(Double(rules.waitMinutes)),
            "branches": .texts(rules.branchPatterns), "expiryMinutes": .number(Double(rules.expiryMinutes)),
            "freeze": frozen,
        ]
    }
}
