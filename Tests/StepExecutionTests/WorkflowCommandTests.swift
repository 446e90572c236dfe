// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import StepExecution

@Suite("Reading workflow commands") struct WorkflowCommandTests {
    private func read(_ line: String, known: Set<String> = ["x", "warning", "set-output"]) -> WorkflowCommand? {
        WorkflowCommand(line: line) { known.contains(String($0).lowercased()) }
    }

    @Test(
        "both forms are read, with their properties and escapes",
        arguments: [
            ("::x::", "", [:]),
            ("::x::data", "data", [:]),
            ("  \t::x::data", "data", [:]),
            ("::X::a::b", "a::b", [:]),
            ("::x k=v::d", "d", ["k": "v"]),
            ("::x k=v,l=w::d", "d", ["k": "v", "l": "w"]),
            ("::x k=a%3Ab%2Cc::d%0Ae%0D%25", "d\ne\r%", ["k": "a:b,c"]),
            ("::x::%0a%2C", "%0a%2C", [:]),
            ("::x::%250A", "%0A", [:]),
            ("::x k=,l=1::", "", ["l": "1"]),
            ("::x k=a=b::", "", ["k": "a=b"]),
            ("::x k=1,K=2::", "", ["k": "2"]),
            ("##[x]data", "data", [:]),
            ("before ##[x k=v;l=w]data", "data", ["k": "v", "l": "w"]),
            ("##[x k=a%3Bb%5D]%0A%5D", "\n]", ["k": "a;b]"]),
            ("::warning file=a.c,line=3::bad", "bad", ["file": "a.c", "line": "3"]),
        ] as [(String, String, [String: String])])
    func reads(line: String, data: String, properties: [String: String]) throws {
        let command = try #require(read(line))
        #expect(command.data == data)
        #expect(
            Dictionary(uniqueKeysWithValues: command.properties.map { ($0.key.lowercased(), $0.value) }) == properties)
    }

    @Test(
        "anything else is ordinary output",
        arguments: [
            "", ":", "::", "::x", "::x:", "text ::x::", "::unknown::", "##[unknown]", "##[x", "## [x]", ":: x::",
            "#[x]",
        ])
    func leaves(line: String) {
        #expect(read(line) == nil)
    }
}

@Suite("Splitting output") struct OutputScannerTests {
    /// What comes out when the text is written in pieces of `size` bytes: `|…|` around lines that were offered.
    private func scan(_ text: String, size: Int, accepts: (String) -> Bool = { $0.hasPrefix("::cmd") }) -> String {
        var scanner = OutputScanner()
        var result: [UInt8] = []
        let bytes = Array(text.utf8)
        func line(_ bytes: UnsafeRawBufferPointer) -> Bool {
            let text = bytes.text(0, bytes.count)
            guard accepts(text) else { return false }
            result.append(contentsOf: Array("|\(text)|".utf8))
            return true
        }
        for start in stride(from: 0, to: bytes.count, by: size) {
            Array(bytes[start..<min(start + size, bytes.count)]).withUnsafeBytes {
                let take = { (bytes: UnsafeRawBufferPointer) in result.append(contentsOf: bytes) }
                scanner.scan($0, plain: take, piece: take, line: line)
            }
        }
        scanner.finish(plain: { result.append(contentsOf: $0) }, line: line)
        return String(decoding: result, as: UTF8.self)
    }

    @Test(
        "where the writes are split makes no difference",
        arguments: [
            ("a\nb\n", "a\nb\n"),
            ("::cmd::1\nrest\n", "|::cmd::1|rest\n"),
            ("a\n::cmd::1\r\nb", "a\n|::cmd::1|b"),
            ("a\r::cmd::1\rb\r\n", "a\r|::cmd::1|b\r\n"),
            ("  ::no::\n::cmd::", "  ::no::\n|::cmd::|"),
            ("x::cmd::\n\n\n::cmd::\n\n", "x::cmd::\n\n\n|::cmd::|\n"),
            ("#####\n##[nothing]\n# a\n", "#####\n##[nothing]\n# a\n"),
            ("::cmd::\n::cmd::\n", "|::cmd::||::cmd::|"),
            ("no end", "no end"),
            ("\r\n\r\n", "\r\n\r\n"),
        ])
    func isIndependentOfSplits(text: String, expected: String) {
        for size in 1...text.utf8.count { #expect(scan(text, size: size) == expected, "pieces of \(size)") }
    }

    @Test("the marker form is offered wherever it stands in a line")
    func offersMarkers() {
        for size in 1...30 {
            #expect(
                scan("plain\nbefore ##[x]y\n##[x]\n", size: size) { $0.contains("##[x]") }
                    == "plain\n|before ##[x]y||##[x]|")
        }
    }

    @Test("a line without an end is handed on once it is too long to be a command")
    func letsLongLinesGo() {
        let long = "::cmd::" + String(repeating: "y", count: OutputScanner.maximumHeldBytes)
        let isPassedOn = scan(long + "\n::cmd::\n", size: 65536) == long + "\n|::cmd::|"
        #expect(isPassedOn)
    }
}

@Suite("What workflow commands ask for") struct CommandInterpreterTests {
    private func effects(_ lines: [String], environment: [String: String] = [:], echoes: Bool = false)
        -> [[CommandEffect]?]
    {
        var interpreter = CommandInterpreter(echoes: echoes)
        return lines.map { line in
            var line = line
            return line.withUTF8 {
                interpreter.interpret(
                    UnsafeRawBufferPointer($0),
                    CommandSurroundings(environment: { environment[$0] }, workspace: "/work"))
            }
        }
    }

    private func effects(_ line: String) -> [CommandEffect]? { effects([line])[0] }

    @Test("groups, debug lines and annotations")
    func marks() {
        #expect(effects("::group::Build it") == [.group("Build it")])
        #expect(effects("##[endgroup]") == [.endGroup])
        #expect(effects("::debug::x") == [.debug("x")])
        var annotation = Annotation(.error, "bad\nthing")
        annotation.file = "src/a.c"
        annotation.line = 3
        annotation.endLine = 3
        annotation.column = 1
        annotation.endColumn = 9
        annotation.title = "T: 1"
        #expect(
            effects("::error file=/work/src/a.c,line=3,endLine=3,col=1,endColumn=9,title=T%3A 1::bad%0Athing")
                == [.annotation(annotation)])
    }

    @Test(
        "places that do not go together are dropped",
        arguments: [
            ("endLine=4", 4, 4, nil, nil), ("line=5,endLine=4", nil, nil, nil, nil),
            ("line=1,endLine=2,col=3", 1, 2, nil, nil), ("col=3", nil, nil, nil, nil),
            ("line=1,endColumn=3", 1, nil, 3, 3), ("line=1,col=4,endColumn=3", 1, nil, nil, nil),
            ("line=x", nil, nil, nil, nil),
        ] as [(String, Int?, Int?, Int?, Int?)])
    func settlesPlaces(properties: String, line: Int?, endLine: Int?, column: Int?, endColumn: Int?) throws {
        guard case .annotation(let annotation)? = effects("::notice \(properties)::m")?.last else {
            Issue.record("no annotation")
            return
        }
        #expect(annotation.line == line)
        #expect(annotation.endLine == endLine)
        #expect(annotation.column == column)
        #expect(annotation.endColumn == endColumn)
    }

    @Test("masks: the value and each of its lines")
    func masks() {
        #expect(effects("::add-mask::secret") == [.mask(["secret"])])
        #expect(effects("::add-mask::one%0A two %0A") == [.mask(["one\n two \n", "one", "two"])])
        #expect(
            effects("::add-mask:: ")
                == [.warning("Can't add secret mask for empty string in ##[add-mask] command.")])
    }

    @Test("between stop-commands and its token, nothing but the token is a command")
    func stops() {
        let answers = effects(["::stop-commands::tok-en-1", "::group::x", "##[tok-en-2]", "::TOK-en-1::", "::group::x"])
        #expect(answers[0]?.first == .mask(["tok-en-1"]))
        #expect(answers[0]?.contains(.output("::stop-commands::tok-en-1")) == true)
        #expect(answers[1] == nil)
        #expect(answers[2] == nil)
        #expect(answers[3]?.first == .output("::TOK-en-1::"))
        #expect(answers[4] == [.group("x")])
    }

    @Test("a command's name, nothing, or pause-logging stop nothing", arguments: ["", "group", "pause-logging"])
    func refusesStopTokens(token: String) {
        let answers = effects(["::stop-commands::\(token)", "::group::x"])
        #expect(answers[0]?.last == .fail)
        #expect(answers[1] == [.group("x")])
        let allowed = effects(
            ["::stop-commands::group", "::notice::x"],
            environment: ["ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS": "true"])
        #expect(allowed[1] == nil)
    }

    @Test("echo prints the commands that follow, save those that speak for themselves")
    func echoes() {
        let answers = effects([
            "::echo::on", "::group::x", "::notice::n", "::add-mask::m123", "::echo::Off ", "::group::y", "::echo::x",
        ])
        #expect(answers[1] == [.output("::group::x"), .group("x")])
        #expect(answers[2] == [.annotation(Annotation(.notice, "n"))])
        #expect(answers[3] == [.output("::add-mask::***"), .mask(["m123"])])
        #expect(answers[5] == [.group("y")])
        #expect(answers[6]?.last == .fail)
    }

    @Test("set-env and add-path need to be allowed; NODE_OPTIONS never is")
    func guardsUnsecureCommands() {
        let refused = effects(["::set-env name=A::1", "::add-path::/x"])
        #expect(refused.allSatisfy { $0?.last == .fail })
        let allowed = effects(
            ["::set-env name=A::1", "::add-path::/x", "::set-env name=node_options::1", "::set-env::1"],
            environment: ["ACTIONS_ALLOW_UNSECURE_COMMANDS": "True"])
        #expect(allowed[0] == [.setEnvironment(name: "A", value: "1")])
        #expect(allowed[1] == [.addPath("/x")])
        #expect(allowed[2] == [.error("Can't update NODE_OPTIONS environment variable using ::set-env:: command.")])
        #expect(allowed[3]?.contains(.error("Required field 'name' is missing in ##[set-env] command.")) == true)
    }

    @Test("set-output and save-state still work, and warn")
    func warnsOfDeprecated() {
        #expect(effects("::set-output name=a::b")?.last == .setOutput(name: "a", value: "b"))
        #expect(effects("##[save-state name=a]b")?.last == .saveState(name: "a", value: "b"))
        guard case .annotation(let warning)? = effects("::set-output name=a::b")?.first else {
            Issue.record("no warning")
            return
        }
        #expect(warning.level == .warning)
        #expect(warning.message.hasPrefix("The `set-output` command is deprecated"))
    }

    @Test("matchers are noted")
    func notesMatchers() {
        #expect(effects("##[add-matcher]m.json") == [.addMatcher("m.json")])
        #expect(effects("::remove-matcher owner=eslint::") == [.removeMatcher("eslint")])
    }
}
