// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Testing

@testable import WorkflowChecks

private func check(_ text: String, _ options: WorkflowLintOptions = WorkflowLintOptions()) -> [Diagnostic] {
    WorkflowLint.check(Array(text.utf8), path: "ci.yml", options: options)
}

private func places(_ text: String) -> [String] {
    check(text).map { "\($0.code) \($0.position?.line ?? 0):\($0.position?.column ?? 0)" }
}

@Suite("Lint of workflow files")
struct WorkflowLintTests {
    @Test("An ordinary workflow gives no findings")
    func ordinaryWorkflowIsQuiet() {
        let found = check(
            """
            name: CI
            on:
              push:
                branches: [main, 'release/**']
                paths-ignore: ['docs/**']
              pull_request:
              schedule:
                - cron: '30 5 * * 1-5'
              workflow_dispatch:
                inputs:
                  level: { type: choice, options: [info, debug], default: info }
            permissions:
              contents: read
            concurrency:
              group: ci-${{ github.ref }}
              cancel-in-progress: ${{ github.event_name == 'pull_request' }}
            env:
              LEVEL: ${{ inputs.level || 'info' }}
            jobs:
              test:
                strategy:
                  fail-fast: false
                  matrix:
                    os: [ubuntu-latest, macos-latest, windows-latest]
                    node: [20, 22]
                    include:
                      - { os: ubuntu-latest, node: 22, coverage: true }
                runs-on: ${{ matrix.os }}
                outputs:
                  version: ${{ steps.version.outputs.value }}
                services:
                  db: { image: 'postgres:17', ports: ['5432:5432'] }
                steps:
                  - uses: actions/checkout@v4
                  - uses: actions/setup-node@v4
                    with: { node-version: '${{ matrix.node }}', cache: npm }
                  - id: version
                    run: |
                      echo "value=$(cat VERSION)" >> "$GITHUB_OUTPUT"
                      echo "port ${{ job.services.db.ports['5432'] }}"
                  - if: matrix.coverage && always()
                    run: npm test
                    timeout-minutes: ${{ fromJSON(env.LIMIT || '10') }}
                    continue-on-error: ${{ matrix.coverage == true }}
              release:
                needs: test
                if: ${{ !cancelled() && needs.test.result == 'success' && github.ref == 'refs/heads/main' }}
                runs-on: ubuntu-latest
                environment: { name: production, url: 'https://example.com/${{ needs.test.outputs.version }}' }
                steps:
                  - run: ./release "$VERSION"
                    env: { VERSION: '${{ needs.test.outputs.version }}', TOKEN: '${{ secrets.TOKEN }}' }
            """)
        #expect(found.isEmpty, "\(found.map { "\($0.position?.line ?? 0): \($0.message)" })")
    }

    @Test("One file gets several findings, in the order of the text")
    func severalFindings() {
        let found = places(
            """
            on: pusch
            jobs:
              1st:
                runs-on: ubuntu-latest
                needs: [gone]
                steps:
                  - uses: actions/checkout
                  - run: echo ${{ matrix.os }}
            """)
        #expect(found == ["MRT0310 1:5", "MRT0320 3:3", "MRT0322 3:3", "MRT0336 7:15", "MRT0355 8:23"])
    }

    @Test("An expression is found at its own line and column, whatever the scalar's style")
    func expressionPositions() {
        let found = places(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                env:
                  A: ${{ nope.a }}
                  B: 'é ${{ nope.b }}'
                  C: "tab\\t ${{ nope.c }}"
                steps:
                  - run: |
                      echo fine
                        echo ${{ nope.d }} ${{ nope.e }}
                  - run: >-
                      folded
                      ${{
                        nope.f
                      }}
                  - if: >
                      github.ref &&
                      nope.g
                    run: make
            """)
        #expect(
            found == [
                "MRT0351 6:14", "MRT0351 7:17", "MRT0351 8:21", "MRT0351 12:22", "MRT0351 12:36", "MRT0351 16:13",
                "MRT0351 20:11",
            ])
    }

    @Test("A finding on a line that the reader rejects is left to the reader")
    func readerSpeaksFirst() {
        let text = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    stepz: []\n    steps:\n      - run: make\n"
        #expect(check(text).map(\.code) == [.unexpectedKey])
        var options = WorkflowLintOptions()
        options.readerDiagnostics = [
            Diagnostic(DiagnosticCode(100), "Unexpected value", position: SourcePosition(line: 5, column: 5))
        ]
        #expect(check(text, options).isEmpty)
    }

    @Test("A broken alias hides nothing of the rest")
    func brokenAliases() {
        let found = places(
            """
            on: push
            jobs:
              a: &job
                runs-on: ubuntu-latest
                env: *gone
                steps:
                  - run: echo
                    env: *job
                  - uses: actions/checkout
            """)
        #expect(found == ["MRT0015 5:10", "MRT0016 8:14", "MRT0336 9:15"])
    }

    @Test("A runner of one's own is known by its label")
    func ownRunners() {
        let text = "on: push\njobs:\n  a:\n    runs-on: [self-hosted, gpu]\n    steps:\n      - run: make\n"
        #expect(check(text).map(\.code) == [.unknownRunnerLabel])
        var options = WorkflowLintOptions()
        options.runnerLabels = ["GPU"]
        #expect(check(text, options).isEmpty)
    }

    @Test(
        "Untrusted text is found however it is reached",
        arguments: [
            ("github.head_ref", true), ("github['event'].issue.title", true), ("github.event.*.body", true),
            ("github.event.commits[0].message", true), ("format('{0}', github.event.comment.body)", true),
            ("github.event.pull_request.number", false), ("contains(github.event.issue.title, 'x')", false),
            ("github.event.issue.title == 'x'", false), ("github.sha", false),
        ])
    func untrustedText(expression: String, isUntrusted: Bool) {
        let found = check(
            "on: issues\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ \(expression) }}\n")
        #expect(found.contains { $0.code == .untrustedInput } == isUntrusted)
    }

    @Test("Whatever the bytes are, the lint comes to an end and keeps its bound")
    func hostileInput() {
        let sample = Array(
            """
            on: { push: { branches: [main, '!x'] }, workflow_call: { inputs: { a: { type: string } } } }
            jobs:
              a: &a
                strategy: { matrix: { os: [1, {b: ['${{ fromJSON(''{}'') }}']}], include: [{c: d}], exclude: [{os: 2}]}}
                runs-on: [self-hosted, '${{ matrix.os }}']
                steps:
                  - &s { id: x, run: "echo ::set-output name=a::b ${{ github.event.*.body }}", if: "${{ x }} y" }
                  - *s
              b: *a
            """.utf8)
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let alphabet = Array("{}[]:,-&*!|>'\"#%@`$ \n\t~?a0\u{FF}".utf8)
        for _ in 0..<400 {
            var bytes = sample
            for _ in 0..<(1 + next(6)) {
                let place = next(bytes.count)
                switch next(3) {
                case 0: bytes[place] = alphabet[next(alphabet.count)]
                case 1: bytes.remove(at: place)
                default: bytes.insert(alphabet[next(alphabet.count)], at: place)
                }
            }
            #expect(WorkflowLint.check(bytes, path: nil).count <= Findings.maximumCount + 1)
        }
        let many = "on: push\njobs:\n" + (0..<2000).map { "  j\($0): { needs: [j\($0 + 1)] }\n" }.joined()
        let found = check(many)
        #expect(found.count == Findings.maximumCount + 1)
        #expect(found.contains { $0.code == .tooManyFindings })
    }

    @Test("Large files take time in proportion to their size")
    func largeFiles() {
        var steps = ""
        for number in 0..<600 {
            steps += "      - { id: s\(number), run: \"echo ${{ steps.s\(max(0, number - 1)).outputs.x }}\" }\n"
        }
        let text = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n" + steps
        let clock = ContinuousClock()
        var found: [Diagnostic] = []
        let time = clock.measure { found = check(text) }
        #expect(found.map(\.code) == [.unknownProperty], "step 0 reads itself")
        #expect(time < .seconds(20))
        let braces =
            "on: push\njobs: { a: { runs-on: x, steps: [{ run: '" + String(repeating: "${{ y }}", count: 20_000)
            + "' }] } }"
        #expect(check(braces).contains { $0.code == .tooManyFindings })
    }

    @Test("A script with very many expressions takes time in proportion to their number", .timeLimit(.minutes(1)))
    func manyExpressions() {
        let script = String(repeating: "          echo ${{ github.sha }}\n", count: 40_000)
        let text =
            "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n" + script
        #expect(check(text).isEmpty)
    }

    @Test("A finding is not hidden by the reader's word on the same line of another file")
    func otherFilesLines() {
        let text = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    stepz: []\n    steps:\n      - run: make\n"
        var options = WorkflowLintOptions()
        options.readerDiagnostics = [
            Diagnostic(DiagnosticCode(100), "Other", file: "called.yml", position: SourcePosition(line: 5, column: 5))
        ]
        #expect(check(text, options).map(\.code) == [.unexpectedKey])
    }

    @Test("Steps within a step are held to the same rules")
    func innerSteps() {
        let found = places(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - parallel:
                      - id: one
                        run: echo ${{ nope.x }}
                      - uses: actions/checkout
                      - run: make
                        shel: bash
                  - run: echo ${{ steps.one.outputs.x }} ${{ steps.two.outputs.x }}
            """)
        #expect(found == ["MRT0351 8:27", "MRT0336 9:19", "MRT0300 11:13", "MRT0355 12:50"])
    }
}
