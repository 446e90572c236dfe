// SPDX-License-Identifier: Apache-2.0

import Foundation
import ProcessControl
import TestFolders
import Testing

/// SIGKILL and SIGTERM, by number: the tests name no platform's module.
private let killSignal: Int32 = 9
private let terminateSignal: Int32 = 15

@Suite(.ownFolders) struct KillTests {
    /// A daemon in the classic way: a new session, two forks, streams closed.
    private let daemon = "setsid sh -c 'sleep 1000 & echo $! > pid' > /dev/null 2>&1 < /dev/null"
    /// The same, and with nothing left in its environment to know it by.
    private let bareDaemon = "env -i /usr/bin/setsid /bin/sh -c '/bin/sleep 1000 & echo $! > pid' > /dev/null 2>&1"

    @Test func aStepIsReportedAtItsExitThoughABackgroundChildHoldsThePipe() throws {
        let job = try SupervisedJob()
        let exit = try job.run("a", "sleep 1000 & echo hello")
        #expect(exit.ending == .exited(0))
        #expect(job.text("a") == "hello\n")
        #expect(job.isOpen("a"))
        try job.turn { RealProcesses.marked(run: $0.runID).map(RealProcesses.name) == ["sleep"] }
        let report = try job.shutdown()
        #expect(report.processes.map(\.name) == ["sleep"])
        #expect(RealProcesses.marked(run: job.runID).isEmpty)
    }

    @Test func aBackgroundServerLivesOnForLaterStepsAndEndsWithTheJob() throws {
        let job = try SupervisedJob()
        _ = try job.run("a", "sleep 1000 > /dev/null 2>&1 & echo $!")
        let server = try #require(Int32(job.text("a").dropLast()))
        _ = try job.run("b", "kill -0 \(server) && echo alive")
        #expect(job.text("b") == "alive\n")
        let report = try job.shutdown()
        #expect(report.processes.map(\.processID) == [server])
        #expect(report.remainingCount == 0)
        #expect(!RealProcesses.isAlive(server))
    }

    @Test func aSignalToTheLeaderReachesOnlyTheLeader() throws {
        let job = try SupervisedJob()
        try job.shell("a", "trap 'echo got it; exit 3' TERM; sleep 1000 & echo up; while :; do wait; done")
        try job.turn { $0.text("a") == "up\n" }
        try job.supervisor.kill("a", signal: terminateSignal, scope: .leader)
        #expect(try job.waitForExit("a").ending == .exited(3))
        #expect(job.text("a") == "up\ngot it\n")
        // A process that is just becoming another program shows no marks.
        try job.turn { RealProcesses.marked(run: $0.runID).count == 1 }
        #expect(try job.shutdown().totalCount == 1)
    }

    @Test func aGentleSignalToTheTreeReachesAllOfIt() throws {
        let job = try SupervisedJob()
        try job.shell("a", "sh -c 'trap \"echo inner; exit 0\" TERM; sleep 1000 & echo up; wait' & wait; wait")
        try job.turn { $0.text("a") == "up\n" }
        try job.turn { RealProcesses.marked(run: $0.runID).map(RealProcesses.name).sorted() == ["sh", "sh", "sleep"] }
        try job.supervisor.kill("a", signal: terminateSignal, scope: .tree)
        #expect(try job.waitForExit("a").ending == .signalled(terminateSignal))
        try job.turn { $0.text("a") == "up\ninner\n" }
        try job.turn { _ in RealProcesses.marked(run: job.runID).isEmpty }
    }

    @Test(arguments: [false, true])
    func aDaemonisedChildDiesWithItsStep(bare: Bool) throws {
        let job = try SupervisedJob()
        try job.shell("a", "\(bare ? bareDaemon : daemon); cat pid; exec sleep 1000")
        try job.turn { $0.text("a").hasSuffix("\n") }
        let pid = try #require(Int32(job.text("a").dropLast()))
        #expect(RealProcesses.isAlive(pid))
        try job.supervisor.kill("a", signal: killSignal, scope: .tree)
        try job.turn { $0.treeReport("a") != nil }
        #expect(job.treeReport("a")?.processes.contains { $0.processID == pid } == true)
        #expect(job.treeReport("a")?.remainingCount == 0)
        #expect(job.exit("a")?.ending == .signalled(killSignal))
        #expect(!RealProcesses.isAlive(pid))
        #expect(try job.shutdown().totalCount == 0)
    }

    @Test(arguments: [false, true])
    func aDaemonisedChildDiesWithTheJob(bare: Bool) throws {
        let job = try SupervisedJob()
        _ = try job.run("a", "\(bare ? bareDaemon : daemon); cat pid")
        let pid = try #require(Int32(job.text("a").dropLast()))
        #expect(RealProcesses.isAlive(pid))
        #expect(try job.shutdown().processes.map(\.processID) == [pid])
        #expect(!RealProcesses.isAlive(pid))
    }

    @Test func ofTwoConcurrentStepsOnlyTheKilledOneLosesItsDaemon() throws {
        let job = try SupervisedJob()
        try FileManager.default.createDirectory(atPath: job.directory + "/b", withIntermediateDirectories: true)
        try job.shell("a", "\(daemon); cat pid; exec sleep 1000")
        try job.turn { $0.text("a").hasSuffix("\n") }
        try job.shell("b", "cd b; \(daemon); cat pid; exec sleep 1000")
        try job.turn { $0.text("b").hasSuffix("\n") }
        let (first, second) = (Int32(job.text("a").dropLast()) ?? 0, Int32(job.text("b").dropLast()) ?? 0)
        try job.supervisor.kill("a", signal: killSignal, scope: .tree)
        try job.turn { $0.treeReport("a") != nil }
        #expect(!RealProcesses.isAlive(first))
        #expect(RealProcesses.isAlive(second))
        #expect(job.exit("b") == nil)
        #expect(try job.shutdown().totalCount == 2)
        #expect(!RealProcesses.isAlive(second))
    }

    @Test func aTreeWhoseLeaderHasGoneCanStillBeKilled() throws {
        let job = try SupervisedJob()
        _ = try job.run("a", "sleep 1000 > /dev/null 2>&1 & \(daemon)")
        // A process in the middle of its exec shows no environment for a moment.
        try job.turn { _ in RealProcesses.marked(run: job.runID).count == 2 }
        try job.supervisor.kill("a", signal: killSignal, scope: .tree)
        try job.turn { $0.treeReport("a") != nil }
        #expect(job.treeReport("a")?.totalCount == 2)
        #expect(RealProcesses.marked(run: job.runID).isEmpty)
    }

    @Test func aTreeThatKeepsForkingAndLeavingItsSessionIsKilled() throws {
        let job = try SupervisedJob()
        // Trees of 31 processes, each in a session of its own, one after the other; at most about a thousand.
        let script = """
            cat > bomb.sh <<'END'
            [ "$1" -gt 0 ] || exec sleep 1000
            setsid sh bomb.sh $(($1 - 1)) &
            setsid sh bomb.sh $(($1 - 1)) &
            END
            for i in $(seq 60); do sh bomb.sh 4 & echo x; sleep 0.02; done; sleep 1000
            """
        try job.shell("a", script)
        try job.turn { $0.text("a").count > 4 }
        try job.supervisor.kill("a", signal: killSignal, scope: .tree)
        try job.turn { $0.treeReport("a") != nil }
        #expect((job.treeReport("a")?.totalCount ?? 0) > 5)
        #expect(job.treeReport("a")?.remainingCount == 0)
        #expect(job.treeReport("a")?.processes.count ?? 0 <= 64)
        #expect(RealProcesses.marked(run: job.runID).isEmpty)
        #expect(try job.shutdown().totalCount == 0)
    }

    @Test func aForkBombInOneSessionIsKilled() throws {
        let job = try SupervisedJob()
        // 511 shells, each forking on while it is killed.
        try job.shell("a", "echo up; f() { [ $1 = 0 ] && exec sleep 1000; f $(($1 - 1)) & f $(($1 - 1)) & wait; }; f 8")
        try job.turn { $0.text("a").hasPrefix("up") }
        try job.supervisor.kill("a", signal: killSignal, scope: .tree)
        try job.turn(seconds: 60) { $0.treeReport("a") != nil }
        #expect(job.treeReport("a")?.remainingCount == 0)
        #expect(RealProcesses.marked(run: job.runID).isEmpty)
    }

    @Test func killingAnUnknownStepFindsNothing() throws {
        let job = try SupervisedJob()
        try job.supervisor.kill("nobody", signal: killSignal, scope: .tree)
        try job.turn { $0.treeReport("nobody") != nil }
        #expect(job.treeReport("nobody") == KillReport(processes: [], totalCount: 0, remainingCount: 0))
    }

    @Test func everythingCanBeKilledWithoutEndingTheSupervisor() throws {
        let job = try SupervisedJob()
        try job.shell("a", "sleep 1000 & sleep 1000")
        try job.shell("b", "echo up; sleep 1000")
        try job.turn { $0.text("b") == "up\n" && RealProcesses.marked(run: $0.runID).count >= 4 }
        try job.supervisor.killAll()
        try job.turn { $0.finalReport != nil }
        #expect(job.exit("a")?.ending == .signalled(killSignal))
        #expect(job.exit("b")?.ending == .signalled(killSignal))
        #expect(RealProcesses.marked(run: job.runID).isEmpty)
        #expect(try job.run("c", "exit 4").ending == .exited(4))
    }
}
