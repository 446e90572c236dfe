// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What somebody meets who has only the documentation: settings that are wrong, hints, and what is left behind.
@Suite("The first day with a server", .serialized)
struct FirstDayTests {
    private static let openssl = "/usr/bin/openssl"
    private static var hasOpenSSL: Bool { FileManager.default.isExecutableFile(atPath: openssl) }

    /// A certificate for 127.0.0.1, and its key.
    private static func certificate(_ sandbox: Sandbox) throws -> (chain: String, key: String) {
        let (chain, key) = (sandbox.root + "/chain.pem", sandbox.root + "/key.pem")
        let made = try sandbox.start([
            openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "1",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", chain,
        ]).end()
        #expect(made.status == 0, "\(made.err)")
        return (chain, key)
    }

    private static func check(_ sandbox: Sandbox, _ options: [String]) throws -> Ended {
        let standard = [("--data", sandbox.root + "/data"), ("--listen", "127.0.0.1:0")]
        let all = standard.filter { !options.contains($0.0) }.flatMap { [$0.0, $0.1] }
        return try sandbox.start([Program.path, "server", "--check"] + all + options).end()
    }

    @Test("The check passes what can be started, and leaves nothing")
    func inOrder() throws {
        let sandbox = try Sandbox()
        let ended = try Self.check(sandbox, ["--data", sandbox.root + "/new/data", "--trusted-proxy", "10.0.0.0/24"])
        #expect(ended.status == 0 && ended.out.contains("in order"), "\(ended.err)")
        #expect(!FileManager.default.fileExists(atPath: sandbox.root + "/new"))
    }

    @Test("The check refuses what a start would: a folder, a project, a key, a proxy, a sender, a port")
    func refused() throws {
        let sandbox = try Sandbox()
        let file = try sandbox.write("file", "x")
        let cases: [(options: [String], words: String)] = [
            (["--data", file + "/data"], "file"), (["--project", sandbox.root + "/absent"], "There is no folder"),
            (["--key-file", file], "no master key"), (["--trusted-proxy", "foo"], "'foo' is no address of a proxy"),
            (["--trusted-proxy", "10.0.0.0/33"], "is no address of a proxy"),
            (["--mail-from", "ci@example.org"], "no relay takes it"),
        ]
        for (options, words) in cases {
            let ended = try Self.check(sandbox, options)
            #expect(ended.status != 0 && ended.err.contains(words), "\(options): \(ended.err)")
            #expect(!FileManager.default.fileExists(atPath: sandbox.root + "/data"))
        }
    }

    @Test("The check asks the cluster that the server's own runner is to work with")
    func cluster() throws {
        let sandbox = try Sandbox()
        let settings = try sandbox.write("cluster.yml", "{image: i, tools: t, server: 'http://ci.test'}")
        // A port that nobody has (RFC 863), on this machine.
        let kubeconfig = try sandbox.write(
            "kubeconfig",
            """
            current-context: here
            contexts: [{name: here, context: {cluster: here, user: me}}]
            clusters: [{name: here, cluster: {server: 'http://127.0.0.1:9'}}]
            users: [{name: me, user: {}}]
            """)
        let ended = try Self.check(
            sandbox, ["--executor", "kubernetes", "--cluster", settings, "--kubeconfig", kubeconfig])
        #expect(ended.status == 2 && ended.err.contains("MRT1451"), "\(ended.err)")
    }

    @Test(
        "A certificate and a key that are not of one another are refused by name",
        .enabled(if: hasOpenSSL, "There is no openssl to make a certificate."))
    func swapped() throws {
        let sandbox = try Sandbox()
        let (chain, key) = try Self.certificate(sandbox)
        func ended(_ chain: String, _ key: String) throws -> Ended {
            try Self.check(sandbox, ["--tls-certificate", chain, "--tls-key", key])
        }
        #expect(try ended(chain, key).status == 0)
        #expect(try ended(key, chain).err.contains("key.pem' holds no certificate"))
        #expect(try ended(chain, chain).err.contains("chain.pem' holds no private key"))
        let other = sandbox.root + "/other.pem"
        try sandbox.start([Self.openssl, "genpkey", "-algorithm", "RSA", "-out", other]).end()
        #expect(try ended(chain, other).err.contains("is not that of the first certificate"))
    }

    @Test(
        "What is wrong between a client and a server's port is said in words, with what to do",
        .enabled(if: hasOpenSSL && Program.has("curl"), "There is no openssl to make a certificate, or no curl."))
    func words() throws {
        let sandbox = try Sandbox()
        let (chain, key) = try Self.certificate(sandbox)
        let server = try ServerProcess(
            sandbox, data: sandbox.root + "/data", ["--capacity", "0", "--tls-certificate", chain, "--tls-key", key])
        defer { try? server.kill() }
        let address = String(server.url.dropFirst("https://".count))
        func runs(_ url: String) throws -> String {
            try sandbox.start([Program.path, "runs", "--server", url, "--all"], environment: ["MARTLET_TOKEN": "x"])
                .end().err
        }
        let untrusted = try runs("https://" + address)
        #expect(untrusted.contains("--trust or MARTLET_TRUST") && !untrusted.contains(".cc"), "\(untrusted)")
        let plain = try runs("http://" + address)
        #expect(plain.contains("perhaps it speaks https://"), "\(plain)")
        let taken = try Self.check(sandbox, ["--data", sandbox.root + "/else", "--listen", address])
        #expect(taken.status != 0 && taken.err.contains("something listens there already"), "\(taken.err)")
        // The server itself has its port: of its own folder that is no fault.
        #expect(try Self.check(sandbox, ["--listen", address]).status == 0)
        try server.kill()
        let gone = try runs("http://" + address)
        #expect(gone.contains("connection refused") && !gone.contains("errno"), "\(gone)")
    }

    @Test("A token that is another server's is passed over aloud")
    func passedOver() throws {
        let sandbox = try Sandbox()
        let ended = try sandbox.start(
            [Program.path, "runs", "--server", "http://127.0.0.1:9", "--all"],
            environment: ["MARTLET_SERVER": "https://ci.example.org", "MARTLET_TOKEN": "x"]
        ).end()
        #expect(ended.status != 0 && ended.err.contains("MARTLET_TOKEN is not sent there"), "\(ended.err)")
        #expect(ended.err.contains("https://ci.example.org"))
    }

    @Test("Where there is no workflow the folder is named that was searched, and one nearby that has some")
    func nearby() throws {
        let sandbox = try Sandbox()
        try sandbox.write("examples/.github/workflows/ci.yml", "on: push\njobs: {}\n")
        try sandbox.git("init", "-q", ".")
        let ended = try sandbox.martlet("plan")
        #expect(ended.err.contains("There is no workflow in \(sandbox.folder)/.github/workflows."), "\(ended.err)")
        #expect(ended.err.contains("martlet plan examples/.github/workflows/ci.yml"), "\(ended.err)")
    }

    @Test(
        "A registration token that is none is called what it is, and a runner is told where it was registered",
        .enabled(if: Program.has("curl")))
    func registration() throws {
        let sandbox = try Sandbox()
        let server = try ServerProcess(sandbox, data: sandbox.root + "/data", ["--capacity", "0"])
        defer { try? server.kill() }
        let place = sandbox.root + "/runner"
        func register(_ token: String) throws -> Ended {
            try sandbox.martlet("runner", "register", server.url, "--token", token, "--data", place)
        }
        let wrong = try register("mrt_reg_wrong")
        #expect(wrong.err.contains("mrt_reg_…") && wrong.err.contains("martlet runner token"), "\(wrong.err)")
        let token = try sandbox.martlet("runner", "token", "--data", server.data, "--json").json["token"].string ?? ""
        let right = try register(token)
        #expect(right.out.contains("martlet runner run --data \(place)"), "\(right.out)\(right.err)")
        let zip = try sandbox.martlet("server", "backup", "--data", server.data, "--to", sandbox.root + "/b.zip")
        #expect(zip.status != 0 && zip.err.contains(".tar.zst"), "\(zip.err)")
        #expect(!FileManager.default.fileExists(atPath: sandbox.root + "/b.zip"))
        let hook = try server.ask(
            "POST", "/api/v1/hooks", #"{"url":"https://example.org/h","events":["run.finnished"]}"#)
        #expect(hook.status == 422 && hook.text.contains("Did you mean 'run.finished'?"), "\(hook.text)")
    }
}
