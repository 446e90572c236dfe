// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPMessages
import ServerClient
import StructuredData
import Testing

@Suite("A server is asked, and asked again where that may help")
struct RemoteServerTests {
    @Test("A question shows the token and what it takes")
    func headers() async throws {
        let script = ScriptedServer([.answer(200, #"{"a":1}"#)])
        let value = try await script.server().get(RemoteServer.path("runs", 12, "logs", "a/b c"), [.init("ref", "f&g")])
        #expect(value["a"]?.int == 1)
        let call = try #require(script.calls.first)
        #expect(call.url == "https://ci.example.org/api/v1/runs/12/logs/a%2Fb%20c?ref=f%26g")
        #expect(call.headers["Authorization"] == "Bearer mrt_pat_x")
        #expect(call.headers["Accept"] == "application/json")
        #expect(call.headers["Idempotency-Key"] == nil)
    }

    @Test("A server that is away for a moment is asked again, later each time")
    func comesBack() async throws {
        let script = ScriptedServer([
            .unreachable, .answer(502, "<html>"), .answer(503, "", [("Retry-After", "2")]), .answer(200, "{}"),
        ])
        _ = try await script.server().get("/api/v1/runs")
        #expect(script.waits == [250, 500, 2_000])
    }

    @Test("A server that stays away is not asked for ever")
    func staysAway() async throws {
        let script = ScriptedServer(Array(repeating: .unreachable, count: 20))
        let error = await #expect(throws: ServerError.self) { try await script.server().get("/api/v1/runs") }
        #expect(error?.kind == .unreachable)
        #expect(error?.diagnostic.code == .serverUnreachable)
        #expect(script.waits == [250, 500, 1_000, 2_000])
    }

    @Test("What an earlier try has begun is waited for, however long it takes; what is unknown is not asked again")
    func underWay() async throws {
        let busy = ScriptedStep.answer(
            409, #"{"code":"MRT1208","detail":"It is being worked on."}"#, [("Retry-After", "1")])
        let script = ScriptedServer(
            [.unreachable] + Array(repeating: busy, count: 20) + [.answer(201, #"{"runs":[]}"#)])
        _ = try await script.server().post("/api/v1/projects/app/runs", ["workflow": "ci"])
        #expect(script.waits == [250, 1_000, 2_000, 4_000] + Array(repeating: 5_000, count: 17))
        let unknown = ScriptedServer([.answer(409, #"{"code":"MRT1216","detail":"Not known."}"#)])
        await #expect(throws: ServerError.self) {
            try await unknown.server().post("/api/v1/projects/app/runs", ["workflow": "ci"])
        }
        #expect(unknown.calls.count == 1)
    }

    @Test("Nobody waits longer than a minute because a server says so")
    func longWait() async throws {
        let script = ScriptedServer([.answer(503, "", [("Retry-After", "3000")]), .answer(200, "{}")])
        _ = try await script.server().get("/api/v1/runs")
        #expect(script.waits == [60_000])
    }

    @Test("What is refused is not asked again, and the server's own words stand")
    func refused() async throws {
        let problem =
            #"{"status":403,"title":"Not allowed","detail":"You \u001b[2Jmay not.","code":"MRT1101","remedy":"Ask."}"#
        let script = ScriptedServer([.answer(403, problem)])
        let error = await #expect(throws: ServerError.self) { try await script.server().get("/api/v1/runs") }
        #expect(error?.kind == .notAllowed)
        #expect(error?.diagnostic.code == DiagnosticCode(1101))
        #expect(error?.diagnostic.message == "You [2Jmay not.")
        #expect(error?.diagnostic.remedy == "Ask.")
        #expect(script.calls.count == 1)
    }

    @Test("An answer that is none of Martlet's is said to be so", arguments: [200, 500, 302])
    func foreign(status: Int) async throws {
        let script = ScriptedServer([.answer(status, "<html>", [("Location", "https://other.example.org")])])
        let error = await #expect(throws: ServerError.self) { try await script.server().get("/api/v1/runs") }
        let expected: DiagnosticCode = status == 200 ? .serverAnswerForeign : .serverRefusal
        #expect(error?.diagnostic.code == expected)
        if status == 302 { #expect(error?.diagnostic.message.contains("https://other.example.org") == true) }
    }

    @Test("Each try of one request bears the same key, and another request another one")
    func keys() async throws {
        let script = ScriptedServer([.unreachable, .answer(503, ""), .answer(201, "{}"), .answer(202, "")])
        let server = try script.server()
        _ = try await server.post("/api/v1/runs/1/rerun", ["select": "all"])
        _ = try await server.post("/api/v1/runs/1/cancel", [:])
        #expect(script.calls.map { $0.headers["Idempotency-Key"] } == ["key-1", "key-1", "key-1", "key-2"])
        #expect(script.calls[2].body == Array(#"{"select":"all"}"#.utf8))
    }

    @Test("A list is read page after page, and no further than it is wanted")
    func pages() async throws {
        let page = { (items: String, next: String) in
            ScriptedStep.answer(200, #"{"items":[\#(items)],"next":\#(next)}"#)
        }
        let script = ScriptedServer([page("1,2", #""a b""#), page("3", "null"), page("1,2,3", #""x""#)])
        let server = try script.server()
        #expect(try await server.items("/api/v1/runs", [.init("state", "queued")]).compactMap(\.int) == [1, 2, 3])
        #expect(try await server.items("/api/v1/runs", limit: 2).compactMap(\.int) == [1, 2])
        #expect(
            script.asked == [
                "GET /runs?state=queued&limit=100", "GET /runs?state=queued&limit=100&cursor=a%20b",
                "GET /runs?limit=2",
            ])
    }

    @Test("A list that leads back to itself is not read for ever")
    func circle() async throws {
        let page = ScriptedStep.answer(200, #"{"items":[1],"next":"a"}"#)
        let script = ScriptedServer([page, page, page])
        let error = await #expect(throws: ServerError.self) { try await script.server().items("/api/v1/runs") }
        #expect(error?.kind == .foreign)
    }

    @Test(
        "Addresses are told apart from what is none",
        arguments: [
            ("https://CI.example.org/", "https://ci.example.org"), ("http://localhost:8080", "http://localhost:8080"),
            ("HTTPS://ci.example.org:443/martlet//", "https://ci.example.org/martlet"),
            ("http://[::1]:8080/", "http://[::1]:8080"),
        ])
    func addresses(given: String, text: String) throws {
        #expect(try ServerAddress(given).text == text)
    }

    @Test(
        "What is no address is refused",
        arguments: [
            "", "ci.example.org", "ftp://x", "https://", "https://a b", "https://u:p@h", "https://h:x", "http://h?q",
        ])
    func noAddresses(given: String) {
        let error = #expect(throws: DiagnosticError.self) { try ServerAddress(given) }
        #expect(error?.diagnostic.code == .serverAddressInvalid)
    }

    @Test("Only what stays on this machine, or is sealed, is closed to readers on the way")
    func openness() throws {
        #expect(try ServerAddress("http://ci.example.org").isOpenToReaders)
        for closed in ["https://ci.example.org", "http://127.0.0.1:80", "http://localhost", "http://[::1]:1"] {
            #expect(try !ServerAddress(closed).isOpenToReaders)
        }
    }

    @Test(
        "A repository is known by whichever way it is written",
        arguments: [
            "git@github.com:octo/app.git", "ssh://git@GitHub.com:22/octo/app", "https://me@github.com/octo/app.git/",
            "https://github.com/octo/app", "git://github.com/octo/app.git", "github.com:octo/app",
        ])
    func repositories(given: String) {
        #expect(RepositoryAddress.normalised(given) == "github.com/octo/app")
    }

    @Test("A repository on a disk is known by its path")
    func paths() {
        #expect(RepositoryAddress.normalised("/srv/git/app.git") == "/srv/git/app")
        #expect(RepositoryAddress.normalised("file:///srv/git/app.git/") == "/srv/git/app")
        #expect(RepositoryAddress.normalised("../app") == "../app")
        #expect(RepositoryAddress.normalised("/srv/app/.git") == "/srv/app/.git")
    }
}
