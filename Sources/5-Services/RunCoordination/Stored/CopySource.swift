// SPDX-License-Identifier: Apache-2.0

internal import ContentStore
internal import Diagnostics
internal import FileAccess
internal import ObjectStorage
internal import RunnerProtocol
internal import RuntimeServices
internal import StructuredData

/// Where bytes of caches and artifacts come from that are not in the server's folder, since their runner put them into the object
/// storage.
enum CopySource: Sendable {
    case none
    /// This is the server.
    case store(any ObjectStore)
    /// This is the server's own runner, which has no keys: the server brings them into the folder.
    case server(ServerLine)

    var objects: (any ObjectStore)? {
        guard case .store(let objects) = self else { return nil }
        return objects
    }

    /// - Parameter run: whose artifacts are read there, where they are not the job's own run's.
    func shelf(over shelf: FileBlobShelf, run: String? = nil) -> any BlobShelf {
        guard case .server(let line) = self else { return shelf }
        return BroughtBlobShelf(inner: shelf, line: line, run: run)
    }
}

/// The server's shelf, of which a blob that is missing is brought by the server when it is read.
private struct BroughtBlobShelf: BlobShelf {
    let inner: FileBlobShelf
    let line: ServerLine
    let run: String?

    func beginUpload() throws(DiagnosticError) -> String { try inner.beginUpload() }

    func openBlock(_ block: String, of upload: String) throws(DiagnosticError) -> any BlockWriter {
        try inner.openBlock(block, of: upload)
    }

    func commit(_ blocks: [String], of upload: String) throws(DiagnosticError) -> StoredBlob {
        try inner.commit(blocks, of: upload)
    }

    func discard(_ upload: String) { inner.discard(upload) }
    func sweep() throws(DiagnosticError) { try inner.sweep() }
    func remove(_ blob: StoredBlob) throws(DiagnosticError) { try inner.remove(blob) }

    func open(_ blob: StoredBlob) throws(DiagnosticError) -> any BlobReader {
        if !inner.has(blob) {
            var details: DataObject = ["blob": .string(blob.name)]
            details.set("run", run.map(DataValue.string))
            try line.call(.bring, details)
        }
        return try inner.open(blob)
    }
}

extension CacheVault {
    /// Brings what a cache is made of into the folder. Blocks.
    ///
    /// - Returns: `false` where it is nowhere, or not what was recorded.
    func bringCopy(of entry: CacheEntry) throws(DiagnosticError) -> Bool {
        switch source {
        case .none: return false
        case .server(let line):
            // Of an entry that no object has the server knows no more than this.
            guard entry.object != nil else { return false }
            let name: DataObject = [
                "key": .string(entry.key), "version": .string(entry.version), "scope": .string(entry.scope),
            ]
            return try line.call(.bring, name).bool("isThere")
        case .store(let objects):
            guard let object = entry.object else { return false }
            do throws(DiagnosticError) {
                guard let trees = CacheTrees(entry.blob) else {
                    return try drafts.bring(entry.blob, from: object.key, in: objects)
                }
                try CacheObject(object, in: objects).bring(trees, of: entry, to: content, namespace)
                return true
            } catch  where [.objectDamaged, .objectMissing].contains(error.diagnostic.code) {
                return false
            }
        }
    }
}

extension FileBlobShelf {
    /// Brings a blob from its object. Blocks.
    ///
    /// - Returns: `false` where the object has other bytes.
    func bring(
        _ blob: StoredBlob, from key: String, in objects: any ObjectStore
    ) throws(DiagnosticError) -> Bool {
        if has(blob) { return true }
        let draft = try draft()
        defer { try? Files.remove(draft) }
        let reader = StoredBlobReader(blob, try ObjectKey(key), objects)
        guard try BlobCopy.copy(reader, blob, to: draft) else { return false }
        try take(draft, as: blob)
        return true
    }
}
