// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import Foundation
import NIOHTTP1
import RuntimeServices
import StructuredData
import TestPrograms
import Testing

/// Unmodified releases of actions against the services. Where the bundles are absent these say so and do not run.
@Suite(.serialized) struct BundleTests {
    private let house = ServiceHouse()

    private static let cacheReleases = ["actions/cache@v3", "actions/cache@v4", "actions/cache@v5"]

    private func noise(_ count: Int) -> [UInt8] {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        return [UInt8](unsafeUninitializedCapacity: count) { space, filled in
            for index in 0..<count {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                space[index] = UInt8(truncatingIfNeeded: state)
            }
            filled = count
        }
    }

    private func saveAndRestore(_ action: String, serverURL: String, files: [String: [UInt8]]) throws {
        let access = try house.admit()
        var runner = try BundleRunner(access)
        defer { runner.remove() }
        runner.serverURL = serverURL
        try runner.lay(files)
        let inputs = ["path": "deps", "key": "deps-1", "restore-keys": "deps-", "fail-on-cache-miss": "false"]
        let miss = try runner.run(action, "dist/restore-only/index.js", inputs: inputs)
        #expect(miss.status == 0 && miss.output.contains("Cache not found"), "\(miss.output)")
        let saved = try runner.run(action, "dist/save-only/index.js", inputs: inputs)
        #expect(saved.output.contains("Cache saved with key: deps-1"), "\(saved.output)")
        #expect(!saved.output.contains("warning"), "\(saved.output)")
        let again = try runner.run(action, "dist/save-only/index.js", inputs: inputs)
        #expect(again.status == 0 && again.output.contains("Unable to reserve cache"), "\(again.output)")
        try runner.lay([:])
        let other = inputs.merging(["key": "deps-2"]) { _, new in new }
        let hit = try runner.run(action, "dist/restore-only/index.js", inputs: other)
        #expect(hit.status == 0 && hit.output.contains("Cache restored from key: deps-1"), "\(hit.output)")
        #expect(hit.outputs.contains("cache-hit") && hit.outputs.contains("deps-1"))
        for (path, bytes) in files {
            #expect(try Files.read("\(runner.workspace)/\(path)", limit: 1 << 30) == bytes, "\(path)")
        }
        #expect(house.lookups.count == 2)
        #expect(house.reported.isEmpty)
    }

    @Test(
        .enabled(if: BundleRunner.has("actions/cache@v3", "actions/cache@v4", "actions/cache@v5")),
        arguments: cacheReleases)
    func theCacheActionSavesAndRestores(action: String) throws {
        try saveAndRestore(
            action, serverURL: "https://github.com", files: ["deps/a": noise(100_000), "deps/deep/b": [1, 2, 3]])
    }

    /// A host that is not GitHub's makes the toolkit use the first version of the protocol.
    @Test(.enabled(if: BundleRunner.has("actions/cache@v4")))
    func theCacheActionWorksInTheOlderProtocol() throws {
        try saveAndRestore(
            "actions/cache@v4", serverURL: "http://127.0.0.1:9", files: ["deps/a": noise(40 << 20)])
    }

    /// Past 128 MiB the storage client sends blocks side by side.
    @Test(.enabled(if: BundleRunner.has("actions/cache@v5")))
    func aLargeCacheIsSavedInBlocks() throws {
        try saveAndRestore(
            "actions/cache@v5", serverURL: "https://github.com", files: ["deps/a": noise(150 << 20)])
    }

    @Test(.enabled(if: BundleRunner.has("actions/upload-artifact@v3", "actions/download-artifact@v3")))
    func artifactsOfTheThirdVersionGoUpAndDown() throws {
        let runner = try BundleRunner(try house.admit())
        defer { runner.remove() }
        let files = [
            "site/index.html": Array(String(repeating: "hello ", count: 1000).utf8), "site/deep/noise": noise(9 << 20),
            "site/empty": [], "site/text": Array(String(repeating: "text ", count: 50_000).utf8),
        ]
        try runner.lay(files)
        let up = try runner.run(
            "actions/upload-artifact@v3", "dist/index.js",
            inputs: [
                "name": "site", "path": "site", "if-no-files-found": "error", "retention-days": "3",
                "include-hidden-files": "false",
            ])
        #expect(up.status == 0 && up.output.contains("has been successfully uploaded"), "\(up.output)")
        try runner.lay([:])
        let down = try runner.run(
            "actions/download-artifact@v3", "dist/index.js", inputs: ["name": "site", "path": "got"])
        #expect(down.status == 0, "\(down.output)")
        for (path, bytes) in files {
            let got = runner.workspace + "/got/" + path.dropFirst("site/".count)
            #expect(try Files.read(got, limit: 1 << 26) == bytes, "\(path)")
        }
        let all = try runner.run("actions/download-artifact@v3", "dist/index.js", inputs: ["path": "all"])
        #expect(all.status == 0 && Files.isFile(runner.workspace + "/all/site/index.html"), "\(all.output)")
    }

    /// The only bundle at hand that uploads through the toolkit's fourth version; its scanner is a stand-in.
    @Test(.enabled(if: BundleRunner.has("anchore/sbom-action@v0.24.0")))
    func anArtifactOfTheFourthVersionGoesUp() throws {
        let runner = try BundleRunner(try house.admit())
        defer { runner.remove() }
        let tool = runner.folder + "/tools/syft/1.42.3/x64"
        try Trees.make(tool)
        try Files.write(Array("#!/bin/sh\necho '{\"packages\":[]}'\n".utf8), to: tool + "/syft", mode: 0o755)
        try Files.write([], to: tool + ".complete")
        let up = try runner.run(
            "anchore/sbom-action@v0.24.0", "dist/index.cjs",
            inputs: [
                "path": ".", "artifact-name": "sbom.json", "github-token": "none", "upload-artifact-retention": "5",
            ])
        #expect(up.status == 0, "\(up.output)")
        let second = try house.admit(job: "test")
        let client = ServiceClient(address: second.baseAddress, token: second.token)
        let scope = try Tokens.payload(second.token)["scp"]?.string ?? ""
        let run = DataValue.string(String(scope.split(separator: ":")[1].prefix { $0 != " " }))
        let signed = try client.twirp(
            "GetSignedArtifactURL", ["workflow_run_backend_id": run, "name": "sbom.json"])
        let zip = try client.send(.GET, try #require(signed.json["signed_url"]?.string)).body
        try Files.write(zip, to: runner.folder + "/a.zip")
        let unzip = ChildProcess()
        unzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        unzip.arguments = ["python3", "-m", "zipfile", "-e", runner.folder + "/a.zip", runner.folder + "/got"]
        try unzip.run()
        unzip.waitUntilExit()
        #expect(runner.text(runner.folder + "/got/sbom.json") == "{\"packages\":[]}\n", "\(up.output)")
    }

    @Test(.enabled(if: BundleRunner.has("actions/github-script@v7")))
    func aScriptGetsAnIDToken() throws {
        let identity = IdentityClaims(
            repository: "octo/site", ref: "refs/heads/main", sha: "abc", runID: "1", eventName: "push",
            actor: "octocat", workflow: "CI", workflowRef: "octo/site/.github/workflows/ci.yml@refs/heads/main")
        let runner = try BundleRunner(try house.admit(identity: identity))
        defer { runner.remove() }
        let script =
            "core.setOutput('sub', JSON.parse(Buffer.from((await core.getIDToken('sts & co')).split('.')[1],"
            + " 'base64url')).aud)"
        let inputs = [
            "script": script, "github-token": "none", "debug": "false", "user-agent": "a", "result-encoding": "json",
            "retries": "0", "retry-exempt-status-codes": "400", "base-url": "",
        ]
        let done = try runner.run("actions/github-script@v7", "dist/index.js", inputs: inputs)
        #expect(done.status == 0 && done.outputs.contains("sts & co"), "\(done.output)")
    }
}
