// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Credentials
import Diagnostics
import Foundation
import HTTPMessages
import HTTPServing
import PipelineModel
import RunCoordination
import RunnerAgent
import RunnerProtocol
import ServerAPI
import ServerOperation
import StructuredData
import Synchronization
import TestFolders
import Testing
import Timekeeping

/// What came of a way to the server that can be cut.
final class CountedLine: Sendable {
    struct State: Sendable {
        var pieces: [Int] = []
        var putBytes = 0
        var gotBytes = 0
        /// Answers that are lost, from now on, by route.
        var losses: [String: Int] = [:]
        var folders: [String] = []
    }

    let state = Mutex(State())
    private let inner: HTTPTransport

    init(_ inner: @escaping HTTPTransport) { self.inner = inner }

    var transport: HTTPTransport {
        { (call) throws(DiagnosticError) in
            let answer = try await self.inner(call)
            let name = call.url.split(separator: "/").last.map(String.init) ?? ""
            let isLost = self.state.withLock { state in
                switch name {
                case "piece": state.pieces.append(answer.body.count)
                case "chunks-put": state.putBytes += call.body.count
                case "chunks-get": state.gotBytes += answer.body.count
                default: break
                }
                guard let left = state.losses[name], left > 0 else { return false }
                state.losses[name] = left - 1
                return true
            }
            if isLost { throw DiagnosticError(.webUnreachable, "The connection was lost.") }
            return answer
        }
    }

    var fetchedBytes: Int { state.withLock { $0.pieces.reduce(0, +) } }
}

@Suite("Runners on other machines", .ownFolders)
struct FarRunnerTests {
    private struct Place {
        let harness: ServerHarness
        let lines: [CountedLine]
        let agents: [JobRunner]
        let work: [Task<Void, any Error>]

        init(_ workflow: String, runners: [String], losses: [String: Int] = [:]) async throws {
            harness = try await ServerHarness(workflows: ["ci.yml": workflow])
            try "one\n".write(toFile: harness.repository + "/word.txt", atomically: true, encoding: .utf8)
            _ = try harness.commit("first")
            var (lines, agents) = ([CountedLine](), [JobRunner]())
            for name in runners {
                let line = CountedLine(harness.transport)
                line.state.withLock { $0.losses = losses }
                let credential = try await harness.registered(name, labels: RunnerLabels.machine + [name])
                agents.append(
                    try harness.farAgent(name, credential: credential, transport: line.transport) { folder in
                        line.state.withLock { $0.folders.append(folder) }
                    })
                lines.append(line)
            }
            (self.lines, self.agents) = (lines, agents)
            work = agents.map { agent in Task { try await agent.run() } }
        }

        func run(_ inputs: DataObject = [:]) async throws -> (RunID, RunReport) {
            let answer = await harness.send(
                "POST", "/api/v1/projects/demo/runs", ["workflow": "ci.yml", "inputs": .object(inputs)])
            #expect(answer.status == 201, "\(answer.body.jsonText())")
            let run = RunID(try #require(answer.body["runs"]?.array?.first?["run"]?.int))
            return (run, try await harness.end(of: run))
        }

        func log(_ run: RunID, _ job: String, _ step: Int, attempt: Int = 1) -> String {
            let path = harness.server.logPath(
                LogPlace(run: run, attempt: attempt, job: JobID(job), step: StepAttempt(step: StepPath(step))))
            return (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        }

        func end() async throws {
            for agent in agents { await agent.leave() }
            for task in work { try await task.value }
        }
    }

    @Test("One runner's artifact is another runner's input, and the server's to show; none sees the server's folder")
    func artifacts() async throws {
        let place = try await Place(
            """
            on: workflow_dispatch
            jobs:
              make:
                runs-on: east
                steps:
                  - uses: actions/checkout@v4
                  - run: mkdir out && cp word.txt out/ && head -c 9000000 /dev/urandom >out/large && sha256sum out/large
                  - uses: actions/upload-artifact@v4
                    with: {name: built, path: out}
              use:
                needs: make
                runs-on: west
                steps:
                  - uses: actions/download-artifact@v4
                    with: {name: built, path: in}
                  - run: cat in/word.txt && sha256sum in/large
            """, runners: ["east", "west"], losses: ["upload": 2, "piece": 1, "storage": 1])
        let (run, report) = try await place.run()
        #expect(report.conclusion == .success, "\(report.sentence) \(place.log(run, "make", 3))")
        let sum = place.log(run, "make", 2).split(separator: "\n").last?.split(separator: " ").first
        #expect(place.log(run, "use", 2).contains("one\n"))
        #expect(place.log(run, "use", 2).contains(try #require(sum)))
        let store = place.harness.server.store
        let entries = try RunArtifacts(store: store, run: run).entries()
        #expect(entries.map(\.name) == ["built"])
        #expect(entries.map(\.job) == ["make"])
        let digest = try #require(entries.first?.digest).dropFirst("sha256:".count)
        let bytes = Hexadecimal.bytes(digest.utf8)
        for method in ["GET", "HEAD"] {
            let answer = await place.harness.door.answer(
                InboundRequest(
                    method, "/api/v1/runs/\(run)/artifacts/built",
                    headers: [("Authorization", "Bearer \(place.harness.token)")]))
            #expect(answer.headers["Repr-Digest"] == "sha-256=:\(Data(bytes).base64EncodedString()):", "\(method)")
            let content = await ServerHarness.bytes(answer)
            #expect(method == "HEAD" ? content.isEmpty : content.count > 9_000_000)
        }
        try RunArtifacts(store: store, run: run).get("built", to: place.harness.folder + "/shown")
        #expect(
            try String(contentsOfFile: place.harness.folder + "/shown/word.txt", encoding: .utf8) == "one\n")
        for line in place.lines {
            let folders = line.state.withLock { $0.folders }
            #expect(!folders.isEmpty && folders.allSatisfy { !$0.hasPrefix(store.root) })
        }
        try await place.end()
    }

    private static let caching = """
        on:
          workflow_dispatch:
            inputs: {where: {type: string}, key: {type: string}}
        jobs:
          build:
            runs-on: ${{ inputs.where }}
            steps:
              - uses: actions/checkout@v4
              - uses: actions/cache@v4
                with: {path: deps, key: "${{ inputs.key }}", restore-keys: k-}
              - run: |
                  ls deps 2>/dev/null || { mkdir deps; for n in $(seq 30); do head -c 50000 /dev/urandom >deps/$n; done; }
                  date +%N >deps/new; cat deps/* | sha256sum
              - run: cat deps/1 | sha256sum
        """

    @Test("A cache that one runner saved another restores; only the chunks that are missing travel")
    func caches() async throws {
        let place = try await Place(
            Self.caching, runners: ["east", "west"], losses: ["chunks-put": 1, "chunks-get": 1])
        let (first, made) = try await place.run(["where": "east", "key": "k-1"])
        #expect(made.conclusion == .success, "\(made.sentence)")
        let sent = place.lines[0].state.withLock { $0.putBytes }
        #expect(sent > 1_500_000)
        let (second, used) = try await place.run(["where": "west", "key": "k-2"])
        #expect(used.conclusion == .success, "\(used.sentence)")
        #expect(
            place.log(second, "build", 2).contains("Cache restored from key: k-1"), "\(place.log(second, "build", 2))")
        #expect(place.log(first, "build", 4) == place.log(second, "build", 4))
        let (got, put) = place.lines[1].state.withLock { ($0.gotBytes, $0.putBytes) }
        #expect(got > 1_500_000)
        // Of the second cache only one small file is new.
        #expect(put > 0 && put < 100_000, "\(put)")
        let (third, again) = try await place.run(["where": "east", "key": "k-2"])
        #expect(again.conclusion == .success, "\(again.sentence)")
        #expect(place.log(third, "build", 2).contains("Cache restored from key: k-2"))
        #expect(place.lines[0].state.withLock { $0.gotBytes } < 100_000)
        try await place.end()
    }

    @Test("A runner fetches what it has not got: the second commit costs its difference, the same one nothing")
    func incremental() async throws {
        let place = try await Place(
            """
            on: workflow_dispatch
            jobs:
              test:
                runs-on: ubuntu-latest
                steps:
                  - uses: actions/checkout@v4
                  - run: cat word.txt
            """, runners: ["east"], losses: ["piece": 2, "code": 1])
        let harness = place.harness
        var noise = [UInt8](repeating: 0, count: 6_000_000)
        for index in noise.indices { noise[index] = UInt8.random(in: 0...255) }
        FileManager.default.createFile(atPath: harness.repository + "/large", contents: Data(noise))
        _ = try harness.commit("large")
        let (_, first) = try await place.run()
        #expect(first.conclusion == .success, "\(first.sentence)")
        let whole = place.lines[0].fetchedBytes
        #expect(whole > 6_000_000)
        try "two\n".write(toFile: harness.repository + "/word.txt", atomically: true, encoding: .utf8)
        _ = try harness.commit("second")
        let (run, second) = try await place.run()
        #expect(second.conclusion == .success, "\(second.sentence)")
        #expect(place.log(run, "test", 2).contains("two\n"))
        let difference = place.lines[0].fetchedBytes - whole
        #expect(difference > 0 && difference < 10_000, "\(difference)")
        let before = place.lines[0].fetchedBytes
        let (_, third) = try await place.run()
        #expect(third.conclusion == .success)
        #expect(place.lines[0].fetchedBytes == before)
        try await place.end()
    }

    @Test("All of the history comes with branches and tags, another branch when a step asks for it")
    func otherRefs() async throws {
        let place = try await Place(
            """
            on: workflow_dispatch
            jobs:
              all:
                runs-on: ubuntu-latest
                steps:
                  - uses: actions/checkout@v4
                    with: {fetch-depth: 0}
                  - run: git log --oneline | wc -l && git tag && git rev-parse refs/remotes/origin/side
              other:
                runs-on: ubuntu-latest
                steps:
                  - uses: actions/checkout@v4
                    with: {ref: side}
                  - run: cat word.txt
            """, runners: ["east"])
        let harness = place.harness
        try harness.git(["checkout", "-q", "-b", "side"])
        try "aside\n".write(toFile: harness.repository + "/word.txt", atomically: true, encoding: .utf8)
        let side = try harness.commit("aside")
        try harness.git(["checkout", "-q", "main"])
        try harness.git(["tag", "v1"])
        _ = try harness.commit("second")
        let (run, second) = try await place.run()
        #expect(second.conclusion == .success, "\(second.sentence)")
        #expect(place.log(run, "all", 2).contains("2\nv1\n\(side)"), "\(place.log(run, "all", 2))")
        #expect(place.log(run, "other", 2).contains("aside\n"))
        try await place.end()
    }

    @Test("A runner for one job has one, and is forgotten once its last word cannot come again")
    func ephemeral() async throws {
        let harness = try await ServerHarness(workflows: [
            "ci.yml": """
            on: workflow_dispatch
            jobs:
              one: {runs-on: ubuntu-latest, steps: [run: echo one]}
              two: {runs-on: ubuntu-latest, steps: [run: echo two]}
            """
        ])
        _ = try harness.commit("first")
        let credential = try await harness.registered("brief", isEphemeral: true)
        let link = ServerLink(url: "http://server.test", credential: credential, transport: harness.transport)
        let answer = await harness.send("POST", "/api/v1/projects/demo/runs", ["workflow": "ci.yml"])
        #expect(answer.status == 201)
        var taken: [JobAssignment] = []
        while taken.isEmpty {
            taken = try await link.poll(PollRequest(instance: "x", free: 4, holds: [])).assignments
        }
        #expect(taken.count == 1)
        let lease = try #require(taken.first?.lease)
        let more = try await link.poll(PollRequest(instance: "x", free: 4, holds: [lease], waitMs: 0))
        #expect(more.assignments.isEmpty)
        await harness.server.forgetSpentRunners()
        #expect(harness.server.directory.current.runners.count == 1)
        let outcome: DataObject = ["conclusion": "success"]
        _ = try await link.progress(
            Progress(lease: lease, parts: [.finished(outcome: outcome, outputs: [:])]))
        await harness.server.forgetSpentRunners()
        #expect(harness.server.directory.current.runners.count == 1)
        harness.clock.advance(RunnerLimits.leaseMs + 1)
        await harness.server.forgetSpentRunners()
        #expect(harness.server.directory.current.runners.isEmpty)
    }
}
