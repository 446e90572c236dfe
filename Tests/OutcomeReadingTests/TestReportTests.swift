// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import OutcomeReading
import Testing

func report(_ text: String, _ limits: OutcomeLimits = .standard) throws -> TestReport {
    try TestReport.read(Array(text.utf8), limits: limits)
}

func thrown(_ body: () throws(DiagnosticError) -> Void) -> Diagnostic? {
    do throws(DiagnosticError) {
        try body()
        return nil
    } catch {
        return error.diagnostic
    }
}

@Suite("JUnit's reports, as real programs write them")
struct JUnitReportTests {
    @Test("Surefire: classes, times with thousands, failures, errors, skips and reruns")
    func surefire() throws {
        let report = try report(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" name="com.acme.StoreTest" time="1,234.5" \
            tests="5" errors="1" skipped="1" failures="1">
              <properties><property name="java.version" value="21"/></properties>
              <testcase name="inserts" classname="com.acme.StoreTest" time="0.012"/>
              <testcase name="deletes" classname="com.acme.StoreTest" time="1,000.5">
                <failure message="expected:&lt;1&gt; but was:&lt;2&gt;" type="org.opentest4j.AssertionFailedError">\
            <![CDATA[org.opentest4j.AssertionFailedError: expected:<1> but was:<2>
            	at org.junit.jupiter.api.AssertionUtils.fail(AssertionUtils.java:55)
            	at com.acme.StoreTest.deletes(StoreTest.java:42)
            ]]></failure>
                <system-out>noise: a.c:1:2</system-out>
              </testcase>
              <testcase name="opens" classname="com.acme.StoreTest"><error type="java.io.IOException">gone</error></testcase>
              <testcase name="later" classname="com.acme.StoreTest"><skipped/></testcase>
              <testcase name="flaky" classname="com.acme.StoreTest"><flakyFailure message="once">t</flakyFailure></testcase>
            </testsuite>
            """)
        #expect(report.format == .junit)
        #expect(report.cases.map(\.name) == ["inserts", "deletes", "opens", "later", "flaky"])
        #expect(report.cases.map(\.status) == [.passed, .failed, .error, .skipped, .passed])
        #expect(report.cases.map(\.durationSeconds) == [0.012, 1000.5, nil, nil, nil])
        #expect(report.cases[1].message == "expected:<1> but was:<2>")
        #expect(report.cases[1].details?.hasPrefix("org.opentest4j") == true)
        #expect(report.cases[1].file == "StoreTest.java" && report.cases[1].line == 42)
        #expect(report.cases[2].message == "gone" && report.cases[2].details == "gone")
        #expect(report.cases[4].message == nil)
    }

    @Test("pytest: the place of the failure is read from its text, and old reports count lines from 0")
    func pytest() throws {
        let report = try report(
            """
            <?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" errors="0" failures="1" \
            skipped="1" tests="3" time="0.05" timestamp="2026-01-01T00:00:00"><testcase classname="tests.test_a.TestStore" \
            name="test_insert[a-1]" time="0.001"/><testcase classname="tests.test_a" name="test_sum" time="0.002">\
            <failure message="assert 3 == 4&#10; +  where 3 = f()">def test_sum():
            &gt;       assert f() == 4
            E       assert 3 == 4

            tests/helpers.py:3: in call
            tests/test_a.py:12: AssertionError</failure></testcase><testcase classname="tests.test_b" name="test_c" \
            file="tests/test_b.py" line="4" time="0.0"><skipped type="pytest.skip" message="no network">\
            tests/test_b.py:5: no network</skipped></testcase></testsuite></testsuites>
            """)
        #expect(report.cases.map(\.status) == [.passed, .failed, .skipped])
        #expect(report.cases[1].file == "tests/test_a.py" && report.cases[1].line == 12)
        #expect(report.cases[1].message == "assert 3 == 4\n +  where 3 = f()")
        #expect(report.cases[2].line == 5 && report.cases[2].message == "no network")
    }

    @Test(
        "a line that no file has is no line", arguments: ["9223372036854775807", "2147483648", "-9223372036854775808"])
    func hugeLine(line: String) throws {
        let text = #"<testsuite name="pytest"><testcase name="a" line="\#(line)"/></testsuite>"#
        #expect(try report(text).cases.map(\.line) == [nil])
    }

    @Test("the line of a failure is told rather than the line of its test")
    func ownFile() throws {
        let report = try report(
            """
            <testsuite name="pytest"><testcase classname="tests.test_a" name="a" file="tests/test_a.py" line="3">
            <failure message="m">lib/b.py:1: in f\ntests/test_a.py:5: in a\nlib/b.py:9: E</failure></testcase>
            <testcase name="b" file="tests/test_a.py" line="6"><failure message="">lib/b.py:9: E</failure></testcase>
            <testcase name="c"><skipped type="pytest.xfail" message=""/></testcase></testsuite>
            """)
        #expect(report.cases.map(\.file) == ["tests/test_a.py", "tests/test_a.py", nil])
        #expect(report.cases.map(\.line) == [5, 7, nil])
        #expect(report.cases.map(\.message) == ["m", "lib/b.py:9: E", "pytest.xfail"])
    }

    @Test("Node's own runner: tests without a suite around them")
    func node() throws {
        let report = try report(
            """
            <?xml version="1.0" encoding="utf-8"?>
            <testsuites>
            \t<testcase name="ok" time="0.000857" classname="test"/>
            \t<testcase name="bad" time="0.000885" classname="test" failure="1 !== 2">
            \t\t<failure type="testCodeFailure" message="1 !== 2">
            [Error [ERR_TEST_FAILURE]: 1 !== 2] {
                  at TestContext.&lt;anonymous> (/w/t.test.js:2:31)
                  at Test.run (node:internal/test_runner/test:796:25) }
            \t\t</failure>
            \t</testcase>
            \t<!-- tests 2 -->
            </testsuites>
            """)
        #expect(report.cases.map(\.status) == [.passed, .failed])
        #expect(report.cases[1].file == "/w/t.test.js" && report.cases[1].line == 2)
    }

    @Test("gotestsum: packages are suites; `Failed` comes with the test's output")
    func gotestsum() throws {
        let report = try report(
            """
            <testsuites tests="2" failures="1" errors="0" time="0.3">
            <testsuite tests="2" failures="1" time="0.100000" name="github.com/acme/w/store">
            <testcase classname="github.com/acme/w/store" name="TestGet" time="0.000000"></testcase>
            <testcase classname="github.com/acme/w/store" name="TestPut/empty" time="0.010000">
            <failure message="Failed" type="">=== RUN   TestPut/empty&#xA;    store_test.go:31: got 1, want 2&#xA;</failure>
            </testcase></testsuite></testsuites>
            """)
        #expect(report.cases.map(\.status) == [.passed, .failed])
        #expect(report.cases[1].suite == "github.com/acme/w/store")
        #expect(report.cases[1].file == "store_test.go" && report.cases[1].line == 31)
    }

    @Test("jest-junit: the first frame outside installed packages is the place")
    func jest() throws {
        let report = try report(
            """
            <testsuites name="jest tests" tests="1" failures="1" errors="0" time="1.2">
            <testsuite name="sum" errors="0" failures="1" skipped="0" timestamp="2026-01-01T00:00:00" time="0.9" tests="1">
            <testcase classname="sum adds" name="sum adds" time="0.004"><failure>Error: expect(received).toBe(expected)
                at toBe (/w/node_modules/expect/build/index.js:12:3)
                at Object.toBe (/w/test/sum.test.js:5:21)
                at run (node:internal/process:1:2)</failure></testcase></testsuite></testsuites>
            """)
        #expect(report.cases.first?.message == "Error: expect(received).toBe(expected)")
        #expect(report.cases.first?.file == "/w/test/sum.test.js" && report.cases.first?.line == 5)
    }

    @Test("Swift Testing and XCTest")
    func swift() throws {
        let report = try report(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites>
              <testsuite name="TestResults" errors="0" tests="3" failures="1" skipped="1" time="0.006134885">
                <testcase classname="StoreTests.Inserting" name="inserts(count:)" time="0.004962315" />
                <testcase classname="StoreTests.Inserting" name="fails()" time="0.0049">
                  <failure message="Expectation failed: (1 → 1) == 2" />
                </testcase>
                <testcase classname="StoreTests.Inserting" name="later()" time="0.0"><skipped /></testcase>
              </testsuite>
            </testsuites>
            """)
        #expect(report.cases.map(\.status) == [.passed, .failed, .skipped])
        #expect(report.cases[1].message == "Expectation failed: (1 → 1) == 2")
        #expect(report.cases[0].durationSeconds == 0.004962315)
    }

    @Test("suites in suites, a file of the suite, and a test that did not run")
    func nested() throws {
        let report = try report(
            """
            <testsuites><testsuite name="outer" file="a.rb"><testsuite name="inner"><testcase name="x" line="7"/></testsuite>
            <testcase name="y" file="b.rb"/></testsuite><testsuite name="g">
            <testcase name="z" status="notrun"/><testcase name="both"><failure message="f"/><error message="e"/></testcase>
            </testsuite></testsuites>
            """)
        #expect(report.cases.map(\.suite) == ["inner", "outer", "g", "g"])
        #expect(report.cases.map(\.file) == ["a.rb", "b.rb", nil, nil])
        #expect(report.cases[0].line == 7)
        #expect(report.cases[2].status == .skipped)
        #expect(report.cases[3].status == .error && report.cases[3].message == "e")
        #expect(report.count(.passed) == 2)
    }
}

@Suite("Reports of .NET")
struct DotNetReportTests {
    @Test("xUnit.net, version 2: results, messages, reasons, and errors of the assembly")
    func xunit() throws {
        let report = try report(
            """
            <assemblies timestamp="01/02/2026"><assembly name="/w/T.dll" total="3"><errors>
            <error type="assembly-cleanup" name="/w/T.dll"><failure exception-type="E"><message>boom</message></failure></error>
            </errors><collection name="Test collection for N.C" total="3">
            <test name="N.C.Adds(a: 1)" type="N.C" method="Adds" time="0.0123" result="Pass"/>
            <test name="N.C.Subs" type="N.C" method="Subs" time="0.5" result="Fail"><traits/>
            <failure exception-type="Xunit.Sdk.EqualException"><message><![CDATA[Assert.Equal() Failure]]></message>
            <stack-trace><![CDATA[   at N.C.Subs() in /w/C.cs:line 12]]></stack-trace></failure></test>
            <test name="N.C.Later" type="N.C" result="Skip" time="0"><reason>not now</reason></test>
            </collection></assembly></assemblies>
            """)
        #expect(report.format == .xunit)
        #expect(report.cases.map(\.name) == ["/w/T.dll", "Adds(a: 1)", "Subs", "Later"])
        #expect(report.cases.map(\.status) == [.error, .passed, .failed, .skipped])
        #expect(report.cases.map(\.message) == ["boom", nil, "Assert.Equal() Failure", "not now"])
        #expect(report.cases[2].details == "at N.C.Subs() in /w/C.cs:line 12")
    }

    @Test("NUnit 3 and 2")
    func nunit() throws {
        let report = try report(
            """
            <test-run id="2" testcasecount="3" result="Failed"><test-suite type="Assembly" name="T.dll">
            <test-suite type="TestFixture" name="C" fullname="N.C" classname="N.C">
            <test-case id="1" name="Adds" fullname="N.C.Adds" classname="N.C" result="Passed" duration="0.01"/>
            <test-case id="2" name="Throws" fullname="N.C.Throws" classname="N.C" result="Failed" label="Error" duration="0.02">
            <failure><message>boom</message><stack-trace>at x</stack-trace></failure>
            <assertions><assertion result="Failed"><message>one of them</message></assertion></assertions></test-case>
            <test-case id="3" name="Later" classname="N.C" result="Skipped"><reason><message>wait</message></reason></test-case>
            </test-suite></test-suite></test-run>
            """)
        #expect(report.format == .nunit)
        #expect(report.cases.map(\.status) == [.passed, .error, .skipped])
        #expect(report.cases.map(\.message) == [nil, "boom", "wait"])
        #expect(report.cases.map(\.durationSeconds) == [0.01, 0.02, nil])
        let old = try self.old()
        #expect(old.cases.map(\.status) == [.passed, .failed])
    }

    private func old() throws -> TestReport {
        try report(
            """
            <test-results name="T.dll"><test-suite name="C"><results>
            <test-case name="N.C.A" executed="True" result="Success" time="0.1"/>
            <test-case name="N.C.B" executed="True" result="Failure"><failure><message>m</message></failure></test-case>
            </results></test-suite></test-results>
            """)
    }
}

@Suite("A report that cannot be read")
struct BadReportTests {
    private func diagnostic(_ text: String, _ limits: OutcomeLimits = .standard) -> Diagnostic? {
        thrown { () throws(DiagnosticError) in _ = try TestReport.read(Array(text.utf8), limits: limits) }
    }

    @Test(
        "is told with its line and what to do",
        arguments: [
            ("", 1), ("<testsuites>\n<testsuite>\n", 3), ("<testsuite>\n<testcase name=\"a></testsuite>", 2),
            ("no XML", 1), ("<testsuite>&unknown;</testsuite>", 1), ("<testsuite>\u{1}</testsuite>", 1),
        ])
    func malformed(text: String, line: Int) {
        let diagnostic = diagnostic(text)
        #expect(diagnostic?.code == .reportUnreadable)
        #expect(diagnostic?.position?.line == line)
        #expect(diagnostic?.remedy != nil)
    }

    @Test("is refused where it defines entities: none is expanded, none is fetched")
    func entities() {
        let laughs = """
            <?xml version="1.0"?>
            <!DOCTYPE testsuites [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>
            <testsuites>&b;&x;</testsuites>
            """
        #expect(diagnostic(laughs)?.code == .reportDocumentType)
        #expect(diagnostic(laughs)?.position?.line == 2)
        #expect(diagnostic("<!DOCTYPE testsuites SYSTEM \"http://x/y.dtd\"><testsuites/>")?.code == .reportDocumentType)
    }

    @Test("is no report of tests")
    func otherRoots() {
        let diagnostic = diagnostic("<?xml version='1.0'?>\n<coverage/>")
        #expect(diagnostic?.code == .reportUnknown)
        #expect(diagnostic?.message.contains("<coverage>") == true)
        #expect(diagnostic?.position?.line == 2)
    }

    @Test("passes a limit: of size, of depth, of tests")
    func limits() {
        let deep = String(repeating: "<testsuite>", count: 200) + String(repeating: "</testsuite>", count: 200)
        #expect(diagnostic(deep)?.code == .reportLimit)
        let tests = "<testsuite>\n" + String(repeating: "<testcase name='a'/>\n", count: 11) + "</testsuite>"
        #expect(diagnostic(tests, OutcomeLimits(maximumCount: 10))?.code == .reportLimit)
        #expect(diagnostic(tests, OutcomeLimits(maximumCount: 10))?.position?.line == 12)
        #expect(diagnostic(tests, OutcomeLimits(maximumCount: 11)) == nil)
        #expect(diagnostic(tests, OutcomeLimits(maximumBytes: 100))?.code == .reportLimit)
    }

    @Test("has a text over the limit: it is cut between characters")
    func longTexts() throws {
        let text = String(repeating: "é", count: 100)
        let report = try report(
            "<testsuite><testcase name='a'><failure message='\(text)'>\(text)</failure></testcase></testsuite>",
            OutcomeLimits(maximumTextBytes: 21))
        #expect(report.cases.first?.message == String(repeating: "é", count: 10) + "…")
        #expect(report.cases.first?.details == String(repeating: "é", count: 10) + "…")
    }

    @Test("in another encoding: ISO-8859-1 and UTF-16 are read, others are told")
    func encodings() throws {
        let latin =
            Array("<?xml version='1.0' encoding='ISO-8859-1'?><testsuite><testcase name='".utf8) + [0xE9]
            + Array("'/></testsuite>".utf8)
        #expect(try TestReport.read(latin).cases.first?.name == "é")
        let wide: [UInt8] = "\u{FEFF}<testsuite><testcase name='é'/></testsuite>".utf16.flatMap {
            [UInt8($0 & 255), UInt8($0 >> 8)]
        }
        #expect(try TestReport.read(wide).cases.first?.name == "é")
        let unknown = diagnostic("<?xml version='1.0' encoding='EUC-KR'?><testsuite/>")
        #expect(unknown?.code == .reportUnreadable)
        #expect(unknown?.remedy == "Write the report in UTF-8.")
    }
}
