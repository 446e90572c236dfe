// SPDX-License-Identifier: Apache-2.0

import JobDispatch
import RunCoordination
import RunnerProtocol
import ServerOperation
import StructuredData
import TestFolders
import Testing

@Suite("A server's own runner that is not wanted for a while", .ownFolders)
struct RetiredRunnerTests {
    private static let workflow = """
        on: push
        jobs:
          first: {runs-on: ubuntu-latest, steps: [{run: echo}]}
          second: {runs-on: ubuntu-latest, steps: [{run: echo}]}
        """

    /// A server whose own runner has a job that it does not bring to its end.
    private func busy() async throws -> (harness: ServerHarness, runner: String, lease: LeaseKey) {
        var outside = ServerHarness.Outside()
        outside.capacity = 2
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow], outside: outside)
        let runner = try #require(await harness.server.runs.runnersNow.first).runner
        #expect(runner.isOwn && !runner.isPaused)
        _ = try await harness.begin("ci.yml")
        let lease = try #require(await poll(harness, runner.id).first)
        return (harness, runner.id, lease)
    }

    private func poll(_ harness: ServerHarness, _ runner: String, holds: [LeaseKey] = []) async -> [LeaseKey] {
        let request = PollRequest(instance: "x", free: 1, holds: holds, waitMs: 0)
        return await harness.server.runs.poll(runner, request).assignments.map(\.lease)
    }

    private func isPaused(_ harness: ServerHarness, _ runner: String) async -> Bool {
        await harness.server.runs.runnersNow.first { $0.runner.id == runner }?.runner.isPaused ?? true
    }

    @Test("A server that was started without room for jobs and then with some gives its own runner jobs again")
    func wantedAgain() async throws {
        let (harness, runner, lease) = try await busy()
        try await harness.restart(capacity: 0)
        #expect(await poll(harness, runner, holds: [lease]).isEmpty)
        #expect(await isPaused(harness, runner))
        try await harness.restart(capacity: 2)
        #expect(await !isPaused(harness, runner))
        #expect(await poll(harness, runner, holds: [lease]).count == 1)
        await harness.server.stop()
    }

    @Test("One that is to be no more gets nothing, whatever people ask for")
    func resumed() async throws {
        let (harness, runner, lease) = try await busy()
        try await harness.restart(capacity: 0)
        let answer = await harness.send("POST", "/api/v1/runners/\(runner)/resume", [:])
        #expect(answer.status == 200, "\(answer.body.jsonText())")
        #expect(await isPaused(harness, runner))
        #expect(await poll(harness, runner, holds: [lease]).isEmpty)
        await harness.server.stop()
    }

    @Test("What an administrator paused stays paused, with another room for jobs as well")
    func paused() async throws {
        let (harness, runner, lease) = try await busy()
        let answer = await harness.send("POST", "/api/v1/runners/\(runner)/pause", [:])
        #expect(answer.status == 200, "\(answer.body.jsonText())")
        for capacity in [0, 2, 3] { try await harness.restart(capacity: capacity) }
        #expect(await isPaused(harness, runner))
        #expect(await poll(harness, runner, holds: [lease]).isEmpty)
        await harness.server.stop()
    }
}
