// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import LogArchive
internal import PipelineModel
internal import RunCoordination
internal import ServerOperation
internal import StructuredData
internal import ThreadExecution
internal import Timekeeping

/// Logs: a part as JSON lines, all of it as text, or live. A line's number is its name for ever.
struct LogRoutes: Sendable {
    let server: Server

    static let template = "/api/v1/runs/{run}/attempts/{attempt}/logs/{job}/{step}/{stepAttempt}"
    static let maximumLines = 10_000
    private static let standardLines = 1_000

    var routes: [Route] {
        [
            Route(
                method: "GET", template: Self.template, operation: "getLog",
                summary:
                    "A step's log: JSON lines from a line on, all as text (Accept: text/plain), or live: Accept: text/event-stream, or by WebSocket.",
                guardian: .run(.viewLogs),
                query: [
                    .init(name: "from", about: "The first line, from 1.", schema: ["type": "integer", "minimum": 1]),
                    .init(
                        name: "limit", about: "Lines at most.",
                        schema: ["type": "integer", "minimum": 1, "maximum": .number(Double(Self.maximumLines))]),
                    .init(
                        name: "tail", about: "So many of the last lines.",
                        schema: ["type": "integer", "minimum": 1, "maximum": .number(Double(Self.maximumLines))]),
                    .init(
                        name: "format", about: "text: all of it as text, as with Accept: text/plain.",
                        schema: ["type": "string", "enum": ["text"]]),
                    .init(
                        name: "download", about: "1: the text as a file to keep.",
                        schema: ["type": "string", "enum": ["1"]]), APIRequest.after,
                ], answers: [200: ""], isLive: true, handler: get)
        ]
    }

    static func place(_ request: APIRequest) throws(DiagnosticError) -> LogPlace {
        guard let step = StepPath(request.parameter("step")) else {
            throw DiagnosticError(.routeUnknown, "'\(request.parameter("step"))' is no step's place.")
        }
        return LogPlace(
            run: RunID(try request.pathNumber("run")), attempt: try request.pathNumber("attempt"),
            job: JobID(request.parameter("job")),
            step: StepAttempt(step: step, number: try request.pathNumber("stepAttempt")))
    }

    @Sendable private func get(_ request: APIRequest) async throws(DiagnosticError) -> OutboundAnswer {
        let place = try Self.place(request)
        try await server.bringLogs(of: place.run, through: place.attempt)
        let accept = request.inbound.headers["Accept"] ?? ""
        if accept.contains("text/event-stream") || request.inbound.asksForSocket { return try live(place, request) }
        let path = try server.logPath(finding: place)
        if accept.contains("text/plain") || request.query["format"] == "text" {
            return try await text(path, as: request.query["download"] == "1" ? Self.fileName(place) : nil)
        }
        let from = try request.number("from", in: 1...Int(Int32.max), default: 1)
        let limit = try request.number("limit", in: 1...Self.maximumLines, default: Self.standardLines)
        let tail =
            request.query["tail"] == nil ? nil : try request.number("tail", in: 1...Self.maximumLines, default: 1)
        let bytes = try await BlockingWork.attempt { () throws(DiagnosticError) in
            try Self.lines(path, from: from, limit: limit, tail: tail)
        }
        return OutboundAnswer(
            status: 200, headers: [("Content-Type", "application/x-ndjson"), ("Cache-Control", "no-cache")],
            content: .bytes(bytes))
    }

    private static func opened(_ path: String) throws(DiagnosticError) -> LogReader {
        do throws(LogError) {
            return try LogReader(path: path)
        } catch {
            throw DiagnosticError(.entryMissing, "There is no such log, or none yet.")
        }
    }

    private static func lines(
        _ path: String, from: Int, limit: Int, tail: Int?
    ) throws(DiagnosticError) -> [UInt8] {
        let reader = try opened(path)
        var bytes: [UInt8] = []
        do throws(LogError) {
            if let tail {
                for line in try reader.tail(tail) { append(line, to: &bytes) }
            } else {
                try reader.lines(from...(from + limit - 1)) { line in
                    append(line, to: &bytes)
                    return true
                }
            }
        } catch {
            throw DiagnosticError(error.diagnostic)
        }
        return bytes
    }

    private static func append(_ line: LogLine, to bytes: inout [UInt8]) {
        var object: DataObject = ["n": .number(Double(line.number))]
        object.set("t", line.time.map { .number(Double($0.milliseconds)) })
        object["text"] = .string(String(decoding: line.text, as: UTF8.self))
        DataValue.object(object).appendJSON(to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// `run-7-test-2-step-3.log`
    private static func fileName(_ place: LogPlace) -> String {
        let name = "run-\(place.run)-\(place.job)-step-\(place.step.step)"
        return String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".") ? $0 : "-" }) + ".log"
    }

    /// The whole file, in pieces. - Parameter file: the name under which it is kept; `nil`: it is shown.
    private func text(_ path: String, as file: String?) async throws(DiagnosticError) -> OutboundAnswer {
        _ = try Self.opened(path)
        var headers: HTTPHeaders = [
            ("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff"),
        ]
        if let file { headers.add("Content-Disposition", "attachment; filename=\"\(file)\"") }
        return OutboundAnswer(
            status: 200, headers: headers,
            content: .stream { writer in
                var offset = 0
                while true {
                    let start = offset
                    let piece = try await BlockingWork.attempt { () throws(LogError) in
                        try LogFollower(path: path).bytes(from: start, limitBytes: 1 << 20)
                    }
                    if piece.isEmpty { return }
                    offset += piece.count
                    try await writer.write(piece)
                }
            })
    }

    // MARK: live

    /// Lines as events whose ids are the lines' numbers.
    private func live(_ place: LogPlace, _ request: APIRequest) throws(DiagnosticError) -> OutboundAnswer {
        let last = try request.lastEvent()
        let from = try request.number("from", in: 1...Int(Int32.max), default: 1)
        _ = try server.logPath(finding: place)
        let following = LogFollowing(
            server: server, place: place, first: last.map { $0 + 1 } ?? from,
            admission: Admission(request, server, (.viewLogs, server.target(of: request))))
        return .live { writer in try await following.run(writer) }
    }
}

/// One client that follows one log.
private struct LogFollowing: Sendable {
    let server: Server
    let place: LogPlace
    let first: Int
    let admission: Admission

    private static let pieceBytes = 64 << 10

    func run(_ writer: EventWriter) async throws {
        // From now on nothing is missed: what is there already is read first.
        let signals = server.feed.follow(place)
        var path = try server.logPath(finding: place)
        var position: LogPosition?
        var asked = Timestamp.now()
        try await writer.beat()
        for await sign in Joined(first: .grew, then: signals) {
            let now = Timestamp.now()
            if sign == .beat || asked + Admission.rhythm < now {
                guard admission.holds(now) else { return }
                asked = now
                // A step whose result the attempt takes over has its log with the attempt that it is of.
                if position == nil { path = try server.logPath(finding: place) }
            }
            let before = position
            var isOver = try await readOn(path, &position, writer)
            if !isOver, await !server.runs.isActive(place.run) {
                // A log that was cut off has no end of its own: that of its run is it. What came meanwhile is told first.
                _ = try await readOn(path, &position, writer)
                isOver = true
            }
            if isOver { return try await writer.send(LiveEvent(.end)) }
            if sign == .beat, position == before { try await writer.beat() }
        }
    }

    /// - Returns: whether the log has its end, and all of it was told.
    private func readOn(
        _ path: String, _ position: inout LogPosition?, _ writer: EventWriter
    ) async throws -> Bool {
        if position == nil { position = try? start(path) }
        guard var at = position else { return false }
        defer { position = at }
        while true {
            let (piece, hasEnded) = try read(path, at)
            guard let piece else { return hasEnded }
            try await writer.send(LineEvents(piece), expectedBytes: piece.bytes.count * 2)
            at = piece.next
        }
    }

    /// Where the first wanted line is; `nil` while it is not there.
    private func start(_ path: String) throws -> LogPosition? {
        if first <= 1 { return try LogFollower(path: path).isThere ? .start : nil }
        return try LogReader(path: path).position(ofLineIfPresent: first)
    }

    private func read(_ path: String, _ position: LogPosition) throws -> (LogPiece?, hasEnded: Bool) {
        let follower = try LogFollower(path: path)
        if let piece = try follower.lines(from: position, limitBytes: Self.pieceBytes) { return (piece, false) }
        guard try LogReader(path: path).totals != nil else { return (nil, false) }
        // The end may have come with last lines.
        if let piece = try follower.lines(from: position, hasEnded: true, limitBytes: Self.pieceBytes) {
            return (piece, false)
        }
        return (nil, true)
    }
}

/// A piece of a log, a line an event.
private struct LineEvents: Sequence, IteratorProtocol {
    private var number: Int
    private var rest: ArraySlice<UInt8>

    init(_ piece: LogPiece) {
        number = piece.start.line
        rest = piece.bytes[...]
    }

    mutating func next() -> LiveEvent? {
        guard !rest.isEmpty else { return nil }
        let end = rest.firstIndex(of: UInt8(ascii: "\n"))
        let text = String(decoding: rest[..<(end ?? rest.endIndex)], as: UTF8.self)
        defer {
            number += 1
            rest = end.map { rest[($0 + 1)...] } ?? []
        }
        return LiveEvent(.line, id: number, data: ["n": .number(Double(number)), "text": .string(text)])
    }
}

/// A sequence with something before it.
struct Joined<Base: AsyncSequence>: AsyncSequence {
    typealias Element = Base.Element

    let first: Base.Element
    let then: Base

    init(first: Base.Element, then: Base) {
        self.first = first
        self.then = then
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        var first: Base.Element?
        var rest: Base.AsyncIterator

        mutating func next() async throws(Base.Failure) -> Base.Element? {
            if let first {
                self.first = nil
                return first
            }
            return try await rest.next(isolation: nil)
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(first: first, rest: then.makeAsyncIterator()) }
}
