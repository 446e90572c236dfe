// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import ProcessControl
internal import RunnerProtocol
internal import RuntimeServices
internal import StructuredData

/// Bytes of caches and artifacts: what the job itself has made is on this machine until it is published, everything else is
/// read from the server as it is needed.
struct FarBlobShelf: BlobShelf {
    let storage: FarStorage
    /// Where connections are served: nothing is fetched whole before the first of it is read.
    var isServed = false

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
        return FarBlobReader(blob, storage, isServed: isServed)
    }

    func sweep() throws(DiagnosticError) { try local.sweep() }

    /// The server removes its own.
    func remove(_ blob: StoredBlob) throws(DiagnosticError) { try local.remove(blob) }
}

/// Reads a blob of the server: from the object storage where it gives a link, else through the server, a piece at a time.
private final class FarBlobReader: BlobReader {
    private enum Way {
        case unknown
        /// All of it, here.
        case file(OpenedCopy)
        /// A piece at a time, at a link that is good up to then.
        case link(StorageLink, until: BootInstant)
        case server
    }

    private let blob: StoredBlob
    private let storage: FarStorage
    private let isServed: Bool
    private var way = Way.unknown
    private var piece: [UInt8] = []
    private var start: UInt64 = 0

    init(_ blob: StoredBlob, _ storage: FarStorage, isServed: Bool) {
        self.blob = blob
        self.storage = storage
        self.isServed = isServed
    }

    func read(into space: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DiagnosticError) -> Int {
        guard offset < blob.sizeBytes, !space.isEmpty else { return 0 }
        if case .unknown = way { way = try choose() }
        if case .file(let copy) = way { return try copy.read(into: space, at: offset) }
        if offset < start || offset >= start + UInt64(piece.count) {
            piece = try fetch(offset)
            start = offset
        }
        let first = Int(offset - start)
        let count = min(space.count, piece.count - first)
        guard count > 0 else { return 0 }
        space.copyBytes(from: piece[first..<(first + count)])
        return count
    }

    private func choose() throws(DiagnosticError) -> Way {
        let links = storage.line.links
        guard links.isUsable, blob.sizeBytes >= RunnerLimits.linkedBytes,
            let link = try storage.line.link(.link, ["blob": .string(blob.name)])
        else { return .server }
        if isServed { return .link(link, until: Self.end(of: link)) }
        let path = try storage.shelf.draft()
        do throws(DiagnosticError) {
            try links.download(link, blob, to: path)
            return .file(OpenedCopy(path))
        } catch  where error.diagnostic.code == .linkUnusable {
            try? Files.remove(path)
            links.giveUp(error)
            return .server
        }
    }

    /// Some time before it is no good any more.
    private static func end(of link: StorageLink) -> BootInstant { .now() + .seconds(Int64(link.seconds) / 2) }

    private func fetch(_ offset: UInt64) throws(DiagnosticError) -> [UInt8] {
        if case .link(var link, let until) = way {
            if until < .now() {
                guard let next = try storage.line.link(.link, ["blob": .string(blob.name)]) else {
                    way = .server
                    return try fetch(offset)
                }
                link = next
                way = .link(link, until: Self.end(of: link))
            }
            do throws(DiagnosticError) {
                let end = min(offset + UInt64(RunnerLimits.pieceBytes), blob.sizeBytes)
                return try storage.line.links.read(link, offset..<end)
            } catch  where error.diagnostic.code == .linkUnusable {
                storage.line.links.giveUp(error)
                way = .server
            }
        }
        return try storage.line.piece(.blob, blob.name, at: Int(offset))
    }
}

/// A file that goes with its last reader.
private final class OpenedCopy {
    private let path: String

    init(_ path: String) { self.path = path }

    deinit { try? Files.remove(path) }

    func read(into space: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DiagnosticError) -> Int {
        let bytes = try Files.read(path, from: Int(offset), count: space.count)
        space.copyBytes(from: bytes)
        return bytes.count
    }
}
