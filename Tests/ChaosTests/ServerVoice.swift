// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import HTTPCalling
import HTTPMessages
import ServerClient
import StructuredData

/// Asks a server that may be away at any moment.
actor ServerVoice {
    nonisolated let url: String
    private let client: WebClient
    private var token = ""

    /// A server that begins anew is asked again after so long.
    private static let pause = Duration.milliseconds(20)
    private static let askSeconds = 60

    init(url: String, client: WebClient) {
        self.url = url
        self.client = client
    }

    func use(token: String) { self.token = token }

    func isReady() async -> Bool {
        (try? await client.send(HTTPCall("GET", url + "/readyz")))?.status == 200
    }

    /// Asks until something is so.
    nonisolated func patiently(
        seconds: Int, _ fault: String, _ isSo: @Sendable (ServerVoice) async throws -> Bool
    ) async throws {
        let end = ContinuousClock.now + .seconds(seconds)
        while try await !isSo(self) {
            guard ContinuousClock.now < end else { throw ChaosFault("\(fault) within \(seconds) s") }
            try await Task.sleep(for: Self.pause)
        }
    }

    /// Asks until there is an answer that is one of the question.
    func send(
        _ method: String, _ path: String, _ body: DataValue? = nil, key: String? = nil, accept: String? = nil
    ) async throws -> HTTPAnswer {
        var headers: HTTPHeaders = [("Authorization", "Bearer \(token)")]
        if body != nil { headers["Content-Type"] = "application/json" }
        if let key { headers["Idempotency-Key"] = key }
        if let accept { headers["Accept"] = accept }
        let call = HTTPCall(
            method, url + "/api/v1" + path, headers: headers, body: body.map { Array($0.jsonText().utf8) } ?? [],
            answerLimitBytes: 64 << 20)
        let end = ContinuousClock.now + .seconds(Self.askSeconds)
        var last = ""
        while ContinuousClock.now < end {
            do throws(DiagnosticError) {
                let answer = try await client.send(call)
                // Away, or at work on the same request.
                let isPassing = [429, 502, 503].contains(answer.status) || (answer.status == 409 && key != nil)
                if !isPassing {
                    guard answer.isSuccess else {
                        let text = String(decoding: answer.body.prefix(500), as: UTF8.self)
                        throw .init(.webUnreachable, "\(method) \(path): \(answer.status) \(text)")
                    }
                    return answer
                }
                last = "\(answer.status) " + String(decoding: answer.body.prefix(500), as: UTF8.self)
            } catch {
                last = "\(error)"
                // An answer that is a refusal will not be another one.
                if last.contains("\(method) \(path): ") { throw ChaosFault(last) }
            }
            try await Task.sleep(for: Self.pause)
        }
        throw ChaosFault("\(method) \(path) has no answer within \(Self.askSeconds) s: \(last)")
    }

    func json(_ path: String) async throws -> DataValue {
        (try? DataValue(json: try await send("GET", path).body)) ?? .null
    }

    /// Opens a stream of events behind the one that was seen last; `nil` where the server is away.
    private func open(_ path: String, after last: String) async -> HTTPStream? {
        var headers: HTTPHeaders = [("Authorization", "Bearer \(token)"), ("Accept", "text/event-stream")]
        if !last.isEmpty { headers["Last-Event-ID"] = last }
        guard let stream = try? await client.open(HTTPCall("GET", url + "/api/v1" + path, headers: headers)),
            stream.isSuccess
        else { return nil }
        return stream
    }

    /// Follows a stream of events over all its connections.
    ///
    /// - Parameter take: is given each event; answers whether it was the last.
    /// - Parameter connected: called before each connection; answers whether nothing more is wanted.
    nonisolated func follow(
        _ path: String, connected: @Sendable () async -> Bool, _ take: @Sendable (ServerSentEvent) async -> Bool
    ) async {
        var reader = EventStreamReader()
        while !Task.isCancelled {
            if await connected() { return }
            if let stream = await open(path, after: reader.lastEventID) {
                var pieces = stream.pieces.makeAsyncIterator()
                while let piece = try? await pieces.next() {
                    for event in reader.take(piece) ?? [] where await take(event) { return }
                }
            }
            reader.reconnect()
            try? await Task.sleep(for: Self.pause)
        }
    }
}
