// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Problem matchers that steps add: lines of a compiler become annotations.
@Suite struct ProblemMatcherTests {
    private let sandbox: Sandbox

    init() throws {
        sandbox = try Sandbox()
        try sandbox.write(
            "lint.json",
            #"""
            {"problemMatcher": [{"owner": "lint", "severity": "warning", "pattern": [
              {"regexp": "^(\\S+):(\\d+):(\\d+): (?:(error|warning): )?(.*) \\[(\\w+)\\]$",
               "file": 1, "line": 2, "column": 3, "severity": 4, "message": 5, "code": 6}]}]}
            """#)
        try sandbox.write("src/a.c", "int x;\n")
        try sandbox.commitAll()
    }

    private func annotations(_ ended: Ended) -> [JSON] { ended.events("annotation") }

    @Test func makeAnnotationsOfLinesInThisAndLaterSteps() throws {
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - uses: actions/checkout@v4
                  - run: |
                      echo "src/a.c:1:5: error: before the matcher [E1]"
                      echo "::add-matcher::lint.json"
                      echo "src/a.c:1:5: error: unused [W1]"
                  - run: |
                      printf 'plain\\n\\033[31msrc/a.c:7:1: odd [W2]\\033[0m\\n/etc/passwd:3:1: elsewhere [W3]\\n'
                      echo "::remove-matcher owner=lint::"
                      echo "src/a.c:1:5: after the matcher [W4]"
            """)
        #expect(ended.status == 0, "\(ended.err)")
        let found = annotations(ended)
        #expect(found.map { $0["message"].string } == ["unused", "odd", "elsewhere"], "\(ended.out)")
        #expect(found.map { $0["level"].string } == ["error", "warning", "warning"])
        #expect(found.map { $0["file"].string } == ["src/a.c", "src/a.c", nil])
        #expect(found.map { $0["line"].number } == [1, 7, 3])
        #expect(ended.lines("a").contains("##[error]src/a.c:1:5: error: unused [W1]"))
        #expect(ended.lines("a").contains("src/a.c:1:5: after the matcher [W4]"))
    }

    @Test func areThereAgainAfterACrash() throws {
        let bell = try sandbox.bell()
        try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - run: echo "::add-matcher::$T/lint.json"
                  - run: echo >"$T/bell"; sleep 1000
                    continue-on-error: true
                  - run: 'echo "x.c:1:2: found [W]"'
            """)
        let first = try sandbox.start([Program.path, "run", "ci.yml"])
        #expect(bell.rings())
        first.signal(SIGKILL)
        _ = try first.end()
        let ended = try sandbox.martlet("run", "--json", "--resume", "1")
        #expect(annotations(ended).map { $0["message"].string }.contains("found"), "\(ended.out)")
    }

    @Test func thatCannotBeReadFailTheirStepAndSayWhy() throws {
        try sandbox.write("bad.json", "{")
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - run: echo "::add-matcher::$T/bad.json"
            """)
        #expect(ended.status == 5)
        #expect(ended.out.contains("MRT0820"))
    }

    @Test func ofKnownToolsAreThereWhereTheyAreAskedFor() throws {
        let text = """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - uses: actions/checkout@v4
                  - run: "echo 'src/a.c:1:5: warning: unused variable [-Wunused]'"
            """
        #expect(annotations(try sandbox.run(text)).isEmpty)
        let ended = try sandbox.run(text, "--annotate", "gcc, pytest")
        let found = annotations(ended)
        #expect(found.count == 1 && found.first?["file"].string == "src/a.c", "\(ended.out)\(ended.err)")
        #expect(found.first?["line"].number == 1 && found.first?["level"].string == "warning")
        let refused = try sandbox.run(text, "--annotate", "nope")
        #expect(refused.status == 2 && refused.err.contains("It knows: gcc"), "\(refused.err)")
    }
}
