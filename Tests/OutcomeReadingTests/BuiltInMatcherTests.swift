// SPDX-License-Identifier: Apache-2.0

import OutcomeReading
import ProblemMatching
import StructuredData
import Testing

@Suite("Built-in matchers")
struct BuiltInMatcherTests {
    private func findings(_ name: String, _ output: String) throws -> [ProblemFinding] {
        var job = JobMatchers()
        _ = try job.add(try #require(BuiltInMatchers.matchers(name)))
        var scanner = job.scanner()
        var findings: [ProblemFinding] = []
        Array(output.utf8).withUnsafeBytes { bytes in
            scanner.take(
                lines: bytes, plain: { _ in },
                report: { if case .finding(let finding) = $0 { findings.append(finding) } })
        }
        return findings
    }

    private func places(_ name: String, _ output: String) throws -> [String] {
        try findings(name, output).map { finding in
            let place = [finding.file, finding.line.map(String.init), finding.column.map(String.init)]
            let parts = place.compactMap { $0 }.joined(separator: ":")
            return "\(parts) \(finding.level.rawValue) \(finding.code ?? "-") \(finding.message)"
        }
    }

    @Test("each keeps the runner's rules, and its owner takes no action's place", arguments: BuiltInMatchers.names)
    func valid(name: String) throws {
        let matchers = try #require(BuiltInMatchers.matchers(name))
        #expect(try MatcherFile.read(Array(MatcherFile.data(matchers).jsonText().utf8)) == matchers)
        #expect(matchers.allSatisfy { $0.owner.hasPrefix("martlet-") })
    }

    @Test("gcc, clang and swiftc")
    func compilers() throws {
        let output = """
            cc -c src/a.c
            src/a.c: In function ‘main’:
            src/a.c:3:7: warning: unused variable ‘x’ [-Wunused-variable]
            src/a.c:4:1: fatal error: gone.h: No such file or directory
            src/b.c:9: error: old style
            src/a.c:3:7: note: declared here
            """
        #expect(
            try places("gcc", output) == [
                "src/a.c:3:7 warning -Wunused-variable unused variable ‘x’",
                "src/a.c:4:1 error - gone.h: No such file or directory", "src/b.c:9 error - old style",
            ])
        #expect(
            try places("swiftc", "/w/S/a.swift:10:5: error: cannot find 'x' in scope\n 10 | x\n")
                == ["/w/S/a.swift:10:5 error - cannot find 'x' in scope"])
    }

    @Test("rustc, with the place below the message")
    func rustc() throws {
        let output = """
            error[E0308]: mismatched types
              --> src/main.rs:2:5
               |
            warning: unused variable: `x`
             --> src/lib.rs:7:9
            error: aborting due to 1 previous error
            """
        #expect(
            try places("rustc", output) == [
                "src/main.rs:2:5 error E0308 mismatched types", "src/lib.rs:7:9 warning - unused variable: `x`",
            ])
    }

    @Test("tsc, for programs and for people, in colour")
    func tsc() throws {
        let output = """
            src/a.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.
            \u{1B}[96msrc/b.ts\u{1B}[0m:\u{1B}[93m1\u{1B}[0m:\u{1B}[93m2\u{1B}[0m - \u{1B}[91merror\u{1B}[0m\u{1B}[90m TS1005: \u{1B}[0m';' expected.
            """
        #expect(
            try places("tsc", output) == [
                "src/a.ts:3:7 error TS2322 Type 'string' is not assignable to type 'number'.",
                "src/b.ts:1:2 error TS1005 ';' expected.",
            ])
    }

    @Test("eslint")
    func eslint() throws {
        let output = """

            /w/src/a.js
              1:10  error    'x' is never used      no-unused-vars
              4:1   warning  Unexpected console statement  no-console

            ✖ 2 problems (1 error, 1 warning)
            """
        #expect(
            try places("eslint", output) == [
                "/w/src/a.js:1:10 error no-unused-vars 'x' is never used",
                "/w/src/a.js:4:1 warning no-console Unexpected console statement",
            ])
    }

    @Test("go build, go vet and go test")
    func go() throws {
        let output = """
            # github.com/acme/w
            ./main.go:7:2: undefined: x
            vet: ./a.go:3:1: unreachable code
            --- FAIL: TestA (0.00s)
                a_test.go:12: got 1, want 2
            ok  	github.com/acme/w/b	0.1s
            """
        #expect(
            try places("go", output) == [
                "./main.go:7:2 error - undefined: x", "./a.go:3:1 error - unreachable code",
                "a_test.go:12 error - got 1, want 2",
            ])
    }

    @Test("a traceback's innermost frame, with Python 3.11's marks or without")
    func python() throws {
        let old = """
            Traceback (most recent call last):
              File "main.py", line 9, in <module>
                run()
              File "lib/a.py", line 3, in run
                raise ValueError("bad")
            ValueError: bad
            """
        #expect(try places("python", old) == ["lib/a.py:3 error - ValueError: bad"])
        let marked = """
              File "lib/a.py", line 3, in run
                x = y + zed
                        ^^^
            NameError: name 'zed' is not defined
            """
        #expect(try places("python", marked) == ["lib/a.py:3 error - NameError: name 'zed' is not defined"])
    }

    @Test("pytest's failures with their places")
    func pytest() throws {
        let output = """
                def test_a():
            >       assert 1 == 2
            E       assert 1 == 2

            tests/test_a.py:5: AssertionError
            """
        #expect(try places("pytest", output) == ["tests/test_a.py:5 error AssertionError assert 1 == 2"])
        let explained = "E   assert 3 == 4\nE    +  where 3 = f()\n\ntests/test_b.py:9: AssertionError"
        #expect(try places("pytest", explained) == ["tests/test_b.py:9 error AssertionError assert 3 == 4"])
    }

    @Test("an unknown name has none")
    func unknown() {
        #expect(BuiltInMatchers.matchers("fortran") == nil)
    }
}
