// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Actions that are programs for node, with what they ask for before and after the job's steps.
@Suite(.enabled(if: Program.has("node"), "node is not installed: JavaScript actions are not tested"))
struct NodeActionTests {
    private let sandbox: Sandbox

    /// `acme/tool@v1`, a node action, and `acme/wrap@v1`, a composite one that uses it; both in one folder of actions.
    init() throws {
        sandbox = try Sandbox()
        try action(
            "acme/tool@v1",
            """
            name: Tool
            description: Says what it was given.
            inputs:
              greeting: {description: Said first., default: 'hello ${{ github.event_name }}'}
              who to: {description: Said second.}
              code: {description: Its exit code., default: '0'}
            runs: {using: node20, main: dist/main.js, pre: dist/pre.js, post: dist/post.js}
            """,
            [
                "dist/pre.js": "say('pre', i('WHO_TO')); set('STATE', 'a=1')",
                "dist/main.js": """
                say('main', i('GREETING'), i('WHO_TO'), e.STATE_a, e.GITHUB_ACTION_REPOSITORY, e.GITHUB_ACTION_REF)
                set('STATE', 'b=2'); set('OUTPUT', 'said=yes'); process.exit(Number(i('CODE')))
                """,
                "dist/post.js": "say('post', i('WHO_TO'), e.STATE_a, e.STATE_b)",
            ])
        try action(
            "acme/wrap@v1",
            """
            name: Wrap
            description: Uses another action.
            inputs: {name: {description: For whom., default: inner}}
            runs:
              using: composite
              steps:
                - uses: acme/tool@v1
                  with: {who to: '${{ inputs.name }}'}
            """)
    }

    private func action(_ name: String, _ manifest: String, _ programs: [String: String] = [:]) throws {
        let start = """
            const e = process.env, fs = require('fs'), i = n => e['INPUT_' + n]
            const say = (...words) => console.log('>', ...words)
            const set = (file, line) => fs.appendFileSync(e['GITHUB_' + file], line + '\\n')

            """
        try sandbox.write("../actions/\(name)/action.yml", manifest)
        for (path, text) in programs { try sandbox.write("../actions/\(name)/\(path)", start + text + "\n") }
    }

    /// What the actions said, in order.
    private func said(_ ended: Ended, _ job: String = "a") -> [String] {
        ended.lines(job).filter { $0.hasPrefix("> ") }.map { String($0.dropFirst(2)) }
    }

    private func run(_ steps: String, _ more: [String: String] = [:]) throws -> Ended {
        let lines = steps.split(separator: "\n").map { "      " + $0 }.joined(separator: "\n")
        try sandbox.workflow("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n\(lines)\n")
        let folder = ["MARTLET_ACTIONS_DIR": sandbox.root + "/actions"]
        return try sandbox.start(
            [Program.path, "run", "--json", "ci.yml"], environment: folder.merging(more) { $1 }
        ).end()
    }

    @Test func getInputsStateAndOutputsAndCleanUpInReverse() throws {
        let ended = try run(
            """
            - id: one
              uses: acme/tool@v1
              with: {who to: first}
            - run: echo "> it said ${{ steps.one.outputs.said }}"
            - uses: acme/tool@v1
              with: {who to: second, greeting: hi}
            """)
        #expect(ended.status == 0, "\(ended.err)")
        #expect(
            said(ended) == [
                "pre first", "pre second", "main hello push first 1 acme/tool v1", "it said yes",
                "main hi second 1 acme/tool v1", "post second 1 2", "post first 1 2",
            ])
    }

    @Test func cleanUpAfterAFailureToo() throws {
        let ended = try run(
            """
            - uses: acme/tool@v1
              with: {who to: x, code: 3}
            - run: echo never
            """)
        #expect(ended.status == 5)
        #expect(said(ended) == ["pre x", "main hello push x 1 acme/tool v1", "post x 1 2"])
    }

    @Test func areNotCleanedUpAfterWhereTheyNeverBegan() throws {
        try action(
            "acme/plain@v1", "name: Plain\ndescription: Only ends.\nruns: {using: node16, main: m.js, post: p.js}\n",
            ["m.js": "say('main')", "p.js": "say('post')"])
        let ended = try run("- uses: acme/plain@v1\n  if: 'false'\n- uses: acme/plain@v1\n")
        #expect(said(ended) == ["main", "post"])
    }

    @Test func workInsideCompositeActions() throws {
        let ended = try run("- uses: acme/wrap@v1\n- uses: acme/wrap@v1\n  with: {name: other}\n")
        #expect(
            said(ended) == [
                "pre inner", "pre other", "main hello push inner 1 acme/tool v1",
                "main hello push other 1 acme/tool v1", "post other 1 2", "post inner 1 2",
            ])
    }

    @Test func ofTheRepositoryHaveNoPreButAPost() throws {
        try sandbox.write(
            "own/action.yml", "name: O\ndescription: d\nruns: {using: node20, main: m.js, pre: p.js, post: q.js}\n")
        for name in ["m", "p", "q"] { try sandbox.write("own/\(name).js", "console.log('> \(name)')\n") }
        try sandbox.commitAll()
        let ended = try run("- uses: actions/checkout@v4\n- uses: ./own\n", ["MARTLET_ACTIONS_DIR": ""])
        #expect(said(ended) == ["m", "q"], "\(ended.out)")
    }

    @Test func ofTheFilesOwnRepositoryNeedNoCheckout() throws {
        try sandbox.write("own/action.yml", "name: O\ndescription: d\nruns: {using: node20, main: m.js, pre: p.js}\n")
        for name in ["m", "p"] { try sandbox.write("own/\(name).js", "console.log('> \(name)')\n") }
        // In a file of another repository `$/` is that one.
        try action(
            "acme/set@v1/inner", "name: I\ndescription: d\nruns: {using: node20, main: m.js}\n",
            ["m.js": "say('inner')"])
        try action(
            "acme/set@v1/outer",
            "name: W\ndescription: d\nruns:\n  using: composite\n  steps:\n    - uses: $/inner\n")
        try sandbox.commitAll()
        let ended = try run("- uses: $/own\n- uses: acme/set/outer@v1\n")
        #expect(said(ended) == ["p", "m", "inner"], "\(ended.out)\(ended.err)")
        #expect(try run("- uses: $/none\n").status == 6)
    }

    @Test func areGoneOnWithAfterACrashWithTheirState() throws {
        let bell = try sandbox.bell()
        let ended = try { () throws -> Ended in
            try sandbox.workflow(
                """
                on: push
                jobs:
                  a:
                    runs-on: ubuntu-latest
                    steps:
                      - uses: acme/tool@v1
                        with: {who to: x}
                      - run: echo >"$T/bell"; [ -e "$T/go" ] || sleep 1000
                        continue-on-error: true
                """)
            let first = try sandbox.start(
                [Program.path, "run", "ci.yml"], environment: ["MARTLET_ACTIONS_DIR": sandbox.root + "/actions"])
            #expect(bell.rings())
            try sandbox.write("go", "")
            first.signal(SIGKILL)
            _ = try first.end()
            // The folder that the action came from is gone by then: the plan has its definition, not its files.
            return try sandbox.start(
                [Program.path, "run", "--json", "--resume", "1"],
                environment: ["MARTLET_ACTIONS_DIR": sandbox.root + "/actions"]
            ).end()
        }()
        #expect(said(ended) == ["post x 1 2"], "\(ended.out)\(ended.err)")
    }

    // MARK: where they come from

    private func makeRepository() throws -> String {
        let folder = sandbox.root + "/git/acme/tool"
        try FileManager.default.createDirectory(atPath: sandbox.root + "/git/acme", withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: sandbox.root + "/actions/acme/tool@v1", toPath: folder)
        for arguments in [
            ["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "All"], ["tag", "v1"],
        ] {
            #expect(try sandbox.start(["git", "-C", folder] + arguments).end().status == 0)
        }
        return folder
    }

    @Test func areFetchedOnceByCommitAndUsedOfflineAfterwards() throws {
        let folder = try makeRepository()
        try sandbox.write(".martlet/sources.yml", "sources:\n  - git: file://\(sandbox.root)/git/{owner}/{repo}\n")
        let step = "- uses: acme/tool@v1\n  with: {who to: x}\n"
        #expect(try said(run(step, ["MARTLET_ACTIONS_DIR": ""])).count == 3)
        let plan = try sandbox.martlet("plan", "--json", "ci.yml")
        #expect(plan.status == 0)
        try FileManager.default.removeItem(atPath: folder)
        #expect(try said(run(step, ["MARTLET_ACTIONS_DIR": ""])).count == 3)
    }

    @Test func thatAreLockedStayAtTheirCommitWhenTheirTagMoves() throws {
        let folder = try makeRepository()
        try sandbox.write(".martlet/sources.yml", "sources:\n  - git: file://\(sandbox.root)/git/{owner}/{repo}\n")
        let step = "- uses: acme/tool@v1\n  with: {who to: x}\n"
        _ = try run(step, ["MARTLET_ACTIONS_DIR": ""])
        let locked = try sandbox.martlet("actions", "lock")
        #expect(locked.status == 0 && locked.out.contains("1 locked"), "\(locked.err)")
        #expect(try sandbox.martlet("actions", "lock", "--check").status == 0)
        // The tag moves to another commit.
        try Data("console.log('> moved')\n".utf8).write(to: URL(fileURLWithPath: folder + "/dist/main.js"))
        for arguments in [["commit", "-q", "-am", "Other"], ["tag", "-f", "v1"]] {
            #expect(try sandbox.start(["git", "-C", folder] + arguments).end().status == 0)
        }
        #expect(try sandbox.martlet("actions", "lock", "--check").status == 5)
        #expect(try said(run(step, ["MARTLET_ACTIONS_DIR": ""])).contains("main hello push x 1 acme/tool v1"))
        let listed = try sandbox.martlet("actions", "list", "--json")
        #expect(listed.json["actions"].array.map { $0["uses"].string } == ["acme/tool@v1"])
        #expect(try sandbox.martlet("actions", "lock").status == 0)
        #expect(try said(run(step, ["MARTLET_ACTIONS_DIR": ""])).contains("moved"))
    }

    @Test func aLockThatWasSpoiltIsNamed() throws {
        try sandbox.write(".martlet/actions.lock", "locked:\n  acme/tool@v1: main\n")
        let ended = try run("- uses: acme/tool@v1\n")
        #expect(
            ended.status == 6 && ended.err.contains("MRT0712") && ended.err.contains("actions.lock:2"), "\(ended.err)")
    }

    @Test func thatAreNotToBeHadMakeTheirJobUnavailableAndSayWhereTheyWereLookedFor() throws {
        try sandbox.write(
            ".martlet/sources.yml", "sources:\n  - folder: mine\n  - git: file:///nowhere/{owner}/{repo}\n")
        let ended = try run("- uses: acme/none@v9\n")
        #expect(ended.status == 6)
        let plan = try sandbox.martlet("plan", "ci.yml")
        for part in ["acme/none@v9", "/mine", "file:///nowhere/", "does not", "https://github.com/", "offline"] {
            #expect(plan.out.contains(part), "\(part) in \(plan.out)")
        }
    }

    @Test func thatAreBuiltInComeAfterTheSourcesUnlessAskedOtherwise() throws {
        try action(
            "actions/checkout@v4", "name: C\ndescription: d\nruns: {using: node20, main: m.js}\n",
            ["m.js": "say('the one of the folder')"])
        try sandbox.commitAll()
        #expect(try said(run("- uses: actions/checkout@v4\n")) == ["the one of the folder"])
        try sandbox.write(".martlet/sources.yml", "native-actions: first\n")
        #expect(try said(run("- uses: actions/checkout@v4\n")).isEmpty)
    }

    @Test func needNodeAndThePlanSaysSo() throws {
        let bare = sandbox.root + "/bin"
        try FileManager.default.createDirectory(atPath: bare, withIntermediateDirectories: true)
        for name in ["git", "bash", "env"] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(bare)/\(name)", withDestinationPath: #require(Program.find(name)))
        }
        let ended = try run("- uses: acme/tool@v1\n", ["PATH": bare])
        #expect(ended.status == 6)
        #expect((ended.out + ended.err).contains("needs node"))
    }
}
