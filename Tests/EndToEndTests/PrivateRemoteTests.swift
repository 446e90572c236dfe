// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("A repository that wants a password, at a forge that is told how it goes", .serialized)
struct PrivateRemoteTests {
    @Test(
        "Its commits are run, their statuses posted, and nothing shows what opens it",
        .enabled(if: Program.has("curl") && Program.has("python3")))
    func privateRemote() throws {
        let sandbox = try Sandbox()
        try sandbox.workflow(
            """
            name: CI
            on: [push, workflow_dispatch]
            jobs:
              test:
                runs-on: ubuntu-latest
                steps: [{uses: actions/checkout@v4}, {run: cat word.txt}]
            """)
        try sandbox.write("word.txt", "from behind the password\n")
        for arguments in [["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"]] {
            try sandbox.start(["git"] + arguments).end()
        }
        let served = sandbox.root + "/served"
        try sandbox.start(["git", "clone", "-q", "--bare", ".", served + "/lark/tern.git"]).end()
        let commit = try sandbox.start(["git", "rev-parse", "HEAD"]).end().out.trimmingCharacters(in: .newlines)
        let forge = try PrivateForge(sandbox, folder: served)
        let server = try ServerProcess(sandbox, data: sandbox.root + "/data")
        let added = try server.ask(
            "POST", "/api/v1/projects",
            #"{"name": "tern", "forge": "gitea", "cloneURL": "\#(forge.address)/lark/tern.git"}"#)
        #expect(added.status == 201, "\(added.text)")
        let closed = try server.ask("POST", "/api/v1/projects/tern/runs", #"{"workflow": "ci.yml"}"#)
        #expect(closed.status == 502, "\(closed.text)")
        let given = try server.ask(
            "PATCH", "/api/v1/projects/tern",
            """
            {"credential": "\(PrivateForge.password)", "statusToken": "\(PrivateForge.token)",
             "options": {"credentialUser": "\(PrivateForge.user)"}}
            """)
        #expect(given.status == 200, "\(given.text)")
        let started = try server.ask("POST", "/api/v1/projects/tern/runs", #"{"workflow": "ci.yml"}"#)
        #expect(started.status == 201, "\(started.text)")
        let run = Int(started.body["runs"].array.first?["run"].number ?? 0)
        let report = try server.wait("/api/v1/runs/\(run)") { $0["state"].string == "finished" }
        #expect(report["conclusion"].string == "success")
        let place = "/api/v1/repos/lark/tern/statuses/\(commit)"
        while !forge.told.contains("\(place) success") { usleep(10_000) }
        #expect(forge.told.first == "\(place) pending")
        // Neither a page, a log, nor what lies on the disk has it.
        for secret in [PrivateForge.password, PrivateForge.token] {
            #expect(!given.text.contains(secret))
            let found = try sandbox.start(["grep", "-rlF", secret, server.data]).end()
            #expect(found.out.isEmpty, "\(found.out)")
        }
        try server.kill()
    }
}
