// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import Glibc
import ProcessControl
import TestFolders
import Testing

@Suite(.ownFolders) struct BoundaryTests {
    @Test func anEnvironmentOfMoreThanAMebibyteArrives() throws {
        let job = try SupervisedJob()
        var request = job.request("a", ["sh", "-c", "env | wc -c"])
        request.environment += (0..<12).map { "BIG\($0)=" + String(repeating: "x", count: 100_000) }
        try job.spawn(request)
        #expect(try job.waitForExit("a").ending == .exited(0))
        #expect((Int(job.text("a").filter(\.isNumber)) ?? 0) > 1_200_000)
    }

    @Test func manyArgumentsArrive() throws {
        let job = try SupervisedJob()
        let request = job.request("a", ["sh", "-c", "echo $#", "sh"] + (0..<100_000).map { "\($0)" })
        try job.spawn(request)
        #expect(try job.waitForExit("a").ending == .exited(0))
        #expect(job.text("a") == "100000\n")
    }

    @Test func anArgumentPastTheKernelsLimitIsReported() throws {
        let job = try SupervisedJob()
        try job.spawn(job.request("a", ["true", String(repeating: "x", count: 131_072)]))
        try job.turn { $0.failure("a") != nil }
        #expect(job.failure("a")?.error.name == "E2BIG")
        try job.spawn(job.request("b", ["true", String(repeating: "x", count: 131_071)]))
        #expect(try job.waitForExit("b").ending == .exited(0))
    }

    @Test func aRequestPastTheLimitIsACodedError() throws {
        let job = try SupervisedJob()
        let request = job.request("a", ["true"] + (0..<170).map { _ in String(repeating: "x", count: 100_000) })
        let error = #expect(throws: DiagnosticError.self) { try job.spawn(request) }
        #expect(error?.diagnostic.code == .spawnRequestInvalid)
        #expect(job.receipts.isEmpty)
    }

    @Test func aNULByteInAnArgumentIsACodedError() throws {
        let job = try SupervisedJob()
        let error = #expect(throws: DiagnosticError.self) { try job.spawn(job.request("a", ["echo", "x\0y"])) }
        #expect(error?.diagnostic.code == .spawnRequestInvalid)
    }

    @Test func limitsAndFileMaskAreSet() throws {
        let job = try SupervisedJob()
        var request = job.request("a", ["sh", "-c", "ulimit -n; ulimit -c; umask; touch made; stat -c %a made"])
        request.limits = [
            .init(resource: 7, soft: 123, hard: 456),  // RLIMIT_NOFILE
            .init(resource: 4, soft: 0, hard: 0),  // RLIMIT_CORE
        ]
        request.fileMask = 0o077
        try job.spawn(request)
        #expect(try job.waitForExit("a").ending == .exited(0))
        #expect(job.text("a") == "123\n0\n0077\n600\n")
    }

    @Test func aLimitThatCannotBeSetIsReportedAsThat() throws {
        let job = try SupervisedJob()
        var request = job.request("a", ["true"])
        request.limits = [.init(resource: 7, soft: 456, hard: 123)]
        try job.spawn(request)
        try job.turn { $0.failure("a") != nil }
        #expect(job.failure("a")?.stage == .limits)
        #expect(job.failure("a")?.error.name == "EINVAL")
    }

    @Test func aProcessInheritsNothingButItsStreamsAndTheUsualSignals() throws {
        let job = try SupervisedJob()
        let script = """
            ls /proc/self/fd | tr '\\n' ' '; readlink /proc/self/fd/0
            grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status | tr -d '\\t'
            ps -o sid= -p $$ | tr -d ' '; echo $$
            """
        try job.spawn(job.request("a", ["bash", "-c", script]))
        #expect(try job.waitForExit("a").ending == .exited(0))
        let lines = job.text("a").split(separator: "\n").map(String.init)
        try #require(lines.count == 6)
        #expect(lines[0] == "0 1 2 3 /dev/null")  // 3 is the listing's own
        #expect(lines[1...2] == ["SigBlk:0000000000000000", "SigIgn:0000000000000000"])
        #expect(lines[4] == lines[5])
    }

    @Test func aTerminalIsTheControllingOneOfItsProcess() throws {
        let job = try SupervisedJob()
        let terminal = try OutputPipe(terminalRows: 33, columns: 99)
        let script = "test -t 0 && test -t 1 && test -t 2 && stty size && tty && echo direct > /dev/tty"
        try job.spawn(job.request("a", ["sh", "-c", script]), pipe: terminal)
        #expect(try job.waitForExit("a").ending == .exited(0))
        try job.turn { !$0.isOpen("a") }
        let lines = job.text("a").split(separator: "\r\n").map(String.init)
        try #require(lines.count == 3)
        #expect(lines[0] == "33 99")
        #expect(lines[1].hasPrefix("/dev/pts/"))
        #expect(lines[2] == "direct")
    }

    @Test func streamsCanBeSeparate() throws {
        let job = try SupervisedJob()
        let errors = try OutputPipe()
        let input = try #require(FileHandle(forReadingAtPath: "/etc/passwd"))
        let output = try OutputPipe()
        var request = job.request("a", ["sh", "-c", "head -c 5; echo oops >&2"])
        request.streams = .init(input: input.fileDescriptor, output: output.writeEnd, errors: errors.writeEnd)
        try job.supervisor.spawn(request)
        output.closeWriteEnd()
        errors.closeWriteEnd()
        _ = try job.waitForExit("a")
        var (out, err): ([UInt8], [UInt8]) = ([], [])
        _ = output.drain(into: job.buffer) { out += $0 }
        _ = errors.drain(into: job.buffer) { err += $0 }
        #expect(String(decoding: out, as: UTF8.self) == "root:")
        #expect(String(decoding: err, as: UTF8.self) == "oops\n")
    }

    @Test func requestsThatTheSocketCannotTakeWaitTheirTurn() throws {
        let job = try SupervisedJob()
        let filler = String(repeating: "x", count: 90_000)
        kill(job.supervisor.processID, SIGSTOP)
        for number in 0..<40 { try job.supervisor.spawn(job.request("k\(number)", ["true", filler])) }
        #expect(job.supervisor.hasUnsentRequests)
        kill(job.supervisor.processID, SIGCONT)
        try job.turn {
            try? $0.supervisor.sendUnsent()
            return $0.messages.count == 41
        }
        #expect(Set(job.receipts.filter { $0.hasSuffix("exit 0") }).count == 40)
    }

    @Test func aGiganticOutputIsReadWhole() throws {
        let job = try SupervisedJob()
        try job.shell("a", "head -c 50000000 /dev/zero")
        #expect(try job.waitForExit("a").ending == .exited(0))
        try job.turn { !$0.isOpen("a") }
        #expect(job.output["a"]?.count == 50_000_000)
    }
}
