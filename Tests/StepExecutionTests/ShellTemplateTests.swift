// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Testing

@testable import StepExecution

@Suite("Shells") struct ShellTemplateTests {
    @Test(
        "each shell gets GitHub's flags",
        arguments: [
            ("bash", ["--noprofile", "--norc", "-e", "-o", "pipefail", "/s"]),
            ("BASH", ["--noprofile", "--norc", "-e", "-o", "pipefail", "/s"]),
            ("sh", ["-e", "/s"]),
            ("python", ["/s"]),
            ("pwsh", ["-command", ". '/s'"]),
            ("powershell", ["-command", ". '/s'"]),
            ("cmd", ["/D", "/E:ON", "/V:OFF", "/S", "/C", "CALL /s"]),
            ("perl {0}", ["/s"]),
            ("bash -x  {0} more", ["-x", "/s", "more"]),
            ("bash  ", ["--noprofile", "--norc", "-e", "-o", "pipefail", "/s"]),
            ("node -e \"a b\" {0}", ["-e", "a b", "/s"]),
            ("x {{{0}}}", ["{/s}"]),
        ])
    func expands(option: String, arguments: [String]) throws {
        #expect(try ShellTemplate(option: option).arguments(script: "/s") == arguments)
    }

    @Test("the platform's default is bash -e, else sh -e")
    func defaults() throws {
        #expect(try ShellTemplate.platformDefault.arguments(script: "/s") == ["-e", "/s"])
        #expect(ShellTemplate.platformDefault.fallback == "sh")
    }

    @Test(
        "an option that does not say where the script goes is refused", arguments: ["fish", "perl -w", "", "zsh {1}"])
    func refuses(option: String) {
        #expect(throws: DiagnosticError.self) { try ShellTemplate(option: option) }
    }

    @Test("a stray brace is refused")
    func refusesBraces() throws {
        let template = try ShellTemplate(option: "x {0} {1}")
        #expect(throws: DiagnosticError.self) { try template.arguments(script: "/s") }
    }

    @Test(
        "arguments are split as the runner's platform does",
        arguments: [
            ("a b\tc", ["a", "b", "c"]), ("\"a b\"", ["a b"]), ("a\"b c\"d", ["ab cd"]), ("\"\"", [""]),
            (#"\"a\""#, [#""a""#]), (#"a\\b"#, [#"a\\b"#]), (#""a\\" b"#, [#"a\"#, "b"]), (#""a""b""#, [#"a"b"#]),
            ("  ", []), (#"'a b'"#, ["'a", "b'"]),
        ])
    func splits(line: String, arguments: [String]) {
        #expect(splitArguments(line) == arguments)
    }

    @Test("PowerShell and cmd scripts are fixed up")
    func fixesUp() {
        #expect(BuiltInShell.pwsh.prepared("x").hasPrefix("$ErrorActionPreference = 'stop'\nx\nif "))
        #expect(BuiltInShell.cmd.prepared("x") == "@echo off\nx")
        #expect(BuiltInShell.bash.prepared("x\r\ny") == "x\r\ny")
    }
}
