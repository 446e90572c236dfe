// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite struct RunningJobs {
    let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    @Test func aRunEndsWithItsConclusionAndTheExitCodeSaysTheSame() throws {
        let good = try sandbox.run("on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}}\n")
        #expect(good.conclusion == "success")
        #expect(good.status == 0)
        let bad = try sandbox.run("on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: exit 7}]}}\n")
        #expect(bad.conclusion == "failure")
        #expect(bad.step("a", "1")["exitCode"] == .number(7))
        #expect(bad.status == 5)
    }

    @Test func outputsGoFromJobToJobAlongNeeds() throws {
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              make:
                runs-on: ubuntu-latest
                outputs:
                  word: ${{ steps.w.outputs.word }}
                steps:
                  - id: w
                    run: echo "word=plover" >> "$GITHUB_OUTPUT"
              use:
                needs: make
                runs-on: ubuntu-latest
                steps:
                  - run: echo "got ${{ needs.make.outputs.word }} after ${{ needs.make.result }}"
            """)
        #expect(ended.lines("use").contains("got plover after success"))
        let order = ended.events.compactMap { event in
            ["jobStarted", "jobFinished"].contains(event["type"].string ?? "")
                ? (event["type"].string ?? "") + " " + (event["job"].string ?? "") : nil
        }
        #expect(order == ["jobStarted make", "jobFinished make", "jobStarted use", "jobFinished use"])
    }

    @Test func aMatrixHasItsIncludesAndLacksItsExcludes() throws {
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              m:
                strategy:
                  matrix:
                    x: [1, 2]
                    y: [a, b]
                    exclude: [{x: 1, y: b}]
                    include: [{x: 2, y: a, z: extra}, {x: 9, y: q}]
                runs-on: ubuntu-latest
                steps:
                  - run: echo "${{ matrix.x }}${{ matrix.y }}${{ matrix.z }}" >> "$T/legs"
            """)
        #expect(ended.status == 0)
        #expect(Set(sandbox.lines("legs")) == ["1a", "2aextra", "2b", "9q"])
        #expect(sandbox.lines("legs").count == 4)
    }

    @Test func noMoreLegsRunTogetherThanMaxParallelAllows() throws {
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              m:
                strategy:
                  max-parallel: 2
                  matrix: {n: [1, 2, 3, 4, 5, 6]}
                runs-on: ubuntu-latest
                steps:
                  - run: echo + >> "$T/counter"; ls -R /usr/include > /dev/null || true; echo - >> "$T/counter"
            """, "--parallel", "6")
        #expect(ended.status == 0)
        var running = 0
        var most = 0
        for line in sandbox.lines("counter") {
            running += line == "+" ? 1 : -1
            most = max(most, running)
        }
        #expect(sandbox.lines("counter").count == 12)
        #expect(most <= 2)
    }

    @Test func failFastCancelsTheOtherLegsAndCanBeTurnedOff() throws {
        func text(_ failFast: Bool) -> String {
            """
            on: push
            jobs:
              m:
                strategy:
                  fail-fast: \(failFast)
                  max-parallel: 1
                  matrix: {n: [1, 2, 3]}
                runs-on: ubuntu-latest
                steps:
                  - run: test ${{ matrix.n }} != 1
            """
        }
        let fast = try sandbox.run(text(true))
        #expect(fast.job("m#1") == "failure")
        #expect(fast.job("m#2") == "cancelled")
        #expect(fast.job("m#3") == "cancelled")
        #expect(fast.status == 5)
        let slow = try sandbox.run(text(false))
        #expect(slow.job("m#2") == "success")
        #expect(slow.job("m#3") == "success")
        #expect(slow.status == 5)
    }

    @Test func continueOnErrorOfAStepKeepsTheOutcomeAndMendsTheConclusion() throws {
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - id: s
                    run: exit 1
                    continue-on-error: true
                  - run: echo "${{ steps.s.outcome }} ${{ steps.s.conclusion }}"
            """)
        #expect(ended.lines("a").contains("failure success"))
        #expect(ended.status == 0)
    }

    @Test func continueOnErrorOfAJobLetsTheRunSucceed() throws {
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                continue-on-error: true
                steps: [{run: exit 1}]
              b:
                needs: a
                runs-on: ubuntu-latest
                steps: [{run: 'echo "a: ${{ needs.a.result }}"'}]
            """)
        #expect(ended.lines("b").contains("a: success"))
        #expect(ended.status == 0)
    }

    @Test func aStepPastItsTimeoutFailsWithAllItsProcesses() throws {
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - run: setsid sleep 300 & echo $! > "$T/child"; wait
                    timeout-minutes: 0.01
                  - run: echo "after ${{ job.status }}"
                    if: always()
            """)
        #expect(ended.job("a") == "failure")
        #expect(ended.lines("a").contains("after failure"))
        #expect(ended.status == 5)
        let child = pid_t(sandbox.read("child").trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
        #expect(child > 0)
        #expect(!Processes.isAlive(child))
    }

    @Test func aJobPastItsTimeoutEnds() throws {
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                timeout-minutes: 0.01
                steps:
                  - run: sleep 300
                  - run: echo cleaned
                    if: always()
            """)
        #expect(["failure", "cancelled"].contains(ended.job("a")))
        #expect(ended.lines("a").contains("cleaned"))
        #expect(ended.status != 0)
    }

    @Test func statusFunctionsChooseSteps() throws {
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - run: exit 1
                  - run: echo skipped
                  - run: echo always
                    if: always()
                  - run: echo failure
                    if: failure()
                  - run: echo cancelled
                    if: cancelled()
                  - run: echo not-cancelled
                    if: ${{ !cancelled() }}
              b:
                needs: a
                runs-on: ubuntu-latest
                steps: [{run: echo never}]
              c:
                needs: [a, b]
                if: always()
                runs-on: ubuntu-latest
                steps: [{run: 'echo "${{ needs.a.result }} ${{ needs.b.result }}"'}]
              d:
                needs: b
                if: failure()
                runs-on: ubuntu-latest
                steps: [{run: echo reported}]
            """)
        let words = ["skipped", "always", "failure", "cancelled", "not-cancelled"]
        #expect(ended.lines("a").filter(words.contains) == ["always", "failure", "not-cancelled"])
        #expect(ended.step("a", "2")["conclusion"].string == "skipped")
        #expect(ended.job("b") == "skipped")
        #expect(ended.lines("c").contains("failure skipped"))
        #expect(ended.lines("d").contains("reported"))
    }

    @Test func jobsOfOneConcurrencyGroupNeverOverlap() throws {
        let job = """
                runs-on: ubuntu-latest
                concurrency: one
                steps: [{run: 'echo + >> "$T/group"; ls -R /usr/include > /dev/null || true; echo - >> "$T/group"'}]
            """
        let ended = try sandbox.run("on: push\njobs:\n  a:\n\(job)\n  b:\n\(job)\n")
        #expect(ended.status == 0)
        #expect(sandbox.lines("group") == ["+", "-", "+", "-"])
    }

    @Test func anInterruptedRunStillRunsItsAlwaysStepsAndExitsWith3() throws {
        let bell = try sandbox.bell()
        try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - run: echo > "$T/bell"; sleep 300
                  - run: echo skipped
                  - run: echo "clean ${{ job.status }}"
                    if: always()
                  - run: echo cancelled
                    if: cancelled()
              b:
                needs: a
                runs-on: ubuntu-latest
                steps: [{run: echo never}]
            """)
        let running = try sandbox.start([Program.path, "run", "--json"])
        #expect(bell.rings())
        running.signal(SIGINT)
        let ended = try running.end()
        #expect(ended.status == 3)
        #expect(ended.conclusion == "cancelled")
        #expect(ended.lines("a").contains("clean cancelled"))
        #expect(ended.lines("a").contains("cancelled"))
        #expect(!ended.lines("a").contains("skipped"))
        #expect(ended.lines("b").isEmpty)
    }

    @Test func aJobThatCannotRunHereIsUnavailableAndTheOthersRun() throws {
        let text = """
            on: push
            jobs:
              mac: {runs-on: macos-14, steps: [{run: 'true'}]}
              here: {runs-on: ubuntu-latest, steps: [{run: echo ran}]}
            """
        let ended = try sandbox.run(text)
        #expect(ended.lines("here").contains("ran"))
        #expect(ended.status == 6)
        #expect(ended.events.last?["unavailable"] == .bool(true))
        #expect(try sandbox.run(text, "--allow-unavailable").status == 0)
    }

    @Test func anActionThatIsNotToBeHadMakesItsJobUnavailable() throws {
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              a: {runs-on: ubuntu-latest, steps: [{uses: nobody/nothing@v1}]}
              b: {runs-on: ubuntu-latest, steps: [{run: echo ran}]}
            """)
        #expect(ended.status == 6)
        #expect(ended.lines("b").contains("ran"))
    }

    @Test func aListThatAnExpressionGivesAsAnItemTakesTheItemsPlace() throws {
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              a:
                strategy:
                  matrix:
                    v: [1, "${{ fromJSON('[2, 3]') }}", ["${{ fromJSON('[4]') }}"]]
                runs-on: ubuntu-latest
                steps:
                  - run: echo '${{ toJSON(matrix.v) }}'
            """)
        #expect(ended.status == 0, "\(ended.err)")
        #expect(ended.lines("a#1") == ["1"])
        #expect(ended.lines("a#3") == ["3"])
        #expect(ended.lines("a#4") == ["[", "  4", "]"])
    }

    @Test func theDefaultsOfAJobSeeItsEnvironment() throws {
        let ended = try sandbox.run(
            """
            on: push
            env: {OUTER: python3}
            jobs:
              a:
                runs-on: ubuntu-latest
                env: {FOLDER: /}
                defaults: {run: {shell: '${{ env.OUTER }} {0}', working-directory: '${{ env.FOLDER }}'}}
                steps:
                  - run: import os; print(os.getcwd())
            """)
        #expect(ended.lines("a") == ["/"], "\(ended.out)")
    }
}
