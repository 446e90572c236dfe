// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import ProcessControl
import TestFolders
import Testing

@Suite(.ownFolders) struct HelperCommandTests {
    @Test func outputErrorsAndExitCodeComeBack() throws {
        let outcome = try HelperCommand("sh", ["-c", "echo out; echo err >&2; exit 3"]).run()
        #expect(outcome.text == "out\n")
        #expect(outcome.errorText == "err\n")
        #expect(outcome.ending == .exited(3))
        #expect(!outcome.succeeded)
    }

    @Test func inputOfAnySizeIsFed() throws {
        var command = HelperCommand("cat")
        command.input = [UInt8](repeating: 7, count: 3_000_000)
        #expect(try command.run().output == command.input)
    }

    @Test func inputThatNobodyReadsIsNoError() throws {
        var command = HelperCommand("true")
        command.input = [UInt8](repeating: 7, count: 3_000_000)
        #expect(try command.run().succeeded)
    }

    @Test func directoryAndEnvironmentAreSet() throws {
        var command = HelperCommand("/bin/sh", ["-c", "pwd; echo \"$A$HOME\""])
        command.workingDirectory = "/usr"
        command.environment = ["A=1 b"]
        #expect(try command.run().text == "/usr\n1 b\n")
    }

    @Test func aMissingCommandIsACodedError() {
        let error = #expect(throws: DiagnosticError.self) { try HelperCommand("no-such-tool").run() }
        #expect(error?.diagnostic.code == .commandNotStarted)
    }

    @Test func aCommandPastItsDeadlineIsKilledWithItsChildren() throws {
        let directory = try SupervisedJob.makeDirectory()
        var command = HelperCommand("sh", ["-c", "sleep 1000 & echo $! > pid; sleep 1000"])
        command.workingDirectory = directory
        command.patience = .milliseconds(300)
        let error = #expect(throws: DiagnosticError.self) { try command.run() }
        #expect(error?.diagnostic.code == .commandTimedOut)
        let text = try String(contentsOfFile: directory + "/pid", encoding: .utf8)
        let child = try #require(Int32(text.dropLast()))
        let deadline = BootInstant.now() + .seconds(5)
        while RealProcesses.isAlive(child), BootInstant.now() < deadline {}
        #expect(!RealProcesses.isAlive(child))
    }

    @Test func outputPastItsLimitIsACodedError() {
        var command = HelperCommand("yes")
        command.outputLimit = 100_000
        let error = #expect(throws: DiagnosticError.self) { try command.run() }
        #expect(error?.diagnostic.code == .commandOutputTooLarge)
    }

    @Test func whatItLeavesInTheBackgroundIsNotWaitedFor() throws {
        let start = BootInstant.now()
        let outcome = try HelperCommand("sh", ["-c", "sleep 5 & echo done"]).run()
        #expect(outcome.text == "done\n")
        #expect(BootInstant.now() - start < .seconds(4))
    }
}
