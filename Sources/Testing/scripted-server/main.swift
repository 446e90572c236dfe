// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import HTTPMessages
import HTTPServing
import StructuredData
import Synchronization

// A server that answers as a Martlet server does, from what a test has written down; a process of its own, so that it answers
// whatever the tests' threads wait for.
//
//     scripted-server SCRIPT REQUESTS PORT
//
// SCRIPT: {"token": "…", "answers": {"GET /runs/1": [answer, …]}}; the last answer of a path is given again and again. An answer
// has `status`, `type`, and one of `body`, `file`, `bodies` (by what is accepted) or `pieces`; of pieces `end` is `break` or
// `hang`. REQUESTS gets a line for each request; PORT, a named pipe, the port.

/// Thrown in the midst of an answer, so that its connection breaks.
struct Broken: Error {}

final class ScriptedAnswers: Sendable {
    private let answers: Mutex<[String: [DataValue]]>
    private let token: String
    private let logPath: String
    private static let limitBytes = 64 << 20

    init(script: String, logPath: String) throws {
        let data = try DataValue(json: try Files.read(script, limit: Self.limitBytes))
        token = data["token"]?.string ?? ""
        answers = Mutex(
            Dictionary(uniqueKeysWithValues: (data["answers"]?.object ?? [:]).map { ($0, $1.array ?? []) }))
        self.logPath = logPath
    }

    func answer(_ inbound: InboundRequest) async -> OutboundAnswer {
        let prefix = "/api/v1"
        let path = inbound.path.hasPrefix(prefix) ? String(inbound.path.dropFirst(prefix.count)) : inbound.path
        let key = "\(inbound.method) \(path)"
        let line = inbound.query.isEmpty ? key : "\(key)?\(inbound.query)"
        let body = (try? await inbound.body(limit: Self.limitBytes)) ?? []
        let found = answers.withLock { answers -> DataValue? in
            note(line, inbound, body)
            guard var known = answers[key], let first = known.first else { return nil }
            if known.count > 1 { known.removeFirst() }
            answers[key] = known
            return first
        }
        guard inbound.headers["Authorization"] == "Bearer \(token)" else {
            return problem(401, "MRT1193", "This needs a credential.")
        }
        guard let found else { return problem(404, "MRT1190", "There is nothing at \(path).") }
        return outbound(found, accept: inbound.headers["Accept"] ?? "")
    }

    private func note(_ line: String, _ inbound: InboundRequest, _ body: [UInt8]) {
        var headers = DataObject()
        for field in inbound.headers { headers[field.name.lowercased()] = .string(field.value) }
        let entry: DataValue = [
            "line": .string(line), "headers": .object(headers), "body": .string(String(decoding: body, as: UTF8.self)),
        ]
        try? Files.append((entry.jsonText() + "\n").utf8, to: logPath)
    }

    private func problem(_ status: Int, _ code: String, _ detail: String) -> OutboundAnswer {
        let body: DataValue = ["status": .number(Double(status)), "detail": .string(detail), "code": .string(code)]
        return OutboundAnswer(
            status: status, headers: [("Content-Type", "application/problem+json")],
            content: .bytes(Array(body.jsonText().utf8)))
    }

    private func outbound(_ answer: DataValue, accept: String) -> OutboundAnswer {
        let status = answer["status"]?.int ?? 200
        let bodies = answer["bodies"]?.object ?? [:]
        let wanted = bodies.keys.first { accept.contains($0) }
        let type = wanted ?? answer["type"]?.string ?? "application/json"
        let headers: HTTPHeaders = [("Content-Type", type)]
        guard let pieces = answer["pieces"]?.array else {
            let text = wanted.flatMap { bodies[$0]?.string } ?? answer["body"]?.string ?? ""
            let file = answer["file"]?.string.flatMap { try? Files.read($0, limit: Self.limitBytes) }
            return OutboundAnswer(status: status, headers: headers, content: .bytes(file ?? Array(text.utf8)))
        }
        let end = answer["end"]?.string
        return OutboundAnswer(
            status: status, headers: headers,
            content: .stream { writer in
                for piece in pieces { try await writer.write(Array((piece.string ?? "").utf8)) }
                if end == "break" { throw Broken() }
                guard end == "hang" else { return }
                let (never, _) = AsyncStream<Void>.makeStream()
                for await _ in never {}
            })
    }
}

let arguments = CommandLine.arguments
guard arguments.count == 4 else { preconditionFailure("scripted-server SCRIPT REQUESTS PORT") }
let answers = try ScriptedAnswers(script: arguments[1], logPath: arguments[2])
let listener = HTTPListener(.init(host: "127.0.0.1", port: 0)) { await answers.answer($0) }
let portPath = arguments[3]
try await listener.run { port in try? Files.append("\(port)\n".utf8, to: portPath) }
