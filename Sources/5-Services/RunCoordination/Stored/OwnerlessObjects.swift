// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import ObjectStorage
internal import StructuredData
internal import ThreadExecution
internal import Timekeeping

/// Objects that are there, or may come to be there, and have no entry: each has a file in the folder of the project's caches and
/// artifacts from before it is put, or its entry removed, until an entry names it or it is gone. Only these are ever swept: what is
/// in the store and not noted here is somebody else's.
struct OwnerlessObjects: Sendable {
    private let folder: String

    private static let noteBytes = 4_096

    /// - Parameter folder: of the project's caches and artifacts.
    init(folder: String) { self.folder = folder + "/ownerless" }

    private func path(_ key: String) -> String { "\(folder)/\(ContentDigest.of(Array(key.utf8)).prefix(32)).json" }

    func note(_ key: String) throws(DiagnosticError) {
        try Trees.make(folder, mode: 0o700)
        let data: DataValue = ["key": .string(key)]
        try Files.replace(path(key), with: data.jsonText().utf8, mode: 0o600)
    }

    /// An entry names it, or it is gone for good.
    func forget(_ key: String) throws(DiagnosticError) { try Files.remove(path(key)) }

    /// Removes one that was noted. Blocks.
    func remove(_ key: String, from objects: any ObjectStore) throws(DiagnosticError) {
        let known = try ObjectKey(key)
        try BlockingWork.awaited { () async throws(DiagnosticError) in try await objects.remove([known]) }
        try forget(key)
    }

    /// Keys that were noted before a time.
    func keys(before time: Timestamp) throws(DiagnosticError) -> [String] {
        guard Files.isDirectory(folder) else { return [] }
        var keys: [String] = []
        for item in try Trees.list(folder) where item.name.hasSuffix(".json") {
            let path = "\(folder)/\(item.name)"
            guard let facts = Files.facts(path), facts.modifiedNanoseconds / 1_000_000 < time.milliseconds,
                let bytes = try Files.readIfPresent(path, limit: Self.noteBytes)
            else { continue }
            guard let key = (try? DataValue(json: bytes))?["key"]?.string else {
                // Cut off before anything was done.
                try Files.remove(path)
                continue
            }
            keys.append(key)
        }
        return keys
    }
}
