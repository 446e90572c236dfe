// SPDX-License-Identifier: Apache-2.0

import FileAccess
import Glibc
import PipelineModel
import ProcessControl
import StructuredData
import Testing

@testable import StepExecution

@Suite("Stopping steps, and what outlives them") struct CancellationTests {
    private func start(_ job: JobHarness, _ step: Int, until line: String) {
        job.job.start(StepAttempt(step: StepPath(step)), StatusFlags())
        job.loop.run(while: { !job.output(step).contains(line) && !job.isOver(StepPath(step)) })
    }

    /// One that is dead and not yet reaped is not.
    private func isAlive(_ pid: Int32) -> Bool { ProcessIdentity(of: pid) != nil }

    @Test("a cancelled step is interrupted first, and may say goodbye")
    func interrupts() throws {
        let job = try JobHarness([.run("trap 'echo bye; exit 0' INT; echo ready; while :; do sleep 0.01; done")])
        try job.prepare()
        start(job, 1, until: "ready")
        job.job.cancel(StepAttempt(step: StepPath(1)), force: false)
        job.loop.run(while: { !job.isOver(StepPath(1)) })
        #expect(job.output(1) == ["ready", "bye", "##[error]The operation was canceled."])
        #expect(job.result(1)?.outcome == .cancelled)
        #expect(job.result(1)?.reason?.kind == .cancelled)
        _ = job.finish()
    }

    @Test("a forced cancel kills the whole tree, setsid children included")
    func killsTree() throws {
        let job = try JobHarness([
            .run("trap '' INT TERM; setsid sleep 1000 & echo pid=$! ; echo ready; while :; do sleep 0.01; done")
        ])
        try job.prepare()
        start(job, 1, until: "ready")
        let pid = try #require(job.output(1).first.flatMap { Int32($0.dropFirst(4)) })
        #expect(isAlive(pid))
        job.job.cancel(StepAttempt(step: StepPath(1)), force: true)
        job.loop.run(while: { !job.isOver(StepPath(1)) })
        #expect(!isAlive(pid))
        #expect(job.result(1)?.outcome == .cancelled)
        _ = job.finish()
    }

    @Test("a step that runs out of time fails, and says after how long")
    func timesOut() throws {
        let job = try JobHarness([
            .run("echo ready; exec sleep 1000") {
                $0.name = .string("Slow one")
                $0.timeoutMinutes = .number(0.002)
            },
            .run("echo cleanup") { $0.condition = "failure()" },
        ])
        try job.runAll()
        #expect(job.result(1)?.outcome == .failure)
        #expect(job.result(1)?.reason?.kind == .timeout)
        #expect(job.output(1).last == "##[error]The action 'Slow one' has timed out after 0.002 minutes.")
        guard case .started(let deadline?)? = job.reports.first?.1 else {
            Issue.record("no deadline")
            return
        }
        #expect(deadline > 1_600_000_000_000)
        #expect(job.output(2) == ["cleanup"])
    }

    @Test("cancelling the job stops steps whose condition asks for success, and lets always() go on")
    func cancelsJob() throws {
        let job = try JobHarness([
            .run("echo ready; exec sleep 1000") { $0.isBackground = true },
            .run("echo ready; read line < $FIFO; echo $line") {
                $0.condition = "always()"
                $0.env = .map(["FIFO": .string("/dev/stdin")])
                $0.script { $0.script = .string("echo ready; until test -e go; do sleep 0.01; done; echo went on") }
            },
            .run("echo never"),
            .run("echo tidy") { $0.condition = "cancelled()" },
        ])
        try job.prepare()
        start(job, 1, until: "ready")
        start(job, 2, until: "ready")
        job.job.cancelJob(force: false)
        job.loop.run(while: { !job.isOver(StepPath(1)) })
        #expect(job.result(1)?.outcome == .cancelled)
        #expect(!job.isOver(StepPath(2)))
        try Files.write([], to: job.folder.path + "/work/go")
        job.loop.run(while: { !job.isOver(StepPath(2)) })
        #expect(job.output(2) == ["ready", "went on"])
        let cancelled = StatusFlags(isSuccess: true, isCancelled: true)
        job.run(StepPath(3), cancelled)
        job.run(StepPath(4), cancelled)
        #expect(job.skips[StepPath(3)] != nil)
        #expect(job.output(4) == ["tidy"])
        _ = job.finish()
    }

    @Test("a background child that holds the pipe does not hold the step; it lives until the job ends, and is named")
    func outlivesStep() throws {
        let job = try JobHarness([
            .run("(while :; do echo noise; sleep 0.01; done) & echo $!"), .run("echo next"),
        ])
        try job.prepare()
        job.run(StepPath(1))
        let pid = try #require(job.output(1).compactMap { Int32($0) }.first)
        job.run(StepPath(2))
        #expect(isAlive(pid))
        #expect(job.output(2) == ["next"])
        let ending = job.finish()
        #expect(!isAlive(pid))
        #expect(ending.killed.contains { $0.processID == pid && $0.name == "bash" })
    }

    @Test("all that a step wrote is in its log, in order, however much it is")
    func keepsOrder() throws {
        let job = try JobHarness([.run("seq 1 200000; echo err >&2; seq 200001 200010")])
        try job.runAll()
        let expected = (1...200000).map(String.init) + ["err"] + (200001...200010).map(String.init)
        let isSame = job.output(1) == expected
        #expect(isSame)
    }
}
