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
import TestFolders
import Testing
import Timekeeping

@Suite("What runners on other machines may not do", .ownFolders)
struct FarRefusalTests {
    private static let workflow = """
        on: workflow_dispatch
        jobs:
          test:
            runs-on: ubuntu-latest
            steps:
              - run: echo hello
        """

    /// A job that a runner has been given, and does nothing about.
    private struct Held {
        let harness: ServerHarness
        let credential: String
        let lease: LeaseKey

        init() async throws {
            harness = try await ServerHarness(workflows: ["ci.yml": FarRefusalTests.workflow])
            _ = try harness.commit("first")
            credential = try await harness.registered("east")
            let answer = await harness.send("POST", "/api/v1/projects/demo/runs", ["workflow": "ci.yml"])
            #expect(answer.status == 201, "\(answer.body.jsonText())")
            let link = ServerLink(url: "http://server.test", credential: credential, transport: harness.transport)
            var found: LeaseKey?
            while found == nil {
                found = try await link.poll(PollRequest(instance: "x", free: 1, holds: [])).assignments.first?.lease
            }
            lease = try #require(found)
        }

        func ask(
            _ name: String, _ body: [UInt8], credential: String? = nil
        ) async -> (status: Int, body: [UInt8], code: String?) {
            let answer = await harness.door.answer(
                InboundRequest(
                    "POST", "/runner/v1/\(name)",
                    headers: [
                        ("Authorization", "Bearer \(credential ?? self.credential)"),
                        (RunnerProtocolVersion.header, "1"), ("Content-Type", "application/json"),
                    ], body: body))
            let bytes = await ServerHarness.bytes(answer)
            return (answer.status, bytes, (try? DataValue(json: bytes))?["code"]?.string)
        }

        func call(
            _ act: StorageCall.Act, _ details: DataObject = [:], lease: LeaseKey? = nil, credential: String? = nil
        ) async -> (status: Int, body: [UInt8], code: String?) {
            let call = StorageCall(lease: lease ?? self.lease, act, details)
            return await ask("storage", Array(call.data.jsonText().utf8), credential: credential)
        }

        func upload(_ name: String, _ bytes: [UInt8], at offset: Int = 0) async -> (
            status: Int, body: [UInt8], code: String?
        ) {
            let message = FramedMessage(
                ["lease": lease.data, "name": .string(name), "offset": .number(Double(offset))], [bytes])
            return await ask("upload", message.bytes)
        }

        var codeRequest: [UInt8] { Array(CodeRequest(lease: lease, haves: []).data.jsonText().utf8) }

        func artifact(_ upload: String, sha256: String, size: Int = 5) -> DataObject {
            [
                "entry": [
                    "id": 7, "name": "built", "mediaType": "text/plain", "created": 0,
                    "origin": ["run": "999", "job": "other"],
                    "archive": ["name": .string(upload), "size": .number(Double(size)), "sha256": .string(sha256)],
                ]
            ]
        }
    }

    private static let hello = Array("hello".utf8)
    private static let helloDigest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

    @Test("Without a runner's credential nothing is given; another runner's lease is not this one's")
    func credentials() async throws {
        let held = try await Held()
        #expect(await held.ask("code", held.codeRequest, credential: "mrt_run_nothing").status == 401)
        #expect(await held.ask("code", held.codeRequest, credential: held.harness.token).status == 403)
        let other = try await held.harness.registered("west")
        let foreign = await held.ask("code", held.codeRequest, credential: other)
        #expect(foreign.status == 403)
        #expect(foreign.code == "MRT1293")
        for act in [StorageCall.Act.caches, .artifacts, .keepArtifact, .keepCache, .missing] {
            #expect(await held.call(act, ["run": "1"], credential: other).status == 403)
        }
        #expect(await held.ask("code", held.codeRequest).status == 200)
    }

    @Test("What was uploaded is published under the job's own run, in pieces that may come twice")
    func publishing() async throws {
        let held = try await Held()
        #expect(await held.upload("u1", Array("hel".utf8)).status == 200)
        // The answer was lost: what is there already is not added again.
        let again = await held.upload("u1", Array("hel".utf8))
        #expect((try? DataValue(json: again.body))?["size"]?.int == 3)
        #expect(await held.upload("u1", Array("lo".utf8), at: 3).status == 200)
        let details = held.artifact("u1", sha256: Self.helloDigest)
        #expect(await held.call(.keepArtifact, details).status == 200)
        // Said again, because that answer was lost, too.
        let second = await held.call(.keepArtifact, details)
        #expect((try? DataValue(json: second.body))?["kept"]?.bool == true)
        let entries = try RunArtifacts(store: held.harness.server.store, run: held.lease.work.run).entries()
        #expect(entries.map(\.name) == ["built"])
        #expect(entries.map(\.job) == ["test"])
        #expect(entries.map(\.sizeBytes) == [5])
    }

    @Test("Bytes that are not what was announced are published by nobody")
    func mismatch() async throws {
        let held = try await Held()
        #expect(await held.upload("u1", Array("other".utf8)).status == 200)
        let refused = await held.call(.keepArtifact, held.artifact("u1", sha256: Self.helloDigest))
        #expect(refused.status == 422)
        #expect(refused.code == "MRT1295")
        let missing = await held.call(.keepArtifact, held.artifact("u2", sha256: Self.helloDigest))
        #expect(missing.status == 410)
        #expect(missing.code == "MRT1292")
        #expect(try RunArtifacts(store: held.harness.server.store, run: held.lease.work.run).entries().isEmpty)
    }

    @Test("A runner that lost its lease publishes nothing")
    func lostLease() async throws {
        let held = try await Held()
        #expect(await held.upload("u1", Self.hello).status == 200)
        held.harness.clock.advance(RunnerLimits.leaseMs + 1)
        await held.harness.server.runs.tick()
        for (name, body) in [
            ("code", held.codeRequest),
            ("piece", Array(PieceRequest(lease: held.lease, source: .blob, name: "x", offset: 0).data.jsonText().utf8)),
        ] {
            let answer = await held.ask(name, body)
            #expect(answer.status == 410)
            #expect(answer.code == "MRT1132")
        }
        let late = await held.call(.keepArtifact, held.artifact("u1", sha256: Self.helloDigest))
        #expect(late.status == 410)
        #expect(late.code == "MRT1132")
        #expect(await held.upload("u1", Self.hello, at: 5).code == "MRT1132")
        #expect(await held.call(.keepCache).code == "MRT1132")
        #expect(try RunArtifacts(store: held.harness.server.store, run: held.lease.work.run).entries().isEmpty)
        // What it had brought goes with the next look.
        held.harness.server.desk.keep(only: await held.harness.server.runs.leasesNow)
        let folder = held.harness.server.store.root + "/handover"
        #expect(((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).isEmpty)
    }

    @Test("A job is given the chunks and blobs that it was told of, and no others, whoever has them")
    func foreignContent() async throws {
        let held = try await Held()
        let chunk = "\(Self.helloDigest) 5"
        let get = FramedMessage(["lease": held.lease.data, "chunks": [.string(chunk)]])
        #expect(await held.ask("chunks-get", get.bytes).code == "MRT1293")
        // What others have stored is not there for it.
        let missing = await held.call(.missing, ["chunks": [.string(chunk)]])
        #expect((try? DataValue(json: missing.body))?.strings("chunks") == [chunk])
        let put = FramedMessage(["lease": held.lease.data], [Self.hello])
        #expect(await held.ask("chunks-put", put.bytes).status == 200)
        let now = await held.call(.missing, ["chunks": [.string(chunk)]])
        #expect((try? DataValue(json: now.body))?.strings("chunks") == [])
        let piece = PieceRequest(lease: held.lease, source: .blob, name: "../../master-key", offset: 0)
        #expect(await held.ask("piece", Array(piece.data.jsonText().utf8)).code == "MRT1293")
        let bundle = PieceRequest(lease: held.lease, source: .bundle, name: "../../../master-key", offset: 0)
        #expect(await held.ask("piece", Array(bundle.data.jsonText().utf8)).code == "MRT1292")
        #expect(await held.call(.artifacts, ["run": "999"]).code == "MRT1293")
        #expect(await held.upload("../escape", Self.hello).code == "MRT1293")
    }

    @Test("A tree is made of chunks that the job has brought; one with others is refused")
    func trees() async throws {
        let held = try await Held()
        let entry: DataValue = [
            "id": 1, "key": "k", "version": "v", "scope": "refs/heads/main", "created": 0, "lastUsed": 0,
            "origin": ["run": "1", "job": "test"], "blob": ["name": "trees:", "size": 5, "sha256": ""],
        ]
        func keep(_ tree: String, _ pieces: [String]) async -> String? {
            let tree: DataValue = [
                "tree": .string(tree), "base": "workspace", "pieces": .array(pieces.map(DataValue.string)),
            ]
            return await held.call(.keepCache, ["entry": entry, "trees": [tree]]).code
        }
        #expect(await keep("\(Self.helloDigest)-5", ["\(Self.helloDigest) 5"]) == "MRT1295")
        let put = FramedMessage(["lease": held.lease.data], [Self.hello])
        #expect(await held.ask("chunks-put", put.bytes).status == 200)
        // It is there, but it is no tree, and no other content than it is.
        #expect(await keep("\(Self.helloDigest)-5", ["\(Self.helloDigest) 5"]) == "MRT1295")
        let wrong = String(repeating: "a", count: 64)
        #expect(await keep("\(wrong)-5", ["\(Self.helloDigest) 5"]) == "MRT1295")
        #expect(await held.call(.caches).status == 200)
    }
}
