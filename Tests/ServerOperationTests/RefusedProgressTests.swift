// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Credentials
import Diagnostics
import Foundation
import HTTPMessages
import PipelineModel
import RunCoordination
import RunnerAgent
import RunnerProtocol
import ServerOperation
import StructuredData
import Synchronization
import TestFolders
import Testing
import Timekeeping

@Suite("What a runner makes of a server that does not take what it says", .ownFolders)
struct RefusedProgressTests {
    private static let workflow = """
        on: push
        jobs:
          build:
            runs-on: ubuntu-latest
            steps: [{run: 'echo built'}]
        """
    /// More than the refusals after which a job is given up.
    private static let many = 50

    private static func answer(_ status: Int, _ code: String?) -> HTTPAnswer {
        guard let code else { return HTTPAnswer(status: status, body: Array("<html>Bad gateway</html>".utf8)) }
        return HTTPAnswer(status: status, body: Array(#"{"code":"\#(code)","detail":"Not taken."}"#.utf8))
    }

    /// A runner that asks again at once.
    private static func agent(
        _ harness: ServerHarness, isFar: Bool = false, _ transport: @escaping HTTPTransport
    ) async throws -> JobRunner {
        let credential = try await harness.registered("one")
        let hurried: (inout JobRunner.Surroundings) -> Void = { parts in
            (parts.pace.first, parts.pace.longest) = (.zero, .zero)
        }
        return isFar
            ? try harness.farAgent("one", credential: credential, transport: transport, changing: hurried)
            : try harness.agent("one", credential: credential, transport: transport, changing: hurried)
    }

    @Test(
        "A server that cannot take it now ends no job, however often it says so",
        arguments: [
            (503, "MRT0404"), (503, "MRT1310"), (503, "MRT1131"), (500, "MRT0407"), (502, nil), (429, "MRT1159"),
            (408, nil),
        ] as [(Int, String?)])
    func notNow(status: Int, code: String?) async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow])
        let refusals = Mutex(0)
        let inner = harness.transport
        let agent = try await Self.agent(harness) { (call) throws(DiagnosticError) in
            let isRefused = refusals.withLock { count in
                guard call.url.hasSuffix("/progress"), count < Self.many else { return false }
                count += 1
                return true
            }
            return isRefused ? Self.answer(status, code) : try await inner(call)
        }
        let work = Task { try await agent.run() }
        let job = try await harness.end(of: try await harness.begin("ci.yml")).jobs[0]
        #expect(job.conclusion == .success, "\(job)")
        #expect(refusals.withLock { $0 } == Self.many)
        await agent.leave()
        try await work.value
    }

    @Test("What the server will never take ends the job, with the server's words")
    func never() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow])
        let inner = harness.transport
        let refusals = Mutex(0)
        let agent = try await Self.agent(harness) { (call) throws(DiagnosticError) in
            let isRefused = refusals.withLock { count in
                guard call.url.hasSuffix("/progress"), count < 20 else { return false }
                count += 1
                return true
            }
            return isRefused ? Self.answer(422, "MRT1133") : try await inner(call)
        }
        let work = Task { try await agent.run() }
        let job = try await harness.end(of: try await harness.begin("ci.yml")).jobs[0]
        #expect(job.conclusion == .failure)
        #expect(job.reason?.text == "MRT1133: What the job had to tell was refused: Not taken.", "\(job)")
        await agent.leave()
        try await work.value
    }

    @Test("A job that is given up while its code comes does not begin")
    func whileCodeComes() async throws {
        let mark = OwnFolders.path()
        let harness = try await ServerHarness(workflows: [
            "ci.yml": Self.workflow.replacingOccurrences(of: "echo built", with: "touch \(mark)")
        ])
        _ = try harness.commit("All")
        let run = try await harness.begin("ci.yml")
        let inner = harness.transport
        let refusals = Mutex(0)
        let agent = try await Self.agent(harness, isFar: true) { (call) throws(DiagnosticError) in
            if call.url.hasSuffix("/code") {
                // It comes once the job is given up.
                while refusals.withLock({ $0 }) < 20 { await Task.yield() }
                return try await inner(call)
            }
            let isRefused = refusals.withLock { count in
                guard call.url.hasSuffix("/position"), count < 20 else { return false }
                count += 1
                return true
            }
            return isRefused ? Self.answer(422, "MRT1133") : try await inner(call)
        }
        let work = Task { try await agent.run() }
        let job = try await harness.end(of: run).jobs[0]
        #expect(job.conclusion == .failure)
        #expect(job.reason?.text.hasPrefix("MRT1133: What the job had to tell was refused") == true, "\(job)")
        #expect(!FileManager.default.fileExists(atPath: mark))
        await agent.leave()
        try await work.value
    }

    @Test("A server that has only just begun is waited for with a registration, and the token is good after that")
    func registration() async throws {
        let harness = try await ServerHarness(workflows: [:])
        let offer = RegistrationOffer(prefix: "x", expiresAt: .now() + .minutes(5))
        let secret = AccessToken.mint(.registration)
        _ = try await harness.server.directory.perform(
            .issueRegistration(offer, sha256: secret.sha256), by: .system("test"))
        let inner = harness.transport
        let refusals = Mutex(0)
        var pace = AskingPace()
        (pace.first, pace.longest) = (.zero, .zero)
        func register(_ token: String, patience: Duration) async throws(DiagnosticError) -> RegistrationAnswer {
            try await ServerLink.register(
                RegistrationRequest(token: token, offering: RunnerOffering(name: "one", labels: [], capacity: 1)),
                at: "http://server.test",
                transport: { (call) throws(DiagnosticError) in
                    let isRefused = refusals.withLock { count in
                        count += 1
                        return count <= Self.many
                    }
                    return isRefused ? Self.answer(503, "MRT1310") : try await inner(call)
                }, pace: pace, patience: patience)
        }
        let late = await #expect(throws: DiagnosticError.self) { try await register(secret.text, patience: .zero) }
        #expect(late?.diagnostic.code == DiagnosticCode(1310))
        #expect(try await !register(secret.text, patience: .seconds(60)).credential.isEmpty)
        // What the server itself says no to is not asked again.
        let before = refusals.withLock { $0 }
        await #expect(throws: DiagnosticError.self) { try await register(secret.text, patience: .seconds(60)) }
        #expect(refusals.withLock { $0 } == before + 1)
    }
}
