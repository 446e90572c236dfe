// SPDX-License-Identifier: Apache-2.0

import Crypto
import Dispatch
import StructuredData
import Synchronization

/// The SHA-256 of a log's text, read back from the file beside the writing.
///
/// Hashing is slower than writing: a large log is hashed on another thread as it grows, out of the page cache, so that
/// the writer neither waits nor keeps buffers; the end waits for the rest.
final class LogDigest: Sendable {
    private struct State {
        var hash = SHA256()
        var offset = 0
        /// The reading ended early: the digest would be wrong.
        var failure: LogError?
    }

    /// How much is hashed at once.
    private static let pieceBytes = 1 << 20

    private let path: String
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "martlet.log-digest", qos: .utility)

    init(path: String) { self.path = path }

    /// Starts hashing up to `offset`, which is written.
    func advanceBeside(to offset: Int) {
        queue.async { self.advance(to: offset) }
    }

    /// The digest of the first `size` bytes, as 64 hexadecimal digits.
    func finish(size: Int) throws(LogError) -> String {
        queue.sync {}
        advance(to: size)
        let result: Result<String, LogError> = state.withLock { state in
            if let failure = state.failure { return .failure(failure) }
            return .success(Hexadecimal.text(state.hash.finalize()))
        }
        return try result.get()
    }

    private func advance(to end: Int) {
        state.withLock { state in
            guard state.offset < end, state.failure == nil else { return }
            do throws(LogError) {
                let file = try LogFile(reading: path)
                var buffer = [UInt8](repeating: 0, count: min(Self.pieceBytes, end - state.offset))
                while state.offset < end {
                    let wanted = min(buffer.count, end - state.offset)
                    let got = try buffer.reading(file, at: state.offset, count: wanted)
                    guard got > 0 else { throw .unreadable(path: path, detail: "it became shorter") }
                    buffer.withUnsafeBytes {
                        state.hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<got]))
                    }
                    state.offset += got
                }
            } catch {
                state.failure = error
            }
        }
    }
}

extension [UInt8] {
    /// Fills the first `count` bytes from a file; answers how many there were.
    mutating func reading(_ file: LogFile, at offset: Int, count: Int) throws(LogError) -> Int {
        let result: Result<Int, LogError> = withUnsafeMutableBytes { buffer in
            do throws(LogError) {
                return .success(
                    try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]), at: offset))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
