// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
package import HTTPMessages
package import StructuredData

/// A server, as its clients talk to it.
package struct RemoteServer: Sendable {
    /// What it takes of the world around it.
    package struct Surroundings: Sendable {
        package var send: HTTPTransport
        package var open: HTTPStreaming
        /// Waits so many milliseconds; ends early where the task is cancelled.
        package var pause: @Sendable (Int) async -> Void
        /// A text that is never given twice.
        package var newKey: @Sendable () -> String

        package init(
            send: @escaping HTTPTransport, open: @escaping HTTPStreaming,
            pause: @escaping @Sendable (Int) async -> Void, newKey: @escaping @Sendable () -> String
        ) {
            self.send = send
            self.open = open
            self.pause = pause
            self.newKey = newKey
        }
    }

    package let address: ServerAddress
    private let token: String?
    let surroundings: Surroundings

    package static let agent = "martlet"

    /// - Parameter token: `nil`: only what is open to everybody is answered.
    package init(address: ServerAddress, token: String?, surroundings: Surroundings) {
        self.address = address
        self.token = token
        self.surroundings = surroundings
    }

    // MARK: paths

    /// `/api/v1/runs/12/attempts/1`, each part coded.
    package static func path(_ parts: any CustomStringConvertible...) -> String {
        "/api/v1/" + parts.map { FormText.encoded($0.description) }.joined(separator: "/")
    }

    func call(
        _ method: String, _ path: String, _ query: [FormText.Pair] = [], accept: String = "application/json"
    ) -> HTTPCall {
        let asked = query.isEmpty ? "" : "?" + FormText.text(query)
        var call = HTTPCall(method, address.text + path + asked, timeoutMs: Self.timeoutMs)
        call.headers = [("Accept", accept), ("User-Agent", Self.agent)]
        call.answerLimitBytes = Self.answerLimitBytes
        if let token { call.headers.add("Authorization", "Bearer \(token)") }
        return call
    }

    private static let timeoutMs = 30_000
    private static let answerLimitBytes = 64 << 20

    // MARK: asking

    /// Reads something; asks again where the server is not there at the moment.
    package func get(
        _ path: String, _ query: [FormText.Pair] = [], accept: String = "application/json"
    ) async throws(ServerError) -> DataValue {
        try json(try await answered(call("GET", path, query, accept: accept)))
    }

    /// ``get(_:_:accept:)`` of what is no JSON.
    package func bytes(
        _ path: String, _ query: [FormText.Pair] = [], accept: String
    ) async throws(ServerError) -> [UInt8] {
        try await answered(call("GET", path, query, accept: accept)).body
    }

    /// Asks for something to be done. All tries bear the same key, so that what was done at the first one is not done again at the
    /// second.
    package func post(_ path: String, _ body: DataValue) async throws(ServerError) -> DataValue {
        var call = call("POST", path)
        call.headers.add("Content-Type", "application/json")
        call.headers.add("Idempotency-Key", surroundings.newKey())
        call.body = Array(body.jsonText().utf8)
        return try json(try await answered(call))
    }

    /// Everything of a list, page after page.
    ///
    /// - Parameter limit: so many at most.
    package func items(
        _ path: String, _ query: [FormText.Pair] = [], limit: Int = standardItems
    ) async throws(ServerError) -> [DataValue] {
        var items: [DataValue] = []
        var cursor: String?
        repeat {
            var asked = query
            asked.append(FormText.Pair("limit", "\(min(Self.pageItems, limit - items.count))"))
            if let cursor { asked.append(FormText.Pair("cursor", cursor)) }
            let page = try await get(path, asked)
            guard let found = page["items"]?.array else { throw .foreign(address, "A list has no 'items'.") }
            items += found
            let next = page["next"]?.string
            // A page that leads to itself would be read for ever.
            guard next == nil || next != cursor, next == nil || !found.isEmpty else {
                throw .foreign(address, "A list leads back to itself.")
            }
            cursor = next
        } while cursor != nil && items.count < limit
        return Array(items.prefix(limit))
    }

    /// Most that is read of a list unless more is asked for.
    package static let standardItems = 10_000
    private static let pageItems = 100

    /// The answer, once the server is there.
    func answered(_ call: HTTPCall, _ patience: Patience = .question) async throws(ServerError) -> HTTPAnswer {
        var (repeats, waits) = (0, 0)
        while true {
            let failure: Failure
            switch await answer(call) {
            case .success(let answer): return answer
            case .failure(let found): failure = found
            }
            if failure.isUnderWay, waits < Patience.done.repeats, !Task.isCancelled {
                await surroundings.pause(Patience.done.waitMs(before: waits, said: failure.waitMs))
                waits += 1
                continue
            }
            guard failure.isPassing, repeats < patience.repeats, !Task.isCancelled else { throw failure.error }
            await surroundings.pause(patience.waitMs(before: repeats, said: failure.waitMs))
            repeats += 1
        }
    }

    /// Why there was no answer, or not the one that was asked for.
    struct Failure: Error {
        var error: ServerError
        /// It may be another one soon.
        var isPassing: Bool
        /// An earlier try of the same request is being worked on.
        var isUnderWay = false
        /// How long to wait, where the server said so.
        var waitMs: Int?
    }

    /// The server's code for a request that an earlier try has begun.
    private static let underWay = 1208

    private func failure(status: Int, headers: HTTPHeaders, body: [UInt8]) -> Failure {
        let error = ServerError.refusal(address, status: status, headers: headers, body: body)
        return Failure(
            error: error, isPassing: Patience.isPassing(status: status),
            isUnderWay: status == 409 && error.diagnostic.code.number == Self.underWay, waitMs: Patience.said(headers))
    }

    private func answer(_ call: HTTPCall) async -> Result<HTTPAnswer, Failure> {
        do throws(DiagnosticError) {
            let answer = try await surroundings.send(call)
            if answer.isSuccess { return .success(answer) }
            return .failure(failure(status: answer.status, headers: answer.headers, body: answer.body))
        } catch {
            return .failure(Failure(error: .unreachable(address, error), isPassing: true))
        }
    }

    private func json(_ answer: HTTPAnswer) throws(ServerError) -> DataValue {
        if answer.body.isEmpty { return .object([:]) }
        guard let value = try? DataValue(json: answer.body) else {
            throw .foreign(address, "Its answer is no JSON.")
        }
        return value
    }

    // MARK: streams

    /// Opens what comes piece by piece, once the server is there.
    package func stream(
        _ path: String, _ query: [FormText.Pair] = [], accept: String
    ) async throws(ServerError) -> HTTPStream {
        let call = call("GET", path, query, accept: accept)
        var repeats = 0
        while true {
            switch await opened(call) {
            case .success(let stream): return stream
            case .failure(let failure):
                guard failure.isPassing, repeats < Patience.question.repeats, !Task.isCancelled else {
                    throw failure.error
                }
                await surroundings.pause(Patience.question.waitMs(before: repeats, said: failure.waitMs))
                repeats += 1
            }
        }
    }

    func opened(_ call: HTTPCall) async -> Result<HTTPStream, Failure> {
        do throws(DiagnosticError) {
            let stream = try await surroundings.open(call)
            if stream.isSuccess { return .success(stream) }
            var body: [UInt8] = []
            var pieces = stream.pieces.makeAsyncIterator()
            while body.count < Self.problemBytes, let piece = try await pieces.next() { body += piece }
            return .failure(failure(status: stream.status, headers: stream.headers, body: body))
        } catch {
            return .failure(Failure(error: .unreachable(address, error), isPassing: true))
        }
    }

    private static let problemBytes = 1 << 20
}
