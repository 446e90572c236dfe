// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import PipelineModel
import RunEngine
import Testing

@Suite struct RerunTests {
    private func finished() -> Scenario {
        var run = Scenario([
            "build": .init(), "test": .init(needs: ["build"], legs: 3, failFast: false),
            "deploy": .init(needs: ["test"]), "docs": .init(), "skipped": .init(condition: "failure"),
        ])
        run.start()
        for job in ["build", "docs", "test#1", "test#3"] { run.end(job) }
        run.end("test#2", .failure)
        return run
    }

    @Test func onlyWhatFailedAndWhatDependsOnItRunsAgain() throws {
        var run = finished()
        let takeover = try RunTakeover(after: run.state, definition: run.definition, selection: .failed)
        #expect(takeover.rerun == [JobID("deploy"), JobID("test#2")])
        run.start(takeover, attempt: 2)
        #expect(run.running == ["test#2"])
        #expect(run.leg("test#1")?.takenFrom == 1)
        #expect(run.leg("build")?.takenFrom == 1)
        #expect(run.result("skipped") == .skipped)
        run.end("test#2")
        #expect(run.running == ["deploy"])
        run.end("deploy")
        #expect(run.state.conclusion == .success)
        #expect(run.state.previousAttempt == 1)
        #expect(RunMachine.replay(run.events) == run.state)
    }

    @Test func aThirdAttemptKnowsWhereEachResultCameFrom() throws {
        var run = finished()
        run.start(try RunTakeover(after: run.state, definition: run.definition, selection: .failed), attempt: 2)
        run.end("test#2", .failure)
        run.start(try RunTakeover(after: run.state, definition: run.definition, selection: .failed), attempt: 3)
        #expect(run.leg("test#1")?.takenFrom == 1)
        #expect(run.running == ["test#2"])
    }

    @Test func aJobInsideACallRunsAgainWithoutTheOthers() throws {
        var run = Scenario([
            "call": .init(isCall: true), "call/a": .init(), "call/b": .init(), "after": .init(needs: ["call"]),
        ])
        run.start()
        run.end("call/a", .failure)
        run.end("call/b")
        run.start(try RunTakeover(after: run.state, definition: run.definition, selection: .failed), attempt: 2)
        #expect(run.running == ["call/a"])
        run.end("call/a")
        run.end("after")
        #expect(run.state.conclusion == .success)
    }

    @Test func aCallThatSucceededIsTakenOverWhole() throws {
        var run = Scenario(["call": .init(isCall: true), "call/a": .init(), "other": .init()])
        run.start()
        run.end("call/a")
        run.end("other", .failure)
        run.start(try RunTakeover(after: run.state, definition: run.definition, selection: .failed), attempt: 2)
        #expect(run.running == ["other"])
        #expect(run.result("call") == .success)
    }

    @Test func anUnknownJobIsRefused() {
        let run = finished()
        #expect(throws: DiagnosticError.self) {
            try RunTakeover(after: run.state, definition: run.definition, selection: .jobs([JobID("nothing")]))
        }
    }
}
