// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Diagnostics
import Foundation
import HTTPCalling
import HTTPMessages
import ObjectStorage
import PipelineModel
import RunCoordination
import RunnerAgent
import RunnerProtocol
import RuntimeServices
import ServerOperation
import StructuredData
import Synchronization
import TestFolders
import TestPrograms
import Testing
import Timekeeping

/// The way from a runner to the object storage.
final class StoreLine: Sendable {
    struct State: Sendable {
        var methods: [String] = []
        /// What comes of a request; `nil`: what the store says.
        var fault: (@Sendable (HTTPCall, HTTPStream) throws(DiagnosticError) -> HTTPStream)?
        var isCut = false
    }

    let state = Mutex(State())
    private let client: WebClient

    init() throws { client = try WebClient(idleMs: 30_000) }

    var exchange: HTTPExchange {
        { (call, upload) throws(DiagnosticError) in
            let (fault, isCut) = self.state.withLock { state in
                state.methods.append(call.method)
                return (state.fault, state.isCut)
            }
            if isCut { throw DiagnosticError(.webUnreachable, "Nobody is at \(call.url).") }
            let answer = try await self.client.exchange(call, upload)
            return try fault?(call, answer) ?? answer
        }
    }

    func count(_ method: String) -> Int { state.withLock { $0.methods.count { $0 == method } } }
}

/// A server with a bucket, and runners on other machines.
struct LinkedPlace {
    let harness: ServerHarness
    let objects: BucketStore
    let lines: [CountedLine]
    let stores: [StoreLine]
    private let agents: [JobRunner]
    private let work: [Task<Void, any Error>]

    static func bucket(_ server: StorageServer) async throws -> BucketStore {
        let name = "b" + UUID().uuidString.prefix(8).lowercased()
        let text = "s3://\(name)/in/here?endpoint=http://127.0.0.1:\(server.port)&region=us-east-1"
        guard case .bucket(let address) = try StorageAddress(text) else {
            throw StorageServer.NotStarted(description: "no bucket")
        }
        let client = try WebClient(idleMs: 30_000)
        let environment = ["AWS_ACCESS_KEY_ID": TestKey.id, "AWS_SECRET_ACCESS_KEY": TestKey.secret]
        let store = try BucketStore(
            address,
            BucketSurroundings(environment: environment, transport: client.transport, exchange: client.exchanging))
        try await store.makeBucket()
        try await store.put([1], at: try ObjectKey("warm"))
        return store
    }

    init(_ server: StorageServer, _ workflow: String, runners: [String]) async throws {
        objects = try await Self.bucket(server)
        var outside = ServerHarness.Outside()
        outside.blobs = objects
        harness = try await ServerHarness(workflows: ["ci.yml": workflow], outside: outside)
        try "one\n".write(toFile: harness.repository + "/word.txt", atomically: true, encoding: .utf8)
        _ = try harness.commit("first")
        var (lines, stores, agents) = ([CountedLine](), [StoreLine](), [JobRunner]())
        for name in runners {
            let (line, store) = (CountedLine(harness.transport), try StoreLine())
            let credential = try await harness.registered(name, labels: RunnerLabels.machine + [name])
            agents.append(
                try harness.farAgent(
                    name, credential: credential, transport: line.transport, exchange: store.exchange))
            lines.append(line)
            stores.append(store)
        }
        (self.lines, self.stores, self.agents) = (lines, stores, agents)
        work = agents.map { agent in Task { try await agent.run() } }
    }

    func run(_ inputs: DataObject = [:]) async throws -> (RunID, RunReport) {
        let answer = await harness.send(
            "POST", "/api/v1/projects/demo/runs", ["workflow": "ci.yml", "inputs": .object(inputs)])
        #expect(answer.status == 201, "\(answer.body.jsonText())")
        let run = RunID(try #require(answer.body["runs"]?.array?.first?["run"]?.int))
        return (run, try await harness.end(of: run))
    }

    func log(_ run: RunID, _ job: String, _ step: Int) -> String {
        let path = harness.server.logPath(
            LogPlace(run: run, attempt: 1, job: JobID(job), step: StepAttempt(step: StepPath(step))))
        return (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }

    func keys(_ prefix: String) async throws -> [String] {
        try await objects.list(prefix: prefix, after: nil, limit: 100).objects.map(\.key.text)
    }

    /// The index of the project's caches, and the folder with its copies.
    var services: String {
        let path = harness.server.store.root + "/services"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return path + "/" + (names.first ?? "none")
    }

    var caches: [CacheEntry] {
        (try? FileEntryIndex(folder: services + "/index").caches(version: nil)) ?? []
    }

    func end() async throws {
        for agent in agents { await agent.leave() }
        for task in work { try await task.value }
    }
}

/// What goes between runners on other machines and the object storage, with the server only saying where.
@Suite(
    "Runners on other machines reach the object storage by links", .serialized, .ownFolders,
    .enabled(if: StoragePrograms.areThere, "moto and SeaweedFS cannot be had here: no store to test with."))
struct FarLinkTests {
    private static func with(_ kind: StoreKind, _ body: (StorageServer) async throws -> Void) async throws {
        let server = try StorageServer(kind)
        defer { server.stop() }
        try await body(server)
    }

    private static let passing = """
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
        """

    private static func sum(_ log: String) -> Substring? {
        log.split(separator: "\n").last?.split(separator: " ").first
    }

    @Test(
        "An artifact goes to the store and comes from it, and not through the server",
        arguments: [StoreKind.moto, .seaweed])
    func artifacts(kind: StoreKind) async throws {
        try await Self.with(kind) { server in
            let place = try await LinkedPlace(server, Self.passing, runners: ["east", "west"])
            let (run, report) = try await place.run()
            #expect(report.conclusion == .success, "\(report.sentence) \(place.log(run, "make", 3))")
            let sum = try #require(Self.sum(place.log(run, "make", 2)))
            #expect(place.log(run, "use", 2).contains("one\n") && place.log(run, "use", 2).contains(sum))
            #expect(place.stores[0].state.withLock { $0.methods } == ["PUT"])
            #expect(place.stores[1].state.withLock { $0.methods } == ["GET"])
            #expect(place.lines[1].fetchedBytes < 1_000_000)
            #expect(!place.log(run, "make", 3).contains("MRT1480") && !place.log(run, "use", 1).contains("MRT1480"))
            #expect(try await place.keys("runs/\(run)/artifacts/").count == 1)
            // The server's folder has no copy, and the server shows it all the same.
            let shelf = place.services + "/blobs"
            #expect(!FileManager.default.fileExists(atPath: shelf))
            let store = place.harness.server.store
            try RunArtifacts(store: store, run: run).get("built", to: place.harness.folder + "/shown")
            let word = try String(contentsOfFile: place.harness.folder + "/shown/word.txt", encoding: .utf8)
            #expect(word == "one\n")
            try await place.end()
        }
    }

    @Test(
        "A store that a runner does not reach, or that gives other bytes, is told of once, and the server passes all on"
    )
    func relay() async throws {
        try await Self.with(.moto) { server in
            let place = try await LinkedPlace(server, Self.passing, runners: ["east", "west"])
            place.stores[0].state.withLock { $0.isCut = true }
            place.stores[1].state.withLock { state in
                state.fault = { (call, answer) throws(DiagnosticError) in
                    var answer = answer
                    let inner = answer.pieces
                    answer.pieces = HTTPPieces {
                        var iterator = inner.makeAsyncIterator()
                        return { () async throws(DiagnosticError) in
                            // As long as it should be, and other bytes.
                            try await iterator.next().map { $0.map { $0 ^ 1 } }
                        }
                    }
                    return answer
                }
            }
            let (run, report) = try await place.run()
            #expect(report.conclusion == .success, "\(report.sentence)")
            let (made, used) = (place.log(run, "make", 3), place.log(run, "use", 1))
            #expect(made.contains("MRT1480") && made.contains("Nobody is at"), "\(made)")
            // What lets in whoever has it is in no log.
            #expect(!made.contains("X-Amz-Signature") && !used.contains("X-Amz-Signature"))
            let sum = try #require(Self.sum(place.log(run, "make", 2)))
            #expect(place.log(run, "use", 2).contains(sum))
            // It came through the server, which put it when its job was over.
            while try await place.keys("runs/\(run)/artifacts/").isEmpty { await Task.yield() }
            let (again, _) = try await place.run()
            let second = place.log(again, "use", 1)
            #expect(
                used.contains("other bytes than the server's record says") || second.contains("other bytes"),
                "\(used) \(second)")
            #expect(place.log(again, "use", 2).contains(try #require(Self.sum(place.log(again, "make", 2)))))
            try await place.end()
        }
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
                  ls deps 2>/dev/null || { mkdir deps; for n in $(seq 30); do head -c 100000 /dev/urandom >deps/$n; done; }
                  date +%N >deps/new; cat deps/* | sha256sum
              - run: cat deps/1 | sha256sum
        """

    @Test(
        "A cache is one object of the project's, which runners put and read by links",
        arguments: [StoreKind.moto, .seaweed])
    func caches(kind: StoreKind) async throws {
        try await Self.with(kind) { server in
            let place = try await LinkedPlace(server, Self.caching, runners: ["east", "west"])
            let (first, made) = try await place.run(["where": "east", "key": "k-1"])
            #expect(made.conclusion == .success, "\(made.sentence)")
            let project = place.harness.project
            #expect(try await place.keys("projects/\(project)/caches/").count == 1)
            #expect(place.lines[0].state.withLock { $0.putBytes } == 0)
            #expect(place.stores[0].count("PUT") == 1)
            let (second, used) = try await place.run(["where": "west", "key": "k-2"])
            #expect(used.conclusion == .success, "\(used.sentence)")
            let log = place.log(second, "build", 2)
            #expect(log.contains("Cache restored from key: k-1") && !log.contains("MRT1480"), "\(log)")
            #expect(place.log(first, "build", 4) == place.log(second, "build", 4))
            #expect(place.lines[1].state.withLock { $0.gotBytes } == 0)
            #expect(place.stores[1].count("GET") > 0)
            // What it has of the second cache it does not read again.
            let before = place.stores[1].count("GET")
            let (third, again) = try await place.run(["where": "west", "key": "k-2"])
            #expect(again.conclusion == .success && place.log(third, "build", 2).contains("from key: k-2"))
            #expect(place.stores[1].count("GET") == before + 1)
            try await place.end()
        }
    }

    /// A runner that has the server's folder, and nothing of the store.
    private static func own(_ place: LinkedPlace) async throws -> (JobRunner, Task<Void, any Error>) {
        let credential = try await place.harness.registered("own", labels: RunnerLabels.machine + ["own"])
        let store = try RunStore(root: place.harness.folder + "/own", shared: place.harness.server.store.root)
        var parts = JobRunner.Surroundings(
            store: store, capacity: 1,
            settings: { (content) throws(DiagnosticError) in try ServerHarness.settings(content) },
            link: { [transport = place.harness.transport] () throws(DiagnosticError) in
                ServerLink(url: "http://server.test", credential: credential, transport: transport)
            }, report: { _ in })
        parts.isOwn = true
        let own = JobRunner(parts)
        return (own, Task { try await own.run() })
    }

    @Test(
        "A store that goes away between an upload and its record costs nothing: the bytes come again, through the server"
    )
    func awayBeforeRecord() async throws {
        let server = try StorageServer(.moto)
        let place = try await LinkedPlace(server, Self.passing, runners: ["east", "west"])
        place.stores[0].state.withLock { state in
            state.fault = { (call, answer) throws(DiagnosticError) in
                server.stop()
                return HTTPStream(status: answer.status, pieces: HTTPPieces { { nil } })
            }
        }
        let (run, report) = try await place.run()
        #expect(report.conclusion == .success, "\(report.sentence)")
        let log = place.log(run, "make", 3)
        #expect(log.contains("MRT1480") && log.components(separatedBy: "MRT1480").count == 2, "\(log)")
        #expect(place.stores[0].state.withLock { $0.methods } == ["PUT"])
        let sum = try #require(Self.sum(place.log(run, "make", 2)))
        #expect(place.log(run, "use", 2).contains(sum))
        try await place.end()
    }

    @Test("While the store is away a cache that is only there is not restored, and stays")
    func awayCaches() async throws {
        let server = try StorageServer(.moto)
        let place = try await LinkedPlace(server, Self.caching, runners: ["east", "west"])
        _ = try await place.run(["where": "east", "key": "k-1"])
        #expect(place.caches.count == 1)
        server.stop()
        let (own, work) = try await Self.own(place)
        for runner in ["own", "west"] {
            let (run, report) = try await place.run(["where": .string(runner), "key": "k-1"])
            #expect(report.conclusion == .success, "\(report.sentence)")
            let log = place.log(run, "build", 2)
            #expect(log.contains("Failed to restore: MRT1408"), "\(log)")
            #expect(log.contains("MRT1480") == (runner == "west"), "\(log)")
            #expect(place.caches.map(\.key).contains("k-1"))
        }
        await own.leave()
        try await work.value
        try await place.end()
    }

    @Test(
        "A cache that a runner put into the store is the own runner's, too, and goes from the store when it is evicted")
    func ownRunner() async throws {
        try await Self.with(.seaweed) { server in
            let place = try await LinkedPlace(server, Self.caching, runners: ["east"])
            let (first, _) = try await place.run(["where": "east", "key": "k-1"])
            let (own, work) = try await Self.own(place)
            let (second, report) = try await place.run(["where": "own", "key": "k-1"])
            #expect(report.conclusion == .success, "\(report.sentence)")
            let log = place.log(second, "build", 2)
            #expect(log.contains("Cache restored from key: k-1"), "\(log)")
            #expect(place.log(first, "build", 4) == place.log(second, "build", 4))
            await own.leave()
            try await work.value
            let prefix = "projects/\(place.harness.project)/caches/"
            #expect(place.caches.count == 1)
            #expect(try await place.keys(prefix).count == 1)
            place.harness.clock.advance(9 * 86_400_000)
            _ = await place.harness.server.housekeeping.round(Timestamp(milliseconds: place.harness.clock.now))
            #expect(place.caches.isEmpty)
            #expect(try await place.keys(prefix).isEmpty)
            try await place.end()
        }
    }

    @Test(
        "A cache that came through the server is put once its run is over; when its entry is gone nothing of it stays")
    func kept() async throws {
        try await Self.with(.moto) { server in
            let place = try await LinkedPlace(server, Self.caching, runners: ["east", "west"])
            place.stores[0].state.withLock { $0.isCut = true }
            let (run, _) = try await place.run(["where": "east", "key": "k-1"])
            let store = place.harness.server.store
            let project = place.harness.project.description
            // The server does it, too, when the run is over; one of the two objects is nobody's, and goes at once.
            try await store.keepCaches(of: run, project: project)
            let object = try #require(place.caches.first?.object)
            let prefix = "projects/\(project)/caches/"
            while try await place.keys(prefix) != [object.key] { await Task.yield() }
            let (second, _) = try await place.run(["where": "west", "key": "k-2"])
            #expect(place.log(second, "build", 2).contains("Cache restored from key: k-1"))
            #expect(place.stores[1].count("GET") > 0 && place.lines[1].state.withLock { $0.gotBytes } == 0)
            while place.caches.contains(where: { $0.object == nil }) { await Task.yield() }
            // What entries name stays, whatever was noted of it; what was never noted here is not looked at.
            try await place.objects.put([1], at: try ObjectKey(prefix + "of-somebody-else"))
            // The first runner had a link that it could not use.
            #expect(try await store.sweepOwnerless(now: .now() + .days(2)) == 1)
            let left = Set(try await place.keys(prefix))
            #expect(left == Set(place.caches.compactMap(\.object?.key) + [prefix + "of-somebody-else"]))
            try await place.end()
        }
    }

    @Test("A cache is evicted while the store is away: its entry is gone at once, its object when the store is back")
    func evicted() async throws {
        let objects = WantingStore(FolderStore(root: OwnFolders.path()))
        var outside = ServerHarness.Outside()
        outside.blobs = objects
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.caching], outside: outside)
        _ = try harness.commit("first")
        let credential = try await harness.registered("east", labels: RunnerLabels.machine + ["east"])
        let agent = try harness.farAgent("east", credential: credential, transport: harness.transport)
        let work = Task { try await agent.run() }
        let answer = await harness.send(
            "POST", "/api/v1/projects/demo/runs", ["workflow": "ci.yml", "inputs": ["where": "east", "key": "k-1"]])
        let run = RunID(try #require(answer.body["runs"]?.array?.first?["run"]?.int))
        #expect(try await harness.end(of: run).conclusion == .success)
        let keys = { try await objects.inner.list(prefix: "projects/", after: nil, limit: 9).objects.map(\.key.text) }
        while try await keys().count != 1 { await Task.yield() }
        let services = harness.server.store.root + "/services"
        let folder = services + "/" + (try FileManager.default.contentsOfDirectory(atPath: services)[0])
        let index = FileEntryIndex(folder: folder + "/index")
        while try index.caches(version: nil).first?.object == nil { await Task.yield() }
        objects.isBroken.withLock { $0 = true }
        harness.clock.advance(9 * 86_400_000)
        _ = await harness.server.housekeeping.round(Timestamp(milliseconds: harness.clock.now))
        #expect(try index.caches(version: nil).isEmpty)
        #expect(try await keys().count == 1)
        let store = harness.server.store
        await #expect(throws: DiagnosticError.self) { try await store.sweepOwnerless(now: .now() + .days(2)) }
        objects.isBroken.withLock { $0 = false }
        #expect(try await store.sweepOwnerless(now: .now() + .days(2)) == 1)
        #expect(try await keys().isEmpty)
        await agent.leave()
        try await work.value
    }
}
