// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `actions/setup-node`, `-python`, `-go` and `-java`, built in.
@Suite struct NativeSetupTests {
    private let sandbox: Sandbox

    /// A machine with a tool cache of several versions, and a `PATH` with one of each.
    init() throws {
        sandbox = try Sandbox()
        for version in ["18.20.4", "20.11.1", "20.9.0", "22.3.0", "23.1.0"] {
            try tool("node", version, "bin/node", "echo v\(version)")
        }
        for version in ["3.11.9", "3.12.4", "3.13.0"] { try tool("Python", version, "bin/python", "echo \(version)") }
        for version in ["1.21.13", "1.22.5"] {
            try tool(
                "go", version, "bin/go", "[ $1 = env ] && echo /gopath || echo go version go\(version) linux/amd64")
        }
        for version in ["17.0.9-9", "21.0.2-13"] { try tool("Java_Temurin-Hotspot_jdk", version, "bin/java", "true") }
        try sandbox.write("../machine/node", "#!/bin/sh\necho v19.4.0\n", mode: 0o755)
        try sandbox.write("../machine/go", "#!/bin/sh\necho go version go1.19.2 linux/amd64\n", mode: 0o755)
        try sandbox.write(
            "../machine/python3", "#!/bin/sh\nprintf '3.9.1\\n/usr/bin/true\\n/usr\\n'\n", mode: 0o755)
        // Not whole: it was being unpacked.
        try sandbox.write("../home/tools/node/22.9.0/x64/bin/node", "#!/bin/sh\nfalse\n", mode: 0o755)
    }

    private static let architecture = {
        #if arch(arm64)
            "arm64"
        #else
            "x64"
        #endif
    }()

    private func tool(_ name: String, _ version: String, _ program: String, _ script: String) throws {
        let architecture =
            name.hasPrefix("Java") && Self.architecture == "arm64" ? "aarch64" : Self.architecture
        let folder = "../home/tools/\(name)/\(version)/\(architecture)"
        try sandbox.write("\(folder)/\(program)", "#!/bin/sh\n\(script)\n", mode: 0o755)
        try sandbox.write(folder + ".complete", "")
    }

    private func run(_ steps: String, _ files: [String: String] = [:]) throws -> Ended {
        let make = files.sorted { $0.key < $1.key }.map { "printf '%s\\n' '\($0.value)' >\($0.key)" }
        let lines = "- run: |\n    true; \(make.joined(separator: "\n    "))\n\(steps)"
            .split(separator: "\n").map { "      " + $0 }.joined(separator: "\n")
        return try sandbox.run(
            "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n\(lines)\n",
            environment: ["PATH": "\(sandbox.root)/machine:/usr/bin:/bin"])
    }

    private func said(_ ended: Ended) -> [String] {
        ended.lines("a").filter { $0.hasPrefix("> ") }.map { String($0.dropFirst(2)) }
    }

    struct Case: Sendable, CustomStringConvertible {
        var with: String
        var file = ""
        /// `nil`: there is none.
        var version: String?
        var description: String { "\(with) \(file)" }
    }

    @Test(arguments: [
        Case(with: "node-version: 20", version: "v20.11.1"),
        Case(with: "node-version: '20.9'", version: "v20.9.0"),
        Case(with: "node-version: 20.9.0", version: "v20.9.0"),
        Case(with: "node-version: v18.x", version: "v18.20.4"),
        Case(with: "node-version: '>=18 <20'", version: "v18.20.4"),
        Case(with: "node-version: '^20.10.0'", version: "v20.11.1"),
        Case(with: "node-version: '~20.9.0'", version: "v20.9.0"),
        Case(with: "node-version: '16 || 18'", version: "v18.20.4"),
        Case(with: "node-version: '18 - 20'", version: "v20.11.1"),
        Case(with: "node-version: lts/*", version: "v22.3.0"),
        Case(with: "node-version: lts/iron", version: "v20.11.1"),
        Case(with: "node-version: lts/-2", version: "v20.11.1"),
        Case(with: "node-version: latest", version: "v23.1.0"),
        Case(with: "node-version: 19", version: "v19.4.0"),
        Case(with: "cache: npm", version: "v19.4.0"),
        Case(with: "node-version: 14"), Case(with: "node-version: '22.9.0'"),
        Case(with: "node-version-file: f", file: "v20", version: "v20.11.1"),
        Case(with: "node-version-file: f", file: "nodejs 18.20.4", version: "v18.20.4"),
        Case(with: "node-version-file: f", file: #"{"engines": {"node": ">=22 <23"}}"#, version: "v22.3.0"),
        Case(with: "node-version-file: none"),
    ])
    func nodeIsTheVersionThatIsWanted(_ wanted: Case) throws {
        let ended = try run(
            """
            - id: s
              continue-on-error: true
              uses: actions/setup-node@v4
              with: {\(wanted.with)}
            - run: echo "> ${{ steps.s.outcome }} ${{ steps.s.outputs.node-version }} $(node --version)"
            """, ["f": wanted.file])
        let expected = wanted.version.map { "success \($0) \($0)" } ?? "failure  v19.4.0"
        #expect(said(ended) == [expected], "\(ended.out)")
        #expect(ended.lines("a").contains("Martlet's own setup-node"))
    }

    @Test(arguments: [
        Case(with: "python-version: '3.12'", version: "3.12.4"), Case(with: "python-version: 3.x", version: "3.13.0"),
        Case(with: "python-version: '>=3.9 <3.12'", version: "3.11.9"),
        Case(with: "python-version: '3.9'", version: "3.9.1"), Case(with: "python-version: '2.7'"),
        Case(with: "python-version-file: f", file: "3.11", version: "3.11.9"),
        Case(with: "python-version-file: .tool-versions", file: "python 3.11.9", version: "3.11.9"),
        Case(
            with: "python-version-file: pyproject.toml", file: #"requires-python = ">=3.11,<3.13""#, version: "3.12.4"),
    ])
    func pythonIsTheVersionThatIsWanted(_ wanted: Case) throws {
        let file = wanted.with.split(separator: " ").last.map(String.init) ?? "f"
        let ended = try run(
            """
            - id: s
              continue-on-error: true
              uses: actions/setup-python@v5
              with: {\(wanted.with)}
            - run: echo "> ${{ steps.s.outcome }} ${{ steps.s.outputs.python-version }}"
            - run: test -z "${{ steps.s.outputs.python-path }}" || { test -n "$pythonLocation"; command -v python; }
            """, wanted.file.isEmpty ? [:] : [file: wanted.file])
        #expect(said(ended) == [wanted.version.map { "success \($0)" } ?? "failure "], "\(ended.out)")
        #expect(ended.status == 0)
    }

    @Test(arguments: [
        Case(with: "go-version: '1.22'", version: "1.22.5"), Case(with: "go-version: '>=1.20'", version: "1.22.5"),
        Case(with: "go-version: stable", version: "1.22.5"), Case(with: "go-version: 1.19.x", version: "1.19.2"),
        Case(with: "go-version: '1.18'"), Case(with: "go-version-file: go.mod", file: "go 1.21", version: "1.21.13"),
        Case(with: "cache: false", version: "1.19.2"),
    ])
    func goIsTheVersionThatIsWanted(_ wanted: Case) throws {
        let ended = try run(
            """
            - id: s
              continue-on-error: true
              uses: actions/setup-go@v5
              with: {\(wanted.with)}
            - run: echo "> ${{ steps.s.outcome }} ${{ steps.s.outputs.go-version }}"
            """, wanted.file.isEmpty ? [:] : ["go.mod": wanted.file])
        #expect(said(ended) == [wanted.version.map { "success \($0)" } ?? "failure "], "\(ended.out)")
    }

    @Test(arguments: [
        Case(with: "java-version: 17, distribution: temurin", version: "17.0.9+9"),
        Case(with: "java-version: '21.0.2+13', distribution: temurin", version: "21.0.2+13"),
        Case(with: "java-version: 99, distribution: temurin"), Case(with: "java-version: 17"),
        Case(with: "java-version-file: f, distribution: temurin", file: "21", version: "21.0.2+13"),
        Case(with: "java-version-file: .sdkmanrc", file: "java=17.0.9-tem", version: "17.0.9+9"),
    ])
    func javaIsTheVersionThatIsWanted(_ wanted: Case) throws {
        let ended = try run(
            """
            - id: s
              continue-on-error: true
              uses: actions/setup-java@v4
              with: {\(wanted.with)}
            - run: echo "> ${{ steps.s.outcome }} ${{ steps.s.outputs.version }}"
            - run: test "${{ steps.s.outcome }}" = failure || test "$JAVA_HOME/bin/java" = "$(command -v java)"
            """, wanted.file.isEmpty ? [:] : [wanted.with.contains("sdkman") ? ".sdkmanrc" : "f": wanted.file])
        #expect(said(ended) == [wanted.version.map { "success \($0)" } ?? "failure "], "\(ended.out)")
        #expect(ended.status == 0, "\(ended.out)")
    }

    @Test func aRegistryGetsItsFile() throws {
        let ended = try run(
            """
            - uses: actions/setup-node@v4
              with: {registry-url: 'https://npm.example.org', scope: '@Acme'}
            - run: cat "$NPM_CONFIG_USERCONFIG"; test "$NODE_AUTH_TOKEN" = XXXXX-XXXXX-XXXXX-XXXXX
            """)
        #expect(ended.status == 0, "\(ended.out)")
        for line in [
            "//npm.example.org/:_authToken=${NODE_AUTH_TOKEN}", "@acme:registry=https://npm.example.org/",
            "always-auth=false",
        ] { #expect(ended.lines("a").contains(line), "\(ended.out)") }
    }
}
