// SPDX-License-Identifier: Apache-2.0

import ContainerEngine
import Diagnostics
import Foundation
import Synchronization
import Testing

extension AgainstDocker {
    @Suite struct Execs {
        @Test func aProcessHasItsOwnSurroundingsAndOutputs() throws {
            try Bench.with { bench in
                let id = try bench.idle()
                var configuration = ExecConfiguration(["sh", "-c", "echo $COLOUR $(pwd) $(id -u); echo no >&2; exit 5"])
                configuration.environment = ["COLOUR=red"]
                configuration.workingDirectory = "/tmp"
                configuration.user = "1000:1000"
                #expect(try bench.run(id, configuration) == (5, "red /tmp 1000\n", "no\n"))
            }
        }

        @Test func aProcessReadsItsInputToTheEnd() throws {
            try Bench.with { bench in
                let id = try bench.idle()
                let input = [UInt8](repeating: UInt8(ascii: "x"), count: 3 << 20)
                #expect(try bench.run(id, ExecConfiguration(["wc", "-c"]), input: input).output == "\(3 << 20)\n")
                // Its output is as large, and nobody waits for the other.
                #expect(try bench.run(id, ExecConfiguration(["cat"]), input: input).output.utf8.count == 3 << 20)
                #expect(try bench.run(id, ExecConfiguration(["cat"])).output == "")
            }
        }

        @Test func oneThreadWritesWhileAnotherReads() throws {
            try Bench.with { bench in
                let id = try bench.idle()
                var configuration = ExecConfiguration(["sh", "-c", "while read line; do echo got $line; done"])
                configuration.hasInput = true
                let process = try bench.engine.createExec(in: id, configuration)
                let session = try bench.engine.startExec(process, EngineCall(timeout: .seconds(120)))
                var text = ""
                try session.write(Array("1\n".utf8))
                try session.read { _, bytes throws(DiagnosticError) in
                    text += String(decoding: bytes, as: UTF8.self)
                    if text == "got 1\n" { try session.write(Array("2\n".utf8)) }
                    if text == "got 1\ngot 2\n" { try session.closeInput() }
                }
                #expect(try session.exitCode() == 0)
                #expect(text == "got 1\ngot 2\n")
            }
        }

        @Test func itsInputEndsThoughMuchOfItIsStillUnderWay() throws {
            try Bench.with { bench in
                var configuration = ExecConfiguration(["wc", "-c"])
                configuration.hasInput = true
                let process = try bench.engine.createExec(in: try bench.idle(), configuration)
                let session = try bench.engine.startExec(process, EngineCall(timeout: .seconds(120)))
                var text = ""
                for _ in 0..<3 { try session.write([UInt8](repeating: UInt8(ascii: "x"), count: 4 << 20)) }
                try session.closeInput()
                try session.read { _, bytes throws(DiagnosticError) in text += String(decoding: bytes, as: UTF8.self) }
                #expect(text == "\(12 << 20)\n")
                #expect(try session.exitCode() == 0)
            }
        }

        @Test func aTerminalHasItsSize() throws {
            try Bench.with { bench in
                let id = try bench.idle()
                var configuration = ExecConfiguration(["sh", "-c", "tty; read go; stty size; exit 4"])
                configuration.hasTerminal = true
                configuration.hasInput = true
                let process = try bench.engine.createExec(in: id, configuration)
                let session = try bench.engine.startExec(process, hasTerminal: true)
                var text = ""
                try session.read { stream, bytes throws(DiagnosticError) in
                    #expect(stream == .output)
                    let isFirst = text.isEmpty
                    text += String(decoding: bytes, as: UTF8.self)
                    guard isFirst else { return }
                    try session.resize(rows: 33, columns: 77)
                    try session.write(Array("\n".utf8))
                }
                #expect(text.contains("/dev/pts/") && text.contains("33 77\r\n"), "\(text)")
                #expect(try session.exitCode() == 4)
            }
        }

        @Test func aProgramThatIsNotThereEndsAsInAShell() throws {
            try Bench.with { bench in
                let result = try bench.run(try bench.idle(), ExecConfiguration(["/no/such/program"]))
                #expect(result.code == 127 || result.code == 126, "\(result)")
                #expect((result.output + result.errors).contains("/no/such/program"))
            }
        }

        @Test func aHundredMegabytesPassInBoundedMemory() throws {
            try Bench.with { bench in
                let id = try bench.idle()
                let before = Self.residentBytes()
                var count = 0
                var most = before
                let clock = ContinuousClock()
                let time = try clock.measure {
                    let command = ExecConfiguration(["dd", "if=/dev/zero", "bs=1M", "count=100"])
                    let code = try bench.engine.exec(in: id, command) { stream, bytes in
                        if stream == .output { count += bytes.count }
                        most = max(most, Self.residentBytes())
                    }
                    #expect(code == 0)
                }
                #expect(count == 100 << 20)
                #expect(most - before < 48 << 20, "\((most - before) >> 20) MiB")
                print("exec of 100 MiB: \(time), memory +\((most - before) >> 20) MiB")
            }
        }

        @Test func aSlowReaderMakesTheProcessWait() throws {
            try Bench.with { bench in
                let id = try bench.idle()
                var configuration = ExecConfiguration([
                    "sh", "-c", "dd if=/dev/zero bs=1M count=200 2>/dev/null; touch /tmp/over",
                ])
                configuration.hasInput = false
                let session = try bench.engine.startExec(try bench.engine.createExec(in: id, configuration))
                defer { session.close() }
                let before = Self.residentBytes()
                var isFirst = true
                var count = 0
                try session.read { _, bytes throws(DiagnosticError) in
                    count += bytes.count
                    guard isFirst else { return }
                    isFirst = false
                    // While this call lasts, other calls are answered and the process stands in its write.
                    for _ in 0..<20 {
                        let code = try bench.engine.exec(in: id, ExecConfiguration(["test", "-e", "/tmp/over"])) {
                            _, _ in
                        }
                        #expect(code == 1)
                    }
                    #expect(Self.residentBytes() - before < 48 << 20)
                }
                #expect(count == 200 << 20)
                #expect(try session.exitCode() == 0)
            }
        }

        @Test func whatIsUnderWayIsCancelledFromAnotherThread() throws {
            try Bench.with { bench in
                let id = try bench.idle()
                let cancellation = CallCancellation()
                let error = #expect(throws: DiagnosticError.self) {
                    let command = ExecConfiguration(["sh", "-c", "echo started; sleep 1000"])
                    _ = try bench.engine.exec(in: id, command, EngineCall(cancellation: cancellation)) { _, _ in
                        Thread.detachNewThread { cancellation.cancel() }
                    }
                }
                #expect(error?.diagnostic.code == .engineCallCancelled)
                let next = #expect(throws: DiagnosticError.self) {
                    try bench.engine.inspectContainer(id, EngineCall(cancellation: cancellation))
                }
                #expect(next?.diagnostic.code == .engineCallCancelled)
            }
        }

        @Test func aProcessPastItsTimeoutIsLeft() throws {
            try Bench.with { bench in
                let error = #expect(throws: DiagnosticError.self) {
                    let command = ExecConfiguration(["sleep", "1000"])
                    _ = try bench.engine.exec(
                        in: try bench.idle(), command, EngineCall(timeout: .milliseconds(200))
                    ) { _, _ in }
                }
                #expect(error?.diagnostic.code == .engineTimedOut)
                #expect(error?.diagnostic.message.contains("'stream'") == true)
            }
        }

        @Test func aReceiverThatFailsEndsTheCall() throws {
            try Bench.with { bench in
                let failure = DiagnosticError(.engineRefused, "full")
                let error = #expect(throws: DiagnosticError.self) {
                    let command = ExecConfiguration(["sh", "-c", "echo; sleep 1000"])
                    _ = try bench.engine.exec(in: try bench.idle(), command) { _, _ throws(DiagnosticError) in
                        throw failure
                    }
                }
                #expect(error?.diagnostic.message == "full")
            }
        }

        @Test func anEngineThatDiesEndsItsCallsAtOnce() throws {
            let daemon = try DockerDaemon()
            defer { daemon.stop() }
            var count = 0
            let clock = ContinuousClock()
            var death = clock.now
            let error = #expect(throws: DiagnosticError.self) {
                try daemon.engine.importImage(as: ImageReference("never")) { () throws(DiagnosticError) in
                    count += 1
                    if count == 3 {
                        death = clock.now
                        daemon.kill()
                    }
                    return [UInt8](repeating: 0, count: 1 << 16)
                }
            }
            #expect(error?.diagnostic.code == .engineLost)
            #expect(death.duration(to: clock.now) < .seconds(5))
            let gone = #expect(throws: DiagnosticError.self) { try daemon.engine.ping() }
            // Its socket may take a last connection while it dies.
            #expect(gone.map { [.engineUnreachable, .engineLost].contains($0.diagnostic.code) } == true)
        }

        private static func residentBytes() -> Int {
            let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
            return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
        }
    }
}
