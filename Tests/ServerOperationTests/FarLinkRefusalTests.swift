// SPDX-License-Identifier: Apache-2.0

import AccessRules
import ContentStore
import Crypto
import Diagnostics
import Foundation
import HTTPCalling
import HTTPMessages
import HTTPServing
import ObjectStorage
import PipelineModel
import RunCoordination
import RunnerAgent
import RunnerProtocol
import RuntimeServices
import ServerAPI
import ServerOperation
import StructuredData
import TestFolders
import TestPrograms
import Testing
import Timekeeping

/// A job that a runner has been given, and does nothing about; its server has a bucket.
private struct LinkedHold {
    let harness: ServerHarness
    let objects: BucketStore
    let credential: String
    let lease: LeaseKey
    private let client: WebClient

    static let bytes = [UInt8](repeating: 7, count: 2 << 20)
    static let others = [UInt8](repeating: 8, count: 2 << 20)

    static func digest(_ bytes: [UInt8]) -> String { Hexadecimal.text(SHA256.hash(data: bytes)) }

    private static let workflow = """
        on: workflow_dispatch
        jobs:
          test: {runs-on: ubuntu-latest, steps: [run: echo hello]}
        """

    init(_ server: StorageServer, _ workflow: String = workflow, inputs: DataObject = [:]) async throws {
        objects = try await LinkedPlace.bucket(server)
        client = try WebClient(idleMs: 30_000)
        var outside = ServerHarness.Outside()
        outside.blobs = objects
        harness = try await ServerHarness(
            workflows: ["ci.yml": workflow], outside: outside)
        _ = try harness.commit("first")
        credential = try await harness.registered("east", labels: RunnerLabels.machine + ["east"])
        let answer = await harness.send(
            "POST", "/api/v1/projects/demo/runs", ["workflow": "ci.yml", "inputs": .object(inputs)])
        #expect(answer.status == 201, "\(answer.body.jsonText())")
        let link = ServerLink(url: "http://server.test", credential: credential, transport: harness.transport)
        var found: LeaseKey?
        while found == nil {
            found = try await link.poll(PollRequest(instance: "x", free: 1, holds: [])).assignments.first?.lease
        }
        lease = try #require(found)
    }

    func call(_ act: StorageCall.Act, _ details: DataObject) async -> (status: Int, body: DataValue) {
        let body = StorageCall(lease: lease, act, details).data.jsonText()
        return await ask("storage", Array(body.utf8))
    }

    func ask(_ route: String, _ body: [UInt8]) async -> (status: Int, body: DataValue) {
        let answer = await harness.door.answer(
            InboundRequest(
                "POST", "/runner/v1/\(route)",
                headers: [
                    ("Authorization", "Bearer \(credential)"), (RunnerProtocolVersion.header, "1"),
                    ("Content-Type", "application/json"),
                ], body: body))
        return (answer.status, (try? DataValue(json: await ServerHarness.bytes(answer))) ?? .null)
    }

    func link(
        _ name: String, kind: String = "artifact", size: Int = bytes.count, sha256: String = digest(bytes)
    ) async -> (status: Int, body: DataValue) {
        await call(
            .uploadLink,
            [
                "name": .string(name), "kind": .string(kind), "size": .number(Double(size)), "sha256": .string(sha256),
            ])
    }

    /// - Returns: the store's status.
    func put(_ bytes: [UInt8], at data: DataValue) async throws -> Int {
        let link = try StorageLink(data: data)
        var call = HTTPCall("PUT", link.url)
        for header in link.headers { call.headers.add(header.name, header.value) }
        call.body = bytes
        return try await client.send(call).status
    }

    static func blob(_ name: String) -> DataValue {
        ["name": .string(name), "size": .number(Double(bytes.count)), "sha256": .string(digest(bytes))]
    }

    func keepArtifact(_ upload: String, id: Int = 7) async -> (status: Int, body: DataValue) {
        await call(
            .keepArtifact,
            [
                "entry": [
                    "id": .number(Double(id)), "name": "built", "mediaType": "text/plain", "created": 0,
                    "origin": ["run": "999", "job": "other"], "archive": Self.blob(upload),
                ]
            ])
    }

    func keepCache(_ upload: String) async -> (status: Int, body: DataValue) {
        await call(
            .keepCache,
            [
                "entry": [
                    "id": 1, "key": "k", "version": "v", "scope": "refs/heads/main", "created": 0, "lastUsed": 0,
                    "origin": ["run": "999", "job": "other"], "blob": Self.blob(upload),
                ], "upload": Self.blob(upload),
            ])
    }

    func keys(_ prefix: String) async throws -> [String] {
        try await objects.list(prefix: prefix, after: nil, limit: 100).objects.map(\.key.text)
    }

    func wait(for count: Int, below prefix: String) async throws {
        while try await keys(prefix).count != count { await Task.yield() }
    }
}

@Suite(
    "What links to the object storage do not do", .serialized, .ownFolders,
    .enabled(if: StoragePrograms.areThere, "moto and SeaweedFS cannot be had here: no store to test with."))
struct FarLinkRefusalTests {
    private static func with(_ kind: StoreKind, _ body: (StorageServer) async throws -> Void) async throws {
        let server = try StorageServer(kind)
        defer { server.stop() }
        try await body(server)
    }

    @Test(
        "Other bytes than were announced are published by nobody, whether the store looks or not",
        arguments: [StoreKind.moto, .seaweed])
    func otherBytes(kind: StoreKind) async throws {
        try await Self.with(kind) { server in
            let held = try await LinkedHold(server)
            let runs = "runs/\(held.lease.work.run)/artifacts/"
            for (name, keep) in [("u1", "artifact"), ("u2", "cache")] {
                let link = await held.link(name, kind: keep)
                // SeaweedFS looks; moto takes what comes.
                let status = try await held.put(LinkedHold.others, at: link.body)
                #expect(kind == .moto ? status == 200 : status >= 400, "\(status)")
            }
            let artifact = await held.keepArtifact("u1")
            #expect(artifact.status == 422 && artifact.body["code"]?.string == "MRT1295", "\(artifact)")
            let cache = await held.keepCache("u2")
            #expect(cache.status == 422 && cache.body["code"]?.string == "MRT1295", "\(cache)")
            try await held.wait(for: 0, below: runs)
            try await held.wait(for: 0, below: "projects/")
            // What was never put is not there either; and what is right is taken.
            _ = await held.link("u3")
            #expect(await held.keepArtifact("u3").body["code"]?.string == "MRT1295")
            let link = await held.link("u4")
            #expect(try await held.put(LinkedHold.bytes, at: link.body) == 200)
            #expect(await held.keepArtifact("u4").body["kept"]?.bool == true)
            // Said again, because the answer was lost.
            #expect(await held.keepArtifact("u4").body["kept"]?.bool == true)
            #expect(try await held.keys(runs).count == 1)
            // Nothing takes its place.
            #expect(try await held.put(LinkedHold.bytes, at: link.body) == 412)
        }
    }

    @Test("A link is given for what the job was told of, by a name of its own, and up to a limit")
    func foreign() async throws {
        try await Self.with(.moto) { server in
            let held = try await LinkedHold(server)
            try await held.objects.put(
                LinkedHold.bytes, at: try ObjectKey("projects/prj-other/caches/theirs"))
            for details: DataObject in [
                ["blob": "theirs"], ["blob": "../../projects/prj-other/caches/theirs"],
                ["key": "k", "version": "v", "scope": "refs/heads/main"],
            ] {
                let answer = await held.call(.link, details)
                #expect(answer.status == 403 && answer.body["code"]?.string == "MRT1293", "\(answer)")
                #expect(await held.call(.bring, details).status == 403)
            }
            for name in ["../escape", "", String(repeating: "a", count: 65)] {
                #expect(await held.link(name).body["code"]?.string == "MRT1293")
            }
            #expect(await held.link("u", kind: "log").status == 403)
            #expect(await held.link("u", sha256: "00").status == 403)
            // What is too small or too large goes through the server.
            for size in [5, Int(RunnerLimits.linkedUploadBytes) + 1] {
                let answer = await held.link("u", size: size)
                #expect(answer.status == 200 && answer.body["url"] == nil)
            }
            // An announced artifact is no cache.
            let link = await held.link("u")
            #expect(link.body["url"]?.string?.contains("/runs/\(held.lease.work.run)/artifacts/") == true)
            #expect(try await held.put(LinkedHold.bytes, at: link.body) == 200)
            #expect(await held.keepCache("u").body["code"]?.string == "MRT1295")
            // Without the lease nothing is given.
            held.harness.clock.advance(RunnerLimits.leaseMs + 1)
            await held.harness.server.runs.tick()
            #expect(await held.link("late").body["code"]?.string == "MRT1132")
        }
    }

    @Test("An upload that nobody ended goes with its lease, and what arrives later is swept")
    func abandoned() async throws {
        try await Self.with(.seaweed) { server in
            let held = try await LinkedHold(server)
            let (store, run) = (held.harness.server.store, held.lease.work.run)
            let runs = "runs/\(run)/artifacts/"
            let (first, late, cache) = (
                await held.link("u1"), await held.link("u2"), await held.link("u3", kind: "cache")
            )
            #expect(try await held.put(LinkedHold.bytes, at: first.body) == 200)
            #expect(try await held.put(LinkedHold.bytes, at: cache.body) == 200)
            held.harness.clock.advance(RunnerLimits.leaseMs + 1)
            await held.harness.server.runs.tick()
            held.harness.server.desk.keep(only: await held.harness.server.runs.leasesNow)
            try await held.wait(for: 0, below: runs)
            try await held.wait(for: 0, below: "projects/")
            // The link is still good, and nobody names what it brings.
            #expect(try await held.put(LinkedHold.bytes, at: late.body) == 200)
            try await held.objects.put([1], at: try ObjectKey(runs + "of-somebody-else"))
            // Younger than a day: somebody may be about to name them.
            #expect(try await store.sweepOwnerless(now: .now()) == 0)
            #expect(try await store.sweepOwnerless(now: .now() + .days(2)) == 3)
            #expect(try await held.keys(runs) == [runs + "of-somebody-else"])
            #expect(try await store.sweepOwnerless(now: .now() + .days(2)) == 0)
        }
    }

    @Test("Of two uploads of one name the first stays, and nothing of the second")
    func taken() async throws {
        try await Self.with(.moto) { server in
            let held = try await LinkedHold(server)
            for name in ["u1", "u2"] {
                for kind in ["artifact", "cache"] {
                    let link = await held.link("\(name)-\(kind)", kind: kind)
                    #expect(try await held.put(LinkedHold.bytes, at: link.body) == 200)
                }
            }
            #expect(await held.keepArtifact("u1-artifact", id: 7).body["kept"]?.bool == true)
            #expect(await held.keepArtifact("u2-artifact", id: 8).body["kept"]?.bool == false)
            #expect(await held.keepCache("u1-cache").body["kept"]?.bool == true)
            #expect(await held.keepCache("u2-cache").body["kept"]?.bool == false)
            try await held.wait(for: 1, below: "runs/\(held.lease.work.run)/artifacts/")
            try await held.wait(for: 1, below: "projects/")
            let entries = try RunArtifacts(store: held.harness.server.store, run: held.lease.work.run).entries()
            #expect(entries.map(\.id) == [7])
            // Told of, and read by a link: the bytes are those that were put.
            #expect(await held.call(.caches, [:]).status == 200)
            let name = try #require(try await held.keys("projects/").first?.split(separator: "/").last)
            let link = await held.call(.link, ["blob": .string(String(name))])
            #expect(link.body["url"]?.string?.contains("/caches/\(name)") == true, "\(link)")
        }
    }

    private static let restoring = """
        on:
          workflow_dispatch:
            inputs: {where: {type: string}}
        jobs:
          test:
            runs-on: ${{ inputs.where }}
            steps:
              - uses: actions/cache/restore@v4
                with: {path: deps, key: k}
              - run: cat deps/secret.txt || echo nothing there
        """

    /// Content that another project has in a machine's store: it is all one.
    private static func foreignTree(in path: String, _ folder: String) throws -> (
        ContentFolder, ContentLease, ContentParts
    ) {
        let content = try ContentFolder(path: path)
        let lease = try content.lease()
        let saved = try content.save(TreeSelection(root: folder, paths: ["deps"]), under: lease)
        return (content, lease, try content.parts(of: ContentRoot(.tree, saved.id)))
    }

    @Test("A cache that names chunks of others, and has not got them, gives them to nobody: not here and not there")
    func foreignChunks() async throws {
        try await Self.with(.moto) { server in
            let held = try await LinkedHold(server, Self.restoring, inputs: ["where": "east"])
            let harness = held.harness
            let folder = harness.folder + "/theirs"
            try FileManager.default.createDirectory(atPath: folder + "/deps", withIntermediateDirectories: true)
            try Data("the other project's secret\n".utf8).write(to: URL(filePath: folder + "/deps/secret.txt"))
            var noise = [UInt8](repeating: 0, count: 2 << 20)
            for index in noise.indices { noise[index] = UInt8.random(in: 0...255) }
            try Data(noise).write(to: URL(filePath: folder + "/deps/noise"))
            let there = try Self.foreignTree(in: harness.server.store.root + "/content", folder)
            let here = try Self.foreignTree(in: harness.folder + "/far-west/content", folder)
            #expect(here.2 == there.2)
            // The index knows all digests; the bytes are none of theirs.
            let parts = there.2
            let index: DataValue = [
                "pack": [
                    "trees": [
                        [
                            "id": .string(parts.root.id.description),
                            "pieces": .array(parts.pieces.map { .string($0.text) }),
                        ]
                    ], "chunks": .array(parts.chunks.map { .string("\($0.text) \($0.sizeBytes)") }),
                ], "parts": [["base": "workspace", "tree": .string(parts.root.id.description)]],
            ]
            let tail = Array(index.jsonText().utf8)
            let body = [UInt8](repeating: 1, count: parts.chunks.reduce(0) { $0 + Int($1.sizeBytes) }) + tail
            let link = await held.link("u", kind: "cache", size: body.count, sha256: LinkedHold.digest(body))
            #expect(try await held.put(body, at: link.body) == 200)
            let version = LinkedHold.digest(Array("deps|martlet-trees|1.0".utf8))
            let kept = await held.call(
                .keepCache,
                [
                    "entry": [
                        "id": 1, "key": "k", "version": .string(version), "scope": "refs/heads/main", "created": 0,
                        "lastUsed": 0, "origin": ["run": "1", "job": "test"],
                        "blob": ["name": "trees:", "size": .number(Double(body.count)), "sha256": ""],
                    ],
                    "object": [
                        "upload": [
                            "name": "u", "size": .number(Double(body.count)),
                            "sha256": .string(LinkedHold.digest(body)),
                        ], "index": .number(Double(tail.count)), "indexSha256": .string(LinkedHold.digest(tail)),
                    ],
                ])
            #expect(kept.body["kept"]?.bool == true, "\(kept)")
            let name: DataObject = ["key": "k", "version": .string(version), "scope": "refs/heads/main"]
            #expect(await held.call(.link, name).body["url"] != nil)
            var tree = name
            tree["base"] = "workspace"
            #expect(await held.call(.tree, tree).body.bool("lost"))
            for chunk in parts.chunks {
                let message = FramedMessage(["lease": held.lease.data, "chunks": [.string(chunk.text)]])
                let answer = await held.ask("chunks-get", message.bytes)
                #expect(answer.body["code"]?.string == "MRT1293")
            }
            // Nor does another machine, which has them as well, take them for what the cache has.
            let west = try await harness.registered("west", labels: RunnerLabels.machine + ["west"])
            let line = try StoreLine()
            let agent = try harness.farAgent(
                "west", credential: west, transport: harness.transport, exchange: line.exchange)
            let work = Task { try await agent.run() }
            let answer = await harness.send(
                "POST", "/api/v1/projects/demo/runs", ["workflow": "ci.yml", "inputs": ["where": "west"]])
            let run = RunID(try #require(answer.body["runs"]?.array?.first?["run"]?.int))
            #expect(try await harness.end(of: run).conclusion == .success)
            let path = harness.server.logPath(
                LogPlace(run: run, attempt: 1, job: JobID("test"), step: StepAttempt(step: StepPath(2))))
            let log = try String(contentsOfFile: path, encoding: .utf8)
            #expect(log.contains("nothing there") && !log.contains("other project's secret\n"), "\(log)")
            #expect(line.count("GET") > 1)
            await agent.leave()
            try await work.value
            withExtendedLifetime((there.0, there.1, here.0, here.1)) {}
        }
    }

    @Test("While the store is away no links are given, and the server takes the bytes")
    func away() async throws {
        let server = try StorageServer(.moto)
        let held = try await LinkedHold(server)
        server.stop()
        #expect(await held.link("u1", kind: "cache").body["url"] != nil)
        // Links are made without the store; what was put is to be seen there.
        let refused = await held.keepArtifact("u1")
        #expect(refused.status >= 400)
        let message = FramedMessage(
            ["lease": held.lease.data, "name": "u2", "offset": 0], [LinkedHold.bytes])
        #expect(await held.ask("upload", message.bytes).status == 200)
        #expect(await held.keepArtifact("u2").body["kept"]?.bool == true)
        // It has a copy; whether the object is there cannot be seen: no link.
        #expect(await held.call(.artifacts, ["run": .string(held.lease.work.run.description)]).status == 200)
        let entries = await held.call(.artifacts, ["run": .string(held.lease.work.run.description)])
        let name = try #require(entries.body["entries"]?.array?.first?["archive"]?["name"]?.string)
        let link = await held.call(.link, ["blob": .string(name)])
        #expect(link.status == 200 && link.body["url"] == nil, "\(link)")
        // Not asked again for a while.
        let begun = ContinuousClock.now
        #expect(await held.call(.link, ["blob": .string(name)]).body["url"] == nil)
        #expect(ContinuousClock.now - begun < .seconds(1))
    }
}
