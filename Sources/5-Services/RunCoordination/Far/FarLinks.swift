// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import HTTPMessages
internal import RunnerProtocol
internal import RuntimeServices
internal import Synchronization
internal import ThreadExecution

/// Reads and puts bytes at addresses in the object storage that the server gave to a job. Where that cannot be done, the job's
/// bytes go through the server from then on, and the job's log says why, once. Calls block.
final class FarLinks: Sendable {
    private struct State: Sendable {
        /// Why they are used no more.
        var reason: Diagnostic?
        var isTold = false
        var readBytes: UInt64 = 0
        var putBytes: UInt64 = 0
    }

    private let exchange: HTTPExchange?
    private let state = Mutex(State())

    /// Of one request; the first included.
    private static let attempts = 3
    private static let pauseMs = 500
    private static let headSeconds = 30
    /// The slowest connection that is waited for.
    private static let bytesPerSecond: UInt64 = 64 << 10
    /// Of what a store says instead of doing it.
    private static let refusalBytes = 400

    init(_ exchange: HTTPExchange?) { self.exchange = exchange }

    var isUsable: Bool { exchange != nil && state.withLock { $0.reason == nil } }

    /// Bytes that were read and put by links.
    var counts: (read: UInt64, put: UInt64) { state.withLock { ($0.readBytes, $0.putBytes) } }

    /// All bytes of the job go through the server from now on.
    func giveUp(_ error: DiagnosticError) {
        state.withLock { $0.reason = $0.reason ?? error.diagnostic }
    }

    /// What the job's log is to say, the first time.
    func takeNote() -> String? {
        state.withLock { state in
            guard let reason = state.reason, !state.isTold else { return nil }
            state.isTold = true
            return "\(DiagnosticCode.linkUnusable): The server's object storage could not be used from this runner, "
                + "and bytes went through the server instead: \(reason.message)"
        }
    }

    // MARK: reading

    /// Bytes of an object.
    ///
    /// - Throws: ``DiagnosticCode/linkUnusable``.
    func read(_ link: StorageLink, _ range: Range<UInt64>) throws(DiagnosticError) -> [UInt8] {
        let sink = Mutex<[UInt8]>([])
        try attempt(link) { [self] () throws(DiagnosticError) in
            let start = range.lowerBound + UInt64(sink.withLock { $0.count })
            guard start < range.upperBound else { return }
            try BlockingWork.awaited { () async throws(DiagnosticError) in
                try await self.stream(link, start..<range.upperBound) { piece in sink.withLock { $0 += piece } }
            }
        }
        return sink.withLock { $0 }
    }

    /// All of an object, to a new file. What a lost connection cut off goes on where it was.
    ///
    /// - Throws: ``DiagnosticCode/linkUnusable``, also where they are other bytes than the server's record says.
    func download(_ link: StorageLink, _ blob: StoredBlob, to path: String) throws(DiagnosticError) {
        try? Files.remove(path)
        try attempt(link) { [self] () throws(DiagnosticError) in
            let known = Files.facts(path)?.sizeBytes ?? 0
            guard known < blob.sizeBytes else { return }
            try BlockingWork.awaited { () async throws(DiagnosticError) in
                let file = try AppendingFile(path: path)
                try await self.stream(link, known..<blob.sizeBytes) { (piece) throws(DiagnosticError) in
                    try file.append(piece)
                }
            }
        }
        guard try FileDigest.of(path) == blob.digest else {
            throw Self.unusable(link, "it gave other bytes than the server's record says")
        }
    }

    private func stream(
        _ link: StorageLink, _ range: Range<UInt64>, _ body: ([UInt8]) throws(DiagnosticError) -> Void
    ) async throws(DiagnosticError) {
        guard let exchange else { throw Self.unusable(link, "this runner asks no stores") }
        var call = HTTPCall("GET", link.url, timeoutMs: Self.headSeconds * 1_000)
        call.headers["Range"] = "bytes=\(range.lowerBound)-\(range.upperBound - 1)"
        let answer = try await exchange(call, nil)
        guard answer.status == 206 else { throw try await Self.refusal(link, answer) }
        guard answer.headers["Content-Range"]?.hasPrefix("bytes \(range.lowerBound)-") ?? false else {
            throw Self.unusable(link, "it gave another part than was asked for")
        }
        var left = range.count
        for try await piece in answer.pieces {
            guard piece.count <= left else { throw Self.unusable(link, "it gave more bytes than were asked for") }
            left -= piece.count
            state.withLock { $0.readBytes += UInt64(piece.count) }
            try body(piece)
        }
        guard left == 0 else { throw DiagnosticError(.webUnreachable, "It broke off \(left) bytes before its end.") }
    }

    // MARK: putting

    /// Puts a file, whole.
    ///
    /// - Throws: ``DiagnosticCode/linkUnusable``.
    func put(_ path: String, _ sizeBytes: UInt64, at link: StorageLink) throws(DiagnosticError) {
        guard let exchange else { throw Self.unusable(link, "this runner asks no stores") }
        var call = HTTPCall("PUT", link.url)
        for header in link.headers { call.headers.add(header.name, header.value) }
        call.timeoutMs = (Self.headSeconds + Int(sizeBytes / Self.bytesPerSecond)) * 1_000
        let sent = call
        try attempt(link) { [self] () throws(DiagnosticError) in
            try BlockingWork.awaited { () async throws(DiagnosticError) in
                let answer = try await exchange(sent, Self.upload(path, sizeBytes))
                // 412: it is there already; it was put, and the answer was lost.
                guard answer.isSuccess || answer.status == 412 else { throw try await Self.refusal(link, answer) }
                _ = try await Self.text(answer)
            }
            state.withLock { $0.putBytes += sizeBytes }
        }
    }

    private static func upload(_ path: String, _ sizeBytes: UInt64) -> HTTPUpload {
        HTTPUpload(
            sizeBytes: Int(sizeBytes),
            pieces: HTTPPieces {
                var offset = 0
                return { () async throws(DiagnosticError) in
                    guard offset < Int(sizeBytes) else { return nil }
                    let (start, count) = (offset, min(pieceBytes, Int(sizeBytes) - offset))
                    let piece = try await BlockingWork.attempt { () throws(DiagnosticError) in
                        try Files.read(path, from: start, count: count)
                    }
                    offset += piece.count
                    return piece.isEmpty ? nil : piece
                }
            })
    }

    private static let pieceBytes = 256 << 10

    // MARK: failures

    /// Tries again what may pass.
    private func attempt(_ link: StorageLink, _ body: () throws(DiagnosticError) -> Void) throws(DiagnosticError) {
        for number in 1... {
            do throws(DiagnosticError) {
                return try body()
            } catch {
                guard error.diagnostic.code == .webUnreachable else { throw error }
                guard number < Self.attempts else { throw Self.unusable(link, error.diagnostic.message) }
            }
            ThreadPause.sleep(milliseconds: Self.pauseMs * number)
        }
    }

    private static func refusal(
        _ link: StorageLink, _ answer: HTTPStream
    ) async throws(DiagnosticError) -> DiagnosticError {
        let said = try await text(answer)
        let sentence = "it answered \(answer.status)" + (said.isEmpty ? "" : ": \(said)")
        let passes = answer.status >= 500 || answer.status == 429
        return passes ? DiagnosticError(.webUnreachable, sentence) : unusable(link, sentence)
    }

    /// The beginning of what it said, in one line.
    private static func text(_ answer: HTTPStream) async throws(DiagnosticError) -> String {
        var bytes: [UInt8] = []
        for try await piece in answer.pieces { bytes += piece.prefix(refusalBytes - min(refusalBytes, bytes.count)) }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    /// The address as people know it: what is behind it lets in whoever has it.
    private static func unusable(_ link: StorageLink, _ what: String) -> DiagnosticError {
        let place = link.url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: true).prefix(2)
            .joined(separator: "//")
        let hidden = what.replacing(link.url, with: place)
        return DiagnosticError(
            .linkUnusable, "\(place): \(hidden).",
            remedy: "See that this machine reaches the store, or set links=none at the server.")
    }
}
