// SPDX-License-Identifier: Apache-2.0

import Crypto

/// Takes chunks that come from another store. What was put stays as long as this lives; what is to stay longer is finished
/// under a lease. Nothing of what the other side says is believed: each digest is made here.
package final class ContentDeposit: Sendable {
    private let folder: ContentFolder
    private let session: WriteSession

    init(_ folder: ContentFolder, _ session: WriteSession) {
        self.folder = folder
        self.session = session
    }

    /// Whether the store has a chunk, and will as long as this lives.
    package func holds(_ chunk: ContentChunk) throws(ContentError) -> Bool { try session.holds(chunk.digest) }

    /// Stores a chunk, unless it is there.
    package func put(_ bytes: [UInt8]) throws(ContentError) -> ContentChunk {
        guard !bytes.isEmpty, bytes.count <= ContentLimits.chunkBytes else {
            throw .pastLimit("A chunk has \(bytes.count) bytes; 1 to \(ContentLimits.chunkBytes) are taken.")
        }
        return try bytes.withUnsafeBufferPointer { (buffer) throws(ContentError) in
            try session.store(UnsafeRawBufferPointer(buffer), with: Compressor())
        }
    }

    /// Makes content of chunks that are there, and gives it to a lease.
    ///
    /// - Parameters:
    ///   - pieces: of the content itself, in order.
    ///   - isGiven: whether whoever brings the content may use a chunk, which may be there for others.
    /// - Throws: ``ContentError/missing(_:neededFor:)`` where a chunk is not there or not given,
    ///   ``ContentError/damaged(_:detail:neededFor:)`` where the pieces are not what the root's digest says.
    package func finish(
        _ root: ContentRoot, pieces: [ContentChunk], under lease: ContentLease,
        isGiven: (ContentChunk) -> Bool = { _ in true }
    ) throws(ContentError) {
        // What was put can be read from now on.
        try session.seal()
        for piece in pieces where !isGiven(piece) { throw .missing(piece.digest) }
        try verify(root.id, pieces)
        if pieces.count > 1 {
            try session.store(pieces, of: root.id.digest)
            try session.seal()
        }
        if root.kind == .tree {
            var seen: Set<ContentDigest> = []
            for entry in try folder.tree(root.id).folders.flatMap(\.entries) {
                for chunk in entry.chunks where seen.insert(chunk.digest).inserted {
                    guard isGiven(chunk), try folder.contains(chunk) else { throw .missing(chunk.digest) }
                }
            }
        }
        try lease.hold(root)
    }

    /// A list under a digest that is not its content's would stand in the way of the right one.
    private func verify(_ id: ContentID, _ pieces: [ContentChunk]) throws(ContentError) {
        var whole = SHA256()
        var sizeBytes: UInt64 = 0
        for piece in pieces {
            whole.update(data: try folder.bytes(of: piece))
            sizeBytes += UInt64(piece.sizeBytes)
        }
        guard ContentDigest(whole.finalize()) == id.digest, sizeBytes == id.sizeBytes else {
            throw .damaged(id.digest, detail: "its pieces are not what its digest says")
        }
    }
}

extension ContentChunk {
    /// The digest's 64 digits, a space, the size.
    package var text: String { "\(digest.hex) \(sizeBytes)" }

    package init?(text: some StringProtocol) {
        let words = text.split(separator: " ")
        guard words.count == 2, let digest = ContentDigest(hex: words[0]), let size = UInt32(words[1]), size > 0 else {
            return nil
        }
        self.init(digest: digest, sizeBytes: size)
    }
}
