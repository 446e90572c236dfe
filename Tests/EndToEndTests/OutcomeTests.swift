// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What comes out of a run beside its logs: tests, findings, annotations, summaries.
@Suite struct OutcomeTests {
    private let sandbox: Sandbox

    init() throws {
        sandbox = try Sandbox()
        try sandbox.write(
            "make-reports.py",
            #"""
            import json, os
            os.makedirs('build/test-results', exist_ok=True)
            open('build/test-results/suite.xml', 'w').write("""<testsuite name="Sums">
              <testcase classname="Sums" name="adds" time="0.25"/>
              <testcase classname="Sums" name="divides" file="sums.py" line="7" time="1.5">
                <failure message="expected 2, got secret-word">trace</failure></testcase>
              <testcase classname="Sums" name="later"><skipped/></testcase>
            </testsuite>""")
            open('build/notes.xml', 'w').write('<notes/>')
            open('junit-torn.xml', 'w').write('<testsuite><testcase name="x"')
            json.dump({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Lint"}}, "results": [
              {"ruleId": "L1", "level": "error", "message": {"text": "Unsafe call"}, "locations": [{"physicalLocation":
                {"artifactLocation": {"uri": "src/a.c"}, "region": {"startLine": 3}}}]}]}]}, open('out.sarif', 'w'))
            """#)
        try sandbox.write("old/TEST-old.xml", "<testsuite><testcase name='of the checkout'/></testsuite>")
        try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - uses: actions/checkout@v4
                  - run: touch -d '2 days ago' old/TEST-old.xml; python3 make-reports.py
                  - run: |
                      echo "::warning file=src/b.c,line=2::careful"
                      echo "# Done" >> "$GITHUB_STEP_SUMMARY"; false
            """)
        try sandbox.commitAll()
    }

    @Test func testsAndFindingsAreReadFromTheReportsThatAJobLeaves() throws {
        let ended = try sandbox.martlet("run", "--json", "ci.yml", "--secret", "WORD=secret-word")
        #expect(ended.status == 5)
        let tests = try #require(ended.events("tests").first)["tests"].array
        #expect(tests.map { $0["name"].string } == ["adds", "divides", "later"], "\(ended.out)")
        #expect(tests.map { $0["status"].string } == ["passed", "failed", "skipped"])
        #expect(tests[1]["message"].string == "expected 2, got ***" && tests[1]["line"].number == 7)
        let messages = ended.events("annotation").compactMap { $0["message"].string }
        #expect(messages.contains("Unsafe call") && messages.contains { $0.contains("MRT083") }, "\(messages)")
    }

    @Test func allOfItIsShownAfterTheRunAndLater() throws {
        let ended = try sandbox.martlet("run", "ci.yml")
        for part in ["✗ Sums › divides", "sums.py:7", "tests: 1 failed, 1 passed, 1 skipped"] {
            #expect(ended.out.contains(part), "\(part) in \(ended.out)")
        }
        let shown = try sandbox.martlet("runs", "show")
        for part in [
            "✗ a", "src/a.c:3", "Unsafe call", "src/b.c:2", "careful", "Sums › divides", "slow: 1.5s", "# Done",
            "tests: 1 failed, 1 passed, 1 skipped",
        ] { #expect(shown.out.contains(part), "\(part) in \(shown.out)") }
        let json = try sandbox.martlet("runs", "show", "1", "--json").json
        #expect(json["tests"].array.count == 3 && json["annotations"].array.count >= 3)
        #expect(json["jobs"].array.map { $0["conclusion"].string } == ["failure"])
        #expect(try sandbox.martlet("runs", "--json").json.array.count == 1)
    }

    @Test func whatWasKeptByARerunIsStillShown() throws {
        let text = """
            on: push
            jobs:
              tests:
                runs-on: ubuntu-latest
                steps:
                  - run: "echo '::warning::of the job that is kept'; echo summed >>$GITHUB_STEP_SUMMARY"
              flaky:
                runs-on: ubuntu-latest
                steps:
                  - run: "echo '::warning::of the step that is kept'"
                  - run: "echo \\"::notice::attempt $GITHUB_RUN_ATTEMPT\\"; test -e $T/mended"
            """
        #expect(try sandbox.run(text).status == 5)
        try sandbox.write("mended", "")
        #expect(try sandbox.martlet("rerun", "--from", "flaky/2").status == 0)
        let shown = try sandbox.martlet("runs", "show", "--json").json
        let messages = shown["annotations"].array.compactMap { $0["message"].string }
        #expect(
            messages.sorted() == ["attempt 2", "of the job that is kept", "of the step that is kept"], "\(messages)")
        #expect(shown["summaries"].array.compactMap { $0["markdown"].string } == ["summed\n"])
    }

    @Test func testsAreKeptHoweverManyAnnotationsThereAre() throws {
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - run: seq 10050 | sed 's/^/::notice::/'; echo '<testsuite><testcase name="t"/></testsuite>' >r.xml
            """)
        #expect(ended.status == 0)
        let shown = try sandbox.martlet("runs", "show", "--json").json
        #expect(shown["annotations"].array.count == 10_000)
        #expect(shown["tests"].array.compactMap { $0["name"].string } == ["t"])
    }
}
