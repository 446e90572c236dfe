// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import PipelineModel
internal import RunCoordination
internal import RunIndex
internal import ServerOperation
internal import StructuredData
internal import Timekeeping

/// Runs: lists of them, one with its jobs, what can be done to it.
struct RunRoutes: Sendable {
    let server: Server

    var routes: [Route] {
        [
            Route(
                method: "GET", template: "/api/v1/runs", operation: "listRuns",
                summary: "Runs that you may see, the newest first.", guardian: .known,
                query: Self.filters + PageParameters.all, answers: [200: "RunList"], handler: list),
            Route(
                method: "GET", template: "/api/v1/runs/{run}", operation: "getRun",
                summary: "A run and its newest attempt, with jobs and steps.", guardian: .run(.viewRuns),
                answers: [200: "Run"]
            ) { (request) throws(DiagnosticError) in try show(request, attempt: nil) },
            Route(
                method: "GET", template: "/api/v1/runs/{run}/attempts/{attempt}", operation: "getAttempt",
                summary: "One attempt of a run.", guardian: .run(.viewRuns), answers: [200: "Run"]
            ) { (request) throws(DiagnosticError) in
                try show(request, attempt: try request.pathNumber("attempt"))
            },
            Route(
                method: "POST", template: "/api/v1/runs/{run}/cancel", operation: "cancelRun",
                summary: "Cancels a run; with force its steps are not waited for.", guardian: .run(.cancelRuns),
                body: "CancelRequest", answers: [202: "Empty", 409: "Problem"], isRepeatable: true, handler: cancel),
            Route(
                method: "POST", template: "/api/v1/runs/{run}/rerun", operation: "rerunRun",
                summary: "Runs an ended run again, or a part of it, as a new attempt.", guardian: .run(.rerunRuns),
                body: "RerunRequest", answers: [201: "RerunAnswer", 409: "Problem", 422: "Problem"],
                isRepeatable: true, handler: rerun),
        ]
    }

    private static let filters: [Route.Parameter] = [
        .init(name: "project", about: "By name or id.", schema: ["type": "string"]),
        .init(name: "workflow", about: "Path of the workflow's file.", schema: ["type": "string"]),
        .init(name: "ref", about: "`refs/heads/main`, or a branch's name.", schema: ["type": "string"]),
        .init(name: "sha", about: "The commit.", schema: ["type": "string"]),
        .init(name: "event", about: "`push`, `pull_request`, …", schema: ["type": "string"]),
        .init(
            name: "state", about: "How it stands.",
            schema: ["type": "string", "enum": .array(RunRow.State.allCases.map { .string($0.rawValue) })]),
        .init(
            name: "conclusion", about: "How it ended.",
            schema: ["type": "string", "enum": .array(Conclusion.allCases.map { .string($0.rawValue) })]),
        .init(name: "actor", about: "Who pushed, or asked for it.", schema: ["type": "string"]),
    ]

    @Sendable private func list(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        var query = RunQuery(limit: try PageParameters.limit(request))
        query.before = try PageParameters.cursor(request).map { RunID($0) }
        query.workflowPath = request.query["workflow"]
        query.ref = request.query["ref"].map { $0.hasPrefix("refs/") ? $0 : "refs/heads/\($0)" }
        query.sha = request.query["sha"]
        query.event = request.query["event"]
        query.actor = request.query["actor"]
        query.state = try request.choice("state", RunRow.State.self)
        query.conclusion = try request.choice("conclusion", Conclusion.self)
        query.projects = try visible(request)
        let rows = try server.index.runs(query)
        let next = rows.count == query.limit ? rows.last.map { PageParameters.cursor($0.run.number) } : nil
        return .list(rows.map { .object($0.object(server)) }, next: next)
    }

    /// Ids of the projects whose runs may be shown; `nil`: all.
    private func visible(_ request: APIRequest) throws(DiagnosticError) -> [String]? {
        let directory = server.directory.current
        let now = Timestamp.now()
        func isSeen(_ id: EntryID) -> Bool {
            directory.decision(request.principal, .viewRuns, at: .project(id), now: now).isAllowed
        }
        if let name = request.query["project"] {
            guard let id = directory.find(name), isSeen(id) else {
                throw DiagnosticError(.entryMissing, "There is no project '\(name)' that you may see.")
            }
            return [id.description]
        }
        // Also runs of projects that are gone: nobody else has a role in these.
        if directory.decision(request.principal, .manageServer, at: .server, now: now).isAllowed { return nil }
        return directory.projects.keys.filter(isSeen).sorted().map(\.description)
    }

    private func show(_ request: APIRequest, attempt: Int?) throws(DiagnosticError) -> OutboundAnswer {
        let run = RunID(try request.pathNumber("run"))
        let report = try server.report(of: run, attempt: attempt)
        guard let row = try server.row(of: run) else {
            throw server.missing(run)
        }
        var object = row.object(server)
        for (key, value) in report.object { object[key] = value }
        // Of this attempt.
        object["unavailable"] = .bool(report.hasUnavailable)
        if report.isIncomplete { object["sentence"] = .string(report.listedSentence) }
        return .json(.object(object))
    }

    @Sendable private func rerun(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let run = RunID(try request.pathNumber("run"))
        let body = try await request.json()
        let selection: RunSession.Selection
        switch body["select"]?.string ?? "all" {
        case "all": selection = .all
        case "failed": selection = .failed
        case "jobs":
            let jobs = (body["jobs"]?.array ?? []).compactMap(\.string)
            guard !jobs.isEmpty else { throw DiagnosticError(.requestInvalid, "'jobs' names no job.") }
            selection = .jobs(jobs.map { JobID($0) })
        case "from": selection = .from(try body.text("from"))
        case let other:
            throw DiagnosticError(
                .requestInvalid, "'select' is one of all, failed, jobs and from; '\(other)' is not.")
        }
        let actor = request.actor(server)
        let attempt = try await server.rerun(run, selection, key: request.identity, by: actor)
        return .json(
            [
                "run": .number(Double(run.number)), "attempt": .number(Double(attempt)),
                "url": .string("\(server.address)/runs/\(run)/\(attempt)"),
            ], status: 201)
    }

    @Sendable private func cancel(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let run = RunID(try request.pathNumber("run"))
        let body = try await request.json()
        let actor = request.actor(server)
        let reason = CancellationWords.sentence(server.directory.current.told(actor))
        try await server.cancel(run, isForced: body["force"]?.bool ?? false, reason: reason, by: actor)
        return .json([:], status: 202)
    }
}

/// How lists are paged.
enum PageParameters {
    static let maximumLimit = RunQuery.maximumLimit
    private static let standardLimit = 50

    static let all: [Route.Parameter] = [
        .init(
            name: "limit", about: "At most so many.",
            schema: ["type": "integer", "minimum": 1, "maximum": .number(Double(maximumLimit))]),
        .init(name: "cursor", about: "`next` of the page before.", schema: ["type": "string"]),
    ]

    static func limit(_ request: APIRequest) throws(DiagnosticError) -> Int {
        try request.number("limit", in: 1...maximumLimit, default: standardLimit)
    }

    /// Opaque to clients: what it holds may change.
    static func cursor(_ number: Int) -> String { "c" + String(number, radix: 36) }

    static func cursor(_ request: APIRequest) throws(DiagnosticError) -> Int? {
        guard let text = request.query["cursor"] else { return nil }
        guard text.hasPrefix("c"), let number = Int(text.dropFirst(), radix: 36), number >= 0 else {
            throw DiagnosticError(.requestInvalid, "The cursor '\(text)' is none.", remedy: "Give 'next' of a page.")
        }
        return number
    }
}

extension APIRequest {
    func choice<Value: RawRepresentable & CaseIterable>(
        _ name: String, _ type: Value.Type
    ) throws(DiagnosticError) -> Value? where Value.RawValue == String {
        guard let text = query[name] else { return nil }
        guard let value = Value(rawValue: text) else {
            let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw DiagnosticError(.requestInvalid, "'\(name)' is one of: \(known). '\(text)' is not.")
        }
        return value
    }
}

extension RunRow {
    func object(_ server: Server) -> DataObject {
        var object: DataObject = [
            "run": .number(Double(run.number)), "attempt": .number(Double(attempt)),
            "project": .string(server.projectName(project)), "workflow": .string(workflow),
            "path": .string(workflowPath), "title": .string(title), "event": .string(event), "ref": .string(ref),
            "sha": .string(sha), "actor": .string(actor), "subject": .string(subject), "state": .string(state.rawValue),
            "sentence": .string(sentence), "createdAt": .number(Double(createdAt)),
            "url": .string("\(server.address)/runs/\(run)"), "unavailable": .bool(hasUnavailable),
        ]
        object["conclusion"] = conclusion.map { .string($0.rawValue) } ?? .null
        object["finishedAt"] = finishedAt.map { .number(Double($0)) } ?? .null
        return object
    }
}
