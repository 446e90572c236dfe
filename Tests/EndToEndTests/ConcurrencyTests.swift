// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Concurrency groups hold between the runs of one machine, as they do between those of one repository on GitHub.
@Suite struct Concurrency {
    /// A run that says when it has begun, and stays until the file `go` is there.
    private static func waiting(_ concurrency: String, bell: String = "bell") -> String {
        """
        on: push
        concurrency: \(concurrency)
        jobs:
          a:
            runs-on: ubuntu-latest
            steps:
              - run: |
                  echo start >> "$T/marks"
                  echo > "$T/\(bell)"
                  read -r word < "$T/go"
                  echo end >> "$T/marks"
        """
    }

    private let sandbox: Sandbox
    private let bell: Bell

    init() throws {
        sandbox = try Sandbox()
        bell = try sandbox.bell()
        mkfifo(sandbox.path("go"), 0o600)
    }

    private func start() throws -> RunningProgram {
        try sandbox.start([Program.path, "run", "--json", "ci.yml"])
    }

    private func go() throws {
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: sandbox.path("go")))
        try handle.write(contentsOf: Data("go\n".utf8))
        try handle.close()
    }

    /// Waits until a program has said `text`.
    private func wait(_ program: RunningProgram, for text: String) {
        let deadline = Date().addingTimeInterval(20)
        while Date() < deadline {
            if let out = try? String(contentsOfFile: program.outPath, encoding: .utf8), out.contains(text) { return }
            sched_yield()
        }
        Issue.record("it never said \(text)")
    }

    @Test func aSecondRunWaitsForTheFirst() throws {
        try sandbox.workflow(Self.waiting("deploy"))
        let first = try start()
        #expect(bell.rings())
        let second = try start()
        wait(second, for: "runWaiting")
        #expect(sandbox.lines("marks") == ["start"])
        try go()
        #expect(try first.end().conclusion == "success")
        #expect(bell.rings())
        try go()
        let ended = try second.end()
        #expect(ended.conclusion == "success")
        #expect(ended.events("runWaiting").first?["reason"]["text"].string?.contains("held by run 1") == true)
        #expect(sandbox.lines("marks") == ["start", "end", "start", "end"])
    }

    @Test func aNewerRunCancelsTheOneInProgress() throws {
        try sandbox.workflow(Self.waiting("{group: deploy, cancel-in-progress: true}"))
        let first = try start()
        #expect(bell.rings())
        let second = try start()
        let superseded = try first.end()
        #expect(superseded.status == 3)
        #expect(superseded.conclusion == "cancelled")
        #expect(superseded.events.last?["reason"]["text"].string?.contains("run 2.1 took its place") == true)
        #expect(bell.rings())
        try go()
        #expect(try second.end().conclusion == "success")
        #expect(sandbox.lines("marks") == ["start", "start", "end"])
    }

    @Test func theThirdTakesThePlaceOfTheSecondThatWaited() throws {
        try sandbox.workflow(Self.waiting("deploy"))
        let first = try start()
        #expect(bell.rings())
        let second = try start()
        wait(second, for: "runWaiting")
        let third = try start()
        #expect(try second.end().status == 3)
        try go()
        #expect(try first.end().status == 0)
        #expect(bell.rings())
        try go()
        #expect(try third.end().status == 0)
    }

    @Test func aRunThatWasKilledHoldsNothingAndCannotComeBackInto() throws {
        try sandbox.workflow(Self.waiting("deploy"))
        let first = try start()
        #expect(bell.rings())
        first.signal(SIGKILL)
        #expect(try first.end().status == -SIGKILL)
        let second = try start()
        #expect(bell.rings())
        let resumed = try sandbox.martlet("run", "--resume", "1")
        #expect(resumed.status == 6)
        #expect(resumed.err.contains("MRT0708"))
        try go()
        #expect(try second.end().status == 0)
        // Now the group is free: the first goes on, and its step was cut off.
        #expect(try sandbox.martlet("run", "--resume", "1").status == 5)
    }

    @Test func aRunIsCancelledFromAnotherTerminal() throws {
        try sandbox.workflow(Self.waiting("deploy"))
        let first = try start()
        #expect(bell.rings())
        #expect(try sandbox.martlet("cancel", "1").status == 0)
        #expect(try first.end().status == 3)
        let late = try sandbox.martlet("cancel", "1")
        #expect(late.status == 1)
        #expect(late.err.contains("MRT0704"))
    }

    @Test func jobsOfTwoRunsTakeTurnsToo() throws {
        let text = Self.waiting("unused").replacingOccurrences(of: "concurrency: unused\n", with: "")
            .replacingOccurrences(of: "runs-on: ubuntu-latest", with: "runs-on: ubuntu-latest\n    concurrency: deploy")
        try sandbox.workflow(text)
        let first = try start()
        #expect(bell.rings())
        let second = try start()
        wait(second, for: "held by run 1.1/a")
        try go()
        #expect(try first.end().status == 0)
        #expect(bell.rings())
        try go()
        #expect(try second.end().status == 0)
    }
}
