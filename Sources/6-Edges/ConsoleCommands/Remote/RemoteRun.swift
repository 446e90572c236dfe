// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import ServerClient
internal import StructuredData

/// `martlet run` on a server: workflows are dispatched, and followed.
struct RemoteRun {
    let command: RunCommand
    let target: RemoteTarget
    let console: Console

    func start() throws {
        let (source, driving) = (command.source, command.driving)
        try LocalOptions.refuse(
            source.localOnly + driving.localOnly + [
                ("--env-file", command.envFile != nil), ("--executor", command.sandbox.executor != .host),
                ("--resume", command.resume != nil), ("--allow-push", command.allowPush), ("--bind", command.bind),
                ("--watch", command.watch),
            ])
        guard let workflow = source.workflow else {
            throw DiagnosticError(
                .argumentInvalid, "Which workflow is to run on \(target.server.address) is not said.",
                remedy: "Name one: martlet run ci.yml\(target.suffix)")
        }
        let inputs = try PlanOptions.pairs(source.inputs, option: "--input")
        var body: DataObject = ["workflow": .string(Self.name(of: workflow))]
        body.set("ref", source.ref.map(DataValue.string))
        body.set("event", source.event.map(DataValue.string))
        if !inputs.isEmpty {
            body["inputs"] = .object(DataObject(inputs.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
        }
        if !source.jobs.isEmpty { body["jobs"] = .array(source.jobs.map(DataValue.string)) }
        let project = try ProjectChoice.project(target)
        let asked = DataValue.object(body)
        let answer = try target.ask { try await $0.post(RemoteServer.path("projects", project, "runs"), asked) }
        let outcomes = try RemoteStart(
            target: target, console: console, json: driving.json, isDetached: command.detach
        ).follow(answer)
        try driving.end(outcomes)
    }

    /// A path on this machine becomes one in the repository; a name stays as it is.
    private static func name(of workflow: String) -> String {
        let folder = ".github/workflows/"
        guard let range = workflow.firstRange(of: folder) else { return workflow }
        return String(workflow[range.lowerBound...])
    }
}
