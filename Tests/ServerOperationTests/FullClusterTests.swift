// SPDX-License-Identifier: Apache-2.0

import ClusterExecution
import Diagnostics
import PipelineModel
import RunCoordination
import RunIndex
import RunnerAgent
import RunnerProtocol
import StructuredData
import TestFolders
import Testing

@Suite("A cluster whose quota is used up", .ownFolders)
struct FullClusterTests {
    private static let workflow = """
        on: workflow_dispatch
        jobs:
          one: {runs-on: ubuntu-latest, steps: [{run: echo}]}
        """

    private static func runner(_ harness: ServerHarness, _ cluster: FullCluster) async throws -> ClusterRunner {
        let credential = try await harness.registered("cluster")
        let manifest = JobManifest(
            settings: ExecutorSettings(image: "i", tools: "t"), names: LeaseNames(credential: credential),
            server: "http://server.test", hasSidecars: true)
        let transport = harness.transport
        return ClusterRunner(
            ClusterRunner.Surroundings(
                cluster: cluster.client, manifest: manifest, capacity: 4,
                link: { () throws(DiagnosticError) in
                    ServerLink(url: "http://server.test", credential: credential, transport: transport)
                }, report: { _ in }, say: { _ in }))
    }

    private func wait(until isThere: () -> Bool) async throws {
        while !isThere() { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test("Once the job that waited for it is cancelled, others are taken and made again", .timeLimit(.minutes(2)))
    func cancelled() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow])
        _ = try harness.commit("first")
        let cluster = FullCluster()
        let runner = try await Self.runner(harness, cluster)
        let work = Task { try await runner.run() }
        defer { work.cancel() }
        func begin() async {
            let answer = await harness.send("POST", "/api/v1/projects/demo/runs", ["workflow": "ci.yml"])
            #expect(answer.status == 201, "\(answer.body)")
        }
        await begin()
        try await wait { cluster.refused > 0 }
        let run = try await harness.rows(1)[0].run
        _ = await harness.send("POST", "/api/v1/runs/\(run)/cancel", [:])
        #expect(try await harness.end(of: run).conclusion == .cancelled)
        #expect(cluster.made.isEmpty)
        cluster.isFull = false
        await begin()
        try await wait { !cluster.made.isEmpty }
        #expect(cluster.made.allSatisfy { $0.hasPrefix("martlet-2-") }, "\(cluster.made)")
        await runner.leave()
    }
}
