// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("A first server", .serialized)
struct FirstServerTests {
    private func repository() throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.workflow(
            """
            on: [push, workflow_dispatch]
            jobs: {test: {runs-on: ubuntu-latest, steps: [{run: echo hello}]}}
            """)
        for arguments in [["init", "-q", "-b", "trunk"], ["add", "-A"], ["commit", "-q", "-m", "first"]] {
            try sandbox.start(["git"] + arguments).end()
        }
        return sandbox
    }

    @Test(
        "The repository that it is started in is a project, once; the next commit is run, and a verb there needs no project's name",
        .enabled(if: Program.has("curl")))
    func project() throws {
        let sandbox = try repository()
        let server = try ServerProcess(sandbox, data: sandbox.root + "/data", ["--project", "."])
        let projects = try server.ask("GET", "/api/v1/projects").body["items"].array
        #expect(projects.map { $0["name"].string } == ["project"])
        #expect(projects.first?["defaultBranch"].string == "trunk")
        try sandbox.start(["git", "commit", "-q", "--allow-empty", "-m", "A first run"]).end()
        let run = try server.wait("/api/v1/runs/1") { $0["state"].string == "finished" }
        #expect(run["event"].string == "push" && run["conclusion"].string == "success")
        let listed = try sandbox.start(
            [Program.path, "runs", "--server", server.url], environment: ["MARTLET_TOKEN": server.token]
        ).end()
        #expect(listed.status == 0 && listed.out.contains("push"), "\(listed.err)")
        try server.kill()
        let again = try ServerProcess(
            sandbox, data: server.data, ["--project", sandbox.folder], token: server.token)
        #expect(try again.ask("GET", "/api/v1/projects").body["items"].array.count == 1)
        try again.kill()
    }

    @Test("Who is not signed in is told how, and what is no repository is refused", .enabled(if: Program.has("curl")))
    func words() throws {
        let sandbox = try repository()
        let server = try ServerProcess(sandbox, data: sandbox.root + "/data")
        let stranger = try sandbox.start([Program.path, "runs", "--server", server.url]).end()
        #expect(stranger.status != 0)
        #expect(stranger.err.contains("martlet auth login"), "\(stranger.err)")
        let tokens = try (1...2).map { _ in
            try sandbox.start([Program.path, "token", "create", "--scope", "read", "--data", server.data]).end()
        }
        #expect(tokens.allSatisfy { $0.status == 0 }, "\(tokens.map(\.err))")
        try server.kill()
        let refused = try sandbox.start([
            Program.path, "server", "--data", sandbox.root + "/other", "--listen", "127.0.0.1:0", "--capacity", "0",
            "--project", sandbox.home,
        ]).end()
        #expect(refused.status != 0 && refused.err.contains("is no git repository"), "\(refused.err)")
    }

    @Test(
        "With a certificate for the name that people use its own runner carries jobs all the same, and nobody else finds anything at its socket",
        .enabled(if: Program.has("curl") && Program.has("openssl")))
    func certificate() throws {
        let sandbox = try repository()
        let (chain, key) = (sandbox.root + "/chain.pem", sandbox.root + "/key.pem")
        let made = try sandbox.start([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "1", "-subj", "/CN=ci.example.org", "-addext", "subjectAltName=DNS:ci.example.org", "-keyout", key, "-out",
            chain,
        ]).end()
        try #require(made.status == 0, "\(made.err)")
        let server = try ServerProcess(
            sandbox, data: sandbox.root + "/data",
            ["--project", ".", "--tls-certificate", chain, "--tls-key", key])
        #expect(server.url.hasPrefix("https://"))
        try sandbox.start(["git", "commit", "-q", "--allow-empty", "-m", "A first run"]).end()
        let run = try server.wait("/api/v1/runs/1") { $0["state"].string == "finished" }
        #expect(run["conclusion"].string == "success")
        let socket = try sandbox.start([
            "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", server.data + "/runner.sock",
            "-H", "Authorization: Bearer \(server.token)", "http://server/api/v1/me",
        ]).end()
        #expect(socket.out == "404", "\(socket.err)")
        try server.kill()
        let long = try sandbox.start([
            Program.path, "server", "--check", "--data", sandbox.root + "/" + String(repeating: "x", count: 100),
            "--tls-certificate", chain, "--tls-key", key,
        ]).end()
        #expect(long.status != 0 && long.err.contains("too long"), "\(long.err)")
    }

    @Test(
        "A server that is to have no runner of its own ends the one of an earlier start",
        .enabled(if: Program.has("curl")))
    func retired() throws {
        let sandbox = try repository()
        let server = try ServerProcess(sandbox, data: sandbox.root + "/data", ["--capacity", "2"])
        while server.runners.isEmpty { usleep(5_000) }
        _ = try server.wait("/api/v1/runners") { $0["items"].array.first?["connected"].bool == true }
        try server.stop()
        #expect(!server.runners.isEmpty, "it outlives the server")
        let again = try ServerProcess(sandbox, data: server.data, ["--capacity", "0"], token: server.token)
        while !again.runners.isEmpty { usleep(10_000) }
        let left = try again.wait("/api/v1/runners") { $0["items"].array.isEmpty }
        #expect(left["items"].array.isEmpty)
        try again.kill()
    }
}
