// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import ServerOperation
internal import StructuredData

/// Everything that is administered by hand or by program.
struct AdministrationRoutes: Sendable {
    let server: Server
    let signInPage: SignInPage

    var routes: [Route] {
        SessionRoutes(server: server, page: signInPage).routes + MeRoutes(server: server).routes
            + AccountRoutes(server: server).routes + TokenRoutes(server: server).routes
            + ProjectRoutes(server: server).routes + MemberRoutes(server: server).routes
            + RunnerAdminRoutes(server: server).routes + EnvironmentRoutes(server: server).routes
            + ValueRoutes(server: server).routes + HookRoutes(server: server).routes
            + ChannelRoutes(server: server).routes + AuditRoutes(server: server).routes
    }
}

extension Server {
    /// Carries a command out for whoever asks, under the conditions of the request's head.
    ///
    /// - Parameter shown: what a GET would answer of what is changed.
    func perform(
        _ command: DirectoryCommand, _ request: APIRequest,
        showing shown: @escaping @Sendable (Directory) -> DataValue? = { _ in nil }
    ) async throws(DiagnosticError) {
        let hasCondition = request.inbound.headers["If-Match"] != nil || request.inbound.headers["If-None-Match"] != nil
        _ = try await directory.perform(command, by: request.actor(self), as: request.principal) {
            (directory) throws(DiagnosticError) in
            if hasCondition { try request.requireMatch(shown(directory)) }
        }
    }
}

extension Server {
    /// A change that says a part of what is there: it is made of the newest state, and made anew where somebody else was
    /// faster, unless the request says which version it means.
    ///
    /// - Parameters:
    ///   - read: what is changed.
    ///   - command: the change, made of that.
    func change<Value: Equatable & Sendable>(
        _ request: APIRequest, _ read: @escaping @Sendable (Directory) throws(DiagnosticError) -> Value,
        showing shown: @escaping @Sendable (Directory) -> DataValue?,
        _ command: (Value) throws(DiagnosticError) -> DirectoryCommand
    ) async throws(DiagnosticError) {
        let hasCondition = request.inbound.headers["If-Match"] != nil || request.inbound.headers["If-None-Match"] != nil
        for _ in 1...Self.changeTries {
            let before = try read(directory.current)
            do throws(DiagnosticError) {
                _ = try await directory.perform(try command(before), by: request.actor(self), as: request.principal) {
                    (directory) throws(DiagnosticError) in
                    if hasCondition { try request.requireMatch(shown(directory)) }
                    guard try read(directory) == before else { throw Self.moved }
                }
                return
            } catch {
                guard error.diagnostic.code == .entryMoved, !hasCondition else { throw error }
            }
        }
        throw Self.moved
    }

    private static let changeTries = 10
    private static let moved = DiagnosticError(
        .entryMoved, "It is changed by others all the time.", remedy: "Try again.")
}

extension OutboundAnswer {
    /// What was made, and where it is.
    static func created(_ value: DataValue, at place: String) -> OutboundAnswer {
        json(value, status: 201, headers: [("Location", place)])
    }

    /// What is shown once: no cache keeps it.
    static func secret(_ value: DataValue, status: Int = 201) -> OutboundAnswer {
        var answer = json(value, status: status)
        answer.headers["Cache-Control"] = "no-store"
        return answer
    }
}

extension APIRequest {
    static func missing(_ what: String, _ name: String) -> DiagnosticError {
        DiagnosticError(.entryMissing, "There is no \(what) '\(name)'.")
    }

    /// The path's project, which the route's guardian has found.
    func project(_ directory: Directory) throws(DiagnosticError) -> Project {
        let name = parameter("project")
        guard let project = directory.find(name).flatMap({ directory.projects[$0] }) else {
            throw Self.missing("project", name)
        }
        return project
    }

    /// A page of a list that is ordered by the numbers of its entries.
    func page<Item>(_ items: [Item], _ id: (Item) -> Int, _ show: (Item) -> DataValue) throws(DiagnosticError)
        -> OutboundAnswer
    {
        let limit = try PageParameters.limit(self)
        let after = try PageParameters.cursor(self) ?? 0
        let rest = items.filter { id($0) > after }.sorted { id($0) < id($1) }
        let page = rest.prefix(limit)
        let next = rest.count > limit ? page.last.map { PageParameters.cursor(id($0)) } : nil
        return .list(page.map(show), next: next)
    }
}
