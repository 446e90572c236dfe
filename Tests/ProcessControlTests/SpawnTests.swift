// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import ProcessControl
import TestFolders
import Testing

@Suite(.ownFolders) struct SpawnTests {
    @Test func anExitCodeComesBackAndIsInTheReceipts() throws {
        let job = try SupervisedJob()
        let exit = try job.run("a", "exit 7")
        #expect(exit.ending == .exited(7))
        #expect(exit.ending.shellCode == 7)
        #expect(exit.startedAt < exit.endedAt)
        #expect(job.receipts == ["S a", "E a exit 7"])
        #expect(try job.shutdown().totalCount == 0)
    }

    @Test func aSignalComesBackAsASignal() throws {
        let job = try SupervisedJob()
        let exit = try job.run("a", "kill -SEGV $$")
        #expect(exit.ending == .signalled(11))
        #expect(exit.ending.shellCode == 139)
        #expect(job.receipts == ["S a", "E a signal 11"])
    }

    @Test func theUsageOfAProcessIsMeasured() throws {
        let job = try SupervisedJob()
        let exit = try job.run("a", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done")
        #expect(exit.usage.userMicroseconds > 1000)
        #expect(exit.usage.peakResidentKibibytes > 100)
    }

    @Test(arguments: [
        (["/nonexistent/tool"], "ENOENT"), (["no-such-tool-anywhere"], "ENOENT"), (["/etc/passwd"], "EACCES"),
        (["/etc"], "EACCES"), ([""], "ENOENT"),
    ])
    func aProgramThatCannotRunIsReportedApartFromExit127(arguments: [String], name: String) throws {
        let job = try SupervisedJob()
        try job.spawn(job.request("a", arguments))
        try job.turn { $0.failure("a") != nil }
        let failure = try #require(job.failure("a"))
        #expect(failure.stage == .program)
        #expect(failure.error.name == name)
        #expect(job.receipts == ["S a", "E a failed 8 \(failure.error.number)"])
        #expect(try job.run("b", "exit 127").ending == .exited(127))
    }

    @Test func aMissingWorkingDirectoryIsReportedAsThat() throws {
        let job = try SupervisedJob()
        var request = job.request("a", ["true"])
        request.workingDirectory = job.directory + "/missing"
        try job.spawn(request)
        try job.turn { $0.failure("a") != nil }
        #expect(job.failure("a")?.stage == .workingDirectory)
        #expect(job.failure("a")?.error.name == "ENOENT")
    }

    @Test func outputAndErrorsKeepTheirOrder() throws {
        let job = try SupervisedJob()
        _ = try job.run("a", "for i in 1 2 3 4 5 6 7 8 9; do echo out$i; echo err$i >&2; done")
        let expected = (1...9).map { "out\($0)\nerr\($0)\n" }.joined()
        #expect(job.text("a") == expected)
    }

    @Test func aKeyIsUsedOnce() throws {
        let job = try SupervisedJob()
        _ = try job.run("a", "true")
        try job.shell("a", "touch ran-twice")
        try job.turn { $0.refusal("a") != nil }
        #expect(job.refusal("a")?.isDuplicate == true)
        #expect(!FileManager.default.fileExists(atPath: job.directory + "/ran-twice"))
        #expect(job.receipts == ["S a", "E a exit 0"])
    }

    @Test func aKeyIsUsedOnceAcrossSupervisorsAndATornLineIsCutOff() throws {
        let directory = try SupervisedJob.makeDirectory()
        try "B x 1\nS a\nE a exit 0\nS b\nS torn".write(
            toFile: directory + "/receipts", atomically: true, encoding: .utf8)
        let job = try SupervisedJob(in: directory)
        try job.shell("b", "true")
        try job.turn { $0.refusal("b") != nil }
        #expect(try job.run("torn", "true").ending == .exited(0))
        #expect(job.receipts == ["S a", "E a exit 0", "S b", "S torn", "E torn exit 0"])
    }

    @Test(arguments: ["", "a b", "a\nS b", String(repeating: "k", count: 129)])
    func aKeyThatWouldSpoilTheReceiptsIsRefused(key: String) throws {
        let job = try SupervisedJob()
        #expect(throws: DiagnosticError.self) { try job.shell(key, "true") }
    }

    @Test func theMarkersAreSetWhateverTheCallerSays() throws {
        let job = try SupervisedJob()
        var request = job.request("a", ["env"])
        request.environment += ["MARTLET_RUN=outer", "MARTLET_STEP=outer"]
        try job.spawn(request)
        _ = try job.waitForExit("a")
        let lines = job.text("a").split(separator: "\n").map(String.init).sorted()
        let expected = [
            "LC_ALL=C", "MARTLET_RUN=\(job.runID)", "MARTLET_STEP=a", "PATH=/usr/local/bin:/usr/bin:/bin",
        ]
        #expect(lines == expected)
    }

    @Test func aStartIsReportedWhereThatWasAskedFor() throws {
        let job = try SupervisedJob()
        var request = job.request("a", ["sh", "-c", "echo $$"])
        request.reportsStart = true
        try job.spawn(request)
        let exit = try job.waitForExit("a")
        let starts = job.messages.compactMap { message -> SupervisorMessage.Start? in
            if case .started(let start) = message { start } else { nil }
        }
        #expect(starts.map(\.processID) == [exit.processID])
        #expect(job.text("a") == "\(exit.processID)\n")
    }
}
