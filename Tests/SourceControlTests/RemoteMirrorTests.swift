// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import Foundation
import ProcessControl
import SourceControl
import Testing

@Suite("A mirror of a remote over HTTP", .enabled(if: GitServer.isThere))
struct RemoteMirrorTests {
    let origin: Origin
    let commit: String

    init() throws {
        origin = try Origin()
        commit = try origin.commit([".github/workflows/ci.yml": "on: push"])
    }

    private func mirror(_ address: String, _ credential: GitCredential? = nil) -> ProjectMirror {
        ProjectMirror(folder: origin.folder + "/m-\(UUID().uuidString).git", address: address, credential: credential)
    }

    @Test("What everybody may read is fetched and listed")
    func open() throws {
        let server = try GitServer(root: origin.folder, password: nil)
        let mirror = mirror("http://127.0.0.1:\(server.port)/git/origin")
        #expect(try mirror.listing().contains(commit))
        try mirror.obtain(commit, from: ["refs/heads/main"])
        #expect(try mirror.has(commit), "\(server.errors)")
        #expect(try CommitFiles(root: origin.folder + "/trees", mirror: mirror).export(commit).commit.id == commit)
    }

    @Test("What needs a credential is fetched with it, and neither without it nor with a wrong one")
    func closed() throws {
        let server = try GitServer(root: origin.folder, password: "s3cret word's")
        let address = "http://127.0.0.1:\(server.port)/git/origin"
        let good = GitCredential.token("s3cret word's", user: "lea")
        #expect(try mirror(address, good).listing().contains(commit))
        let fetched = mirror(address, good)
        try fetched.fetchAll()
        #expect(try fetched.has(commit))
        #expect(code { _ = try mirror(address).listing() } == .mirrorUnreachable)
        do {
            _ = try mirror(address, .token("wr0ng", user: "lea")).listing()
            Issue.record("a wrong password is taken")
        } catch {
            #expect(!"\(error)".contains("wr0ng"))
        }
        // In the address itself, written as addresses are.
        #expect(
            try mirror("http://lea:s3cret%20word%27s@127.0.0.1:\(server.port)/git/origin").listing().contains(commit))
    }

    @Test("A remote that takes the call and says nothing is given up")
    func silent() throws {
        let socket = try SilentSocket()
        let mirror = ProjectMirror(
            folder: origin.folder + "/silent.git", address: "git://127.0.0.1:\(socket.port)/x", silenceSeconds: 1)
        #expect(code { _ = try mirror.listing() } == .commandTimedOut)
        #expect(code { try mirror.fetchAll() } == .commandTimedOut)
    }

    @Test("A credential is for one host: where that leads on to another nothing is told")
    func redirected() throws {
        let server = try GitServer(root: origin.folder, password: "s3cret")
        let good = GitCredential.token("s3cret", user: "lea")
        let moved = mirror("http://127.0.0.1:\(server.port)/moved/origin", good)
        #expect(code { _ = try moved.listing() } == .mirrorUnreachable)
    }

    @Test("Neither the settings of a mirror nor its folder hold the credential")
    func kept() throws {
        let server = try GitServer(root: origin.folder, password: "s3cret")
        let mirror = mirror("http://127.0.0.1:\(server.port)/git/origin", .token("s3cret", user: "lea"))
        try mirror.fetchAll()
        for name in FileManager.default.subpaths(atPath: mirror.folder) ?? [] {
            let path = mirror.folder + "/" + name
            guard Files.isFile(path), !name.hasPrefix("objects/") else { continue }
            let text = String(decoding: try Files.read(path, limit: 1 << 20), as: UTF8.self)
            #expect(!text.contains("s3cret"), "\(name)")
        }
    }

    @Test("A repository that is not there is said to be unreachable, with what the server answers")
    func missing() throws {
        let server = try GitServer(root: origin.folder, password: nil)
        do {
            _ = try mirror("http://127.0.0.1:\(server.port)/git/other").listing()
            Issue.record("there is no such repository")
        } catch {
            #expect(error.diagnostic.code == .mirrorUnreachable)
            #expect(error.diagnostic.message.contains("not found"))
        }
    }
}
