// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestPrograms
import Testing

/// What a run shows, and to whom: readers may be slow, gone, or hang.
@Suite struct Output {
    private let sandbox: Sandbox
    private let bell: Bell

    init() throws {
        sandbox = try Sandbox()
        bell = try sandbox.bell()
    }

    /// Starts a program whose output goes to a pipe that is read when the test says so.
    private func start(_ arguments: [String]) throws -> (process: ChildProcess, pipe: Pipe) {
        let process = ChildProcess()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: Program.path)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: sandbox.folder)
        process.environment = sandbox.environment
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        return (process, pipe)
    }

    @Test(arguments: [["run", "ci.yml"], ["run", "--json", "ci.yml"]])
    func linesAreShownWhileTheStepGoesOn(arguments: [String]) throws {
        mkfifo(sandbox.path("go"), 0o600)
        try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps: [{run: 'echo first line; read -r word < "$T/go"'}]
            """)
        let (process, pipe) = try start(arguments)
        var seen = Data()
        // Ends by itself only when the line is there: the step waits for the word.
        while seen.range(of: Data("first line\"".utf8)) == nil, seen.range(of: Data("] first line".utf8)) == nil {
            let piece = pipe.fileHandleForReading.availableData
            try #require(!piece.isEmpty, "the run ended before its line was shown")
            seen.append(piece)
        }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: sandbox.path("go")))
        try handle.write(contentsOf: Data("go\n".utf8))
        _ = try pipe.fileHandleForReading.readToEnd()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test func aReaderThatStallsHoldsUpNeitherTimeoutsNorAnInterrupt() throws {
        try sandbox.workflow(
            """
            on: push
            jobs:
              loud:
                runs-on: ubuntu-latest
                steps:
                  - {run: yes, timeout-minutes: 0.02}
                  - {run: 'echo > "$T/bell"; sleep 300', if: failure()}
            """)
        let (process, pipe) = try start(["run", "ci.yml"])
        // The step was stopped in time, though nobody reads a byte.
        #expect(bell.rings())
        process.interrupt()
        // The end waits for the reader; what it is told is whole.
        let out = try #require(try pipe.fileHandleForReading.readToEnd())
        process.waitUntilExit()
        #expect(process.terminationStatus == 3)
        #expect(String(decoding: out.suffix(400), as: UTF8.self).contains("run 1 cancelled"))
    }

    @Test func anInterruptEndsTheWorkflowsThatWouldFollowToo() throws {
        for name in ["one", "two"] {
            try sandbox.workflow(
                """
                on: push
                jobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'echo \(name) >> "$T/ran"; echo > "$T/bell"; sleep 300'}]}}
                """, name + ".yml")
        }
        let running = try sandbox.start([Program.path, "run"])
        #expect(bell.rings())
        running.signal(SIGINT)
        #expect(try running.end().status == 3)
        #expect(sandbox.lines("ran") == ["one"])
    }

    @Test func outputThatCannotBeWrittenIsAnError() throws {
        let ended = try sandbox.start(["sh", "-c", "\(Program.path) schema > /dev/full"]).end()
        #expect(ended.status == 1)
        #expect(ended.err.contains("error[MRT0907]"))
    }
}

/// Texts from files are shown, not obeyed.
@Suite struct NamesOnTheTerminal {
    @Test func controlCharactersInNamesReachNoTerminal() throws {
        let sandbox = try Sandbox()
        try sandbox.workflow(
            """
            name: "W\\u001b[31m"
            on: push
            jobs:
              a:
                name: "J\\u001b]0;title\\u0007"
                runs-on: ubuntu-latest
                steps: [{name: "S\\u001b[2J", run: exit 1}]
            """)
        let ended = try sandbox.martlet("run", "ci.yml")
        let why = try sandbox.martlet("why")
        #expect(!(ended.out + why.out).contains("\u{1B}"), "\(ended.out)")
    }
}
