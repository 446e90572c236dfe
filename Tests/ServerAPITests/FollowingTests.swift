// SPDX-License-Identifier: Apache-2.0

import AccessRules
import HTTPMessages
import HTTPServing
import PipelineModel
import RunCoordination
import StructuredData
import TestFolders
import Testing
import Timekeeping

@testable import ServerAPI
@testable import ServerOperation

@Suite("What is followed for long", .ownFolders)
struct FollowingTests {
    private final class Sink { var bytes: [UInt8] = [] }

    /// Begins to follow; what is told until the end is read by the body that comes back.
    private func follow(
        _ folder: PageFolder, _ target: String, _ headers: HTTPHeaders
    ) async throws -> @Sendable () async -> String {
        var headers = headers
        headers.add("Accept", "text/event-stream")
        let answer = await folder.served.door.answer(InboundRequest("GET", target, headers: headers))
        guard case .events(let tell) = answer.content else {
            Issue.record("\(target) is not followed: \(answer.status)")
            return { "" }
        }
        return {
            let sink = Sink()
            try? await tell(EventWriter(text: AnswerWriter { sink.bytes += $0 }))
            return String(decoding: sink.bytes, as: UTF8.self)
        }
    }

    private static let word: DataObject = ["type": "told later"]

    @Test(
        "Who has no right to it any more is told nothing more: a token that was revoked, a session that was ended, a role that was withdrawn",
        arguments: ["revoked", "signed out", "withdrawn"])
    func ended(how: String) async throws {
        let folder = try await PageFolder(PagesOfRunsTests.failing)
        let (server, served) = (folder.server, folder.served)
        let run = try await folder.begin()
        try await folder.listed(run)
        let ada = try await served.account("ada")
        _ = try await server.directory.perform(
            .grantRole(project: folder.project, account: ada, .run), by: .system("test"))
        let token = try await served.token(ada, [.read])
        let begun = try server.people.sessions.begin(ada, now: .now())
        let headers: HTTPHeaders =
            how == "signed out"
            ? [("Cookie", "martlet=\(begun.ticket)")] : [("Authorization", "Bearer \(token)")]
        let events = try await follow(folder, "/api/v1/runs/\(run)/attempts/1/events", headers)
        let log = try await follow(folder, "/api/v1/runs/\(run)/attempts/1/logs/build/1/1", headers)
        let overview = try await follow(folder, "/api/v1/events", headers)
        switch how {
        case "revoked":
            let id = try #require(server.directory.current.tokens(of: ada).first?.id)
            _ = try await server.directory.perform(.revokeToken(id, reason: nil), by: .system("test"))
        case "signed out": try await server.people.sessions.end(begun.session, now: .now())
        default:
            _ = try await server.directory.perform(
                .withdrawRole(project: folder.project, account: ada), by: .system("test"))
        }
        var overall = Self.word
        overall["project"] = .string(folder.project.description)
        server.feed.publish(Self.word, on: .run(run))
        server.feed.publish(overall, on: .overview)
        let reading = Task { await log() }
        // It listens once it counts beside the two others.
        while server.feed.subscriberCount < 3 { await Task.yield() }
        server.feed.beat()
        server.feed.end()
        let (ofRun, ofAll, ofLog) = (await events(), await overview(), await reading.value)
        #expect(ofRun.contains("event: update") && !ofRun.contains("told later"))
        #expect(!ofAll.contains("told later"))
        #expect(ofLog.split(separator: "\n").count { $0 == ": beat" } == 1, "\(ofLog)")
    }

    @Test("Of an attempt that is over nothing is told of what a later one does")
    func attempts() async throws {
        let folder = try await PageFolder(PagesOfRunsTests.failing)
        let run = try await folder.withRunner {
            let run = try await folder.begin()
            try await folder.end(of: run)
            return run
        }
        _ = try await folder.server.rerun(run, .all, by: .system("test"))
        let headers: HTTPHeaders = [("Authorization", "Bearer \(folder.token)")]
        let first = try await follow(folder, "/api/v1/runs/\(run)/attempts/1/events", headers)
        let second = try await follow(folder, "/api/v1/runs/\(run)/attempts/2/events", headers)
        folder.server.feed.publish(Self.word, on: .run(run))
        folder.server.feed.close(run)
        let told = await first()
        #expect(told.contains("\"conclusion\":\"failure\"") && told.contains("event: end"))
        #expect(!told.contains("told later"))
        #expect(await second().contains("told later"))
    }

    @Test("The log of a step whose result an attempt has taken over is followed as it is read")
    func takenOver() async throws {
        let folder = try await PageFolder(PagesOfRunsTests.failing)
        let run = try await folder.withRunner {
            let run = try await folder.begin()
            try await folder.end(of: run)
            _ = try await folder.server.rerun(run, .failed, by: .system("test"))
            try await folder.end(of: run)
            return run
        }
        let headers: HTTPHeaders = [("Authorization", "Bearer \(folder.token)")]
        let log = try await follow(folder, "/api/v1/runs/\(run)/attempts/2/logs/build/1/1", headers)
        let told = await log()
        #expect(told.contains("& more") && told.contains("event: end"))
    }
}
