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

    // MARK: attacks

    /// A folder that steps cannot see; what they try to reach in it.
    private func victim() throws -> String {
        try sandbox.write("../victim/file", "of the user")
        return sandbox.root + "/victim"
    }

    private func isUntouched() -> Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: sandbox.root + "/victim")) ?? []
        return names == ["file"] && sandbox.read("../victim/file") == "of the user"
    }

    @Test func writeNothingThroughLinksThatTheyLeaveForLaterSteps() throws {
        let victim = try victim()
        let ended = try run(
            """
            - run: ln -s \(victim)/script $(dirname $0)/2-1.sh
            - run: echo the script of the second
            - run: rm $GITHUB_OUTPUT; ln -s \(victim)/file $GITHUB_OUTPUT
              id: q
            - run: echo "<${{ toJSON(steps.q.outputs) }}>"
            - run: d=$(dirname $GITHUB_ENV); rm -r $d; ln -s \(victim) $d
            - run: echo last
            """)
        #expect(ended.status == 0, "\(ended.out)")
        #expect(ended.lines("a").contains("the script of the second"))
        #expect(ended.lines("a").contains("<{}>"), "\(ended.out)")
        #expect(isUntouched())
    }

    @Test func bringNothingOfOtherRepositoriesIn() throws {
        let victim = try victim()
        try sandbox.git("init", "-q", victim)
        let ended = try run("- uses: actions/checkout@v4\n  with: {repository: '\(victim)', path: other}\n")
        #expect(ended.status == 5 && ended.out.contains("is not brought into the sandbox"), "\(ended.out)")
    }

    @Test func runNoProgramOfARepositoryThatTheyMade() throws {
        let victim = try victim()
        let ended = try run(
            """
            - uses: actions/checkout@v4
            - run: |
                mkdir -p .git/hooks; printf '#!/bin/sh\\ntouch \(victim)/ran\\n' | tee .git/hooks/post-index-change .git/hooks/post-checkout >x
                chmod +x .git/hooks/*; cp .git/hooks/post-checkout "$RUNNER_TEMP/monitor"
                git config core.fsmonitor "$RUNNER_TEMP/monitor"
                rm -rf .github; ln -s \(victim) .github
            - uses: actions/checkout@v4
              with: {clean: false, ref: main}
            - run: test -f .github/workflows/ci.yml
            """)
        #expect(ended.status == 0, "\(ended.out)")
        #expect(isUntouched())
    }

    @Test func unpackNoArtifactThroughALink() throws {
        let victim = try victim()
        let ended = try run(
            """
            - run: echo x >f; mkdir out; ln -s \(victim) out/art
            - uses: actions/upload-artifact@v4
              with: {name: art, path: f}
            - uses: actions/upload-artifact@v4
              with: {name: art2, path: f}
            - uses: actions/download-artifact@v4
              with: {path: out}
            """)
        #expect(ended.status == 5 && ended.out.contains("MRT0891"), "\(ended.out)")
        #expect(isUntouched())
    }

    @Test func haveTheirActionsFromPublicPlacesOrTheRepositoryOnly() throws {
        let victim = try victim()
        try sandbox.write("../victim/o/private@v1/action.yml", "name: P\nruns: {using: composite, steps: []}\n")
        try sandbox.write(".martlet/sources.yml", "sources: [{folder: \(victim)}, {folder: ./own}]\n")
        try sandbox.write("own/o/mine/action.yml", "name: M\nruns: {using: composite, steps: []}\n")
        let mine = try run("- uses: o/mine@v1\n")
        #expect(mine.status == 0, "\(mine.out)\(mine.err)")
        let ended = try run("- uses: o/private@v1\n")
        #expect(ended.status == 6, "\(ended.out)\(ended.err)")
    }
}
