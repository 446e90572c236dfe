// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `kill -9` of the real binary, then a resume.
@Suite struct Crashes {
    @Test(arguments: 1...8)
    func aKilledRunIsResumedWithEveryStepToldTrulyAndNothingLeftOrDoneTwice(_ seed: UInt64) throws {
        let sandbox = try Sandbox()
        let bell = try sandbox.bell()
        let steps = (1...6).map { number in
            """
                  - run: |
                      echo "\(number) start" >> "$T/marks"
                      setsid sh -c 'sleep 301' > /dev/null 2>&1 &
                      echo > "$T/bell"
                      head -c 3000000 /dev/urandom | sha256sum > /dev/null
                      echo "\(number) end" >> "$T/marks"
                    if: always()

            """
        }
        try sandbox.workflow(
            "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n" + steps.joined())
        let running = try sandbox.start([Program.path, "run", "--json", "ci.yml"])
        // The moment: after as many rings as the seed says, then some work that differs with it.
        for _ in 0...(seed % 5) { #expect(bell.rings()) }
        var mixed = seed &* 0x9E37_79B9_7F4A_7C15
        for _ in 0..<(mixed % 20_000) { mixed = mixed &* 6_364_136_223_846_793_005 &+ 1 }
        running.signal(SIGKILL)
        let killed = try running.end()
        let resumed = try sandbox.martlet("run", "--json", "--resume", "1")
        // Of the latest moments one may come when all is over, on a machine that is busy with other things.
        if seed % 5 > 2, killed.status == 0 || resumed.err.contains("MRT0701") { return }
        #expect(killed.status == -SIGKILL)
        #expect(resumed.events.last?["type"].string == "runFinished", "\(resumed.err)")
        let marks = sandbox.lines("marks")
        // Never twice. Not at all only where the process was cut off before its first command: its receipt says that it
        // may have run.
        for number in 1...6 {
            #expect(marks.filter { $0 == "\(number) start" }.count <= 1, "step \(number) started: \(marks)")
        }
        // The journal has one end for each step, and it is the true one: a step that was cut off is interrupted, whatever
        // else ended it; one that came to its end succeeded, unless the crash came before that was known.
        let why = try sandbox.martlet("why", "1", "--json")
        let ends = why.json["reasons"].array.filter { $0["step"].string != nil }
        #expect(ends.map { $0["step"].string } == (1...6).map { "\($0)" })
        var interrupted = 0
        for (number, end) in zip(1...6, ends) {
            let isInterrupted = end["reason"]["kind"].string == "interrupted"
            interrupted += isInterrupted ? 1 : 0
            #expect(
                isInterrupted
                    ? end["conclusion"].string == "failure"
                    : end["conclusion"].string == "success" && marks.contains("\(number) end"),
                "step \(number): \(end) of \(marks)")
        }
        #expect(interrupted <= 1)
        #expect(resumed.status == (interrupted == 0 ? 0 : 5))
        #expect(resumed.conclusion == (interrupted == 0 ? "success" : "failure"))
        // A git that the killed process had asked something ends by itself.
        let left = Processes.withEnvironment(containing: "T=" + sandbox.folder)
            .filter { !Processes.command($0).hasPrefix("git ") }
        #expect(left.isEmpty, "\(left.map(Processes.command))")
    }

    /// Whatever the moment, what jobs after it see is what they would have seen: outputs, the inputs and outputs of a call, a
    /// matrix of a job whose condition asks for a failure.
    @Test(arguments: 1...12)
    func aResumedRunHasAllValuesThatTheFirstProcessHad(_ moment: Int) throws {
        let sandbox = try Sandbox()
        let bell = try sandbox.bell()
        try sandbox.workflow(
            """
            on:
              workflow_call:
                inputs: {who: {type: string}}
                outputs: {said: {value: '${{ jobs.say.outputs.said }}'}}
            jobs:
              before:
                runs-on: ubuntu-latest
                steps: [{run: 'echo > "$T/bell"'}]
              say:
                needs: before
                runs-on: ubuntu-latest
                outputs: {said: '${{ steps.s.outputs.said }}'}
                steps: [{id: s, run: 'echo > "$T/bell"; echo "said=hello ${{ inputs.who }}" >> "$GITHUB_OUTPUT"'}]
            """, "called.yml")
        try sandbox.workflow(
            """
            on: push
            jobs:
              first:
                runs-on: ubuntu-latest
                outputs: {word: '${{ steps.s.outputs.word }}'}
                steps: [{id: s, run: 'echo > "$T/bell"; echo "word=one" >> "$GITHUB_OUTPUT"'}]
              call:
                needs: first
                uses: ./.github/workflows/called.yml
                with: {who: '${{ needs.first.outputs.word }}'}
              broken:
                runs-on: ubuntu-latest
                steps: [{run: 'echo > "$T/bell"; exit 1'}]
              after:
                needs: [call, broken]
                if: failure()
                strategy: {fail-fast: false, matrix: {n: [7, 8]}}
                runs-on: ubuntu-latest
                steps:
                  - run: echo > "$T/bell"
                  - run: echo "${{ matrix.n }} ${{ needs.call.outputs.said }}" >> "$T/said"
                    if: always()
            """)
        let running = try sandbox.start([Program.path, "run", "--json", "--parallel", "1", "ci.yml"])
        for _ in 0..<min(moment, 6) { #expect(bell.rings()) }
        var mixed = UInt64(moment)
        for _ in 0..<(moment * 700) { mixed = mixed &* 6_364_136_223_846_793_005 &+ 1 }
        running.signal(mixed == 0 ? SIGTERM : SIGKILL)
        let killed = try running.end()
        let resumed = try sandbox.martlet("run", "--json", "--parallel", "1", "--resume", "1")
        // The signal may have come when all was over.
        let isOver = resumed.status == 6 && resumed.err.contains("MRT0701")
        #expect(resumed.status == 5 || isOver, "\(resumed.err)")
        let why = try sandbox.martlet("why", "1", "--json").json["reasons"].array
        let isCut = { (job: String) in
            why.contains { $0["job"].string == job && $0["reason"]["kind"].string == "interrupted" }
        }
        // A job that was cut off hands on nothing; then the call is skipped, and says nothing.
        let word = isCut("first") ? nil : "one"
        let said = word == nil || isCut("call/say") || isCut("call/before") ? "" : "hello one"
        for (leg, number) in [("after#1", 7), ("after#2", 8)] {
            let spoken = sandbox.lines("said").filter { $0.hasPrefix("\(number) ") }
            // The step that says it may itself be the one that was cut off.
            let isSpeakerCut = why.contains {
                $0["job"].string == leg && $0["step"].string == "2" && $0["reason"]["kind"].string == "interrupted"
            }
            #expect(spoken == ["\(number) \(said)"] || isSpeakerCut && spoken.isEmpty, "\(killed.status) \(why)")
        }
    }

    /// Coordinator and supervisor killed, and a process that wiped its environment and left its session and its parents:
    /// the run's control group finds it, where there is one.
    @Test func whatHidesFromEverySweepIsFoundByTheControlGroup() throws {
        let sandbox = try Sandbox()
        let bell = try sandbox.bell()
        let seconds = 100_000 + Int(getpid())
        try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - run: |
                      env -i setsid sh -c 'sleep \(seconds) &' < /dev/null > /dev/null 2>&1
                      echo $PPID > "$T/supervisor"; cat /proc/self/cgroup > "$T/groups"; echo > "$T/bell"; sleep 302
            """)
        let running = try sandbox.start([Program.path, "run", "ci.yml"])
        #expect(bell.rings())
        let supervisor = try #require(sandbox.lines("supervisor").first.flatMap { pid_t($0) })
        kill(supervisor, SIGSTOP)
        running.signal(SIGKILL)
        try running.end()
        kill(supervisor, SIGKILL)
        #expect(try sandbox.martlet("run", "--resume", "1").status == 5)
        guard sandbox.read("groups").contains("/martlet-") else {
            FileHandle.standardError.write(Data("no control group can be made here; not tested\n".utf8))
            Processes.withCommand("sleep \(seconds)").forEach { kill($0, SIGKILL) }
            return
        }
        #expect(Processes.withCommand("sleep \(seconds)").isEmpty)
    }

    @Test func aRunThatIsDrivenCannotBeResumedBesides() throws {
        let sandbox = try Sandbox()
        let bell = try sandbox.bell()
        try sandbox.workflow(
            """
            on: push
            jobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'echo > "$T/bell"; sleep 300'}]}}
            """)
        let running = try sandbox.start([Program.path, "run", "--json", "ci.yml"])
        #expect(bell.rings())
        let second = try sandbox.martlet("run", "--resume", "1")
        #expect(second.status != 0)
        #expect(second.err.contains("error[MRT"))
        running.signal(SIGINT)
        #expect(try running.end().status == 3)
        let late = try sandbox.martlet("run", "--resume", "1")
        #expect(late.err.contains("MRT0701"))
    }
}
