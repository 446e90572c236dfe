// SPDX-License-Identifier: Apache-2.0

package import ProblemMatching

/// Matchers for what common programs print, for a user to switch on by name. They are asked like any that an action adds,
/// and their owners have a prefix, so that they take no action's place.
package enum BuiltInMatchers {
    /// In the order in which they are shown.
    package static var names: [String] { table.map(\.name) }

    /// `nil` for a name that is not among ``names``.
    package static func matchers(_ name: String) -> [ProblemMatcher]? {
        table.first { $0.name == name }?.matchers
    }

    private static func matcher(_ owner: String, _ severity: String = "", _ patterns: ProblemPattern...)
        -> ProblemMatcher
    {
        ProblemMatcher(owner: "martlet-\(owner)", severity: severity, patterns: patterns)
    }

    private static let table: [(name: String, matchers: [ProblemMatcher])] = [
        ("gcc", [compiler("gcc")]),
        ("swiftc", [compiler("swiftc")]),
        ("rustc", [rustc]),
        ("tsc", [tsc]),
        ("eslint", [eslint]),
        ("go", [go]),
        ("python", [python(markerLines: 0), python(markerLines: 1)]),
        ("pytest", [pytest(explains: false), pytest(explains: true)]),
    ]

    /// `file:line:column: error: message`, perhaps with the name of a warning behind it: gcc, clang and swiftc.
    private static func compiler(_ owner: String) -> ProblemMatcher {
        matcher(
            owner, "",
            ProblemPattern(
                #"^(?!\s)([^:]+):(\d+):(?:(\d+):)?\s+(?:fatal )?(error|warning): (.*?)(?: \[(-W[^\]]+|#[^\]]+)\])?$"#,
                [.file: 1, .line: 2, .column: 3, .severity: 4, .message: 5, .code: 6]))
    }

    /// The message stands a line above its place.
    private static let rustc = matcher(
        "rustc", "",
        ProblemPattern(#"^(error|warning)(?:\[(\w+)\])?: (.+)$"#, [.severity: 1, .code: 2, .message: 3]),
        ProblemPattern(#"^\s*--> (.+):(\d+):(\d+)$"#, [.file: 1, .line: 2, .column: 3]))

    /// `a.ts(1,2): error TS3: m`, and `a.ts:1:2 - error TS3: m` for people.
    private static let tsc = matcher(
        "tsc", "",
        ProblemPattern(
            #"^(\S.*?)(?:\(|:)(\d+)[,:](\d+)(?:\):| -) (error|warning) (TS\d+): (.*)$"#,
            [.file: 1, .line: 2, .column: 3, .severity: 4, .code: 5, .message: 6]))

    private static let eslint = matcher(
        "eslint", "",
        ProblemPattern(#"^(\S.*\.\w+)$"#, [.file: 1]),
        ProblemPattern(
            #"^\s+(\d+):(\d+)\s+(error|warning)\s+(.*?)(?:\s\s+(\S+))?$"#,
            [.line: 1, .column: 2, .severity: 3, .message: 4, .code: 5], loops: true))

    /// The compiler, vet, and a failed test's `    a_test.go:12: message`.
    private static let go = matcher(
        "go", "",
        ProblemPattern(
            #"^(?:vet: )?\s*([^\s:]+\.go):(\d+):(?:(\d+):)? (.+)$"#, [.file: 1, .line: 2, .column: 3, .message: 4]))

    /// The innermost frame of a traceback, its source line, and the exception. Python 3.11 puts marks under the source.
    private static func python(markerLines: Int) -> ProblemMatcher {
        var patterns = [
            ProblemPattern(#"^\s*File "(.+)", line (\d+)(?:, in .*)?$"#, [.file: 1, .line: 2]),
            ProblemPattern(#"^\s+\S.*$"#),
        ]
        if markerLines > 0 { patterns.append(ProblemPattern(#"^\s+[~^]+\s*$"#)) }
        patterns.append(
            ProblemPattern(
                #"^((?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*(?:Error|Exception|Exit|Interrupt|Warning)(?:: .*)?)$"#,
                [.message: 1]))
        return ProblemMatcher(owner: "martlet-python\(markerLines > 0 ? "-marked" : "")", patterns: patterns)
    }

    /// `E   assert f() == 2`, perhaps `E    +  where 1 = f()`, an empty line, `tests/test_a.py:5: AssertionError`.
    private static func pytest(explains: Bool) -> ProblemMatcher {
        var patterns = [ProblemPattern(#"^E\s+(?![\s+])(.+)$"#, [.message: 1])]
        if explains { patterns.append(ProblemPattern(#"^E\s+\+ .*$"#)) }
        patterns += [
            ProblemPattern(#"^\s*$"#),
            ProblemPattern(#"^([^\s:]+\.py):(\d+): (\S+)$"#, [.file: 1, .line: 2, .code: 3]),
        ]
        return ProblemMatcher(owner: "martlet-pytest\(explains ? "-where" : "")", patterns: patterns)
    }
}
