// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import ServerOperation
internal import SourceControl
internal import Timekeeping

/// Requests that may be sent again: with the same `Idempotency-Key` a request is carried out once, and its answer given
/// each time.
struct KeyedRequests: Sendable {
    let server: Server

    static let header = "Idempotency-Key"
    static let keyBytes = 255
    /// What of an answer's head is given again.
    private static let keptHeaders = ["Content-Type", "Cache-Control", "Location", "ETag"]
    /// Refusals that are others a moment later.
    private static let passing: Set<DiagnosticCode> = [.commitMissing]
    private static let methods: Set<String> = ["POST", "PUT", "PATCH", "DELETE"]

    func answer(_ request: APIRequest, _ route: Route, now: Timestamp) async throws(DiagnosticError) -> OutboundAnswer {
        guard let key = request.inbound.headers[Self.header], Self.methods.contains(request.inbound.method),
            route.isDocumented, let caller = Self.name(request.principal)
        else { return try await route.handler(request) }
        guard (1...Self.keyBytes).contains(key.utf8.count), key.utf8.allSatisfy({ (32...126).contains($0) }) else {
            throw DiagnosticError(
                .keyInvalid, "The \(Self.header) is not 1 to \(Self.keyBytes) printable characters.",
                remedy: "Send a new UUID for each thing that you want done.")
        }
        var request = request
        let content = try await request.bytes()
        request.content = content
        let asked = KeptAnswers.Request(
            caller: caller, key: key,
            content: [
                Array("\(request.inbound.method) \(request.inbound.path)?\(request.inbound.query)".utf8), content,
            ])
        request.identity = asked.identity
        switch try await server.keptAnswers.claim(asked, isRepeatable: route.isRepeatable, now: now) {
        case .kept(let answer): return Self.outbound(answer)
        case .new(let claim): return try await carryOut(request, route, claim)
        }
    }

    private func carryOut(
        _ request: APIRequest, _ route: Route, _ claim: KeptAnswers.Claim
    ) async throws(DiagnosticError) -> OutboundAnswer {
        let answer: OutboundAnswer
        var isPassing = false
        do throws(DiagnosticError) {
            answer = try await route.handler(request)
        } catch {
            answer = APIProblem.answer(error)
            isPassing = Self.passing.contains(error.diagnostic.code)
        }
        let bytes: [UInt8]
        switch answer.content {
        case .none: bytes = []
        case .bytes(let content): bytes = content
        // What is not there as a whole cannot be given again.
        case .stream, .events:
            try await server.keptAnswers.release(claim, now: .now())
            return answer
        }
        // What failed on this side, or only now, may be tried again.
        guard !isPassing, answer.status < 500, answer.status != 429, answer.status != 412 else {
            try await server.keptAnswers.release(claim, now: .now())
            return answer
        }
        let headers = answer.headers.filter { field in Self.keptHeaders.contains { $0 == field.name } }
        let kept = KeptAnswers.Answer(status: answer.status, headers: headers.map { ($0.name, $0.value) }, body: bytes)
        try await server.keptAnswers.keep(kept, claim, now: .now())
        return answer
    }

    private static func name(_ principal: Principal) -> String? {
        switch principal {
        case .account(let id), .token(let id): id.description
        case .anonymous, .runner: nil
        }
    }

    private static func outbound(_ answer: KeptAnswers.Answer) -> OutboundAnswer {
        var headers = HTTPHeaders()
        for (name, value) in answer.headers { headers.add(name, value) }
        headers.add("Idempotent-Replayed", "true")
        return OutboundAnswer(
            status: answer.status, headers: headers, content: answer.body.isEmpty ? .none : .bytes(answer.body))
    }
}
