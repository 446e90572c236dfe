// SPDX-License-Identifier: Apache-2.0

import Crypto

/// Stores content that comes in pieces. Used by one thread at a time.
package final class ContentWriter {
    private let session: WriteSession
    private let lease: ContentLease?
    private let cutting: ChunkCutting
    private let compressor = Compressor()
    private var whole = SHA256()
    /// Bytes that are not cut yet: always less than would be cut without knowing what follows.
    private let rest: ByteSpace
    private var restCount = 0
    private var sizeBytes: UInt64 = 0
    private var chunks: [ContentChunk] = []

    /// - Parameter lease: holds the content once it is finished; else the session does, as long as it lives.
    init(session: WriteSession, lease: ContentLease?, cutting: ChunkCutting = .files) {
        self.session = session
        self.lease = lease
        self.cutting = cutting
        rest = ByteSpace(cutting.maximum * 2)
    }

    package func append(_ bytes: UnsafeRawBufferPointer) throws(ContentError) {
        whole.update(bufferPointer: bytes)
        var taken = 0
        while taken < bytes.count {
            let count = min(bytes.count - taken, rest.all.count - restCount)
            rest.room(from: restCount).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[taken..<(taken + count)]))
            restCount += count
            taken += count
            try cut(isEnd: false)
        }
    }

    package func append(_ bytes: [UInt8]) throws(ContentError) {
        try bytes.withUnsafeBufferPointer { (buffer) throws(ContentError) in
            try append(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Ends the content; nothing may be appended after it.
    package func finish() throws(ContentError) -> ContentID {
        let id = try finishInSession()
        try session.seal()
        try lease?.hold(ContentRoot(.blob, id))
        return id
    }

    /// What was stored anew.
    package var totals: WrittenTotals { session.totals }

    /// The content is in the session's packs, which are not sealed.
    func finishInSession() throws(ContentError) -> ContentID {
        try cut(isEnd: true)
        let id = ContentID(digest: ContentDigest(whole.finalize()), sizeBytes: sizeBytes)
        if chunks.count > 1 { try session.store(chunks, of: id.digest) }
        return id
    }

    private func cut(isEnd: Bool) throws(ContentError) {
        var start = 0
        while restCount - start >= cutting.maximum || isEnd && start < restCount {
            let toSegmentEnd = ChunkCutting.segmentBytes - Int(sizeBytes % UInt64(ChunkCutting.segmentBytes))
            let count = cutting.first(of: rest.bytes(start..<min(restCount, start + toSegmentEnd)))
            guard chunks.count < ContentLimits.chunkCount else {
                throw .pastLimit("Content has more than \(ContentLimits.chunkCount) chunks.")
            }
            chunks.append(try session.store(rest.bytes(start..<(start + count)), with: compressor))
            sizeBytes += UInt64(count)
            start += count
        }
        if start > 0, start < restCount {
            rest.all.copyMemory(from: rest.bytes(start..<restCount))
        }
        restCount -= start
    }
}
