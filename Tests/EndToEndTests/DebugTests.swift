// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `martlet debug`, spoken to as an editor does.
@Suite struct DebugTests {
    private let sandbox: Sandbox

    init() throws {
        sandbox = try Sandbox()
        try sandbox.workflow(
            """
            on: push
            env: {OUTER: out}
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - id: one
                    run: echo "o=1" >> "$GITHUB_OUTPUT"; echo ran-one >> "$T/ran"
                  - name: Second
                    env: {OWN: mine}
                    run: echo ran-two ${{ steps.one.outputs.o }} >> "$T/ran"
                  - run: echo ran-three >> "$T/ran"
            """)
        try sandbox.commitAll()
        // A conversation: each line of the script is a request, or waits for an event.
        try sandbox.write(
            "editor.py",
            """
            import json, subprocess, sys, os
            steps = json.load(open('talk.json'))
            p = subprocess.Popen([sys.argv[1], 'debug', '--secret', 'WORD=hidden-word'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            seq = 0
            def read():
                length = 0
                while True:
                    line = p.stdout.readline()
                    if not line: return None
                    if line == b'\\r\\n': break
                    length = int(line.split(b':')[1])
                return json.loads(p.stdout.read(length))
            log = []
            def wait(test):
                while True:
                    m = read()
                    if m is None: sys.exit('it ended: ' + json.dumps(log))
                    log.append(m)
                    if test(m): return m
            for step in steps:
                if 'event' in step:
                    m = wait(lambda m: m['type'] == 'event' and m['event'] == step['event'])
                else:
                    seq += 1
                    body = json.dumps({'seq': seq, 'type': 'request', **step}).encode()
                    p.stdin.write(b'Content-Length: %d\\r\\n\\r\\n' % len(body) + body); p.stdin.flush()
                    m = wait(lambda m: m['type'] == 'response' and m['request_seq'] == seq)
                print(json.dumps(m))
            p.stdin.close()
            while read(): pass
            sys.exit(p.wait())
            """)
    }

    private func talk(_ steps: String...) throws -> (ended: Ended, answers: [JSON]) {
        try sandbox.write("talk.json", "[" + steps.joined(separator: ",") + "]")
        let ended = try sandbox.start(["python3", "editor.py", Program.path]).end()
        return (ended, ended.events)
    }

    private let start = [
        #"{"command": "initialize", "arguments": {"adapterID": "martlet"}}"#, #"{"event": "initialized"}"#,
    ]

    private func ran() -> [String] { sandbox.lines("ran") }

    @Test func stopsBeforeAStepShowsItsContextsAndEvaluatesExpressions() throws {
        let (ended, answers) = try talk(
            start[0], start[1], #"{"command": "launch", "arguments": {"workflow": "ci.yml"}}"#,
            "{\"command\": \"setBreakpoints\", \"arguments\": {\"source\": {\"path\": \"\(sandbox.path(".github/workflows/ci.yml"))\"}, \"breakpoints\": [{\"line\": 10}]}}",
            #"{"command": "configurationDone"}"#, #"{"event": "stopped"}"#, #"{"command": "threads"}"#,
            #"{"command": "stackTrace", "arguments": {"threadId": 1}}"#,
            #"{"command": "scopes", "arguments": {"frameId": 1}}"#,
            #"{"command": "variables", "arguments": {"variablesReference": 1}}"#,
            #"{"command": "evaluate", "arguments": {"frameId": 1, "expression": "format('{0}-{1}', steps.one.outputs.o, env.OWN)"}}"#,
            #"{"command": "evaluate", "arguments": {"frameId": 1, "expression": "${{ secrets.WORD }}"}}"#,
            #"{"command": "evaluate", "arguments": {"frameId": 1, "expression": "nonsense("}}"#,
            #"{"command": "next", "arguments": {"threadId": 1}}"#, #"{"event": "stopped"}"#,
            #"{"command": "continue", "arguments": {"threadId": 1}}"#, #"{"event": "exited"}"#)
        #expect(ended.status == 0, "\(ended.out)\(ended.err)")
        #expect(answers.count == 17, "\(ended.out)")
        guard answers.count == 17 else { return }
        #expect(answers[5]["body"]["reason"].string == "breakpoint")
        #expect(answers[6]["body"]["threads"].array.map { $0["name"].string } == ["a"])
        #expect(answers[7]["body"]["stackFrames"].array.first?["name"].string == "Second")
        #expect(answers[7]["body"]["stackFrames"].array.first?["line"].number == 9)
        #expect(answers[8]["body"]["scopes"].array.map { $0["name"].string }.contains("github"))
        let shown = answers[9]["body"]["variables"].array.map { ($0["name"].string, $0["value"].string) }
        #expect(shown.contains { $0.0 == "OUTER" && $0.1 == "out" } && shown.contains { $0.0 == "OWN" })
        #expect(answers[10]["body"]["result"].string == "1-mine")
        #expect(answers[11]["body"]["result"].string == "***")
        #expect(answers[12]["success"].bool == false)
        #expect(answers[14]["body"]["reason"].string == "step")
        #expect(ran() == ["ran-one", "ran-two 1", "ran-three"])
    }

    private func breakpoints(_ file: String, _ list: String) -> String {
        "{\"command\": \"setBreakpoints\", \"arguments\": {\"source\": {\"path\": \"\(sandbox.path(file))\"}, \"breakpoints\": \(list)}}"
    }

    @Test func saysWhichBreakpointsNoStepIsAt() throws {
        let (ended, answers) = try talk(
            start[0], start[1], #"{"command": "launch", "arguments": {"workflow": "ci.yml"}}"#,
            breakpoints(".github/workflows/ci.yml", #"[{"line": 2}, {"line": 11}, {"line": 99}]"#),
            breakpoints("README.md", #"[{"line": 1}]"#), #"{"command": "disconnect"}"#)
        #expect(answers.count == 6, "\(ended.out)\(ended.err)")
        let told = (answers[3]["body"]["breakpoints"].array + answers[4]["body"]["breakpoints"].array)
        #expect(told.map { $0["verified"].bool } == [false, true, false, false], "\(ended.out)")
        #expect(told[1]["line"].number == 9)
    }

    @Test func stopsWhereAConditionHoldsAndInActions() throws {
        try sandbox.write(
            "act/action.yml",
            "name: A\nruns:\n  using: composite\n  steps:\n    - {run: 'true', shell: bash}\n    - {run: 'true', shell: bash, name: Inner}\n"
        )
        try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                strategy: {max-parallel: 1, matrix: {n: [1, 2]}}
                steps:
                  - uses: actions/checkout@v4
                  - uses: ./act
                  - run: echo last
            """)
        let (ended, answers) = try talk(
            start[0], start[1], #"{"command": "launch", "arguments": {"workflow": "ci.yml"}}"#,
            breakpoints("act/action.yml", #"[{"line": 6, "condition": "matrix.n == 2"}]"#),
            #"{"command": "configurationDone"}"#, #"{"event": "stopped"}"#,
            #"{"command": "stackTrace", "arguments": {"threadId": 2}}"#,
            #"{"command": "continue", "arguments": {"threadId": 2}}"#, #"{"event": "exited"}"#)
        #expect(ended.status == 0, "\(ended.out)\(ended.err)")
        try #require(answers.count == 9, "\(ended.out)")
        #expect(answers[5]["body"]["threadId"].number == 2)
        let frames = answers[6]["body"]["stackFrames"].array
        #expect(frames.map { $0["line"].number } == [6, 8], "\(ended.out)")
        #expect(frames.first?["name"].string == "Inner")
        #expect(frames.first?["source"]["path"].string == sandbox.path("act/action.yml"))
        #expect(frames.last?["source"]["path"].string == sandbox.path(".github/workflows/ci.yml"))
    }

    @Test(arguments: ["nope.yml", "broken.yml"]) func aLaunchThatCannotBeIsRefusedWithTheReason(_ name: String) throws {
        try sandbox.workflow("on: push\njobs: 7\n", "broken.yml")
        let (ended, answers) = try talk(
            start[0], start[1], "{\"command\": \"launch\", \"arguments\": {\"workflow\": \"\(name)\"}}",
            #"{"command": "disconnect"}"#)
        try #require(answers.count == 4, "\(ended.out)\(ended.err)")
        #expect(answers[2]["success"].bool == false)
        #expect(answers[2]["message"].string?.contains(name) == true, "\(answers[2])")
        #expect(ended.status == 6)
    }

    @Test func anEditorThatGoesEndsTheRun() throws {
        let (ended, answers) = try talk(
            start[0], start[1], #"{"command": "launch", "arguments": {"workflow": "ci.yml", "stopOnEntry": true}}"#,
            #"{"command": "configurationDone"}"#, #"{"event": "stopped"}"#, #"{"command": "disconnect"}"#)
        #expect(answers.count == 6, "\(ended.out)\(ended.err)")
        #expect(ran().isEmpty)
    }

    @Test func whatIsNoMessageEndsTheConversation() throws {
        let ended = try sandbox.martlet("debug", stdin: Data("Content-Length: x\r\n\r\n{}".utf8))
        #expect(ended.status == 0 && ended.out.isEmpty)
        #expect(try sandbox.martlet("debug", stdin: Data()).status == 0)
    }
}
