// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Steps of code that is not the user's own: `--executor sandbox`.
@Suite(.enabled(if: Program.has("bwrap"), "bubblewrap is not installed: the sandbox is not tested"))
struct EnclosedStepTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    private func run(_ steps: String, _ arguments: String...) throws -> Ended {
        let lines = steps.split(separator: "\n").map { "      " + $0 }.joined(separator: "\n")
        try sandbox.workflow("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n\(lines)\n")
        try sandbox.commitAll()
        return try sandbox.start(
            [Program.path, "run", "--json", "ci.yml", "--executor", "sandbox"] + arguments
        ).end()
    }

    @Test func workInTheirWorkspaceAndHandOnWhatTheySet() throws {
        let ended = try run(
            """
            - uses: actions/checkout@v4
            - id: s
              run: ls .github; echo kept > "$RUNNER_TEMP/x"; echo "o=1" >> "$GITHUB_OUTPUT"; echo "E=2" >> "$GITHUB_ENV"
            - run: echo "${{ steps.s.outputs.o }} $E $(cat "$RUNNER_TEMP/x")"
            """)
        #expect(ended.status == 0, "\(ended.out)")
        #expect(ended.lines("a").suffix(2) == ["workflows", "1 2 kept"])
    }

    @Test func seeTheHistoryThatWasAskedForAndNoOtherCommit() throws {
        try sandbox.write("f", "one")
        try sandbox.commitAll()
        try sandbox.git("branch", "other")
        try sandbox.git("checkout", "-q", "other")
        try sandbox.write("private", "of another branch")
        try sandbox.git("add", "-A")
        try sandbox.git("commit", "-qm", "Other")
        let other = try sandbox.git("rev-parse", "HEAD").out.trimmingCharacters(in: .newlines)
        try sandbox.git("checkout", "-q", "main")
        try sandbox.write("f", "two")
        let ended = try run(
            """
            - uses: actions/checkout@v4
              with: {fetch-depth: 2}
            - run: git log --format=%s | tr '\\n' ' '; git status --short
            - run: git cat-file -e \(other) || echo not here
            - uses: actions/checkout@v4
              with: {path: shallow}
            - run: cd shallow && git fsck 2>&1 && git rev-list --count HEAD
            """)
        #expect(ended.status == 0, "\(ended.out)")
        #expect(ended.lines("a").contains("All All "), "\(ended.out)")
        #expect(ended.lines("a").contains("not here"), "\(ended.out)")
        #expect(ended.lines("a").last == "1")
    }

    @Test func getNothingThatTheUsersShellExports() throws {
        try sandbox.workflow(
            "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: env, env: {OWN: '1'}}]\n")
        try sandbox.commitAll()
        let ended = try sandbox.start(
            [Program.path, "run", "--json", "ci.yml", "--executor", "sandbox"],
            environment: ["AWS_SECRET_ACCESS_KEY": "fromshell", "SSH_AUTH_SOCK": "/x"]
        ).end()
        #expect(ended.lines("a").contains("OWN=1") && ended.lines("a").contains { $0.hasPrefix("PATH=/") })
        #expect(!ended.out.contains("fromshell") && !ended.out.contains("SSH_AUTH_SOCK"), "\(ended.out)")
    }

    @Test func seeNothingOfTheUsersAndChangeNothingOfTheSystems() throws {
        try sandbox.write("../.ssh/id", "secret")
        try sandbox.write("local.txt", "mine")
        let ended = try run(
            """
            - run: cat "$HOME/.ssh/id" || echo no key
            - run: ls "\(sandbox.folder)/local.txt" || echo no tree
            - run: ls "\(sandbox.home)/runs" || echo no store
            - run: touch /usr/martlet-was-here || echo read-only
            - run: touch /tmp/martlet-was-here && echo private
            - run: cat /proc/net/dev | grep -c ':'
            """)
        let lines = ended.lines("a")
        for line in ["no key", "no tree", "no store", "read-only", "private"] {
            #expect(lines.contains(line), "\(line)")
        }
        // Only the loopback device.
        #expect(lines.last == "1")
        #expect(!FileManager.default.fileExists(atPath: "/tmp/martlet-was-here"))
    }

    @Test func reachTheNetworkOnlyWhereTheyMay() throws {
        let step = "- run: readlink /proc/self/ns/net\n"
        let ours = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
        #expect(try run(step, "--network").lines("a").last == ours)
        #expect(try run(step).lines("a").last != ours)
    }

    @Test(.enabled(if: getuid() == 0, "control groups with limits are made as root only"))
    func thatNeedTooMuchAreEndedWithTheReason() throws {
        let ended = try run(
            """
            - run: python3 -c "x = b'a' * (300 << 20)"
              continue-on-error: true
            - run: python3 -c "import subprocess as s; [s.Popen(['sleep', '100']) for _ in range(40)]"
            """, "--memory", "100M", "--processes", "20")
        #expect(ended.step("a", "1")["reason"]["text"].string?.contains("memory than its limit of 100 MB") == true)
        #expect(ended.step("a", "2")["reason"]["text"].string?.contains("processes than its limit of 20") == true)
    }

    @Test func areNotRunAtAllWhereThereIsNoSandbox() throws {
        let bare = sandbox.root + "/bin"
        try FileManager.default.createDirectory(atPath: bare, withIntermediateDirectories: true)
        for name in ["git", "bash", "env"] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(bare)/\(name)", withDestinationPath: #require(Program.find(name)))
        }
        try sandbox.workflow(
            "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: touch \"$T/ran\"\n")
        let ended = try sandbox.start(
            [Program.path, "run", "ci.yml", "--executor", "sandbox"], environment: ["PATH": bare]
        ).end()
        #expect(ended.status == 6 && ended.err.contains("MRT0716"))
        #expect(!FileManager.default.fileExists(atPath: sandbox.path("ran")))
    }

    @Test func endWithTheirWholeTreeWhenTheRunIsCancelled() throws {
        try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - uses: actions/checkout@v4
                  - run: echo x > "$RUNNER_TEMP/up"; sleep 98765
            """)
        try sandbox.commitAll()
        let running = try sandbox.start([Program.path, "run", "ci.yml", "--executor", "sandbox"])
        let deadline = Date() + 20
        while Processes.withCommand("sleep 98765").isEmpty, Date() < deadline { usleep(10_000) }
        #expect(!Processes.withCommand("sleep 98765").isEmpty)
        running.signal(SIGINT)
        running.signal(SIGINT)
        #expect(try running.end().status != 0)
        #expect(Processes.withCommand("sleep 98765").isEmpty)
    }
}
