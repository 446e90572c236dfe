// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import RunCoordination
internal import RunnerProtocol
internal import ServerOperation
internal import StructuredData
internal import Timekeeping

/// Jobs that are carried out where neither the server nor their runner is: a credential for each, what it asks with it, and
/// its runner's word that it is gone.
struct LeaseRoutes: Sendable {
    let runner: RunnerRoutes

    private var server: Server { runner.server }

    var routes: [Route] {
        [
            runner.route("delegate", "A credential that is good for one job of the runner's.", .runner, delegate),
            runner.route("attend", "Waits for what a job has to hear.", .runner, attend),
            runner.route("forsake", "What carried a job is gone.", .runner, forsake),
        ]
    }

    @Sendable private func delegate(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let lease = try await runner.read(request, LeaseKey.self)
        if let answer = try await runner.passedOn(request, lease) { return answer }
        let id = try runner.runner(request)
        guard await server.runs.record(of: lease, heldBy: id) != nil, case .runner(let entry) = request.principal else {
            throw await server.lost(lease)
        }
        return .json(LeaseCredential(text: try server.people.leases.text(lease, of: entry, now: .now())).data)
    }

    @Sendable private func attend(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let asked = try await runner.read(request, AttendRequest.self)
        if let answer = try await runner.passedOn(request, asked.lease) { return answer }
        let answer = await server.runs.attend(asked, heldBy: try runner.holder(request, of: asked.lease))
        guard let answer else { throw await server.lost(asked.lease) }
        return .json(answer.data)
    }

    @Sendable private func forsake(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let asked = try await runner.read(request, ForsakenLease.self)
        if let answer = try await runner.passedOn(request, asked.lease) { return answer }
        guard await server.runs.forsake(asked, heldBy: try runner.runner(request)) else {
            throw await server.lost(asked.lease)
        }
        return .json([:])
    }
}
