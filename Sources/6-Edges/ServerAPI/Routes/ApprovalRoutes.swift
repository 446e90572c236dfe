// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import PipelineModel
internal import RunCoordination
internal import RunIndex
internal import RunnerProtocol
internal import ServerOperation
internal import SourceControl
internal import StructuredData
internal import Timekeeping

/// What waits for people, and what they say.
struct ApprovalRoutes: Sendable {
    let server: Server

    var routes: [Route] {
        [
            Route(
                method: "GET", template: "/api/v1/approvals", operation: "listApprovals",
                summary: "Jobs that wait before their environments, of the projects that you may see.",
                guardian: .known, answers: [200: "ApprovalList"], handler: list),
            Route(
                method: "POST", template: "/api/v1/runs/{run}/attempts/{attempt}/approvals/{job}",
                operation: "reviewDeployment",
                summary: "Approves or rejects a job that waits before its environment, or overrides its gate.",
                // Who may answer stands in the environment's rules.
                guardian: .run(.viewRuns), body: "ReviewRequest",
                answers: [200: "ReviewAnswer", 409: "Problem"], handler: review),
            Route(
                method: "POST", template: "/api/v1/runs/{run}/approval", operation: "reviewRun",
                summary: "Lets a run of foreign code begin, or ends it.", guardian: .run(.approve),
                body: "ReviewRequest", answers: [202: "Empty"], handler: release),
        ]
    }

    @Sendable private func list(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let directory = server.directory.current
        var items: [DataValue] = []
        for waiting in await server.gates.waiting {
            guard let asked = waiting.gate.opening?.request else { continue }
            let isSeen = directory.decision(
                request.principal, .viewRuns, at: .project(asked.project), now: .now()
            ).isAllowed
            guard isSeen else { continue }
            var item: DataObject = [
                "run": .number(Double(waiting.work.run.number)), "attempt": .number(Double(waiting.work.attempt)),
                "job": .string(waiting.work.job.text), "name": .string(waiting.name),
                "project": .string(directory.name(of: asked.project)), "environment": .string(asked.rules.name),
                "branch": .string(asked.branch), "sentence": .string(waiting.sentence),
                "required": .number(Double(asked.rules.requiredApprovals)),
                "approved": .array(waiting.gate.approvals.map { .string($0.name) }),
                "url": .string("\(server.address)/runs/\(waiting.work.run)/\(waiting.work.attempt)"),
            ]
            if let row = try server.row(of: waiting.work.run) {
                item["event"] = .string(row.event)
                let inputs = server.dispatchInputs(of: waiting.work.run)
                if !inputs.isEmpty {
                    item["inputs"] = .object(DataObject(inputs.map { ($0.name, .string($0.value)) }))
                }
                item.set("change", try await server.comparison(of: row, at: asked.rules.name)?.data)
            }
            items.append(.object(item))
        }
        return .list(items, next: nil)
    }

    private func decision(_ request: APIRequest) async throws(DiagnosticError) -> (Server.Review, reason: String?) {
        let body = try await request.json()
        let text = try body.text("decision")
        guard let review = Server.Review(rawValue: text) else {
            let known = Server.Review.allCases.map(\.rawValue).joined(separator: ", ")
            throw DiagnosticError(.requestInvalid, "'decision' is one of: \(known). '\(text)' is not.")
        }
        let reason = body["reason"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        return (review, reason)
    }

    @Sendable private func review(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let (run, attempt) = (RunID(try request.pathNumber("run")), try request.pathNumber("attempt"))
        let (review, reason) = try await decision(request)
        let sentence = try await server.review(
            run, attempt: attempt, job: JobID(request.parameter("job")), review, reason: reason,
            by: request.principal, actor: request.actor(server))
        return .json(["sentence": .string(sentence)])
    }

    @Sendable private func release(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let run = RunID(try request.pathNumber("run"))
        let (review, reason) = try await decision(request)
        try await server.release(
            run, isApproved: try review.isApprovalOfRun(), reason: reason, by: request.actor(server))
        return .json([:], status: 202)
    }
}

extension Server.Review {
    /// What it says of a run that is held: no gate is there that could be overridden.
    ///
    /// - Throws: ``DiagnosticCode/bodyShape``.
    func isApprovalOfRun() throws(DiagnosticError) -> Bool {
        guard self != .override else {
            throw DiagnosticError(
                .bodyShape, "'decision' cannot be 'override' here: the run waits before no environment.",
                remedy: "Say 'approve' or 'reject'.")
        }
        return self == .approve
    }
}

extension DeploymentComparison {
    /// `commits` are the newest of what is added.
    fileprivate var data: DataValue {
        var object: DataObject = [
            "deployed": [
                "run": .number(Double(deployed.run.number)), "attempt": .number(Double(deployed.attempt)),
                "sha": .string(deployed.sha), "ref": .string(deployed.ref), "at": .number(Double(deployed.at)),
            ]
        ]
        if let span {
            object["added"] = .number(Double(span.addedCount))
            object["removed"] = .number(Double(span.removedCount))
            object["commits"] = .array(
                span.added.map { commit in
                    [
                        "sha": .string(commit.id), "author": .string(commit.author.name),
                        "subject": .string(commit.message.split(separator: "\n").first.map(String.init) ?? ""),
                    ]
                })
        }
        return .object(object)
    }
}
