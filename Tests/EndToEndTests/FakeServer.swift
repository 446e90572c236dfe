// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPMessages
import HTTPServing
import Synchronization
import Testing

/// A server that answers as a Martlet server does, from what a test has written down.
final class FakeServer: Sendable {
    struct Request: Sendable {
        /// `GET /runs?limit=1`, below `/api/v1`.
        var line: String
        var headers: HTTPHeaders
        var body: String
    }

    enum Answer: Sendable {
        case json(String, status: Int = 200)
        case text(String, type: String = "text/plain")
        case bytes(Data, type: String)
        /// Pieces of a stream, and whether it ends in the midst of things.
        case events([String], breaks: Bool = false)
        /// A stream that is written piece by piece when the test says so.
        case live(AsyncStream<String>)
        /// The answer depends on what is accepted.
        case accepting([String: String])
    }

    private struct State: Sendable {
        var answers: [String: [Answer]]
        var requests: [Request] = []
    }

    private struct Broken: Error {}

    private let state: Mutex<State>
    private let listener: Mutex<HTTPListener?> = Mutex(nil)
    private let port: Mutex<Int> = Mutex(0)
    static let token = "mrt_pat_test"

    /// - Parameter answers: by `GET /runs/1`; the last one of a path is given again and again.
    init(_ answers: [String: [Answer]]) async throws {
        state = Mutex(State(answers: answers))
        let listener = HTTPListener(.init(host: "127.0.0.1", port: 0)) { [weak self] request in
            await self?.answer(request) ?? OutboundAnswer(status: 503)
        }
        let (ports, say) = AsyncStream<Int>.makeStream()
        Task {
            try? await listener.run { say.yield($0) }
            say.finish()
        }
        var iterator = ports.makeAsyncIterator()
        let number = try #require(await iterator.next())
        port.withLock { $0 = number }
        self.listener.withLock { $0 = listener }
    }

    deinit {
        let listener = listener.withLock { $0 }
        Task { await listener?.stop() }
    }

    var url: String { "http://127.0.0.1:\(port.withLock { $0 })" }

    var requests: [Request] { state.withLock { $0.requests } }
    func requests(_ line: String) -> [Request] { requests.filter { $0.line == line } }

    private func answer(_ inbound: InboundRequest) async -> OutboundAnswer {
        let path = inbound.path.hasPrefix("/api/v1") ? String(inbound.path.dropFirst("/api/v1".count)) : inbound.path
        let key = "\(inbound.method) \(path)"
        let body = (try? await inbound.body(limit: 1 << 20)) ?? []
        let line = inbound.query.isEmpty ? key : "\(key)?\(inbound.query)"
        let found = state.withLock { state -> Answer? in
            state.requests.append(
                Request(line: line, headers: inbound.headers, body: String(decoding: body, as: UTF8.self)))
            let name = state.answers[line] == nil ? key : line
            guard var answers = state.answers[name], let first = answers.first else { return nil }
            if answers.count > 1 {
                answers.removeFirst()
                state.answers[name] = answers
            }
            return first
        }
        guard inbound.headers["Authorization"] == "Bearer \(Self.token)" else {
            return Self.problem(401, "MRT1193", "This needs a credential.", "Send one.")
        }
        guard let found else { return Self.problem(404, "MRT1190", "There is nothing at \(path).") }
        return Self.outbound(found, accept: inbound.headers["Accept"] ?? "")
    }

    static func problem(_ status: Int, _ code: String, _ detail: String, _ remedy: String? = nil) -> OutboundAnswer {
        outbound(problemAnswer(status, code, detail, remedy), accept: "")
    }

    static func problemAnswer(_ status: Int, _ code: String, _ detail: String, _ remedy: String? = nil) -> Answer {
        let more = remedy.map { #","remedy":"\#($0)""# } ?? ""
        return .json(
            #"{"status":\#(status),"title":"No","detail":"\#(detail)","code":"\#(code)"\#(more)}"#, status: status)
    }

    private static func outbound(_ answer: Answer, accept: String) -> OutboundAnswer {
        let events: HTTPHeaders = [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")]
        switch answer {
        case .json(let text, let status):
            return OutboundAnswer(
                status: status, headers: [("Content-Type", "application/json")], content: .bytes(Array(text.utf8)))
        case .text(let text, let type):
            return OutboundAnswer(status: 200, headers: [("Content-Type", type)], content: .bytes(Array(text.utf8)))
        case .bytes(let bytes, let type):
            return OutboundAnswer(status: 200, headers: [("Content-Type", type)], content: .bytes(Array(bytes)))
        case .accepting(let texts):
            let type = texts.keys.first { accept.contains($0) } ?? ""
            return OutboundAnswer(
                status: 200, headers: [("Content-Type", type)], content: .bytes(Array((texts[type] ?? "").utf8)))
        case .events(let pieces, let breaks):
            return OutboundAnswer(
                status: 200, headers: events,
                content: .stream { writer in
                    for piece in pieces { try await writer.write(Array(piece.utf8)) }
                    if breaks { throw Broken() }
                })
        case .live(let pieces):
            return OutboundAnswer(
                status: 200, headers: events,
                content: .stream { writer in for await piece in pieces { try await writer.write(Array(piece.utf8)) } })
        }
    }
}

/// A run of one job with one step, as a server tells it.
enum FakeRun {
    static func events(_ updates: [String], ends: Bool = true) -> String {
        updates.enumerated().map { "event: update\nid: \($0.offset + 1)\ndata: \($0.element)\n\n" }.joined()
            + (ends ? "event: end\ndata: {}\n\n" : "")
    }

    static func updates(run: Int, attempt: Int = 1, conclusion: String) -> [String] {
        let isFailure = conclusion == "failure"
        let reason = isFailure ? #","reason":{"kind":"exitCode","text":"It exited with code 2."},"exitCode":2"# : ""
        return [
            #"{"type":"runStarted","schema":1,"run":\#(run),"attempt":\#(attempt),"workflow":"CI","digest":"0123456789abcdef0123"}"#,
            #"{"type":"jobWaiting","job":"build","name":"Build","reason":{"kind":"capacity","text":"It waits for a runner."}}"#,
            #"{"type":"jobStarted","job":"build","name":"Build"}"#,
            #"{"type":"stepStarted","job":"build","step":"1","attempt":1,"name":"Compile"}"#,
            #"{"type":"annotation","job":"build","step":"1","attempt":1,"level":"error","message":"expected ;","file":"main.c","line":3}"#,
            #"{"type":"stepFinished","job":"build","step":"1","attempt":1,"name":"Compile","outcome":"\#(conclusion)","conclusion":"\#(conclusion)","durationMs":1200\#(reason)}"#,
            #"{"type":"jobFinished","job":"build","name":"Build","conclusion":"\#(conclusion)","durationMs":2300\#(isFailure ? #","reason":{"kind":"exitCode","text":"Step 1 failed."}"# : "")}"#,
            #"{"type":"runFinished","run":\#(run),"conclusion":"\#(conclusion)","unavailable":false,"durationMs":3400}"#,
        ]
    }

    static func row(_ run: Int, attempt: Int = 1, state: String = "finished", conclusion: String? = "success") -> String
    {
        #"""
        {"run":\#(run),"attempt":\#(attempt),"project":"app","workflow":"CI","path":".github/workflows/ci.yml","title":"CI",
        "event":"push","ref":"refs/heads/main","sha":"abc","actor":"ada","subject":"Fix","state":"\#(state)",
        "sentence":"Done.","createdAt":1764170000000,"url":"https://ci.example.org/runs/\#(run)",
        "conclusion":\#(conclusion.map { "\"\($0)\"" } ?? "null"),"finishedAt":\#(state == "finished" ? "1764170003400" : "null")
        """#
    }

    static func report(_ run: Int, attempt: Int = 1, conclusion: String = "success") -> String {
        row(run, attempt: attempt, conclusion: conclusion) + #"""
            ,"startedAt":1764170000000,"jobs":[{"id":"build","number":1,"name":"Build","needs":[],"state":"finished",
            "conclusion":"\#(conclusion)","notes":[],"queuedAt":1764170000000,"startedAt":1764170001000,
            "finishedAt":1764170003300,"runner":"one","steps":[{"step":"1","attempt":1,"title":"Compile","state":"finished",
            "conclusion":"\#(conclusion)","outcome":"\#(conclusion)","startedAt":1764170001100,"finishedAt":1764170002300,"logLines":3}]}]}
            """#
    }

    static let lines = ["##[group]Run make", "##[endgroup]", "reading", "##[error]expected ;"]

    static var log: FakeServer.Answer {
        let events = lines.enumerated().map { index, line in
            "id: \(index + 1)\ndata: {\"n\":\(index + 1),\"text\":\"\(line)\"}\n\n"
        }
        let tail = lines.enumerated().map { "{\"n\":\($0.offset + 1),\"text\":\"\($0.element)\"}\n" }
        return .accepting([
            "text/event-stream": events.joined() + "event: end\ndata: {}\n\n",
            "text/plain": lines.joined(separator: "\n") + "\n",
            "application/x-ndjson": tail.joined(),
        ])
    }

    static let projects = FakeServer.Answer.json(
        #"{"items":[{"name":"other","cloneURL":"https://git.example.org/x/other"},{"name":"app","cloneURL":"https://git.example.org/octo/app.git"}],"next":null}"#
    )

    /// Everything of a run that is over.
    static func answers(_ run: Int, attempt: Int = 1, conclusion: String = "success") -> [String: [FakeServer.Answer]] {
        let path = "GET /runs/\(run)"
        let at = "\(path)/attempts/\(attempt)"
        let report = FakeServer.Answer.json(report(run, attempt: attempt, conclusion: conclusion))
        return [
            "GET /projects": [projects], path: [report], at: [report],
            "\(at)/events": [.events([events(updates(run: run, attempt: attempt, conclusion: conclusion))])],
            "\(at)/logs/build/1/1": [log],
        ]
    }
}
