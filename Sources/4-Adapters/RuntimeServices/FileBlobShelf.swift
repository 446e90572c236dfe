// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Diagnostics
internal import FileAccess
internal import StructuredData
internal import Synchronization
package import Timekeeping

/// A shelf of plain files: `uploads/UPLOAD/BLOCK` while bytes arrive, `blobs/xx/NAME` once they are whole.
///
/// A blob appears by one rename. Nothing is synced: like all that a local run keeps, it outlives the process, not a loss
/// of power. Uploads bear their process's number, so that those of a killed one can be swept.
package final class FileBlobShelf: BlobShelf {
    private let folder: String
    private struct Digests: Sendable {
        /// The first block of each upload, by its path. It may turn out to be the whole, and is digested while it is
        /// written; of several blocks only the whole can be digested, in the order of their list.
        var firstBlocks: [String: String] = [:]
        /// SHA-256 of first blocks that have arrived, by upload.
        var finished: [String: String] = [:]
    }

    private let digests = Mutex(Digests())
    private static let copyBytes = 1 << 20

    /// - Parameter folder: made on first use.
    package init(folder: String) {
        self.folder = folder
    }

    // MARK: uploads

    package func beginUpload() throws(DiagnosticError) -> String {
        let name = uniqueName()
        try Trees.make(uploadFolder(name), mode: 0o700)
        return name
    }

    package func openBlock(_ block: String, of upload: String) throws(DiagnosticError) -> any BlockWriter {
        let target = blockPath(block, of: upload)
        let draft = target + "." + uniqueName()
        let file = try OpenFile.writing(draft)
        let isFirst = digests.withLock { digests in
            if digests.firstBlocks[upload] == nil { digests.firstBlocks[upload] = target }
            return digests.firstBlocks[upload] == target
        }
        return FileBlockWriter(
            file: file, draft: draft, target: target, hash: isFirst ? SHA256() : nil
        ) { [weak self] digest in
            self?.digests.withLock { $0.finished[upload] = digest }
        }
    }

    package func commit(_ blocks: [String], of upload: String) throws(DiagnosticError) -> StoredBlob {
        let paths = blocks.map { blockPath($0, of: upload) }
        for (block, path) in zip(blocks, paths) where !Files.isFile(path) {
            throw DiagnosticError(.uploadIncomplete, "The block '\(block)' of the list was not uploaded.")
        }
        let whole: (path: String, digest: String)
        let known = digests.withLock { $0.firstBlocks[upload] == paths.first ? $0.finished[upload] : nil }
        if paths.count == 1, let digest = known {
            whole = (paths[0], digest)
        } else {
            whole = try assemble(paths, of: upload)
        }
        let name = uniqueName()
        let target = blobPath(name)
        try Trees.make(Files.directory(of: target), mode: 0o700)
        try Files.rename(whole.path, to: target)
        discard(upload)
        return StoredBlob(name: name, sizeBytes: Files.facts(target)?.sizeBytes ?? 0, digest: whole.digest)
    }

    package func discard(_ upload: String) {
        digests.withLock { digests in
            digests.firstBlocks[upload] = nil
            digests.finished[upload] = nil
        }
        // What cannot be removed now is swept by a later run.
        try? Trees.remove(uploadFolder(upload))
    }

    /// One file of all blocks: a block may be named twice, so each is copied.
    private func assemble(
        _ paths: [String], of upload: String
    ) throws(DiagnosticError) -> (path: String, digest: String) {
        let path = uploadFolder(upload) + "/whole." + uniqueName()
        let output = try OpenFile.writing(path)
        var hash = SHA256()
        let space = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.copyBytes, alignment: 16)
        defer { space.deallocate() }
        for block in paths {
            let input = try OpenFile.reading(block)
            var offset: UInt64 = 0
            while true {
                let count = try input.read(into: space, at: offset)
                if count == 0 { break }
                let bytes = UnsafeRawBufferPointer(rebasing: space[..<count])
                hash.update(bufferPointer: bytes)
                try output.write(bytes)
                offset += UInt64(count)
            }
        }
        return (path, Hexadecimal.text(hash.finalize()))
    }

    /// Takes a whole file as it is, which then is not at its path any more. It has to be on the shelf's file system.
    package func take(_ path: String) throws(DiagnosticError) -> StoredBlob {
        let input = try OpenFile.reading(path)
        var hash = SHA256()
        var offset: UInt64 = 0
        let space = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.copyBytes, alignment: 16)
        defer { space.deallocate() }
        while true {
            let count = try input.read(into: space, at: offset)
            if count == 0 { break }
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: space[..<count]))
            offset += UInt64(count)
        }
        let name = uniqueName()
        let target = blobPath(name)
        try Trees.make(Files.directory(of: target), mode: 0o700)
        try Files.rename(path, to: target)
        return StoredBlob(name: name, sizeBytes: offset, digest: Hexadecimal.text(hash.finalize()))
    }

    /// Takes a whole file as the bytes of a blob that is known already, which are these.
    package func take(_ path: String, as blob: StoredBlob) throws(DiagnosticError) {
        let target = blobPath(blob.name)
        try Trees.make(Files.directory(of: target), mode: 0o700)
        try Files.rename(path, to: target)
    }

    /// A new path on the shelf's file system, for a file that is made to be taken.
    package func draft() throws(DiagnosticError) -> String {
        try Trees.make(folder + "/uploads", mode: 0o700)
        return uploadFolder(uniqueName())
    }

    package func sweep() throws(DiagnosticError) {
        guard Files.isDirectory(folder + "/uploads") else { return }
        for entry in try Trees.list(folder + "/uploads") {
            guard let process = processOfUniqueName(entry.name), !isProcessAlive(process) else { continue }
            // A draft is a file, an upload a folder.
            if entry.kind == .directory {
                try Trees.remove(uploadFolder(entry.name))
            } else {
                try Files.remove(uploadFolder(entry.name))
            }
        }
    }

    // MARK: blobs

    package func open(_ blob: StoredBlob) throws(DiagnosticError) -> any BlobReader {
        FileBlobReader(file: try OpenFile.reading(blobPath(blob.name)))
    }

    /// Whether the blob is on this shelf.
    package func has(_ blob: StoredBlob) -> Bool { Files.isFile(blobPath(blob.name)) }

    /// Where its bytes are.
    package func path(of blob: StoredBlob) -> String { blobPath(blob.name) }

    package func remove(_ blob: StoredBlob) throws(DiagnosticError) {
        try Files.remove(blobPath(blob.name))
    }

    /// Removes blobs that nothing names.
    ///
    /// - Parameter unusedSince: younger ones stay: what is committed is named a moment later.
    /// - Returns: the bytes that were freed.
    package func removeOthers(than names: Set<String>, unusedSince time: Timestamp) throws(DiagnosticError) -> UInt64 {
        guard Files.isDirectory(folder + "/blobs") else { return 0 }
        var freed: UInt64 = 0
        for part in try Trees.list(folder + "/blobs") {
            for item in try Trees.list("\(folder)/blobs/\(part.name)") where !names.contains(item.name) {
                let path = "\(folder)/blobs/\(part.name)/\(item.name)"
                guard let facts = Files.facts(path), facts.modifiedNanoseconds / 1_000_000 < time.milliseconds else {
                    continue
                }
                try Files.remove(path)
                freed += facts.sizeBytes
            }
        }
        return freed
    }

    private func uploadFolder(_ upload: String) -> String { "\(folder)/uploads/\(upload)" }

    /// Blocks are named by clients: what becomes a file's name is a digest.
    private func blockPath(_ block: String, of upload: String) -> String {
        uploadFolder(upload) + "/" + Hexadecimal.text(SHA256.hash(data: Array(block.utf8)))
    }

    private func blobPath(_ name: String) -> String { "\(folder)/blobs/\(name.suffix(2))/\(name)" }
}

private final class FileBlockWriter: BlockWriter {
    private let file: OpenFile
    private let draft: String
    private let target: String
    private let keep: (String) -> Void
    private var hash: SHA256?

    init(file: OpenFile, draft: String, target: String, hash: SHA256?, keep: @escaping (String) -> Void) {
        self.file = file
        self.draft = draft
        self.target = target
        self.hash = hash
        self.keep = keep
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(DiagnosticError) {
        hash?.update(bufferPointer: bytes)
        try file.write(bytes)
    }

    func finish() throws(DiagnosticError) {
        try Files.rename(draft, to: target)
        if let hash { keep(Hexadecimal.text(hash.finalize())) }
    }

    func abandon() {
        try? Files.remove(draft)
    }
}

private final class FileBlobReader: BlobReader {
    private let file: OpenFile

    init(file: OpenFile) {
        self.file = file
    }

    func read(into space: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DiagnosticError) -> Int {
        try file.read(into: space, at: offset)
    }
}
