// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPCalling
import ObjectStorage
import TestPrograms
import Testing

@Suite(
    "A server that keeps runs in SeaweedFS", .serialized,
    .enabled(if: Program.has("curl") && StoragePrograms.areThere, "curl or SeaweedFS cannot be had here."))
struct StoredRunTests {
    private static let workflow = """
        on: [push, workflow_dispatch]
        jobs:
          test:
            runs-on: ubuntu-latest
            steps:
              - run: |
                  echo "hello from the log; keys: ${AWS_SECRET_ACCESS_KEY:-none}"
                  head -c 3000000 /dev/urandom > kept.bin; echo small > small.txt
              - uses: actions/upload-artifact@v4
                with: {name: large, path: kept.bin}
              - uses: actions/upload-artifact@v4
                with: {name: small, path: small.txt}
        """

    private static func folders(_ path: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    }

    @Test("A log and artifacts are read after the server's own copies were removed; a browser is sent to the store")
    func readBack() async throws {
        let seaweed = try StorageServer(.seaweed)
        defer { seaweed.stop() }
        let sandbox = try Sandbox()
        try sandbox.workflow(Self.workflow)
        for arguments in [["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"]] {
            try sandbox.start(["git"] + arguments).end()
        }
        let keys = ["AWS_ACCESS_KEY_ID": TestKey.id, "AWS_SECRET_ACCESS_KEY": TestKey.secret]
        let address = "s3://martlet-runs/ci?region=us-east-1&endpoint=http://127.0.0.1:\(seaweed.port)"
        let missing = try sandbox.start(
            [
                Program.path, "server", "--data", sandbox.root + "/data", "--listen", "127.0.0.1:0", "--check",
                "--blobs",
                address,
            ], environment: keys
        ).end()
        #expect(missing.status == 2 && missing.err.contains("MRT1404"), "\(missing.err)")
        let objects = try await Self.bucket(address)
        let server = try ServerProcess(
            sandbox, data: sandbox.root + "/data", ["--project", ".", "--blobs", address], environment: keys)
        let begun = try server.ask("POST", "/api/v1/projects/project/runs", #"{"workflow":"ci.yml","ref":"main"}"#)
        #expect(begun.status < 300, "\(begun.text)")
        let run = try server.wait("/api/v1/runs/1") { $0["state"].string == "finished" }
        #expect(run["conclusion"].string == "success")
        let note = server.data + "/runs/1/stored/1"
        while !FileManager.default.fileExists(atPath: note) { await Task.yield() }
        let stored = try await objects.list(prefix: "", after: nil, limit: 100).objects.map(\.key.text)
        #expect(stored.first == "runs/1/1/logs.zip" && stored.count == 3, "\(stored)")

        try FileManager.default.removeItem(atPath: server.data + "/runs/1/logs/1")
        for services in Self.folders(server.data + "/services") {
            try FileManager.default.removeItem(atPath: "\(server.data)/services/\(services)/blobs")
        }
        let log = try server.ask("GET", "/api/v1/runs/1/attempts/1/logs/test/1/1?format=text")
        #expect(log.status == 200 && log.text.contains("hello from the log; keys: none"), "\(log.text)")
        for name in ["large", "small"] {
            let got = try sandbox.start(
                [
                    Program.path, "artifacts", "get", name, "--run", "1", "--to", sandbox.root + "/\(name)", "--server",
                    server.url,
                ], environment: ["MARTLET_TOKEN": server.token]
            ).end()
            #expect(got.status == 0, "\(got.err)")
        }
        #expect(try Data(contentsOf: URL(filePath: sandbox.root + "/large/kept.bin")).count == 3_000_000)
        #expect(try String(contentsOfFile: sandbox.root + "/small/small.txt", encoding: .utf8) == "small\n")
        try Self.follow(server, sandbox, port: seaweed.port)
        try server.kill()
    }

    /// As a browser asks for an artifact, and goes where it is sent.
    private static func follow(_ server: ServerProcess, _ sandbox: Sandbox, port: Int) throws {
        let command = [
            "curl", "-sS", "-D", "-", "-o", "/dev/null", "-H", "Authorization: Bearer \(server.token)", "-H",
            "Accept: text/html,*/*",
        ]
        let small = try sandbox.start(command + [server.url + "/api/v1/runs/1/artifacts/small"]).end().out
        #expect(small.contains("200"), "\(small)")
        let head = try sandbox.start(command + [server.url + "/api/v1/runs/1/artifacts/large"]).end().out
        #expect(head.contains("302"), "\(head)")
        let location = try #require(
            head.split(whereSeparator: \.isNewline).first { $0.lowercased().hasPrefix("location: ") }?.dropFirst(10))
        #expect(location.hasPrefix("http://127.0.0.1:\(port)/martlet-runs/ci/runs/1/artifacts/"))
        let archive = sandbox.root + "/large.zip"
        let got = try sandbox.start(["curl", "-sSf", "-o", archive, String(location)]).end()
        #expect(got.status == 0, "\(got.err)")
        #expect(try Data(contentsOf: URL(filePath: archive)).prefix(2) == Data("PK".utf8))
    }

    private static func bucket(_ text: String) async throws -> BucketStore {
        guard case .bucket(let address) = try StorageAddress(text) else {
            throw StorageServer.NotStarted(description: text)
        }
        let client = try WebClient()
        let environment = ["AWS_ACCESS_KEY_ID": TestKey.id, "AWS_SECRET_ACCESS_KEY": TestKey.secret]
        let store = try BucketStore(
            address,
            BucketSurroundings(environment: environment, transport: client.transport, exchange: client.exchanging))
        try await store.makeBucket()
        return store
    }
}
