// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A run that is over runs again, whole or in part, as a new attempt.
@Suite struct RerunTests {
    private let sandbox: Sandbox

    /// Job `b` fails until the file `mended` is there; `c` depends on both `a` and `b`.
    init() throws {
        sandbox = try Sandbox()
        try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                outputs: {said: '${{ steps.s.outputs.said }}'}
                steps:
                  - id: s
                    run: echo a >> "$T/ran"; echo "said=hello" >> "$GITHUB_OUTPUT"
              b:
                runs-on: ubuntu-latest
                strategy: {matrix: {n: [1, 2]}, fail-fast: false}
                steps:
                  - run: echo "b${{ matrix.n }} ${{ github.run_attempt }}" >> "$T/ran"; touch left; ls
                  - run: test ${{ matrix.n }} = 1 || test -e "$T/mended"
              c:
                needs: [a, b]
                runs-on: ubuntu-latest
                steps:
                  - run: echo "c ${{ needs.a.outputs.said }} ${{ needs.b.result }}" >> "$T/ran"
            """)
    }

    private func ran() -> [String] {
        defer { try? FileManager.default.removeItem(atPath: sandbox.path("ran")) }
        return sandbox.lines("ran").sorted()
    }

    @Test func ofWhatFailedKeepsTheRestAndItsOutputs() throws {
        #expect(try sandbox.martlet("run", "ci.yml").status == 5)
        #expect(ran() == ["a", "b1 1", "b2 1"])
        #expect(try sandbox.martlet("rerun", "--failed").status == 5)
        #expect(ran() == ["b2 2"])
        try sandbox.write("mended", "")
        let ended = try sandbox.martlet("rerun", "1", "--failed", "--json")
        #expect(ended.status == 0, "\(ended.err)")
        #expect(ran() == ["b2 3", "c hello success"])
        #expect(ended.events("runStarted").first?["attempt"].number == 3)
        let why = try sandbox.martlet("why", "1")
        for part in ["✓ a", "✓ b (1)", "✓ b (2)", "✓ c"] { #expect(why.out.contains(part), "\(part) in \(why.out)") }
        // Logs of an earlier attempt's job are still shown.
        #expect(try sandbox.martlet("logs", "1", "--job", "b#1").out.contains("left"))
    }

    @Test func ofOneJobRunsWhatDependsOnItToo() throws {
        try sandbox.write("mended", "")
        #expect(try sandbox.martlet("run", "ci.yml").status == 0)
        _ = ran()
        #expect(try sandbox.martlet("rerun", "--job", "b#1").status == 0)
        #expect(ran() == ["b1 2", "c hello success"])
        #expect(try sandbox.martlet("rerun").status == 0)
        #expect(ran() == ["a", "b1 3", "b2 3", "c hello success"])
    }

    @Test func beginsWithAnEmptyWorkspace() throws {
        #expect(try sandbox.martlet("run", "ci.yml").status == 5)
        let again = try sandbox.martlet("rerun", "--failed", "--json")
        #expect(again.lines("b#2").filter { $0 == "left" }.count == 1)
    }

    @Test func isRefusedWhereThereIsNothingToRunAgain() throws {
        try sandbox.write("mended", "")
        #expect(try sandbox.martlet("run", "ci.yml").status == 0)
        #expect(try sandbox.martlet("rerun", "--failed").err.contains("MRT0715"))
        let unknown = try sandbox.martlet("rerun", "--job", "nope")
        #expect(unknown.status != 0 && unknown.err.contains("nope"))
        #expect(try sandbox.martlet("rerun", "99").err.contains("MRT0703"))
    }

    @Test func thatWasCutOffIsGoneOnWith() throws {
        #expect(try sandbox.martlet("run", "ci.yml").status == 5)
        try sandbox.workflow(
            "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
                + "      - run: echo 1 >> \"$T/ran\"; [ ! -e \"$T/bell\" ] || { echo > \"$T/bell\"; sleep 1000; }\n"
                + "        continue-on-error: true\n      - run: echo over >> \"$T/ran\"\n", "two.yml")
        #expect(try sandbox.martlet("run", "two.yml").status == 0)
        let bell = try sandbox.bell()
        let again = try sandbox.start([Program.path, "rerun", "2"])
        #expect(bell.rings())
        again.signal(SIGKILL)
        _ = try again.end()
        #expect(try sandbox.martlet("rerun", "2").err.contains("MRT0714"))
        _ = ran()
        #expect(try sandbox.martlet("run", "--resume", "2").status == 0)
        #expect(ran() == ["over"])
    }

    // MARK: from a step

    /// Four steps, of which the last fails until `mended` is there, and a job after them.
    private func runFour(_ arguments: String...) throws -> Ended {
        try sandbox.write("tree.txt", "of the tree\n")
        try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                outputs: {o: '${{ steps.two.outputs.o }}'}
                steps:
                  - uses: actions/checkout@v4
                  - id: two
                    run: |
                      echo 2 >> "$T/ran"; echo made > made.txt; mkdir -p d; ln -s ../made.txt d/l; rm tree.txt
                      echo "o=out" >> "$GITHUB_OUTPUT"; echo "E=env" >> "$GITHUB_ENV"; echo "::add-mask::hidden-word"
                  - name: Third
                    run: echo 3 >> "$T/ran"; echo changed >> made.txt; touch third.txt
                  - run: |
                      echo "4 ${{ steps.two.outputs.o }} $E" >> "$T/ran"; (ls; cat made.txt d/l) | tr '\\n' ' '; echo; echo hidden-word
                      touch left-by-four; test -e "$T/mended"
              b:
                needs: a
                runs-on: ubuntu-latest
                steps:
                  - run: echo "b ${{ needs.a.outputs.o }}" >> "$T/ran"
            """)
        try sandbox.commitAll()
        return try sandbox.start([Program.path, "run", "--json", "ci.yml"] + arguments).end()
    }

    @Test func fromAStepHasTheFilesOutputsAndEnvironmentOfTheStepsBefore() throws {
        #expect(try runFour().status == 5)
        #expect(ran() == ["2", "3", "4 out env"])
        try sandbox.write("mended", "")
        let ended = try sandbox.martlet("rerun", "--from", "a/4", "--json")
        #expect(ended.status == 0, "\(ended.err)\(ended.out)")
        #expect(ran() == ["4 out env", "b out"])
        #expect(ended.lines("a").contains("d made.txt third.txt made changed made changed "), "\(ended.out)")
        #expect(ended.lines("a").contains("***"))
    }

    @Test func fromAnEarlierStepBeginsWithTheWorkspaceBeforeIt() throws {
        #expect(try runFour().status == 5)
        _ = ran()
        try sandbox.write("mended", "")
        // By its name; and the workspace that the failure left is gone, as after a clean.
        #expect(try sandbox.martlet("clean").status == 0)
        let ended = try sandbox.martlet("rerun", "1", "--from", "a/Third", "--json")
        #expect(ended.status == 0, "\(ended.err)\(ended.out)")
        #expect(ran() == ["3", "4 out env", "b out"])
        #expect(ended.lines("a").contains("d made.txt third.txt made changed made changed "))
        // Again, of the attempt that succeeded: its workspace is gone.
        #expect(try sandbox.martlet("rerun", "1", "--from", "a/two").status == 0)
        #expect(ran() == ["2", "3", "4 out env", "b out"])
    }

    @Test func fromAStepCutOffIsGoneOnWithToo() throws {
        try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - id: one
                    run: echo one > f; echo "o=1" >> "$GITHUB_OUTPUT"; echo 1 >> "$T/ran"
                  - run: |
                      cat f >> "$T/ran"; echo two >> f
                      [ ! -e "$T/bell" ] || { echo > "$T/bell"; sleep 1000; }
                    continue-on-error: true
                  - run: echo "3 ${{ steps.one.outputs.o }} $(tr '\\n' ' ' < f)" >> "$T/ran"
            """)
        #expect(try sandbox.martlet("run", "ci.yml").status == 0)
        #expect(ran() == ["1", "3 1 one two ", "one"])
        let bell = try sandbox.bell()
        let again = try sandbox.start([Program.path, "rerun", "1", "--from", "a/2"])
        #expect(bell.rings())
        again.signal(SIGKILL)
        _ = try again.end()
        #expect(ran() == ["one"])
        #expect(try sandbox.martlet("run", "--resume", "1").status == 0)
        #expect(ran() == ["3 1 one two "])
    }

    @Test func fromAStepIsRefusedWhereItCannotBegin() throws {
        #expect(try runFour("--no-snapshots").status == 5)
        #expect(try sandbox.martlet("rerun", "--from", "a/4").err.contains("MRT0717"))
        #expect(try sandbox.martlet("rerun", "--from", "a/nope").err.contains("MRT0718"))
        #expect(try sandbox.martlet("rerun", "--from", "nope/1").status != 0)
        #expect(try sandbox.martlet("rerun", "--from", "a/1").status == 5)
    }

    @Test(arguments: ["", "concurrency: w\n"]) func ofAJobInAConcurrencyGroup(_ ofRun: String) throws {
        let text = """
            \(ofRun)on: push
            jobs:
              a:
                concurrency: {group: j}
                runs-on: ubuntu-latest
                steps: [{run: test -e "$T/mended"}]
            """
        #expect(try sandbox.run(text).status == 5)
        try sandbox.write("mended", "")
        let ended = try sandbox.martlet("rerun", "--failed")
        #expect(ended.status == 0, "\(ended.out)\(ended.err)")
    }

    @Test func uploadsAgainWhatTheAttemptBeforeUploaded() throws {
        let text = """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - run: echo ${{ github.run_attempt }} >x
                  - uses: actions/upload-artifact@v4
                    with: {name: n, path: x}
                  - run: test -e "$T/mended"
              b:
                runs-on: ubuntu-latest
                steps:
                  - run: echo once >y
                  - uses: actions/upload-artifact@v4
                    with: {name: m, path: y}
              c:
                needs: [a, b]
                runs-on: ubuntu-latest
                steps:
                  - uses: actions/download-artifact@v4
                  - run: cat n/x m/y | tr '\\n' ' '
            """
        #expect(try sandbox.run(text).status == 5)
        try sandbox.write("mended", "")
        let ended = try sandbox.martlet("rerun", "--failed", "--json")
        #expect(ended.status == 0 && ended.lines("c").contains("2 once "), "\(ended.out)\(ended.err)")
        let listed = try sandbox.martlet("artifacts", "list", "--json").json["artifacts"].array
        #expect(listed.compactMap { $0["name"].string }.sorted() == ["m", "n"])
        #expect(try sandbox.martlet("artifacts", "get", "n", "--to", sandbox.path("got")).status == 0)
        #expect(sandbox.read("got/x") == "2\n")
        // Within one attempt a name is taken once.
        #expect(
            try sandbox.run(text.replacingOccurrences(of: "name: m", with: "name: n")).out.contains(
                "an artifact with this name already exists"))
    }

    @Test func workspacesStayUntilTheNextRunIsOver() throws {
        let text = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: touch f}, {run: ls}]\n"
        func work() -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: sandbox.home + "/work")) ?? []).sorted()
        }
        let file = sandbox.home + "/work/1/a/project/project/f"
        #expect(try sandbox.run(text).status == 0)
        #expect(FileManager.default.fileExists(atPath: file))
        // It is gone on with, and not made anew: what nobody restored is still the same file.
        func inode() throws -> Int {
            try FileManager.default.attributesOfItem(atPath: file)[.systemFileNumber] as? Int ?? 0
        }
        let before = try inode()
        #expect(try sandbox.martlet("rerun", "--from", "a/2").status == 0)
        #expect(try inode() == before)
        #expect(try sandbox.run(text).status == 0)
        #expect(work() == ["2"])
        // Without snapshots nothing could go on there.
        #expect(try sandbox.run(text, "--no-snapshots").status == 0)
        #expect(work().isEmpty)
        #expect(try sandbox.martlet("rerun", "1", "--from", "a/2").status == 0)
        #expect(work() == ["1"])
    }

    // MARK: a shell

    @Test func aShellStandsWhereAStepStood() throws {
        #expect(try runFour().status == 5)
        let ended = try sandbox.martlet(
            "shell", "1", "a/4", "--", "bash", "-c",
            "ls | tr '\\n' ' '; cat made.txt; echo \"$E $GITHUB_RUN_ID\"; touch thrown-away; test -w \"$GITHUB_OUTPUT\""
        )
        #expect(ended.status == 0, "\(ended.err)")
        #expect(ended.out == "d made.txt third.txt made\nchanged\nenv 1\n")
        let earlier = try sandbox.martlet("shell", "a/Third", "--", "bash", "-c", "ls | tr '\\n' ' '; exit 7")
        #expect(earlier.status == 7 && earlier.out == "d made.txt ")
        #expect(try sandbox.martlet("shell", "a/nope").err.contains("MRT0718"))
        // The run itself is as it was.
        #expect(try sandbox.martlet("why", "1").status == 0)
        #expect(try sandbox.martlet("rerun", "--failed").status == 5)
    }

    @Test func stepsAreNamedAsTheyWereShown() throws {
        let text = """
            on: push
            env: {WHO: world}
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - run: echo hello ${{ env.WHO }}
                  - name: Say ${{ github.event_name }}
                    run: echo two
            """
        #expect(try sandbox.run(text).status == 0)
        let why = try sandbox.martlet("why").out
        #expect(why.contains("1 Run echo hello world") && why.contains("2 Say push"), "\(why)")
        #expect(try sandbox.martlet("logs").out.contains("Say push"))
        #expect(try sandbox.martlet("rerun", "--from", "a/Say push").status == 0)
    }

    @Test func aShellFindsWhatStepsPutIntoThePath() throws {
        let text = """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - run: |
                      mkdir bin; printf '#!/bin/sh\\necho found\\n' >bin/tool; chmod +x bin/tool
                      echo "$PWD/bin" >>"$GITHUB_PATH"; echo "PLACE=$PWD/bin" >>"$GITHUB_ENV"
                  - run: tool
            """
        #expect(try sandbox.run(text).status == 0)
        let ended = try sandbox.martlet(
            "shell", "a/2", "--", "sh", "-c", "tool; test \"$PLACE\" = \"$PWD/bin\"; echo $?; touch x")
        #expect(ended.out == "found\n0\n", "\(ended.out)\(ended.err)")
        #expect(!FileManager.default.fileExists(atPath: sandbox.home + "/work/1/a/project/project/x"))
    }

    @Test func aWorkspaceThatThereIsNoRoomForFailsNoStepAndIsSaid() throws {
        let text = """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - run: ulimit -S -f unlimited; head -c 4M /dev/urandom >big
                  - run: rm big; echo small >f
                  - run: cat f
            """
        try sandbox.workflow(text)
        // A limit on the size of files is met as a full disk is.
        let command = "trap '' XFSZ; ulimit -S -f 2048; exec \(Program.path) run --json ci.yml"
        let ended = try sandbox.start(["bash", "-c", command]).end()
        #expect(ended.status == 0, "\(ended.out)\(ended.err)")
        #expect(ended.out.contains("The workspace could not be kept: There is no room"), "\(ended.out)")
        #expect(try sandbox.martlet("rerun", "--from", "a/2").err.contains("MRT0717"))
        // What fits again is kept again, and nothing half-written is in the way.
        #expect(try sandbox.martlet("rerun", "--from", "a/3").status == 0)
        #expect(try sandbox.run(text).status == 0)
        #expect(try sandbox.martlet("rerun", "--from", "a/2").status == 0)
    }

    @Test func aSnapshotThatIsDamagedIsSaidAndTheNextRunsAreWhole() throws {
        let text = """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps: [{run: seq 1 200000 >f}, {run: wc -l <f}]
            """
        #expect(try sandbox.run(text).status == 0)
        let packs = sandbox.home + "/content/packs"
        for name in try FileManager.default.contentsOfDirectory(atPath: packs) where name.hasSuffix(".pack") {
            let url = URL(fileURLWithPath: "\(packs)/\(name)")
            var bytes = try Data(contentsOf: url)
            for place in 8..<200 { bytes[place] ^= 0xFF }
            try bytes.write(to: url)
        }
        try FileManager.default.removeItem(atPath: sandbox.home + "/work")
        let damaged = try sandbox.martlet("rerun", "--from", "a/2")
        #expect(damaged.status == 5 && damaged.out.contains("is damaged: run the whole job again"), "\(damaged.out)")
        #expect(try sandbox.run(text).status == 0)
        try FileManager.default.removeItem(atPath: sandbox.home + "/work")
        #expect(try sandbox.martlet("rerun", "--from", "a/2").status == 0)
    }
}
