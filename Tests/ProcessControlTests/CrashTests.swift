// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import Glibc
import ProcessControl
import TestFolders
import Testing

@Suite(.ownFolders) struct CrashTests {
    /// Children, a daemon in a session of its own, and a process that ignores what can be ignored.
    private let scripts = [
        "sleep 1000 & sleep 1000 & echo up; wait",
        "setsid sh -c 'sleep 1000 & sleep 1000' > /dev/null 2>&1 & sleep 0.1; echo up; sleep 1000",
        "trap '' HUP INT TERM; echo up; while :; do sleep 1000; done",
    ]

    @Test func nothingIsLeftWhenTheCoordinatorIsKilled() throws {
        let coordinator = try ForkedCoordinator(scripts: scripts)
        let before = RealProcesses.marked(run: coordinator.runID)
        #expect(before.count >= 8)
        coordinator.killHard()
        // The supervisor's lock says when nothing is left.
        let log = try ReceiptLog.read(
            path: coordinator.directory + "/receipts", until: BootInstant.now() + .seconds(20))
        #expect(RealProcesses.marked(run: coordinator.runID).isEmpty)
        #expect(before.allSatisfy { !RealProcesses.isAlive($0) })
        #expect(log.receipts.count == 3)
        #expect(log.receipts.values.allSatisfy { $0 == .ended(.signalled(SIGKILL)) })
        #expect(log.bootID == "boot")
    }

    @Test func nothingIsLeftWheneverTheCoordinatorIsKilled() throws {
        // From before the supervisor has its lock to long after the steps are up.
        for moment in 0..<24 {
            let coordinator = try ForkedCoordinator(scripts: scripts, awaitsSteps: false)
            let until = BootInstant.now() + .microseconds(moment * moment * 60)
            while BootInstant.now() < until {}
            coordinator.killHard()
            let path = coordinator.directory + "/receipts"
            let deadline = BootInstant.now() + .seconds(20)
            var log = try ReceiptLog.read(path: path, until: deadline)
            // A supervisor that was just being born takes its lock now, sees that it is alone, and goes.
            while !RealProcesses.marked(run: coordinator.runID).isEmpty, BootInstant.now() < deadline {
                log = try ReceiptLog.read(path: path, until: deadline)
            }
            #expect(RealProcesses.marked(run: coordinator.runID).isEmpty, "killed at moment \(moment)")
            // A step that writes before it is killed meets a pipe that nobody reads.
            let expected: [ReceiptLog.Receipt] = [.ended(.signalled(SIGKILL)), .ended(.signalled(SIGPIPE))]
            let ends = log.receipts.values.filter { !expected.contains($0) }
            #expect(ends == [], "killed at moment \(moment)")
        }
    }

    @Test func theReceiptsAreHeldWhileAnythingIsAlive() throws {
        let job = try SupervisedJob()
        _ = try job.run("a", "sleep 1000 > /dev/null 2>&1 &")
        let error = #expect(throws: DiagnosticError.self) {
            try ReceiptLog.read(path: job.receiptsPath, until: BootInstant.now())
        }
        #expect(error?.diagnostic.code == .receiptsHeld)
        #expect(error?.diagnostic.message.contains("process \(job.supervisor.processID)") == true)

        let second = try SupervisedJob(in: job.directory)
        try second.turn { $0.messages.contains(.ended) }
        guard case .startFailed(let reason) = second.messages.first else {
            Issue.record("a second supervisor started: \(second.messages)")
            return
        }
        #expect(reason.isLockHeld)
        _ = try job.shutdown()
        #expect(try ReceiptLog.read(path: job.receiptsPath, until: BootInstant.now())["a"] == .ended(.exited(0)))
    }

    @Test func whatASupervisorThatWasKilledLeftBehindIsFound() throws {
        let coordinator = try ForkedCoordinator(scripts: scripts)
        let before = RealProcesses.marked(run: coordinator.runID)
        let log = try ReceiptLog.read(path: coordinator.directory + "/receipts")
        let supervisor = try #require(log.supervisorID)
        // Both at once, as an out-of-memory killer or a user with `kill -9` does.
        kill(coordinator.processID, SIGSTOP)
        kill(supervisor, SIGKILL)
        coordinator.killHard()
        #expect(RealProcesses.marked(run: coordinator.runID).count >= 8)
        let path = coordinator.directory + "/receipts"
        #expect(try ReceiptLog.read(path: path, until: BootInstant.now() + .seconds(5))["step0"] == .started)
        let report = try LeftoverSweep(runID: coordinator.runID).run()
        #expect(report.totalCount >= before.count)
        #expect(report.remainingCount == 0)
        #expect(RealProcesses.marked(run: coordinator.runID).isEmpty)
        #expect(before.allSatisfy { !RealProcesses.isAlive($0) })
    }

    @Test func theEndOfASupervisorThatWasKilledIsToldToItsCoordinator() throws {
        let job = try SupervisedJob()
        try job.shell("a", "echo up; sleep 1000")
        try job.turn { $0.text("a") == "up\n" }
        kill(job.supervisor.processID, SIGKILL)
        try job.turn { $0.messages.last == .ended }
        let error = #expect(throws: DiagnosticError.self) { try job.supervisor.killAll() }
        #expect(error?.diagnostic.code == .supervisorLost)
        #expect(try LeftoverSweep(runID: job.runID).run().totalCount == 2)
    }

    @Test func aSweepFindsNothingOfARunThatLeftNothing() throws {
        let report = try LeftoverSweep(runID: "no-such-run").run()
        #expect(report == KillReport(processes: [], totalCount: 0, remainingCount: 0))
    }

    @Test func aSweepSparesTheJobsThatLive() throws {
        let job = try SupervisedJob()
        try job.shell("a", "echo up; exec sleep 1000")
        try job.turn { $0.text("a") == "up\n" }
        var sweep = LeftoverSweep(runID: job.runID)
        sweep.spared = [job.supervisor.processID]
        #expect(try sweep.run().totalCount == 0)
        #expect(RealProcesses.marked(run: job.runID).count == 1)
        sweep.spared = []
        #expect(try sweep.run().totalCount == 1)
    }

    @Test func aSweepTakesTheChildrenOfWhatItFindsThoughTheyHideTheirEnvironment() throws {
        let job = try SupervisedJob()
        try job.shell("a", "env -i /bin/sleep 1000 & echo $!; wait")
        try job.turn { $0.text("a").hasSuffix("\n") }
        let hidden = try #require(Int32(job.text("a").dropLast()))
        try job.turn { _ in RealProcesses.name(hidden) == "sleep" }
        #expect(!RealProcesses.marked(run: job.runID).contains(hidden))
        kill(job.supervisor.processID, SIGKILL)
        try job.turn { $0.messages.last == .ended }
        _ = try LeftoverSweep(runID: job.runID).run()
        #expect(!RealProcesses.isAlive(hidden))
    }

    @Test func closingTheHandleEndsTheJob() throws {
        let directory = try SupervisedJob.makeDirectory()
        var job: SupervisedJob? = try SupervisedJob(in: directory)
        let runID = try #require(job?.runID)
        job?.sweepsAtEnd = false
        try job?.shell("a", "sleep 1000 & echo up; sleep 1000")
        try job?.turn { $0.text("a") == "up\n" }
        let copy = directory + "-copy"
        try FileManager.default.linkItem(atPath: directory + "/receipts", toPath: copy)
        defer { try? FileManager.default.removeItem(atPath: copy) }
        job = nil
        let log = try ReceiptLog.read(path: copy, until: BootInstant.now() + .seconds(10))
        #expect(log["a"] == .ended(.signalled(SIGKILL)))
        #expect(RealProcesses.marked(run: runID).isEmpty)
    }

    @Test func anInterruptOfTheTerminalDoesNotReachTheJob() throws {
        let job = try SupervisedJob()
        try job.shell("a", "echo up; sleep 0.3; echo done")
        try job.turn { $0.text("a") == "up\n" }
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP] { kill(job.supervisor.processID, signal) }
        #expect(getsid(job.supervisor.processID) == job.supervisor.processID)
        #expect(try job.waitForExit("a").ending == .exited(0))
    }
}
