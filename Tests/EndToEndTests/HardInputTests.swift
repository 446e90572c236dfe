// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Inputs and moments that once went wrong.
@Suite struct HardInputs {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    @Test(arguments: [
        "timeout-minutes: 1e300", "timeout-minutes: '${{ fromJSON(1e18) }}'", "cancel-timeout-minutes: 1e300",
    ])
    func aTimeoutBeyondAllTimeIsNoReasonToFall(key: String) throws {
        let ended = try sandbox.run(
            "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'true', timeout-minutes: 1e300}]}}\n"
                .replacingOccurrences(of: "runs-on: ubuntu-latest", with: "runs-on: ubuntu-latest, \(key)"))
        #expect(ended.status == 0, "\(ended.err)")
    }

    @Test func maxParallelBeyondAllNumbersIsNoLimit() throws {
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                strategy: {max-parallel: "${{ fromJSON('1e300') }}", matrix: {n: [1, 2]}}
                steps: [{run: 'true'}]
            """)
        #expect(ended.status == 0, "\(ended.err)")
    }

    @Test func thousandsOfWaitsEnd() throws {
        let waits = (1...4_000).map { "      - {id: w\($0), wait-all: true}\n" }.joined()
        let ended = try sandbox.run(
            "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n" + waits + "      - run: echo over\n")
        #expect(ended.lines("a") == ["over"], "\(ended.err)")
    }

    @Test func aSecretFileWithWindowsLineEndsHoldsEverySecret() throws {
        try sandbox.write("secrets", "ONE=first-secret\r\nTWO=second-secret\r\n")
        try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                env: {ONE: '${{ secrets.ONE }}', TWO: '${{ secrets.TWO }}'}
                steps: [{run: 'echo "$ONE $TWO"; test "$TWO" = second-secret'}]
            """)
        let ended = try sandbox.martlet("run", "--json", "--secret-file", "secrets", "ci.yml")
        #expect(ended.status == 0)
        #expect(ended.lines("a") == ["*** ***"])
    }

    @Test func aSecretMayComeFromTheEnvironmentAndAShortOneIsToldOf() throws {
        try sandbox.workflow(
            """
            on: push
            jobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'echo "${{ secrets.LONG }} ${{ secrets.TINY }}"'}]}}
            """)
        let ended = try sandbox.start(
            [Program.path, "run", "--json", "ci.yml", "--secret", "LONG", "--secret", "TINY=abc"],
            environment: ["LONG": "a-long-secret"]
        ).end()
        #expect(ended.lines("a") == ["*** abc"])
        #expect(ended.err.contains("warning[MRT0908]"))
        #expect(try sandbox.martlet("run", "ci.yml", "--secret", "ABSENT").status == 2)
    }

    @Test(arguments: ["${{}}", "${{}", "${{", "}}", "${{ }}", "${{ 1 }"])
    func evalTakesAnyText(text: String) throws {
        #expect([0, 1].contains(try sandbox.martlet("eval", text).status))
    }

    @Test func aPipeInTheWorkspaceHoldsUpNeitherHashFilesNorTheRun() throws {
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - run: mkfifo pipe.txt; ln -s /dev/zero zero.txt; echo x > file.txt
                  - run: echo "${{ hashFiles('*.txt') }}"
                    if: hashFiles('file.txt') != ''
            """)
        #expect(ended.status == 5)
        #expect(ended.lines("a").contains { $0.contains("zero.txt") && $0.contains("cannot read it") })
        let without = try sandbox.run(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - run: mkfifo pipe.txt; echo x > file.txt
                  - run: test "${{ hashFiles('*.txt') }}" = "${{ hashFiles('file.txt') }}"
            """)
        #expect(without.status == 0)
    }

    @Test func aStepThatWasCutOffMayBeAllowedToFail() throws {
        let bell = try sandbox.bell()
        try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - {id: s, run: 'echo > "$T/bell"; sleep 300', continue-on-error: "${{ github.ref != 'x' }}"}
                  - run: echo "${{ steps.s.outcome }} ${{ steps.s.conclusion }}"
            """)
        let running = try sandbox.start([Program.path, "run", "ci.yml"])
        #expect(bell.rings())
        running.signal(SIGKILL)
        try running.end()
        let resumed = try sandbox.martlet("run", "--json", "--resume", "1")
        #expect(resumed.status == 0, "\(resumed.err)")
        #expect(resumed.lines("a") == ["failure success"])
    }

    /// By what only the killer of a job's supervisor could leave behind.
    @Test func aJobWhoseSupervisorIsKilledLeavesNothingBehind() throws {
        let bell = try sandbox.bell()
        try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps: [{run: '(setsid sleep 301 &); echo $PPID > "$T/supervisor"; echo > "$T/bell"; sleep 302'}]
            """)
        let running = try sandbox.start([Program.path, "run", "ci.yml"])
        #expect(bell.rings())
        kill(try #require(sandbox.lines("supervisor").first.flatMap { pid_t($0) }), SIGKILL)
        #expect(try running.end().status == 5)
        #expect(Processes.withEnvironment(containing: "T=" + sandbox.folder).isEmpty)
    }

    @Test func aPathFilterSeesThatNothingHasChanged() throws {
        try sandbox.workflow(
            "on: {push: {paths: ['src/**']}}\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}}\n")
        try sandbox.commitAll()
        let remote = sandbox.root + "/remote.git"
        try sandbox.git("init", "-q", "--bare", remote)
        try sandbox.git("remote", "add", "origin", remote)
        try sandbox.git("push", "-q", "-u", "origin", "main")
        let plan = try sandbox.martlet("plan", "--json", "ci.yml").json
        #expect(plan["jobs"].array.first?["included"] == .bool(false), "\(plan)")
        try sandbox.write("src/new.c", "x\n")
        #expect(try sandbox.martlet("plan", "--json", "ci.yml").json["jobs"].array.first?["included"] == .bool(true))
    }

    @Test func aNumberOfARunIsNeverGivenTwice() throws {
        try sandbox.workflow("on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}}\n")
        #expect(try sandbox.martlet("run", "ci.yml").status == 0)
        try FileManager.default.removeItem(atPath: sandbox.home + "/last-run")
        let second = try sandbox.martlet("run", "--json", "ci.yml")
        #expect(second.events.first?["run"].number == 2)
    }

    @Test func cleaningRemovesWhatRunsLeftAndNoMore() throws {
        try sandbox.workflow("on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'touch x; exit 1'}]}}\n")
        for _ in 1...3 { #expect(try sandbox.martlet("run", "ci.yml").status == 5) }
        #expect(try sandbox.martlet("clean", "--keep", "1").status == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: sandbox.home + "/work").isEmpty)
        #expect(try sandbox.martlet("runs", "--json").json.array.compactMap { $0["run"].number } == [3])
        #expect(try sandbox.martlet("run", "--json", "ci.yml").events.first?["run"].number == 4)
    }
}

/// One step's files and commands against another's.
@Suite struct StepsApart {
    @Test func whatAStepLeftRunningWritesToNoOtherStepsFiles() throws {
        let sandbox = try Sandbox()
        mkfifo(sandbox.path("go"), 0o600)
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - run: '(read -r word < "$T/go"; echo "STOLEN=1" >> "$GITHUB_ENV"; echo done > "$T/go") &'
                  - run: 'echo go > "$T/go"; read -r word < "$T/go"; echo "OWN=1" >> "$GITHUB_ENV"'
                  - run: echo "[$STOLEN] [$OWN]"
            """)
        #expect(ended.status == 0)
        #expect(ended.lines("a") == ["[] [1]"])
    }

    @Test func commandsThatSetTooMuchFailTheStepOnce() throws {
        let sandbox = try Sandbox()
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - run: |
                      value=$(head -c 100000 /dev/zero | tr '\\0' x)
                      for i in $(seq 200); do echo "::set-output name=n$i::$value"; done
            """)
        #expect(ended.status == 5)
        #expect(ended.events("annotation").filter { $0["message"].string?.contains("MRT0558") == true }.count == 1)
    }
}
