// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Credentials
internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import PipelineModel
internal import RunCoordination
internal import ServerOperation
internal import StructuredData
internal import ThreadExecution

/// What came of a run beside its logs: reasons, annotations, tests, summaries, artifacts.
struct OutcomeRoutes: Sendable {
    let server: Server

    private static let base = "/api/v1/runs/{run}/attempts/{attempt}"

    var routes: [Route] {
        [
            list("why", "Why each job and step came out as it did, and what the rest waits for.", "ReasonList", why),
            list("annotations", "Findings at places in files, and words of jobs.", "AnnotationList") { outcomes in
                outcomes.findings.map { .object(Self.object($0)) }
            },
            list("tests", "Tests of the reports that jobs left.", "TestList") { outcomes in
                outcomes.tests.map { job, test in
                    var object = test.data.object ?? DataObject()
                    object["job"] = .string(job)
                    return .object(object)
                }
            },
            list("summaries", "What steps wrote to their summaries, in Markdown.", "SummaryList") { outcomes in
                outcomes.summaries.map {
                    ["job": .string($0.job), "step": .string($0.step), "markdown": .string($0.text)]
                }
            },
            Route(
                method: "GET", template: "/api/v1/runs/{run}/artifacts", operation: "listArtifacts",
                summary: "Artifacts of a run.", guardian: .run(.readArtifacts), answers: [200: "ArtifactList"]
            ) { (request) throws(DiagnosticError) in
                let run = RunID(try request.pathNumber("run"))
                let entries = try await read { () throws(DiagnosticError) in
                    try RunArtifacts(store: server.store, run: run).entries().map(\.data)
                }
                return .list(entries, next: nil)
            },
            Route(
                method: "GET", template: "/api/v1/runs/{run}/artifacts/{name}", operation: "getArtifact",
                summary: "An artifact, as a zip archive.", guardian: .run(.readArtifacts), answers: [200: ""],
                handler: artifact),
        ]
    }

    // MARK: making routes

    private typealias Reading = @Sendable (OutcomeHistory) throws(DiagnosticError) -> [DataValue]

    private func list(_ name: String, _ summary: String, _ schema: String, _ reading: @escaping Reading) -> Route {
        list(name, summary, schema) { (request) throws(DiagnosticError) in
            let (run, attempt) = (RunID(try request.pathNumber("run")), try request.pathNumber("attempt"))
            let report = try server.report(of: run, attempt: attempt)
            return try await read { () throws(DiagnosticError) in try reading(try server.outcomes(of: report)) }
        }
    }

    private func list(
        _ name: String, _ summary: String, _ schema: String,
        _ items: @escaping @Sendable (APIRequest) async throws(DiagnosticError) -> [DataValue]
    ) -> Route {
        Route(
            method: "GET", template: "\(Self.base)/\(name)", operation: "list_\(name)", summary: summary,
            guardian: .run(.viewRuns),
            query: name == "why" ? [.init(name: "job", about: "Only this job.", schema: ["type": "string"])] : [],
            answers: [200: schema]
        ) { (request) throws(DiagnosticError) in .list(try await items(request), next: nil) }
    }

    private func read<Value: Sendable>(
        _ body: @escaping @Sendable () throws(DiagnosticError) -> Value
    ) async throws(DiagnosticError) -> Value { try await BlockingWork.attempt(body) }

    // MARK: reasons

    @Sendable private func why(_ request: APIRequest) async throws(DiagnosticError) -> [DataValue] {
        let (run, attempt) = (RunID(try request.pathNumber("run")), try request.pathNumber("attempt"))
        let report = try server.report(of: run, attempt: attempt)
        var items: [DataValue] = []
        for job in report.jobs where request.query["job"].map({ job.isNamed($0) }) ?? true {
            var reason = job.reason
            if job.state != .finished { reason = await server.runs.waitingReason(of: job.id, in: run) ?? reason }
            items.append(.object(Self.object(job.name, job.id, nil, job.conclusion, reason, job.notes)))
            for step in job.steps where step.state == .finished {
                items.append(
                    .object(
                        Self.object(
                            "\(step.path) \(step.title)", job.id, step.path, step.conclusion, step.reason, [])))
            }
        }
        return items
    }

    private static func object(
        _ title: String, _ job: JobID, _ step: StepPath?, _ conclusion: Conclusion?, _ reason: Reason?,
        _ notes: [String]
    ) -> DataObject {
        var object: DataObject = ["title": .string(title), "job": .string(job.text)]
        object.set("step", step.map { .string($0.description) })
        object.set("conclusion", conclusion.map { .string($0.rawValue) })
        object.set("reason", reason?.data)
        object["notes"] = .array(notes.map(DataValue.string))
        return object
    }

    private static func object(_ finding: OutcomeHistory.Finding) -> DataObject {
        var head: DataObject = ["job": .string(finding.job)]
        head.set("step", finding.step.map(DataValue.string))
        return RunUpdate.object(finding.annotation, head)
    }

    // MARK: artifacts

    /// Source: RFC 9530, section 2.
    private static func digestField(_ digest: String?) -> String? {
        guard let digest, digest.hasPrefix("sha256:") else { return nil }
        let bytes = Hexadecimal.bytes(digest.dropFirst("sha256:".count).utf8)
        return bytes.isEmpty ? nil : "sha-256=:\(Base64Text.text(bytes, .standard, isPadded: true)):"
    }

    @Sendable private func artifact(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let run = RunID(try request.pathNumber("run"))
        let name = request.parameter("name")
        let store = server.store
        let digest = try await read { () throws(DiagnosticError) in
            try RunArtifacts(store: store, run: run).entries().last { $0.name == name }?.digest
        }
        var headers: HTTPHeaders = [
            ("Content-Type", "application/zip"), ("X-Content-Type-Options", "nosniff"),
            ("Content-Disposition", "attachment; filename*=UTF-8''\(FormText.encoded(name)).zip"),
        ]
        if let field = Self.digestField(digest) { headers.add("Repr-Digest", field) }
        // A browser follows to the object storage; programs that send a credential along are spared that.
        if request.inbound.method == "GET", request.inbound.headers["Accept"]?.contains("text/html") == true,
            let link = try await RunArtifacts(store: store, run: run).link(to: name)
        {
            return OutboundAnswer(status: 302, headers: [("Location", link), ("Cache-Control", "no-store")])
        }
        let isAsked = request.inbound.method == "HEAD"
        if isAsked, digest != nil { return OutboundAnswer(status: 200, headers: headers) }
        let archive = try await read { () throws(DiagnosticError) in
            try RunArtifacts(store: store, run: run).archive(name)
        }
        if isAsked {
            archive.dismiss()
            return OutboundAnswer(status: 200, headers: headers)
        }
        return OutboundAnswer(
            status: 200, headers: headers,
            content: .stream { writer in
                defer { archive.dismiss() }
                while let piece = try await read({ () throws(DiagnosticError) in try archive.next() }) {
                    try await writer.write(piece)
                }
            })
    }
}
