// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite struct ScriptedCommands {
    let sandbox = try? Sandbox()

    @Test func evalAnswersEveryPublicCaseAsGitHubDoes() throws {
        guard let path = Program.conformance("github-expressions/cases.ndjson") else { return }
        let sandbox = try #require(sandbox)
        let cases = try Data(contentsOf: URL(fileURLWithPath: path))
        let expected = cases.split(separator: UInt8(ascii: "\n")).map { JSON(Data($0)) }
        let answers = try sandbox.martlet("eval", "--ndjson", stdin: cases)
        #expect(answers.status == 0)
        #expect(expected.count > 600)
        try #require(answers.events.count == expected.count)
        for (wanted, answer) in zip(expected, answers.events) {
            if wanted["err"] == .null {
                #expect(answer["result"] == wanted["result"], "\(wanted["expr"])")
            } else {
                #expect(answer["error"]["kind"] == wanted["err"]["kind"], "\(wanted["expr"])")
                // Some of the expected texts are cut off, so GitHub's own tests look for them inside the message.
                let message = answer["error"]["message"].string ?? ""
                #expect(message.contains(wanted["err"]["value"].string ?? "?"), "\(wanted["expr"])")
            }
        }
    }

    @Test func evalAnswersARequestThatIsNotJSONAndGoesOn() throws {
        let sandbox = try #require(sandbox)
        let answers = try sandbox.martlet("eval", "--ndjson", stdin: Data("nonsense\n{\"expr\":\"1 == 1\"}\n".utf8))
        try #require(answers.events.count == 2)
        #expect(answers.events[0]["error"]["message"].string != nil)
        #expect(answers.events[1]["result"]["value"] == .bool(true))
    }

    @Test func checkFindsNoErrorInWorkflowsThatAreFine() throws {
        guard let folder = Program.conformance("actionlint/ok") else { return }
        let sandbox = try #require(sandbox)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted().map { folder + "/" + $0 }
        let ended = try sandbox.martlet(["check", "--json"] + files)
        #expect(ended.json["files"].array.count == files.count)
        for file in ended.json["files"].array {
            #expect(file["valid"] == .bool(true), "\(file["path"]): \(file["diagnostics"])")
        }
        #expect(ended.status == 0)
    }

    @Test func checkTellsWhereAFileIsWrongAndExitsWith1() throws {
        let sandbox = try #require(sandbox)
        let good = try sandbox.workflow(
            "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}}\n", "a.yml")
        let bad = try sandbox.workflow("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    stepz: []\n", "b.yml")
        let ended = try sandbox.martlet("check", "--json", good, bad)
        #expect(ended.status == 1)
        let files = ended.json["files"].array
        try #require(files.count == 2)
        #expect(files[0]["path"].string == good)
        #expect(files[0]["valid"] == .bool(true))
        #expect(files[1]["valid"] == .bool(false))
        let found = files[1]["diagnostics"].array.filter { $0["severity"].string == "error" }
        #expect(found.contains { $0["line"] == .number(5) })
        for diagnostic in found {
            #expect(diagnostic["code"].string?.hasPrefix("MRT") == true)
            #expect(diagnostic["message"].string?.isEmpty == false)
            #expect(diagnostic["column"].number != nil)
        }
    }

    @Test func warningsNeverMakeAFileInvalid() throws {
        let sandbox = try #require(sandbox)
        let file = try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - run: echo "::set-output name=a::b"
                    if: github.ref == 'x' || true
                  - run: echo ${{ github.event.head_commit.message }}
            """)
        let ended = try sandbox.martlet("check", "--json", file)
        let found = ended.json["files"].array.first?["diagnostics"].array ?? []
        let errors = found.filter { $0["severity"].string == "error" }
        #expect(!found.isEmpty)
        #expect((ended.json["files"].array.first?["valid"].bool == true) == errors.isEmpty)
        #expect(ended.status == (errors.isEmpty ? 0 : 1))
    }

    @Test(arguments: ["NUL": "on: push\0", "alias bomb": Self.bomb, "deep": String(repeating: "[", count: 50_000)])
    func hostileFilesAreRefusedWithACodeAndAPosition(_ name: String, _ text: String) throws {
        let sandbox = try #require(sandbox)
        let file = try sandbox.workflow(text)
        let checked = try sandbox.martlet("check", "--json", file)
        #expect(checked.status == 1)
        let first = checked.json["files"].array.first?["diagnostics"].array.first ?? .null
        #expect(first["code"].string?.hasPrefix("MRT") == true)
        #expect(first["line"].number != nil)
        let ran = try sandbox.martlet("run", file)
        #expect(ran.status == 6)
        #expect(ran.err.contains("error[MRT"))
    }

    static let bomb =
        "a0: &a0 [x, x]\n"
        + (1..<40).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n" }.joined()

    @Test func thePlanTellsEveryJobAndHasADigestOfItsOwn() throws {
        let sandbox = try #require(sandbox)
        let file = try sandbox.workflow(
            """
            on: {push: {paths: ['a']}}
            permissions: {contents: read}
            jobs:
              one:
                strategy: {matrix: {x: [1, 2]}}
                runs-on: ubuntu-latest
                steps: [{id: s, run: 'true'}]
              two:
                needs: one
                if: github.ref == 'refs/heads/release'
                runs-on: ubuntu-latest
                steps: [{run: 'true'}]
            """)
        func plan(_ ref: String, _ changed: String = "a,b") throws -> Ended {
            try sandbox.martlet("plan", "--json", "--event", "push", "--ref", ref, "--changed", changed, file)
        }
        let ended = try plan("refs/heads/x")
        #expect(ended.status == 0)
        let jobs = ended.json["jobs"].array
        try #require(jobs.count == 2)
        for job in jobs {
            #expect(
                job.keys.isSuperset(
                    of: ["id", "matrix", "needs", "if", "permissions", "steps", "included", "reason"]))
        }
        #expect(jobs[0]["id"].string == "one")
        #expect(jobs[0]["matrix"].array.map { $0["x"] } == [.number(1), .number(2)])
        #expect(jobs[0]["steps"] == .array([.string("s")]))
        #expect(jobs[0]["permissions"]["contents"].string == "read")
        #expect(jobs[0]["included"] == .bool(true))
        #expect(jobs[1]["needs"] == .array([.string("one")]))
        #expect(jobs[1]["included"] == .bool(false))
        #expect(jobs[1]["reason"].string?.contains("refs/heads/release") == true)
        let digest = try #require(ended.json["digest"].string)
        #expect(try plan("refs/heads/x").json["digest"].string == digest)
        #expect(try plan("refs/heads/y").json["digest"].string != digest)
        let filtered = try plan("refs/heads/x", "c").json["jobs"].array
        #expect(filtered.allSatisfy { $0["included"] == .bool(false) && $0["reason"].string?.isEmpty == false })
    }

    @Test func redactHidesEverySecretWhateverTheCut() throws {
        guard let path = Program.conformance("log-masking/seeds.json") else { return }
        let sandbox = try #require(sandbox)
        let seeds = JSON(try Data(contentsOf: URL(fileURLWithPath: path))).array
        #expect(seeds.count > 100)
        for (number, seed) in seeds.enumerated() where number % 3 == 0 {
            let input = Data(base64Encoded: seed["input_base64"].string ?? "") ?? Data()
            let secrets = seed["secrets_base64"].array.compactMap { $0.string }
            let file = try sandbox.write("s\(number)", secrets.joined(separator: "\n") + "\n")
            let text = try sandbox.write("i\(number)", input)
            let split = Int(seed["split_at"].number ?? 0)
            let cut = input.isEmpty ? 0 : abs(split % input.count)
            let script = #"{ head -c "$1" "$2"; tail -c +"$(($1 + 1))" "$2"; } | "$3" redact --secrets-file "$4""#
            let ended = try sandbox.start(["sh", "-c", script, "sh", "\(cut)", text, Program.path, file]).end()
            #expect(ended.status == 0)
            for secret in secrets.compactMap({ Data(base64Encoded: $0) }) where secret.count >= 4 {
                guard !"***".utf8.starts(with: secret), secret != Data("****".utf8) else { continue }
                #expect(ended.outBytes.range(of: secret) == nil, "\(seed["id"])")
            }
        }
    }
}

/// GitHub's own parser suite, through the command that others script against.
@Suite struct CheckAgainstGitHubsParser {
    /// A case's workflow, and the workflows it calls, as files; `nil` where the case sets limits or policies, which only
    /// the library takes.
    private struct Case {
        var workflow: String
        var called: [(reference: String, text: String)] = []
        var isAccepted: Bool

        init?(_ text: String) {
            var parts: [[Substring]] = [[]]
            for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
                let bare = line.utf8.last == 13 ? line.dropLast() : line
                if bare == "---" { parts.append([]) } else { parts[parts.count - 1].append(line) }
            }
            let texts = parts.map { $0.joined(separator: "\n") }
            guard !texts[0].contains("max-"), !texts[0].contains("permissions-policy") else { return nil }
            workflow = texts[1]
            isAccepted = JSON(Data((texts.last ?? "").utf8))["errors"].array.isEmpty
            for index in stride(from: 2, to: texts.count - 1, by: 2) {
                called.append((texts[index].trimmingCharacters(in: .whitespacesAndNewlines), texts[index + 1]))
            }
        }
    }

    @Test func givesTheSameVerdictOnEveryCase() throws {
        guard let folder = Program.conformance("github-workflow-reader") else { return }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".yml") }.sorted()
        #expect(names.count > 100)
        for name in names {
            let text = try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
            guard let one = Case(text) else { continue }
            let sandbox = try Sandbox()
            for (reference, text) in one.called {
                if reference.hasPrefix("./") {
                    try sandbox.write(String(reference.dropFirst(2)), text)
                } else if let at = reference.lastIndex(of: "@") {
                    let parts = reference[..<at].split(separator: "/").map(String.init)
                    let place = "\(parts[0])/\(parts[1])\(reference[at...])/\(parts[2...].joined(separator: "/"))"
                    try sandbox.write("actions/" + place, text)
                }
            }
            try sandbox.workflow(one.workflow, name)
            let ended = try sandbox.start(
                [Program.path, "check", "--json", ".github/workflows/" + name],
                environment: ["MARTLET_ACTIONS_DIR": sandbox.path("actions")]
            ).end()
            let file = ended.json["files"].array.first
            #expect(file?["valid"] == .bool(one.isAccepted), "\(name): \(file ?? .null)")
        }
    }
}
