// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import RunnerProtocol
internal import RuntimeServices

/// Bytes of caches and artifacts: what the job itself has made is on this machine until it is published, everything else is
/// read from the server as it is needed.
struct FarBlobShelf: BlobShelf {
    let storage: FarStorage

    private var local: FileBlobShelf { storage.shelf }

    func beginUpload() throws(DiagnosticError) -> String { try local.beginUpload() }

    func openBlock(_ block: String, of upload: String) throws(DiagnosticError) -> any BlockWriter {
        try local.openBlock(block, of: upload)
    }

    func commit(_ blocks: [String], of upload: String) throws(DiagnosticError) -> StoredBlob {
        try local.commit(blocks, of: upload)
    }

    func discard(_ upload: String) { local.discard(upload) }

    func open(_ blob: StoredBlob) throws(DiagnosticError) -> any BlobReader {
        if local.has(blob) { return try local.open(blob) }
        return FarBlobReader(blob, storage.line)
    }

    func sweep() throws(DiagnosticError) { try local.sweep() }

    /// The server removes its own.
    func remove(_ blob: StoredBlob) throws(DiagnosticError) { try local.remove(blob) }
}

/// Reads a blob of the server, a piece at a time.
private final class FarBlobReader: BlobReader {
    private let blob: StoredBlob
    private let line: ServerLine
    private var piece: [UInt8] = []
    private var start: UInt64 = 0

    init(_ blob: StoredBlob, _ line: ServerLine) {
        self.blob = blob
        self.line = line
    }

    func read(into space: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DiagnosticError) -> Int {
        guard offset < blob.sizeBytes, !space.isEmpty else { return 0 }
        if offset < start || offset >= start + UInt64(piece.count) {
            piece = try line.piece(.blob, blob.name, at: Int(offset))
            start = offset
        }
        let first = Int(offset - start)
        let count = min(space.count, piece.count - first)
        guard count > 0 else { return 0 }
        space.copyBytes(from: piece[first..<(first + count)])
        return count
    }
}
