// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestPrograms
import Testing

/// A real server and real runners; the runners are in namespaces in which the server's folder and the repository are
/// hidden, so that all that they have comes by the server's address.
@Suite("Runners that see nothing of the server's disk")
struct FarRunnerTests {
    /// Where mounts of one's own are not permitted it is said aloud, and nothing is tested.
    static let canHide: Bool = {
        let probe = ChildProcess()
        probe.executableURL = URL(fileURLWithPath: "/bin/sh")
        probe.arguments = ["-c", "unshare -m mount -t tmpfs none /mnt 2>/dev/null"]
        try? probe.run()
        probe.waitUntilExit()
        if probe.terminationStatus == 0 { return true }
        FileHandle.standardError.write(Data("mounts are not permitted: tests of hidden folders are skipped\n".utf8))
        return false
    }()

    private final class Place {
        let sandbox: Sandbox
        private(set) var url = ""
        private var token = ""
        private let server: RunningProgram
        private var runners: [RunningProgram] = []

        private var data: String { sandbox.root + "/server" }

        init(_ workflow: String, runners names: [String]) throws {
            sandbox = try Sandbox()
            try sandbox.write("word.txt", "hello\n")
            try sandbox.workflow(workflow)
            try sandbox.commitAll()
            server = try sandbox.start(
                [
                    Program.path, "server", "--listen", "127.0.0.1:0", "--data", sandbox.root + "/server", "--capacity",
                    "0",
                ])
            url = try said("http://127.0.0.1:", in: [server.outPath, server.errPath])
            token = try #require(
                try sandbox.martlet("token", "create", "--scope", "admin", "--data", data, "--json").json["token"]
                    .string)
            let made = try ask(
                "POST", "/api/v1/projects", #"{"name":"demo","forge":"git","cloneURL":"\#(sandbox.folder)"}"#)
            try #require(made["id"].string != nil)
            for name in names { runners.append(try runner(name)) }
        }

        deinit {
            for program in runners + [server] {
                program.signal(SIGTERM)
                _ = try? program.end()
            }
        }

        /// The word in a program's output that begins so, once it is there.
        private func said(_ beginning: String, in paths: [String]) throws -> String {
            for _ in 0..<Self.looks {
                let text = paths.map { (try? String(contentsOfFile: $0, encoding: .utf8)) ?? "" }.joined()
                let words = text.split(whereSeparator: \.isWhitespace)
                if let word = words.first(where: { $0.hasPrefix(beginning) }), text.hasSuffix("\n") {
                    return String(word)
                }
                usleep(10_000)
            }
            throw Silence()
        }

        private struct Silence: Error {}
        private static let looks = 2_000

        func ask(_ method: String, _ path: String, _ body: String) throws -> JSON {
            try sandbox.start([
                "curl", "-s", "-X", method, url + path, "-H", "Authorization: Bearer \(token)", "-H",
                "Content-Type: application/json", "-d", body,
            ]).end().json
        }

        private func runner(_ name: String) throws -> RunningProgram {
            let folder = sandbox.root + "/" + name
            let one = try sandbox.martlet("runner", "token", "--data", data).out.trimmingCharacters(in: .newlines)
            let registered = try sandbox.martlet(
                "runner", "register", url, "--token", one, "--data", folder, "--name", name, "--label", name)
            try #require(registered.status == 0, "\(registered.err)")
            let hides = [data, sandbox.folder, sandbox.home].map { "mount -t tmpfs none '\($0)'" }
            return try sandbox.start([
                "unshare", "-m", "sh", "-c",
                (hides + ["exec '\(Program.path)' runner run --data '\(folder)'"]).joined(separator: " && "),
            ])
        }

        func martlet(_ arguments: String...) throws -> Ended {
            try sandbox.start(
                [Program.path] + arguments,
                environment: ["MARTLET_SERVER": url, "MARTLET_TOKEN": token, "MARTLET_PROJECT": "demo"]
            ).end()
        }

        func run(_ inputs: String...) throws -> Ended {
            try sandbox.start(
                [Program.path, "run", "ci.yml", "--json"] + inputs.flatMap { ["--input", $0] },
                environment: ["MARTLET_SERVER": url, "MARTLET_TOKEN": token, "MARTLET_PROJECT": "demo"]
            ).end()
        }
    }

    private static func fetchedBytes(_ ended: Ended, _ job: String) -> Int? {
        let mark = "Fetched from the server: "
        let line = ended.lines(job).first { $0.hasPrefix(mark) }
        return line.flatMap { Int($0.dropFirst(mark.count).prefix { $0.isNumber }) }
    }

    @Test(
        "A pipeline goes from one such runner to the other, and its artifact to whoever asks the server",
        .enabled(if: canHide && Program.has("curl")))
    func pipeline() throws {
        let place = try Place(
            """
            on: workflow_dispatch
            jobs:
              make:
                runs-on: east
                steps:
                  - uses: actions/checkout@v4
                  - run: |
                      (cd "$SERVER_FOLDER" && echo "> $(ls -A | wc -l)")
                      mkdir out && cp word.txt out/
                    env:
                      SERVER_FOLDER: ${{ github.workspace }}/../../../../../../server
                  - uses: actions/upload-artifact@v4
                    with: {name: built, path: out}
              use:
                needs: make
                runs-on: west
                steps:
                  - uses: actions/download-artifact@v4
                    with: {name: built}
                  - run: echo "> $(cat word.txt)"
            """, runners: ["east", "west"])
        let ended = try place.run()
        #expect(ended.status == 0, "\(ended.out)\(ended.err)")
        #expect(ended.lines("make").contains("> 0"), "\(ended.lines("make"))")
        #expect(ended.lines("use").contains("> hello"), "\(ended.lines("use"))")
        let got = try place.martlet("artifacts", "get", "built", "--to", place.sandbox.root + "/got")
        #expect(got.status == 0, "\(got.err)")
        let text = try String(contentsOfFile: place.sandbox.root + "/got/word.txt", encoding: .utf8)
        #expect(text == "hello\n")
    }

    @Test(
        "A cache that one such runner saved the other restores in the next run, which fetches the new commit only",
        .enabled(if: canHide && Program.has("curl")))
    func caches() throws {
        let place = try Place(
            """
            on:
              workflow_dispatch:
                inputs: {where: {type: string}}
            jobs:
              build:
                runs-on: ${{ inputs.where }}
                steps:
                  - uses: actions/checkout@v4
                  - uses: actions/cache@v4
                    with: {path: deps, key: deps-1}
                  - run: |
                      echo "> restored: $(cat deps/of 2>/dev/null)"
                      mkdir -p deps && echo '${{ inputs.where }}' >deps/of
            """, runners: ["east", "west"])
        let sandbox = place.sandbox
        try sandbox.write("large", Data((0..<3_000_000).map { _ in UInt8.random(in: 0...255) }))
        try sandbox.commitAll()
        let first = try place.run("where=east")
        #expect(first.status == 0, "\(first.out)\(first.err)")
        #expect(first.lines("build").contains("> restored: "))
        #expect(try #require(Self.fetchedBytes(first, "build")) > 3_000_000)
        let second = try place.run("where=west")
        #expect(second.status == 0, "\(second.out)\(second.err)")
        #expect(second.lines("build").contains("> restored: east"), "\(second.lines("build"))")
        try sandbox.write("word.txt", "changed\n")
        try sandbox.commitAll()
        let third = try place.run("where=east")
        #expect(third.status == 0, "\(third.out)\(third.err)")
        let bytes = try #require(Self.fetchedBytes(third, "build"))
        #expect(bytes > 0 && bytes < 10_000)
    }
}
