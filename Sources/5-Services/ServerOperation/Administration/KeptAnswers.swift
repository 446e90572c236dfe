// SPDX-License-Identifier: Apache-2.0

internal import Credentials
package import Crypto
package import Diagnostics
internal import EventJournal
package import RunCoordination
internal import StructuredData
internal import ThreadExecution
package import Timekeeping

/// Answers to requests that may be sent again, in the journal: a stream for each caller and key. Answers are sealed: they may
/// hold what is shown once.
package struct KeptAnswers: Sendable {
    private let store: RunStore
    /// This process: what another began and did not end is not known to be done or not.
    private let instance = Base64Text.text(Secrecy.randomBytes(9), .url)

    package static let life = Timestamp.Span.days(1)
    /// Of a sealed answer in an event; a longer one is a blob.
    private static let eventBytes = 32 << 10

    package init(store: RunStore) { self.store = store }

    package struct Request: Hashable, Sendable {
        fileprivate let stream: StreamID
        /// Of what is asked.
        fileprivate let digest: String
        /// The same for the same request of the same caller with the same key, and for no other.
        package let identity: String

        /// - Parameters:
        ///   - caller: whose key it is.
        ///   - content: everything by which two requests differ.
        package init(caller: String, key: String, content: [[UInt8]]) {
            stream = StreamID("idempotency/" + Self.digest([Array(caller.utf8), Array(key.utf8)]))
            digest = Self.digest(content)
            identity = Self.digest([Array(caller.utf8), Array(key.utf8), Array(digest.utf8)])
        }

        private static func digest(_ parts: [[UInt8]]) -> String {
            var hash = SHA256()
            for part in parts {
                hash.update(data: Array("\(part.count):".utf8))
                hash.update(data: part)
            }
            return Hexadecimal.text(Array(hash.finalize()))
        }
    }

    package struct Answer: Sendable {
        package var status: Int
        package var headers: [(String, String)]
        package var body: [UInt8]

        package init(status: Int, headers: [(String, String)], body: [UInt8]) {
            self.status = status
            self.headers = headers
            self.body = body
        }
    }

    package struct Claim: Sendable {
        fileprivate let stream: StreamID
        /// With the event that claims.
        fileprivate let version: Int
    }

    package enum Finding: Sendable {
        /// Whoever gets this carries the request out, and then calls ``keep(_:_:now:)`` or ``release(_:now:)``.
        case new(Claim)
        case kept(Answer)
    }

    /// - Parameter isRepeatable: what another process began and did not end may be carried out again.
    /// - Throws: ``DiagnosticCode/keyReused``, ``DiagnosticCode/keyInUse``, ``DiagnosticCode/keyUncertain``, what the journal throws.
    package func claim(
        _ request: Request, isRepeatable: Bool = false, now: Timestamp
    ) async throws(DiagnosticError) -> Finding {
        try await BlockingWork.attempt { () throws(DiagnosticError) in try self.claimed(request, isRepeatable, now) }
    }

    package func keep(_ answer: Answer, _ claim: Claim, now: Timestamp) async throws(DiagnosticError) {
        try await BlockingWork.attempt { () throws(DiagnosticError) in
            try self.append(.answered, try self.sealed(answer, claim.stream), claim.stream, claim.version, now)
        }
    }

    /// The request came to nothing: the next one with the key is carried out.
    package func release(_ claim: Claim, now: Timestamp) async throws(DiagnosticError) {
        try await BlockingWork.attempt { () throws(DiagnosticError) in
            try self.append(.released, [:], claim.stream, claim.version, now)
        }
    }

    // MARK: the stream

    private enum EventType: String {
        case begun = "requestBegun"
        case answered = "requestAnswered"
        case released = "requestReleased"
    }

    private func claimed(
        _ request: Request, _ isRepeatable: Bool, _ now: Timestamp
    ) throws(DiagnosticError) -> Finding {
        let events = try store.recorded { (journal) throws(JournalError) in try journal.events(of: request.stream) }
        let begun = events.last { $0.event.type == EventType.begun.rawValue }
        if let begun, now - begun.recordedAt < Self.life, events.last?.event.type != EventType.released.rawValue {
            let data = (try? DataValue(json: begun.event.payload)) ?? .null
            guard data["request"]?.string == request.digest else {
                throw DiagnosticError(
                    .keyReused, "The key was used for another request.",
                    remedy: "Take a new key for each thing that you want done.")
            }
            if let last = events.last, last.event.type == EventType.answered.rawValue {
                return .kept(try opened(last.event.payload, request.stream))
            }
            let isOwn = data["by"]?.string == instance
            guard isRepeatable, !isOwn else { throw Self.inUse(isOwn: isOwn) }
        }
        let version = events.last?.sequence ?? 0
        do throws(DiagnosticError) {
            try append(
                .begun, ["request": .string(request.digest), "by": .string(instance)], request.stream, version, now)
        } catch {
            // Somebody was faster.
            throw error.diagnostic.code == .journalConflict ? Self.inUse(isOwn: true) : error
        }
        return .new(Claim(stream: request.stream, version: version + 1))
    }

    private func append(
        _ type: EventType, _ data: DataValue, _ stream: StreamID, _ version: Int, _ now: Timestamp
    ) throws(DiagnosticError) {
        let event = NewEvent(type: type.rawValue, payload: Array(data.jsonText().utf8))
        try store.recorded { (journal) throws(JournalError) in
            _ = try journal.append(StreamAppend(stream, expectedVersion: version, events: [event]), now: now)
        }
    }

    private static func inUse(isOwn: Bool) -> DiagnosticError {
        isOwn
            ? DiagnosticError(.keyInUse, "The request with this key is being worked on.", remedy: "Ask again soon.")
            : DiagnosticError(
                .keyUncertain, "The server ended while it worked on the request with this key.",
                remedy: "Look whether it was done; then take a new key.")
    }

    // MARK: sealing

    private func sealed(_ answer: Answer, _ stream: StreamID) throws(DiagnosticError) -> DataValue {
        let head: DataValue = [
            "status": .number(Double(answer.status)),
            "headers": .array(answer.headers.map { [.string($0.0), .string($0.1)] }),
        ]
        let text = Array(head.jsonText().utf8) + [0x0A] + answer.body
        guard
            let box = try? AES.GCM.seal(text, using: store.sealingKey, authenticating: Array(stream.text.utf8)).combined
        else { throw Self.damaged }
        if box.count <= Self.eventBytes { return ["box": .string(Base64Text.text(Array(box), .url))] }
        let digest = try store.recorded { (journal) throws(JournalError) in try journal.storeBlob(Array(box)) }
        return ["blob": .string(digest.hex)]
    }

    private func opened(_ payload: [UInt8], _ stream: StreamID) throws(DiagnosticError) -> Answer {
        let data = (try? DataValue(json: payload)) ?? .null
        let bytes: [UInt8]
        if let blob = data["blob"]?.string.flatMap({ BlobDigest(hex: $0) }) {
            bytes = try store.recorded { (journal) throws(JournalError) in try journal.blob(blob) }
        } else {
            bytes = data["box"]?.string.flatMap { Base64Text.bytes($0, .url) } ?? []
        }
        guard let box = try? AES.GCM.SealedBox(combined: bytes),
            let text = try? AES.GCM.open(box, using: store.sealingKey, authenticating: Array(stream.text.utf8)),
            let end = text.firstIndex(of: 0x0A), let head = try? DataValue(json: Array(text[..<end])),
            let status = head["status"]?.int
        else { throw Self.damaged }
        let headers = (head["headers"]?.array ?? []).compactMap { pair -> (String, String)? in
            guard let sides = pair.array, sides.count == 2, let name = sides[0].string, let value = sides[1].string
            else { return nil }
            return (name, value)
        }
        return Answer(status: status, headers: headers, body: Array(text[text.index(after: end)...]))
    }

    private static let damaged = DiagnosticError(
        .keyUncertain, "The answer that was kept for this key cannot be read.",
        remedy: "Look whether it was done; then take a new key.")
}
