// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import NIOCore
internal import NIOHTTP1
internal import StructuredData

/// A call under way, on the thread that made it.
struct OpenCall: Sendable {
    let exchange: Exchange
    let deadline: CallDeadline
    private let cancellation: CallCancellation?
    /// By which the cancellation knows the exchange.
    private var number: Int?

    init(_ exchange: Exchange, deadline: CallDeadline, _ call: EngineCall) {
        self.exchange = exchange
        self.deadline = deadline
        cancellation = call.cancellation
    }

    mutating func register() throws(DiagnosticError) {
        guard let cancellation else { return }
        number = cancellation.add(exchange)
        guard number != nil else { throw EngineFailure.cancelled(exchange.summary) }
    }

    func close() {
        exchange.close()
        if let number { cancellation?.forget(number) }
    }

    /// Sends the request's body, until its end or until the engine has answered without it.
    func send(_ source: ByteSource) throws(DiagnosticError) {
        while let bytes = try source() {
            guard !bytes.isEmpty else { continue }
            let part = HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: bytes)))
            guard try exchange.send(part, until: deadline.renewed) else { return }
        }
        _ = try exchange.send(HTTPClientRequestPart.end(nil), until: deadline.renewed)
    }

    /// Waits for the answer's status.
    ///
    /// - Returns: the answer's head, of a status below 400.
    /// - Throws: the engine's own words for any other.
    @discardableResult
    func readHead() throws(DiagnosticError) -> HTTPResponseHead {
        let head = try exchange.waitForHead(until: deadline.renewed)
        guard head.status.code < 400 else {
            throw EngineFailure.refused(exchange.summary, head.status, try bytes())
        }
        return head
    }

    /// The answer's body, whole.
    func bytes() throws(DiagnosticError) -> [UInt8] {
        var all: [UInt8] = []
        try forEachChunk { chunk throws(DiagnosticError) in
            guard all.count + chunk.count <= EngineClient.answerLimitBytes else {
                throw EngineFailure.tooLarge(exchange.summary, limitBytes: EngineClient.answerLimitBytes)
            }
            all += chunk
        }
        return all
    }

    func json() throws(DiagnosticError) -> DataValue {
        let text = try bytes()
        do {
            return try DataValue(json: text)
        } catch {
            throw EngineFailure.unreadable(exchange.summary, error.description)
        }
    }

    /// The answer's body, piece by piece, none of which is kept.
    func forEachChunk(
        _ body: (UnsafeRawBufferPointer) throws(DiagnosticError) -> Void
    ) throws(DiagnosticError) {
        while let chunks = try exchange.take(until: deadline.renewed) {
            for chunk in chunks {
                var failure: DiagnosticError?
                chunk.withUnsafeReadableBytes { bytes in
                    do throws(DiagnosticError) { try body(bytes) } catch { failure = error }
                }
                if let failure { throw failure }
            }
        }
    }

    /// The answer's body as the JSON values that an engine reports progress with, one a line.
    func forEachMessage(
        _ body: (DataValue) throws(DiagnosticError) -> Void
    ) throws(DiagnosticError) {
        var line: [UInt8] = []
        try forEachChunk { chunk throws(DiagnosticError) in
            var rest = chunk[...]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                line += rest[..<end]
                rest = rest[(end + 1)...]
                try message(line, body)
                line.removeAll(keepingCapacity: true)
            }
            line += rest
            guard line.count <= Self.messageLimitBytes else {
                throw EngineFailure.tooLarge(exchange.summary, limitBytes: Self.messageLimitBytes)
            }
        }
        try message(line, body)
    }

    private static let messageLimitBytes = 1 << 20

    private func message(
        _ line: [UInt8], _ body: (DataValue) throws(DiagnosticError) -> Void
    ) throws(DiagnosticError) {
        guard line.contains(where: { $0 > UInt8(ascii: " ") }) else { return }
        let data: DataValue
        do {
            data = try DataValue(json: line)
        } catch {
            throw EngineFailure.unreadable(exchange.summary, error.description)
        }
        try body(data)
    }
}
