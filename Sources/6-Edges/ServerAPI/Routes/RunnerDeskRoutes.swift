// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import RunCoordination
internal import RunnerProtocol
internal import ServerOperation
internal import StructuredData
internal import ThreadExecution

/// What runners on other machines fetch and bring, each under the lease of its job; see the runner protocol.
struct RunnerDeskRoutes: Sendable {
    let runner: RunnerRoutes

    private var server: Server { runner.server }

    var routes: [Route] {
        let framed = RunnerLimits.framedBytes
        return [
            runner.route("code", "What the runner has not got of its job's code.", .runner, code),
            runner.route("piece", "Bytes of a bundle, a cache or an artifact.", .runner, piece),
            runner.route(
                "storage", "Caches and artifacts of a job.", .runner, storage, limit: RunnerLimits.storageBytes),
            runner.route("upload", "A piece of a cache or an artifact.", .runner, upload, limit: framed),
            runner.route("chunks-put", "Chunks that the server has not got.", .runner, putChunks, limit: framed),
            runner.route("chunks-get", "Chunks that the runner has not got.", .runner, getChunks, limit: framed),
        ]
    }

    /// What the lease is of, where it is the caller's.
    private func record(
        _ lease: LeaseKey, _ request: APIRequest
    ) async throws(DiagnosticError) -> RunRecord {
        let caller = try runner.holder(request, of: lease)
        if let found = await server.runs.record(of: lease, heldBy: caller) { return found }
        guard await server.runs.isForeign(lease, to: caller) else { throw await server.lost(lease) }
        throw DiagnosticError(.handoverRefused, "The job '\(lease.work)' is another runner's.")
    }

    @Sendable private func code(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let asked = try await runner.read(request, CodeRequest.self)
        if let answer = try await runner.passedOn(request, asked.lease) { return answer }
        return .json(try await server.desk.code(asked, try await record(asked.lease, request)).data)
    }

    @Sendable private func piece(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let asked = try await runner.read(request, PieceRequest.self)
        if let answer = try await runner.passedOn(request, asked.lease) { return answer }
        let (desk, record) = (server.desk, try await record(asked.lease, request))
        let bytes = try await BlockingWork.attempt { () throws(DiagnosticError) in try desk.piece(asked, record) }
        return OutboundAnswer(
            status: 200, headers: [("Content-Type", "application/octet-stream")], content: .bytes(bytes))
    }

    @Sendable private func storage(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let call = try await runner.read(request, StorageCall.self)
        if let answer = try await runner.passedOn(request, call.lease) { return answer }
        let (desk, record) = (server.desk, try await record(call.lease, request))
        // An artifact's lock may be another job's for long.
        let act = try await BlockingWork.attemptLong { () throws(DiagnosticError) in try desk.prepare(call, record) }
        guard call.publishes else { return .json(try act()) }
        let done = try await server.runs.publish(call.lease, heldBy: try runner.holder(request, of: call.lease), act)
        guard let done else { throw await server.lost(call.lease) }
        return .json(done)
    }

    // MARK: bytes

    private func message(_ request: APIRequest) async throws(DiagnosticError) -> FramedMessage {
        let bytes = try await request.bytes()
        do throws(DataShapeError) {
            return try FramedMessage(bytes: bytes)
        } catch {
            throw DiagnosticError(.runnerMessageInvalid, "The message cannot be read: \(error).")
        }
    }

    @Sendable private func upload(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let message = try await message(request)
        let lease = try server.desk.lease(of: message)
        if let answer = try await runner.passedOn(request, lease) { return answer }
        let (desk, record) = (server.desk, try await record(lease, request))
        return .json(
            try await BlockingWork.attempt { () throws(DiagnosticError) in try desk.upload(message, record) })
    }

    @Sendable private func putChunks(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let message = try await message(request)
        let lease = try server.desk.lease(of: message)
        if let answer = try await runner.passedOn(request, lease) { return answer }
        let (desk, record) = (server.desk, try await record(lease, request))
        try await BlockingWork.attempt { () throws(DiagnosticError) in try desk.putChunks(message, record) }
        return .json([:])
    }

    @Sendable private func getChunks(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let message = try await message(request)
        let lease = try server.desk.lease(of: message)
        if let answer = try await runner.passedOn(request, lease) { return answer }
        let (desk, record) = (server.desk, try await record(lease, request))
        let answer = try await BlockingWork.attempt { () throws(DiagnosticError) in
            try desk.getChunks(message, record)
        }
        return OutboundAnswer(
            status: 200, headers: [("Content-Type", FramedMessage.contentType)], content: .bytes(answer.bytes))
    }
}
