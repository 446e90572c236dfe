// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import ObjectStorage
internal import RuntimeServices
internal import ThreadExecution

/// Reads a blob of the store, a piece at a time. Each read may block.
final class StoredBlobReader: BlobReader {
    private let blob: StoredBlob
    private let key: ObjectKey
    private let objects: any ObjectStore
    private var piece: [UInt8] = []
    private var start: UInt64 = 0

    private static let pieceBytes: UInt64 = 4 << 20

    init(_ blob: StoredBlob, _ key: ObjectKey, _ objects: any ObjectStore) {
        self.blob = blob
        self.key = key
        self.objects = objects
    }

    func read(into space: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DiagnosticError) -> Int {
        guard offset < blob.sizeBytes, !space.isEmpty else { return 0 }
        if offset < start || offset >= start + UInt64(piece.count) {
            piece = try Self.bytes(
                of: key.text, offset..<min(offset + Self.pieceBytes, blob.sizeBytes), in: objects)
            start = offset
        }
        let first = Int(offset - start)
        let count = min(space.count, piece.count - first)
        guard count > 0 else { return 0 }
        space.copyBytes(from: piece[first..<(first + count)])
        return count
    }
    /// Bytes of an object, into memory. Blocks.
    static func bytes(
        of key: String, _ range: Range<UInt64>, in objects: any ObjectStore
    ) throws(DiagnosticError) -> [UInt8] {
        let key = try ObjectKey(key)
        return try BlockingWork.awaited { () async throws(DiagnosticError) in
            try await objects.get(key, range: range, limit: range.count)
        }
    }
}
