// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPMessages
import SourceForges
import StructuredData
import Synchronization
import Testing
import Timekeeping

private func address(_ forge: ForgeKind, _ server: String = "https://git.example.com") throws -> ForgeAddress {
    try ForgeAddress(forge, server: server)
}

private func status(_ state: CommitStatus.State, _ description: String = "It went well") -> CommitStatus {
    var status = CommitStatus(
        repository: "birds/tern", sha: commitC, state: state, context: "nest / build", description: description)
    status.targetURL = "https://ci.example.com/runs/7"
    status.ref = "refs/heads/main"
    return status
}

private func calls(_ route: StatusRoute) throws -> StatusCalls {
    StatusCalls(try address(route.forge), route: route, token: "secret-token")
}

private func json(_ call: HTTPCall?) throws -> DataValue { try DataValue(json: try #require(call).body) }

@Suite("A forge's address")
struct ForgeAddressTests {
    @Test(
        "The API is found from what people open",
        arguments: [
            (ForgeKind.github, "https://github.com", "https://api.github.com"),
            (.github, "https://github.com/", "https://api.github.com"),
            (.github, "https://git.example.com", "https://git.example.com/api/v3"),
            (.github, "https://lark.ghe.com", "https://api.lark.ghe.com"),
            (.gitlab, "https://gitlab.com", "https://gitlab.com/api/v4"),
            (.gitlab, "http://localhost:8080/forge//", "http://localhost:8080/forge/api/v4"),
            (.gitea, "https://codeberg.org", "https://codeberg.org/api/v1"),
        ])
    func derived(forge: ForgeKind, server: String, api: String) throws {
        #expect(try ForgeAddress(forge, server: server).apiURL == api)
    }

    @Test(
        "What is no address is refused",
        arguments: [
            "", "git.example.com", "ftp://git.example.com", "https://", "https:///x",
            "https://robin:pw@git.example.com",
            "https://git.example.com?x", "https://git.example.com/#", "https://git example.com",
            "https://gít.example.com",
        ])
    func unusable(server: String) {
        #expect(code { _ = try ForgeAddress(.github, server: server) } == .forgeAddressUnusable)
        #expect(
            code { _ = try ForgeAddress(.github, server: "https://github.com", apiURL: server) }
                == .forgeAddressUnusable)
    }

    @Test("A git remote has no API, and an API elsewhere can be named")
    func elsewhere() throws {
        #expect(code { _ = try ForgeAddress(.git, server: "https://git.example.com") } == .forgeAddressUnusable)
        let named = try ForgeAddress(.gitea, server: "https://a.example.com", apiURL: "https://b.example.com/api/v1/")
        #expect(named.apiURL == "https://b.example.com/api/v1")
    }
}

@Suite("The calls that tell a status")
struct StatusCallsTests {
    @Test("GitHub, GitLab and Gitea each get theirs")
    func statuses() throws {
        let github = try #require(try calls(.githubStatuses).next(status(.failure), PostingProgress()))
        #expect(github.method == "POST")
        #expect(github.url == "https://git.example.com/api/v3/repos/birds/tern/statuses/\(commitC)")
        #expect(github.headers["Authorization"] == "Bearer secret-token")
        #expect(github.headers["User-Agent"] == "martlet")
        #expect(
            try json(github) == [
                "state": "failure", "description": "It went well", "context": "nest / build",
                "target_url": "https://ci.example.com/runs/7",
            ])
        let gitlab = try #require(try calls(.gitlabStatuses).next(status(.failure), PostingProgress()))
        #expect(gitlab.url == "https://git.example.com/api/v4/projects/birds%2Ftern/statuses/\(commitC)")
        #expect(
            try json(gitlab) == [
                "state": "failed", "description": "It went well", "name": "nest / build", "ref": "main",
                "target_url": "https://ci.example.com/runs/7",
            ])
        let gitea = try #require(try calls(.giteaStatuses).next(status(.failure), PostingProgress()))
        #expect(gitea.url == "https://git.example.com/api/v1/repos/birds/tern/statuses/\(commitC)")
        #expect(gitea.headers["Authorization"] == "token secret-token")
        #expect(try json(gitea)["state"] == "failure")
    }

    @Test("Every state has a word that the forge knows")
    func words() throws {
        let known: [StatusRoute: Set<String>] = [
            .githubStatuses: ["pending", "success", "failure", "error"],
            .gitlabStatuses: ["pending", "running", "success", "failed", "canceled"],
            .giteaStatuses: ["pending", "success", "failure", "error"],
        ]
        for (route, words) in known {
            for state in CommitStatus.State.allCases {
                let word = try json(try calls(route).next(status(state), PostingProgress()))["state"]?.string
                #expect(words.contains(word ?? ""), "\(route) \(state)")
                let isFinal = word != "pending" && word != "running"
                #expect(isFinal == (state != .pending && state != .running), "\(route) \(state)")
            }
        }
    }

    @Test("A skipped job is told as passed, and why", arguments: StatusRoute.allCases)
    func skipped(route: StatusRoute) throws {
        let body = try json(try calls(route).next(status(.skipped, "no file of it changed"), PostingProgress()))
        if route == .githubChecks {
            #expect(body["conclusion"] == "skipped")
            #expect(body.at("output.summary") == "Skipped: no file of it changed")
        } else {
            #expect(body["state"] == "success")
            #expect(body["description"] == "Skipped: no file of it changed")
        }
    }

    @Test("A description is cut to what GitHub takes, and no character is broken")
    func long() throws {
        let long = String(repeating: "é", count: 200)
        let text = try json(try calls(.githubStatuses).next(status(.success, long), PostingProgress()))["description"]
        #expect(text == .string(String(repeating: "é", count: 139) + "…"))
    }

    @Test("A check run is made, then updated")
    func checkRun() throws {
        let calls = try calls(.githubChecks)
        var running = status(.running)
        running.startedAt = now
        let made = try #require(calls.next(running, PostingProgress()))
        #expect(made.method == "POST")
        #expect(made.url == "https://git.example.com/api/v3/repos/birds/tern/check-runs")
        let body = try json(made)
        #expect(body["status"] == "in_progress")
        #expect(body["head_sha"] == .string(commitC))
        #expect(body["name"] == "nest / build")
        #expect(body["started_at"] == "2026-03-01T09:00:00Z")
        #expect(body["conclusion"] == nil)
        let ended = try #require(calls.next(status(.cancelled), PostingProgress(checkRunID: 88)))
        #expect(ended.method == "PATCH")
        #expect(ended.url.hasSuffix("/check-runs/88"))
        #expect(try json(ended)["status"] == "completed")
        #expect(try json(ended)["conclusion"] == "cancelled")
        #expect(try json(ended)["head_sha"] == nil)
        #expect(try json(calls.next(status(.pending), PostingProgress()))["status"] == "queued")
    }

    @Test("Annotations are what GitHub takes")
    func annotations() throws {
        var ended = status(.failure)
        var one = CheckAnnotation(path: "src/nest.c", line: 0, level: .failure, message: "loose", title: "Moss")
        one.startColumn = 3
        var two = CheckAnnotation(path: "src/nest.c", line: 9, level: .warning, message: "wet")
        two.endLine = 12
        two.startColumn = 3
        ended.output = CheckOutput(title: "Two twigs", summary: "**2**", text: "more", annotations: [one, two])
        let output = try json(try calls(.githubChecks).next(ended, PostingProgress()))["output"]
        #expect(
            output == [
                "title": "Two twigs", "summary": "**2**", "text": "more",
                "annotations": [
                    [
                        "path": "src/nest.c", "start_line": 1, "end_line": 1, "start_column": 3, "message": "loose",
                        "annotation_level": "failure", "title": "Moss",
                    ],
                    [
                        "path": "src/nest.c", "start_line": 9, "end_line": 12, "message": "wet",
                        "annotation_level": "warning",
                    ],
                ],
            ])
    }
}

/// A forge that answers what it was told to, and keeps what it was asked.
private final class ScriptedForge: Sendable {
    private let script: Mutex<[HTTPAnswer?]>
    private let asked = Mutex<[HTTPCall]>([])

    init(_ script: [HTTPAnswer?]) { self.script = Mutex(script) }

    var calls: [HTTPCall] { asked.withLock { $0 } }

    var transport: HTTPTransport {
        { call throws(DiagnosticError) in
            self.asked.withLock { $0.append(call) }
            let next = self.script.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            guard let answer = next else { throw DiagnosticError(DiagnosticCode(470), "There was no answer.") }
            return answer
        }
    }
}

private func answer(_ status: Int, _ body: String = "{}", _ headers: HTTPHeaders = []) -> HTTPAnswer {
    HTTPAnswer(status: status, headers: headers, body: Array(body.utf8))
}

@Suite("Telling a status")
struct StatusPostingTests {
    private func posting(_ route: StatusRoute, _ forge: ScriptedForge) throws -> StatusPosting {
        StatusPosting(try address(route.forge), route: route, token: "t", transport: forge.transport)
    }

    private var long: CommitStatus {
        var long = status(.failure)
        let notes = (1...120).map { CheckAnnotation(path: "a", line: $0, level: .notice, message: "\($0)") }
        long.output = CheckOutput(title: "Many", summary: "", annotations: notes)
        return long
    }

    private func lines(_ call: HTTPCall) throws -> [Int] {
        try json(call).at("output.annotations")?.array?.compactMap { $0["start_line"]?.int } ?? []
    }

    @Test("Annotations go in batches of fifty, each once, and the state with the first")
    func batches() async throws {
        let forge = ScriptedForge([answer(201, #"{"id":88}"#), answer(200), answer(200)])
        var progress = PostingProgress()
        #expect(try await posting(.githubChecks, forge).post(long, progress: &progress, now: now) == .done)
        let calls = forge.calls
        #expect(calls.map(\.method) == ["POST", "PATCH", "PATCH"])
        #expect(try calls.map { try lines($0).count } == [50, 50, 20])
        #expect(try calls.flatMap(lines) == Array(1...120))
        #expect(try calls.map { try json($0)["conclusion"] } == ["failure", nil, nil])
        #expect(progress.checkRunID == 88)
    }

    @Test("After a failure it goes on where it was; no annotation is sent twice and no second run is made")
    func resumed() async throws {
        let forge = ScriptedForge([answer(201, #"{"id":88}"#), answer(502), answer(200), nil, answer(200)])
        var progress = PostingProgress()
        let posting = try posting(.githubChecks, forge)
        for _ in 0..<2 {
            guard case .later = await posting.post(long, progress: &progress, now: now) else {
                Issue.record("it should be tried again")
                return
            }
        }
        #expect(await posting.post(long, progress: &progress, now: now) == .done)
        let taken = [0, 2, 4].map { forge.calls[$0] }
        #expect(try taken.flatMap(lines) == Array(1...120))
        #expect(forge.calls.filter { $0.method == "POST" }.count == 1)
        #expect(await posting.post(long, progress: &progress, now: now) == .done)
        #expect(forge.calls.count == 5, "What is told is not told again")
    }

    @Test("Past the limit of annotations the summary says how many there are")
    func tooMany() async throws {
        var huge = status(.failure)
        let notes = (1...1_010).map { CheckAnnotation(path: "a", line: $0, level: .notice, message: "m") }
        huge.output = CheckOutput(title: "Many", summary: "S", annotations: notes)
        let forge = ScriptedForge([answer(201, #"{"id":88}"#)] + Array(repeating: answer(200), count: 30))
        var progress = PostingProgress()
        #expect(try await posting(.githubChecks, forge).post(huge, progress: &progress, now: now) == .done)
        #expect(forge.calls.count == 20)
        #expect(try json(forge.calls[0]).at("output.summary")?.string?.hasPrefix("10 further annotations") == true)
    }

    @Test("A check run without a number is given up: it would be made again and again")
    func noNumber() async throws {
        let forge = ScriptedForge([answer(201, "[]"), answer(201, "[]")])
        var progress = PostingProgress()
        let verdict = try await posting(.githubChecks, forge).post(long, progress: &progress, now: now)
        guard case .givenUp(let diagnostic) = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(diagnostic.code == .forgeAnswerMalformed)
        #expect(forge.calls.count == 1)
    }

    @Test("A status is one call, and no answer means later")
    func simple() async throws {
        var progress = PostingProgress()
        let forge = ScriptedForge([nil, answer(201)])
        let posting = try posting(.giteaStatuses, forge)
        guard
            case .later(let wait, let diagnostic) = await posting.post(status(.success), progress: &progress, now: now)
        else {
            Issue.record("it should be tried again")
            return
        }
        #expect(wait == .seconds(60))
        #expect(diagnostic.code.number == 470)
        #expect(await posting.post(status(.success), progress: &progress, now: now) == .done)
        #expect(forge.calls.count == 2)
    }
}

@Suite("What a forge's answer means")
struct ForgeVerdictTests {
    private func verdict(_ answer: HTTPAnswer, _ forge: ForgeKind = .github) -> ForgeVerdict {
        ForgeVerdict(answer, from: forge, what: "it was asked", now: now)
    }

    private func wait(_ answer: HTTPAnswer) -> Int64? {
        if case .later(let span, _) = verdict(answer) { span.milliseconds / 1000 } else { nil }
    }

    @Test("What passes is tried again, after the time that the forge asks for")
    func later() {
        for status in [408, 409, 425, 429, 500, 502, 503, 504, 599] { #expect(wait(answer(status)) == 60) }
        #expect(wait(answer(429, "", ["Retry-After": "7"])) == 7)
        #expect(wait(answer(503, "", ["retry-after": "0"])) == 1)
        #expect(wait(answer(503, "", ["Retry-After": "soon"])) == 60)
        #expect(wait(answer(503, "", ["Retry-After": "99999999999"])) == 3_600)
        #expect(wait(answer(503, "", ["Retry-After": "-5"])) == 60)
    }

    @Test("GitHub's limits are a 403 that passes")
    func limits() {
        #expect(wait(answer(403, "", ["Retry-After": "30"])) == 30)
        let reset = String(now.milliseconds / 1000 + 90)
        #expect(wait(answer(403, "", ["X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset])) == 91)
        #expect(wait(answer(403, "", ["X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0"])) == 1)
        #expect(
            wait(answer(403, "", ["X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9223372036854775807"])) == 3_600)
        #expect(wait(answer(403, #"{"message":"You have exceeded a secondary rate limit."}"#)) == 60)
        #expect(wait(answer(403, #"{"message":"Resource not accessible"}"#, ["X-RateLimit-Remaining": "12"])) == nil)
    }

    @Test(
        "What does not pass is given up, with what to do",
        arguments: [
            (401, "token"), (403, "Checks: write"), (404, "no such repository"), (410, "no such repository"),
            (422, "commit"), (400, "commit"), (301, "moved"), (418, "address"),
        ])
    func givenUp(status: Int, remedy: String) {
        guard case .givenUp(let diagnostic) = verdict(answer(status, #"{"message":"No\nway"}"#)) else {
            Issue.record("\(status) should be given up")
            return
        }
        #expect(diagnostic.code == .forgeRefused)
        #expect(diagnostic.remedy?.contains(remedy) == true)
        #expect(diagnostic.message.contains("No way") && diagnostic.message.contains("\(status)"))
    }

    @Test("GitLab's refusal of a state that is already there is none")
    func transition() {
        let body =
            #"{"message":"Cannot transition status via :run from :running (Reason(s): Status cannot transition via \"run\")"}"#
        #expect(verdict(answer(400, body), .gitlab) == .done)
        #expect(
            verdict(
                answer(400, #"{"message":{"state":["Cannot transition status via :enqueue from :success"]}}"#), .gitlab)
                == .done)
        #expect(verdict(answer(400, body), .github) != .done)
        guard case .givenUp = verdict(answer(400, #"{"error":"state does not have a valid value"}"#), .gitlab) else {
            Issue.record("another 400 is one")
            return
        }
    }

    @Test("An answer that is not JSON is no trouble", arguments: ["", "<html>", "[1]", #"{"message":5}"#, "\u{0}"])
    func odd(body: String) {
        #expect(verdict(answer(204, body)) == .done)
        #expect(wait(answer(500, body)) == 60)
    }
}
