// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Announcements
internal import Credentials
package import Diagnostics
package import HTTPMessages
internal import NotificationRules
package import Notifications
internal import PipelineModel
internal import RunCoordination
internal import RunIndex
internal import RunnerProtocol
package import Timekeeping

/// What people ask of the server in Slack. A request is answered at once; what it asks for is done afterwards, and said at the
/// address that came with it.
extension Server {
    /// Runs of a project that `status` tells of.
    private static let statusRuns = 5
    private static let statusProjects = 10

    /// `/martlet …`
    ///
    /// - Throws: ``DiagnosticCode/entryMissing`` where Slack is not set up, and what is wrong with the request.
    package func slackCommand(
        _ headers: HTTPHeaders, body: [UInt8], now: Timestamp
    ) throws(DiagnosticError) -> SlackAnswer {
        try verifySlack(headers, body, now)
        let command = try SlackCommand(form: body)
        switch command.verb {
        case .help: return .help(.english)
        case .unknown(let text): return .help(.english, unknown: text)
        case .status(let project):
            later(command.requester) { (server) throws(DiagnosticError) in
                try server.status(of: project, for: command.requester)
            }
            return SlackAnswer("Looking …")
        case .approve(let run):
            later(command.requester) { (server) throws(DiagnosticError) in
                try await server.approve(run, for: command.requester)
            }
            return SlackAnswer("Approving \(run) …")
        case .rerun(let run):
            later(command.requester) { (server) throws(DiagnosticError) in
                try await server.rerun(run, for: command.requester)
            }
            return SlackAnswer("Running \(run) again …")
        }
    }

    /// A button of a message.
    package func slackAction(_ headers: HTTPHeaders, body: [UInt8], now: Timestamp) throws(DiagnosticError) {
        try verifySlack(headers, body, now)
        guard let action = try SlackAction.read(form: body) else { return }
        later(action.requester) { (server) throws(DiagnosticError) in
            switch action.kind {
            case .approve: try await server.approve(action.run, for: action.requester)
            case .rerun: try await server.rerun(action.run, for: action.requester)
            }
        }
    }

    private func verifySlack(_ headers: HTTPHeaders, _ body: [UInt8], _ now: Timestamp) throws(DiagnosticError) {
        guard let secret = settings.telling.slackSigningSecret else {
            throw DiagnosticError(
                .entryMissing, "This server does not listen to Slack.",
                remedy: "Give it the app's signing secret: MARTLET_SLACK_SIGNING_SECRET.")
        }
        try SlackSignature.verify(
            headers[SlackSignature.signatureHeader] ?? "", timestamp: headers[SlackSignature.timestampHeader] ?? "",
            body: body, secret: secret, now: now)
    }

    /// Does what was asked for, and says what came of it to whoever asked.
    private func later(
        _ requester: SlackRequester,
        _ body: @escaping @Sendable (Server) async throws(DiagnosticError) -> String
    ) {
        Task {
            let said: String
            do throws(DiagnosticError) {
                said = try await body(self)
            } catch {
                said = error.diagnostic.message + (error.diagnostic.remedy.map { " \($0)" } ?? "")
            }
            guard let url = requester.answerURL else { return }
            do throws(DiagnosticError) {
                _ = try await transport(SlackAnswer(said).call(url: url))
            } catch {
                report(error)
            }
        }
    }

    // MARK: who

    /// Whose account a Slack user is in a project: what the project's notifications say.
    private func account(_ requester: SlackRequester, in project: EntryID) throws(DiagnosticError) -> Account? {
        let users = try announcer.policies.document(of: project).slack
        let name = users["\(requester.teamID)/\(requester.userID)"] ?? users[requester.userID]
        guard let name else { return nil }
        let directory = directory.current
        guard let found = directory.account(named: name) ?? directory.account(email: name), !found.isDisabled else {
            return nil
        }
        return found
    }

    private func person(
        _ requester: SlackRequester, in project: EntryID, for permission: Permission
    ) throws(DiagnosticError) -> Account {
        guard let account = try account(requester, in: project) else {
            throw DiagnosticError(
                .accessDenied, "Nobody is known here as the Slack user \(requester.userID).",
                remedy: "Have the user named under 'slack' in the project's notifications.")
        }
        try directory.current.decision(.account(account.id), permission, at: .project(project), now: .now())
            .required()
        return account
    }

    /// The run that a reference means; its project hides from those who may not see it.
    private func run(_ reference: RunReference) throws(DiagnosticError) -> (RunID, EntryID) {
        let missing = DiagnosticError(.entryMissing, "There is no run \(reference).")
        let run = RunID(reference.run)
        guard reference.run <= Int(Int32.max), let project = try project(of: run) else { throw missing }
        if let name = reference.project, directory.current.project(named: name)?.id != project { throw missing }
        return (run, project)
    }

    // MARK: what

    private func approve(
        _ reference: RunReference, for requester: SlackRequester
    ) async throws(DiagnosticError) -> String {
        let (run, project) = try run(reference)
        // Who may answer at a gate stands in the environment's rules.
        let account = try person(requester, in: project, for: .viewRuns)
        let actor = Actor(.account, id: account.id, name: account.name, userAgent: "Slack")
        let waiting = await gates.waiting.filter { $0.work.run == run }
        guard !waiting.isEmpty else {
            _ = try person(requester, in: project, for: .approve)
            try await release(run, isApproved: true, reason: nil, by: actor)
            return "\(account.name) let run \(run) begin: \(address)/runs/\(run)"
        }
        var sentences: [String] = []
        for gate in waiting {
            let sentence = try await review(
                run, attempt: gate.work.attempt, job: gate.work.job, .approve, reason: nil,
                by: .account(account.id), actor: actor)
            sentences.append("\(gate.name): \(sentence)")
        }
        return sentences.joined(separator: "\n")
    }

    private func rerun(
        _ reference: RunReference, for requester: SlackRequester
    ) async throws(DiagnosticError) -> String {
        let (run, project) = try run(reference)
        let account = try person(requester, in: project, for: .rerunRuns)
        let actor = Actor(.account, id: account.id, name: account.name, userAgent: "Slack")
        let isFailed = try report(of: run, attempt: nil).conclusion == .failure
        let attempt = try await rerun(run, isFailed ? .failed : .all, by: actor)
        return "Run \(run) runs again: \(address)/runs/\(run)/\(attempt)"
    }

    private func status(of name: String?, for requester: SlackRequester) throws(DiagnosticError) -> String {
        let directory = directory.current
        var projects = directory.projects.values.sorted { $0.name.lowercased() < $1.name.lowercased() }
        if let name { projects = directory.project(named: name).map { [$0] } ?? [] }
        var lines: [String] = []
        for project in projects {
            // Whoever may not see a project learns nothing of it, not even that it is there.
            guard let account = try account(requester, in: project.id),
                directory.decision(.account(account.id), .viewRuns, at: .project(project.id), now: .now()).isAllowed
            else { continue }
            guard lines.count < Self.statusProjects else { break }
            var query = RunQuery(limit: Self.statusRuns)
            query.projects = [project.id.description]
            let runs = try index.runs(query).map { row in
                "  #\(row.run) \(row.workflow) on \(Self.branch(row.ref)): "
                    + (row.sentence.isEmpty ? row.state.rawValue : row.sentence)
            }
            lines.append(([project.name] + (runs.isEmpty ? ["  No runs yet."] : runs)).joined(separator: "\n"))
        }
        guard !lines.isEmpty else {
            throw DiagnosticError(
                .entryMissing,
                name.map { "There is no project '\($0)' that you may see." } ?? "You may see no project.",
                remedy: "Have the Slack user \(requester.userID) named under 'slack' in a project's notifications.")
        }
        return lines.joined(separator: "\n")
    }

    private static func branch(_ ref: String) -> String {
        ref.hasPrefix("refs/heads/") ? String(ref.dropFirst("refs/heads/".count)) : ref
    }
}
