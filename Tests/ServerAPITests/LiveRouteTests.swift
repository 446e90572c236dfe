// SPDX-License-Identifier: Apache-2.0

import Credentials
import HTTPMessages
import HTTPServing
import StructuredData
import TestFolders
import Testing
import Timekeeping

@testable import ServerAPI
@testable import ServerOperation

@Suite("Routes that can be followed", .ownFolders)
struct LiveRouteTests {
    private static let asking: [(String, String)] = [
        ("Host", "ci.test"), ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]

    /// What a request for a WebSocket is answered; nothing of the stream is taken.
    private func ask(
        _ served: ServedFolder, _ target: String = "/api/v1/events", _ more: [(String, String)] = [],
        without: String? = nil
    ) async -> (status: Int, code: String?, isLive: Bool, headers: HTTPHeaders) {
        let fields = (Self.asking + more).filter { $0.0 != without }
        let headers = HTTPHeaders(fields.map { HTTPHeaders.Field($0.0, $0.1) })
        let answer = await served.door.answer(InboundRequest("GET", target, headers: headers))
        switch answer.content {
        case .events: return (answer.status, nil, true, answer.headers)
        case .bytes(let bytes):
            return (answer.status, (try? DataValue(json: bytes))?["code"]?.string, false, answer.headers)
        case .none, .stream: return (answer.status, nil, false, answer.headers)
        }
    }

    @Test("A WebSocket with a browser's session is for this server's own pages only")
    func origins() async throws {
        let served = try await ServedFolder()
        let ada = try await served.account("ada", isAdmin: true)
        let cookie = ("Cookie", "martlet=\(try served.server.people.sessions.begin(ada, now: .now()).ticket)")
        for origin in ["http://ci.test", "https://CI.test", "http://127.0.0.1:8480"] {
            let answer = await ask(served, "/api/v1/events", [cookie, ("Origin", origin)])
            #expect(answer.status == 200 && answer.isLive, "\(origin)")
        }
        let foreign: [[(String, String)]] = [
            [], [("Origin", "https://evil.test")], [("Origin", "null")], [("Origin", "https://ci.test.evil.test")],
            [("Origin", "http://ci.test"), ("Sec-Fetch-Site", "same-site")],
        ]
        for headers in foreign {
            for target in ["/api/v1/events", "/api/v1/runs/1/attempts/1/events"] {
                let answer = await ask(served, target, [cookie] + headers)
                guard target == "/api/v1/events" else {
                    // Of what is not there nothing is said.
                    #expect(answer.status == 404)
                    continue
                }
                #expect(answer.status == 403 && answer.code == "MRT1340", "\(headers)")
                #expect(answer.headers["Content-Type"] == "application/problem+json")
            }
        }
    }

    @Test("A program's token is enough, wherever it says that it comes from; without one nothing is upgraded")
    func credentials() async throws {
        let served = try await ServedFolder()
        let token = ("Authorization", "Bearer \(try await served.admin())")
        let answer = await ask(served, "/api/v1/events", [token, ("Origin", "https://elsewhere.test")])
        #expect(answer.status == 200 && answer.isLive)
        #expect(await ask(served).status == 401)
        #expect(await ask(served, "/api/v1/events", [("Authorization", "Bearer mrt_no")]).status == 401)
        #expect(await ask(served, "/api/v1/runs/1/attempts/1/events", [token]).status == 404)
    }

    @Test("A handshake that cannot be used is a problem report, and of another version says which one is known")
    func handshakes() async throws {
        let served = try await ServedFolder()
        let token = ("Authorization", "Bearer \(try await served.admin())")
        let keyless = await ask(served, "/api/v1/events", [token], without: "Sec-WebSocket-Key")
        #expect(keyless.status == 400 && keyless.code == "MRT1341")
        let other = await ask(served, "/api/v1/events", [token], without: "Sec-WebSocket-Version")
        #expect(other.status == 426 && other.code == "MRT1342")
        #expect(other.headers["Sec-WebSocket-Version"] == "13")
    }

    @Test("Where nothing is live, a request for a WebSocket is a GET like others")
    func elsewhere() async throws {
        let served = try await ServedFolder()
        let token = ("Authorization", "Bearer \(try await served.admin())")
        let answer = await ask(served, "/api/v1/me", [token], without: "Sec-WebSocket-Key")
        #expect(answer.status == 200 && !answer.isLive)
    }

    private static let counting = """
        on: push
        jobs:
          count:
            runs-on: ubuntu-latest
            steps: [{run: seq 1 5}]
        """

    @Test("A log goes on behind the line that 'after' names; the header goes first")
    func after() async throws {
        let folder = try await PageFolder(Self.counting)
        let run = try await folder.withRunner {
            let run = try await folder.begin()
            try await folder.end(of: run)
            return run
        }
        let target = "/api/v1/runs/\(run)/attempts/1/logs/count/1/1"
        let live: HTTPHeaders = [("Accept", "text/event-stream")]
        func ids(_ query: String, _ headers: HTTPHeaders) async -> [Int] {
            let text = await folder.served.ask("GET", target + query, token: folder.token, headers: headers).text
            return text.split(separator: "\n").compactMap { $0.hasPrefix("id: ") ? Int($0.dropFirst(4)) : nil }
        }
        let all = await ids("", live)
        #expect(all.count >= 5 && all == Array(1...all.count))
        #expect(await ids("?after=3", live) == Array(4...all.count))
        var known = live
        known.add("Last-Event-ID", "4")
        #expect(await ids("?after=1", known) == Array(5...all.count))
        known["Last-Event-ID"] = String(Int.max)
        #expect(await ids("?after=3", known) == Array(4...all.count))
        #expect(await folder.served.ask("GET", target + "?after=x", token: folder.token, headers: live).status == 400)
        // By WebSocket without the header Accept.
        let answer = await ask(folder.served, target, [("Authorization", "Bearer \(folder.token)")])
        #expect(answer.status == 200 && answer.isLive)
    }

    @Test("The description says of each live route that it can be followed by WebSocket")
    func description() async throws {
        let served = try await ServedFolder()
        let paths = await served.ask("GET", "/api/v1/openapi.json").json["paths"]?.object ?? [:]
        let live = paths.filter { $0.1["get"]?["responses"]?["101"] != nil }
        #expect(live.count == 3)
        for (path, methods) in live {
            #expect(methods["get"]?["description"]?.string?.contains("WebSocket") == true, "\(path)")
            #expect(methods["get"]?["parameters"]?.array?.contains { $0["name"] == "after" } == true, "\(path)")
        }
    }
}
