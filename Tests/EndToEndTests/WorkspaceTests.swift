// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite struct WorkspacesAndHistory {
    let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    @Test func checkoutBringsUncommittedChangesAndLeavesTheTreeAlone() throws {
        try sandbox.write("kept.txt", "old\n")
        try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - uses: actions/checkout@v4
                  - run: cat kept.txt new.txt; rm kept.txt; echo dirt > dirt.txt
            """)
        try sandbox.commitAll()
        try sandbox.write("kept.txt", "changed\n")
        try sandbox.write("new.txt", "untracked\n")
        let before = try sandbox.git("status", "--porcelain").out
        let ended = try sandbox.martlet("run", "--json")
        #expect(ended.status == 0)
        #expect(ended.lines("a").contains("changed"))
        #expect(ended.lines("a").contains("untracked"))
        #expect(try sandbox.git("status", "--porcelain").out == before)
        #expect(sandbox.read("kept.txt") == "changed\n")
    }

    @Test func aForgottenCheckoutFailsAndAHintSaysWhy() throws {
        try sandbox.write("build.sh", "true\n", mode: 0o755)
        try sandbox.workflow("on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: ./build.sh}]}}\n")
        try sandbox.commitAll()
        let ended = try sandbox.martlet("run")
        #expect(ended.status == 5)
        #expect((ended.out + ended.err).contains("actions/checkout"))
    }

    @Test func withBindStepsWorkOnTheTreeItself() throws {
        try sandbox.workflow("on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: touch made-here}]}}\n")
        try sandbox.commitAll()
        #expect(try sandbox.martlet("run", "--json", "--bind").status == 0)
        #expect(FileManager.default.fileExists(atPath: sandbox.path("made-here")))
    }

    @Test func secretsAreMaskedInEveryStreamAndInTheArchive() throws {
        try sandbox.write("secrets", "TOKEN=s3cr3t-value\n")
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - run: |
                      echo "t=${{ secrets.TOKEN }}"
                      printf '%s' '${{ secrets.TOKEN }}' | base64
                      echo "::add-mask::later-word"
                      echo "then later-word"
                      echo "::stop-commands::pause"
                      echo "::error::not a command"
                      echo "::pause::"
                      echo "::warning file=a.c,line=3,col=4::careful"
            """, "--secret-file", "secrets")
        #expect(ended.status == 0)
        let logs = try sandbox.martlet("logs", "1").out
        for text in [ended.out, ended.err, logs] {
            #expect(!text.contains("s3cr3t-value"))
            #expect(!text.contains("czNjcjN0LXZhbHVl"))
        }
        #expect(ended.lines("a").contains("t=***"))
        #expect(ended.lines("a").contains("then ***"))
        let annotations = ended.events("annotation")
        #expect(annotations.count == 1)
        #expect(annotations.first?["file"].string == "a.c")
        #expect(annotations.first?["line"] == .number(3))
    }

    @Test func environmentsLayerAndFilesReachTheNextStep() throws {
        let ended = try sandbox.run(
            """
            on: push
            env: {A: workflow, B: workflow, C: workflow}
            jobs:
              a:
                runs-on: ubuntu-latest
                env: {B: job, C: job}
                steps:
                  - run: echo "$A $B $C"
                    env: {C: step}
                  - run: |
                      mkdir "$RUNNER_TEMP/bin"; printf '#!/bin/sh\\necho tool' > "$RUNNER_TEMP/bin/t00l"
                      chmod +x "$RUNNER_TEMP/bin/t00l"; echo "$RUNNER_TEMP/bin" >> "$GITHUB_PATH"
                      printf 'MANY<<E\\none\\ntwo\\nE\\n' >> "$GITHUB_ENV"
                  - run: t00l; echo "$MANY"
            """)
        #expect(ended.lines("a").contains("workflow job step"))
        #expect(ended.lines("a").suffix(3) == ["tool", "one", "two"])
    }

    @Test func aLocalActionAndALocalWorkflowGiveTheirOutputs() throws {
        try sandbox.write(
            "act/action.yml",
            """
            name: a
            inputs: {who: {default: nobody}}
            outputs: {said: {value: '${{ steps.s.outputs.said }}'}}
            runs:
              using: composite
              steps: [{id: s, shell: bash, run: 'echo "said=hi ${{ inputs.who }}" >> "$GITHUB_OUTPUT"'}]
            """)
        try sandbox.workflow(
            """
            on:
              workflow_call:
                inputs: {n: {type: number, required: true}}
                secrets: {S: {required: true}}
                outputs: {o: {value: '${{ jobs.j.outputs.o }}'}}
            jobs:
              j:
                runs-on: ubuntu-latest
                outputs: {o: '${{ steps.s.outputs.o }}'}
                steps:
                  - id: s
                    env: {S: '${{ secrets.S }}'}
                    run: echo "o=n${{ inputs.n }} ${#S}" >> "$GITHUB_OUTPUT"
            """, "called.yml")
        try sandbox.write("secrets", "S=twelve-bytes\n")
        try sandbox.workflow(
            """
            on: push
            jobs:
              call:
                uses: ./.github/workflows/called.yml
                with: {n: 4}
                secrets: inherit
              use:
                needs: call
                runs-on: ubuntu-latest
                steps:
                  - uses: actions/checkout@v4
                  - {id: x, uses: ./act, with: {who: you}}
                  - run: echo "${{ steps.x.outputs.said }}, ${{ needs.call.outputs.o }}"
            """)
        try sandbox.commitAll()
        let ended = try sandbox.martlet("run", "--json", "ci.yml", "--secret-file", "secrets")
        #expect(ended.status == 0, "\(ended.err)")
        #expect(ended.lines("use").contains("hi you, n4 12"))
    }

    @Test func aRunIsFoundAgainInRunsLogsAndWhy() throws {
        let ended = try sandbox.run(
            "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: echo word; exit 4}]}}\n")
        #expect(ended.status == 5)
        let runs = try sandbox.martlet("runs", "--json").json.array
        #expect(runs.count == 1)
        #expect(runs.first?["conclusion"].string == "failure")
        #expect(try sandbox.martlet("logs").out.contains("word"))
        #expect(try sandbox.martlet("logs", "-f", "1").out.contains("word"))
        #expect(try sandbox.martlet("why", "1").out.contains("4"))
        let page = try sandbox.martlet("explain", "MRT0180")
        #expect(page.status == 0)
        #expect(page.out.contains("matrix"))
        #expect(try sandbox.martlet("explain", "MRT9999").status != 0)
    }

    @Test func aHookStopsACommitWhoseJobFails() throws {
        try sandbox.workflow(
            """
            on: push
            jobs: {lint: {runs-on: ubuntu-latest, steps: [{uses: actions/checkout@v4}, {run: '! grep -r wrong *.txt'}]}}
            """)
        try sandbox.write("a.txt", "right\n")
        try sandbox.commitAll()
        #expect(try sandbox.martlet("hooks", "install", "--pre-commit", "lint").status == 0)
        let folder = URL(fileURLWithPath: Program.path).deletingLastPathComponent().path
        let path = ["PATH": folder + ":" + (sandbox.environment["PATH"] ?? "")]
        try sandbox.write("a.txt", "wrong\n")
        #expect(try sandbox.start(["git", "commit", "-qam", "Wrong"], environment: path).end().status != 0)
        try sandbox.write("a.txt", "right again\n")
        #expect(try sandbox.start(["git", "commit", "-qam", "Right"], environment: path).end().status == 0)
        #expect(try sandbox.git("log", "--format=%s").out == "Right\nAll\n")
    }

    @Test(arguments: try FileManager.default.contentsOfDirectory(atPath: Program.repository + "/examples").sorted())
    func everyExampleRunsToASuccess(_ example: String) throws {
        let source = Program.repository + "/examples/" + example
        #expect(try sandbox.start(["cp", "-r", source + "/.", sandbox.folder]).end().status == 0)
        try sandbox.commitAll()
        let ended = try sandbox.martlet("run", "--json")
        #expect(ended.conclusion == "success")
        #expect(ended.status == 0)
    }
}
