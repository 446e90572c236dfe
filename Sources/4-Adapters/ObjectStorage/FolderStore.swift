// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
package import HTTPMessages
internal import ThreadExecution
package import Timekeeping

/// Objects as files of one folder, which all that use it share. One appears by a rename, durably.
package struct FolderStore: ObjectStore {
    package let root: String

    package var place: String { "file://" + root }

    private static let pieceBytes = 256 << 10
    private static let mode: UInt16 = 0o600

    package init(root: String) { self.root = root }

    private var drafts: String { root + "/drafts" }
    var objects: String { root + "/objects" }
    private func path(_ key: ObjectKey) throws(DiagnosticError) -> String {
        try objects + "/" + ObjectFileName.path(of: key)
    }

    // MARK: putting

    package func put(_ bytes: [UInt8], at key: ObjectKey) async throws(DiagnosticError) {
        try await BlockingWork.attempt { () throws(DiagnosticError) in
            try makeFolder(of: key)
            try Files.replace(try path(key), with: bytes, mode: Self.mode, durably: true)
        }
    }

    package func putFile(_ file: String, at key: ObjectKey) async throws(DiagnosticError) {
        try await BlockingWork.attempt { () throws(DiagnosticError) in
            try Trees.make(drafts, mode: 0o700)
            let draft = Files.draft(of: drafts + "/object")
            do throws(DiagnosticError) {
                let output = try AppendingFile(path: draft, mode: Self.mode)
                try Files.read(file) { (bytes) throws(DiagnosticError) in try output.append(Array(bytes)) }
                try output.sync()
                try makeFolder(of: key)
                try Files.rename(draft, to: try path(key))
            } catch {
                try? Files.remove(draft)
                throw error
            }
        }
    }

    private func makeFolder(of key: ObjectKey) throws(DiagnosticError) {
        try Trees.make(Files.directory(of: try path(key)), mode: 0o700)
    }

    // MARK: reading

    package func open(_ key: ObjectKey, range: Range<UInt64>?) async throws(DiagnosticError) -> ObjectContent {
        guard let facts = try await facts(of: key) else {
            throw DiagnosticError(
                .objectMissing, "There is no object '\(key)' in \(place).", remedy: "It was removed, or never put.")
        }
        let wanted = (range ?? 0..<facts.sizeBytes).clamped(to: 0..<facts.sizeBytes)
        let part = FilePart(path: try path(key), range: Int(wanted.lowerBound)..<Int(wanted.upperBound))
        return ObjectContent(sizeBytes: UInt64(wanted.count), pieces: part.pieces)
    }

    package func facts(of key: ObjectKey) async throws(DiagnosticError) -> ObjectFacts? {
        let path = try path(key)
        return await BlockingWork.run {
            Files.facts(path).flatMap { $0.kind == .file ? ObjectFacts(key: key, $0) : nil }
        }
    }

    package func list(
        prefix: String, after: String?, limit: Int
    ) async throws(DiagnosticError) -> ObjectPage {
        try await BlockingWork.attempt { () throws(DiagnosticError) in
            var walk = FolderWalk(
                root: objects, prefix: prefix, after: after, limit: min(max(1, limit), StorageLimits.pageObjects))
            return try walk.page()
        }
    }

    package func remove(_ keys: [ObjectKey]) async throws(DiagnosticError) {
        try await BlockingWork.attempt { () throws(DiagnosticError) in
            for key in keys {
                try Files.remove(try path(key))
                // Folders that nothing is in go; somebody may be putting something there.
                var folder = Files.directory(of: try path(key))
                while folder.utf8.count > objects.utf8.count, Trees.isEmpty(folder) {
                    Trees.removeEmpty(folder)
                    folder = Files.directory(of: folder)
                }
            }
        }
    }

    package func sweepUploads(begunBefore time: Timestamp) async throws(DiagnosticError) -> Int {
        try await BlockingWork.attempt { () throws(DiagnosticError) in
            guard Files.isDirectory(drafts) else { return 0 }
            var count = 0
            for entry in try Trees.list(drafts) {
                let path = "\(drafts)/\(entry.name)"
                guard let facts = Files.facts(path), facts.modifiedNanoseconds / 1_000_000 < time.milliseconds else {
                    continue
                }
                try Files.remove(path)
                count += 1
            }
            return count
        }
    }

    /// A folder has no address that others could ask.
    package func link(to key: ObjectKey, _ use: LinkUse) async throws(DiagnosticError) -> ObjectLink? { nil }

    /// Nobody else writes here.
    package func refusesOtherBytes() async throws(DiagnosticError) -> Bool { false }
}

extension ObjectFacts {
    init(key: ObjectKey, _ facts: Files.Facts) {
        self.init(
            key: key, sizeBytes: facts.sizeBytes,
            modified: Timestamp(milliseconds: facts.modifiedNanoseconds / 1_000_000))
    }
}
