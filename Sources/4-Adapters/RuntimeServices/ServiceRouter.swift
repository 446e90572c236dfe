// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import NIOHTTP1
internal import StructuredData

/// Which service a request is for.
struct ServiceRouter: Sendable {
    let desk: ServiceDesk
    /// The server's own address, for clients that send no Host.
    let ownAddress: String

    /// Never throws: a refusal is an answer, in the form of whoever was asked.
    func handling(_ request: ServiceRequest) -> Handling {
        let isBlob = request.segments.first == "blobs"
        do {
            let size = request.headers.reduce(request.path.utf8.count) { $0 + $1.name.utf8.count + $1.value.utf8.count }
            guard size <= desk.limits.headerBytes else {
                return .reply(.empty(.requestHeaderFieldsTooLarge))
            }
            return try route(request)
        } catch {
            return .reply(Self.reply(to: error, isBlob: isBlob))
        }
    }

    static func reply(to refusal: Refusal, isBlob: Bool) -> Reply { isBlob ? refusal.blobReply : refusal.reply }

    private func route(_ request: ServiceRequest) throws(Refusal) -> Handling {
        let segments = request.segments
        let base = request.baseAddress ?? ownAddress
        switch (segments.first, segments.count) {
        case ("blobs", _): return try BlobRoutes(desk: desk).handling(request, segments.dropFirst())
        case (".well-known", 2) where request.method == .GET: return try discovery(segments[1])
        default: break
        }
        let job = try desk.job(of: request)
        switch segments.first {
        case "twirp" where segments.count == 3: return try twirp(request, segments, base: base, job: job)
        case "idtoken" where request.method == .GET:
            return .message { _ throws(Refusal) in try identityToken(request, job: job) }
        case "_apis" where segments.count > 1: break
        default: throw Refusal(.badRoute, "There is nothing at \(request.path).")
        }
        let artifacts = ArtifactRoutes(calls: ArtifactCalls(desk: desk))
        switch (segments[1], segments.count) {
        case ("artifactcache", _):
            let routes = CacheRoutes(calls: CacheCalls(desk: desk))
            return try routes.handling(request, segments.dropFirst(2)[...], base: base, job: job)
        case ("pipelines", 5) where segments[2] == "workflows" && segments[4] == "artifacts":
            return try artifacts.artifacts(request, base: base, job: job)
        case ("resources", 4), ("resources", 5):
            guard segments.count == 4 || segments[4] == "content" else {
                throw Refusal(.badRoute, "There is nothing at \(request.path).")
            }
            return try artifacts.container(request, content: segments.count == 5, base: base, job: job)
        default: throw Refusal(.badRoute, "There is nothing at \(request.path).")
        }
    }

    private func twirp(
        _ request: ServiceRequest, _ segments: [Substring], base: String, job: AdmittedJob
    ) throws(Refusal) -> Handling {
        guard request.method == .POST else { throw Refusal(.badRoute, "Methods of services are called by POST.") }
        guard request.header("content-type")?.hasPrefix("application/json") == true else {
            throw Refusal(.badRoute, "Messages are application/json here.")
        }
        let method = String(segments[2])
        switch segments[1] {
        case "github.actions.results.api.v1.CacheService":
            let service = CacheTwirp(calls: CacheCalls(desk: desk))
            return .message { body throws(Refusal) in
                .json(try service.answer(method, try Message.read(body), base: base, job: job))
            }
        case "github.actions.results.api.v1.ArtifactService":
            let service = ArtifactCalls(desk: desk)
            return .message { body throws(Refusal) in
                .json(try service.answer(method, try Message.read(body), base: base, job: job))
            }
        default: throw Refusal(.badRoute, "There is no service \(segments[1]).")
        }
    }

    // MARK: identity

    /// What verifiers read; it is no secret.
    private func discovery(_ name: Substring) throws(Refusal) -> Handling {
        switch name {
        case "openid-configuration": return .reply(.json(desk.identity.configuration(issuer: issuer)))
        case "jwks":
            return .message { [desk] _ throws(Refusal) in
                .json(try desk.perform { () throws(DiagnosticError) in try desk.identity.keySet() })
            }
        default: throw Refusal(.badRoute, "There is nothing at /.well-known/\(name).")
        }
    }

    private func identityToken(_ request: ServiceRequest, job: AdmittedJob) throws(Refusal) -> Reply {
        guard let identity = job.grant.identity else {
            throw Refusal(.permissionDenied, "The job does not have the permission 'id-token: write'.")
        }
        let audience = request.query["audience"].flatMap { $0.isEmpty ? nil : $0 }
        let token = try desk.perform { () throws(DiagnosticError) in
            try desk.identity.token(for: identity, audience: audience, issuer: issuer, now: desk.options.now())
        }
        return .json(["count": 1, "value": .string(token)])
    }

    /// Never what a client calls this server: a verifier has to know it beforehand.
    private var issuer: String { desk.options.issuer ?? String(ownAddress.dropLast()) }
}

extension Refusal {
    /// As Azure says it.
    var blobReply: Reply {
        let text = message.map { character -> String in
            switch character {
            case "<": "&lt;"
            case ">": "&gt;"
            case "&": "&amp;"
            default: String(character)
            }
        }.joined()
        let body =
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>\(kind.rawValue)</Code><Message>\(text)</Message></Error>"
        return Reply(
            status: kind.status, headers: ["content-type": "application/xml", "x-ms-error-code": kind.rawValue],
            content: .bytes(Array(body.utf8)))
    }
}
