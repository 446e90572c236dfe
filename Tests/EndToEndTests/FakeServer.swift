// SPDX-License-Identifier: Apache-2.0

import Foundation
import StructuredData

/// A server that answers as a Martlet server does, from what a test has written down. It is a process of its own, and ends with
/// its owner.
final class FakeServer {
    struct Request {
        /// `GET /runs?limit=1`, below `/api/v1`.
        var line: String
        /// By their names in small letters.
        var headers: [String: String]
        var body: String
    }

    enum Answer {
        case json(String, status: Int = 200)
        case file(String, type: String)
        /// Pieces of a stream, and what comes behind them.
        case events([String], end: End = .end)
        /// The answer depends on what is accepted.
        case accepting([String: String])

        enum End: String {
            case end
            /// The connection breaks.
            case breaks = "break"
            /// Nothing, until the other side goes away.
            case hangs = "hang"
        }

        fileprivate var data: DataValue {
            switch self {
            case .json(let text, let status): ["status": .number(Double(status)), "body": .string(text)]
            case .file(let path, let type): ["file": .string(path), "type": .string(type)]
            case .events(let pieces, let end):
                [
                    "type": "text/event-stream", "pieces": .array(pieces.map(DataValue.string)),
                    "end": .string(end.rawValue),
                ]
            case .accepting(let texts): ["bodies": .object(DataObject(texts.map { ($0, .string($1)) }))]
            }
        }
    }

    static let token = "mrt_pat_test"

    let url: String
    private let process: RunningProgram
    private let logPath: String

    /// - Parameter answers: by `GET /runs/1`; the last one of a path is given again and again.
    init(_ sandbox: Sandbox, _ answers: [String: [Answer]]) throws {
        let name = sandbox.root + "/server-" + UUID().uuidString.prefix(8)
        let script: DataValue = [
            "token": .string(Self.token),
            "answers": .object(DataObject(answers.map { ($0, .array($1.map(\.data))) })),
        ]
        try Data(script.jsonText().utf8).write(to: URL(fileURLWithPath: name + ".json"))
        logPath = name + ".log"
        guard mkfifo(name + ".port", 0o600) == 0 else { throw POSIXError(.EEXIST) }
        let program = URL(fileURLWithPath: Program.path).deletingLastPathComponent().path + "/scripted-server"
        process = try sandbox.start([program, name + ".json", logPath, name + ".port"])
        let told = try FileHandle(forReadingAtPath: name + ".port")?.readToEnd() ?? Data()
        url = "http://127.0.0.1:" + String(decoding: told, as: UTF8.self).filter(\.isNumber)
    }

    deinit {
        process.signal(SIGKILL)
        _ = try? process.end()
    }

    var requests: [Request] {
        let bytes = (try? Data(contentsOf: URL(fileURLWithPath: logPath))) ?? Data()
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard let data = try? DataValue(json: Array(line)) else { return nil }
            let headers = (data["headers"]?.object ?? [:]).map { ($0, $1.string ?? "") }
            return Request(
                line: data["line"]?.string ?? "", headers: Dictionary(headers) { first, _ in first },
                body: data["body"]?.string ?? "")
        }
    }

    func requests(_ line: String) -> [Request] { requests.filter { $0.line == line } }

    static func problem(_ status: Int, _ code: String, _ detail: String, _ remedy: String? = nil) -> Answer {
        let more = remedy.map { #","remedy":"\#($0)""# } ?? ""
        return .json(
            #"{"status":\#(status),"title":"No","detail":"\#(detail)","code":"\#(code)"\#(more)}"#, status: status)
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
