// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What people see, word for word: `Fixtures/terminal`. `make bless` takes what is said now.
@Suite struct TerminalGoldens {
    private let sandbox: Sandbox

    /// The quickstart example, in a repository of its own.
    init() throws {
        sandbox = try Sandbox()
        let example = Program.repository + "/examples/quickstart"
        for name in try FileManager.default.contentsOfDirectory(atPath: example) {
            try FileManager.default.copyItem(atPath: example + "/" + name, toPath: sandbox.path(name))
        }
        try sandbox.commitAll()
    }

    private func expect(_ name: String, _ ended: Ended, _ place: SourceLocation = #_sourceLocation) throws {
        var text = ended.out + (ended.err.isEmpty ? "" : "--- stderr\n" + ended.err) + "--- exit \(ended.status)\n"
        text = text.replacingOccurrences(of: sandbox.root, with: "ROOT")
        for (pattern, with) in [
            (#"\d+(\.\d+)?(ms|s)\b"#, "TIME"), (#"\d{4}-\d\d-\d\dT[\d:.]+Z"#, "DATE"),
            (#"plan [0-9a-f]{16}"#, "plan DIGEST"), (#"TOOK +STARTED"#, "TOOK  STARTED"),
            (#"/usr/local/bin/|/usr/bin/|/bin/"#, "BIN/"),
        ] {
            text = text.replacingOccurrences(of: pattern, with: with, options: .regularExpression)
        }
        let path = Program.repository + "/Fixtures/terminal/\(name).txt"
        if ProcessInfo.processInfo.environment["BLESS"] == "1" {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        }
        let golden = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        #expect(text == golden, "Fixtures/terminal/\(name).txt", sourceLocation: place)
    }

    @Test func aPlanShowsEveryJobWithItsReason() throws {
        try expect("plan", sandbox.martlet("plan"))
    }

    @Test func aRunIsToldLineByLineAndLookedBackAt() throws {
        try expect("run", sandbox.martlet("run", "--parallel", "1"))
        try expect("runs", sandbox.martlet("runs"))
        try expect("why", sandbox.martlet("why"))
        try expect("logs", sandbox.martlet("logs", "--job", "test", "--step", "2"))
    }

    @Test func aFailureComesLastWithItsLinesAndWhatToDo() throws {
        try sandbox.workflow(
            """
            name: Broken
            on: push
            jobs:
              build:
                runs-on: ubuntu-latest
                steps:
                  - name: Compile
                    run: |
                      echo "::group::Compiler"
                      echo "reading"
                      echo "::endgroup::"
                      echo "::error file=main.c,line=3,title=Syntax::expected ;"
                      exit 2
              deploy:
                needs: build
                runs-on: ubuntu-latest
                steps: [{run: 'true'}]
              mac:
                runs-on: macos-14
                steps: [{run: 'true'}]
            """, "broken.yml")
        try expect("failure", sandbox.martlet("run", "broken.yml", "--parallel", "1"))
        try expect("failure-why", sandbox.martlet("why"))
    }

    @Test func whatCannotRunHereMakesTheRunIncomplete() throws {
        try sandbox.workflow(
            """
            on: push
            jobs:
              here: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}
              mac: {runs-on: macos-14, steps: [{run: 'true'}]}
              after: {needs: mac, runs-on: ubuntu-latest, steps: [{run: 'true'}]}
            """, "mixed.yml")
        try expect("incomplete", sandbox.martlet("run", "mixed.yml", "--parallel", "1"))
        try expect("incomplete-plan", sandbox.martlet("plan", "mixed.yml"))
    }

    @Test func faultsAreShownWhereTheyStand() throws {
        let file = try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                stepz: []
                steps:
                  - run: echo ${{ github.branch }}
                  - run: echo ${{ 1 + 2 }}
            """, "faulty.yml")
        try expect("check", sandbox.martlet("check", file))
    }

    @Test func wrongWordsAreAnsweredWithTheRightOnes() throws {
        try expect("verb", sandbox.martlet("rnu"))
        try expect("job", sandbox.martlet("run", "--job", "tests"))
        try expect("matrix", sandbox.martlet("plan", "ci.yml", "--matrix", "shel=bash"))
    }

    @Test(arguments: [
        "run", "plan", "check", "eval", "cancel", "runs", "logs", "why", "explain", "doctor", "clean", "hooks",
        "redact", "approve", "reject", "auth", "rerun", "artifacts",
        "schema", "completions", "exit-codes",
    ])
    func helpBeginsWithTwoExamples(verb: String) throws {
        let help = try sandbox.martlet("help", verb)
        #expect(help.status == 0)
        let examples = help.out.split(separator: "\n").filter {
            $0.hasPrefix("  martlet ") || $0.contains("| martlet ")
        }
        #expect(examples.count >= 2, "\(help.out)")
    }
}
