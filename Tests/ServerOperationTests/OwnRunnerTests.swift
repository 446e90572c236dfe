// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import HTTPMessages
import PipelineModel
import RunCoordination
import RunnerAgent
import RunnerProtocol
import StructuredData
import Synchronization
import TestFolders
import Testing

@testable import RunnerAgent

@Suite("A server's own runner that is left alone", .ownFolders)
struct OwnRunnerTests {
    /// An own runner whose server gives these answers, and then none for good.
    private func runner(
        _ root: String, limits: AwayLimits, _ answers: [HTTPAnswer] = [],
        asked: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws -> JobRunner {
        let calls = Mutex(0)
        let transport: HTTPTransport = { (call) throws(DiagnosticError) in
            let number = calls.withLock { count in
                count += 1
                return count
            }
            asked(number)
            guard number <= answers.count else { throw DiagnosticError(.webUnreachable, "Nobody is at \(call.url).") }
            return answers[number - 1]
        }
        var parts = JobRunner.Surroundings(
            store: try RunStore(root: root), capacity: 1,
            settings: { (_) throws(DiagnosticError) in throw DiagnosticError(.webUnreachable, "No job.") },
            link: { () throws(DiagnosticError) in
                ServerLink(url: "http://server.test", credential: "c", transport: transport)
            }, report: { _ in })
        parts.isOwn = true
        parts.awayLimits = limits
        return JobRunner(parts)
    }

    private static var patient: AwayLimits {
        var limits = AwayLimits()
        limits.idle = .seconds(1_000_000)
        limits.busy = .seconds(1_000_000)
        return limits
    }

    @Test("Without jobs it ends once its server has been away for its time")
    func idle() async throws {
        var limits = Self.patient
        limits.idle = .zero
        try await runner(OwnFolders.path(), limits: limits).run()
    }

    @Test("Without jobs it ends once its folder is gone, however patient it is")
    func homeless() async throws {
        let root = OwnFolders.path()
        try await runner(root, limits: Self.patient) { _ in try? Trees.remove(root) }.run()
        #expect(!Files.isDirectory(root))
    }

    @Test("With a job of an earlier process it stays until it is told what became of it, or for the longer time")
    func busy() async throws {
        func held(_ root: String) throws {
            let lease = LeaseKey(JobTry(run: RunID(1), attempt: 1, job: JobID("a"), number: 1), fence: 1)
            try Trees.make(root + "/leases")
            try Files.write(lease.data.jsonText().utf8, to: root + "/leases/1-1-a-1.json")
        }
        var limits = Self.patient
        limits.idle = .zero
        let root = OwnFolders.path()
        let asked = Mutex(0)
        try held(root)
        func refusal(_ status: Int, _ code: String) -> HTTPAnswer {
            HTTPAnswer(status: status, body: Array(#"{"code":"\#(code)","detail":"No."}"#.utf8))
        }
        let away = refusal(503, "MRT1310")
        try await runner(root, limits: limits, [away, away, refusal(410, "MRT1132")]) { number in
            asked.withLock { $0 = number }
        }.run()
        #expect(asked.withLock { $0 } == 4, "it asks for its job until it is told, and then for others")
        limits.busy = .zero
        let other = OwnFolders.path()
        try held(other)
        try await runner(other, limits: limits).run()
        #expect(Files.isFile(other + "/leases/1-1-a-1.json"), "the next one goes on with it")
    }
}
