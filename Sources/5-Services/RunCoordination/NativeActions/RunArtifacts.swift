// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
internal import ObjectStorage
package import PipelineModel
internal import RuntimeServices
package import StructuredData
internal import Synchronization
internal import Timekeeping

/// The artifacts of one run, for people.
package struct RunArtifacts {
    /// One of them.
    package struct Entry {
        package var name: String
        package var job: String
        package var step: String?
        package var sizeBytes: UInt64
        /// `sha256:…` of the archive; `nil` for one that is single files.
        package var digest: String?
        package var created: String
        package var expires: String?
        package var id: Int

        package var data: DataValue {
            var object: DataObject = [
                "name": .string(name), "id": .number(Double(id)), "job": .string(job),
                "size": .number(Double(sizeBytes)), "created": .string(created),
            ]
            object.set("step", step.map(DataValue.string))
            object.set("digest", digest.map(DataValue.string))
            object.set("expires", expires.map(DataValue.string))
            return .object(object)
        }
    }

    private let vault: ArtifactVault
    private let run: RunID
    private let isStored: (_ attempt: Int) -> Bool

    /// Smaller ones are given by the server itself: another request costs more.
    private static let linkedBytes: UInt64 = 1 << 20
    private static let linkSeconds = 300

    /// - Throws: where the run's record cannot be read.
    package init(store: RunStore, run: RunID) throws(DiagnosticError) {
        let root = try RunRecord.root(of: run, in: store) ?? ""
        vault = ArtifactVault(folder: RunServices.folder(of: root, in: store), objects: store.objects)
        isStored = { store.isStored(run, attempt: $0) }
        self.run = run
    }

    package func entries() throws(DiagnosticError) -> [Entry] {
        try vault.visible(run: run.description).map { artifact in
            var digest: String?
            if case .archive(let blob) = artifact.content { digest = "sha256:" + blob.digest }
            return Entry(
                name: artifact.name, job: artifact.origin.job, step: artifact.origin.step,
                sizeBytes: artifact.sizeBytes, digest: digest, created: artifact.created.description,
                expires: artifact.expires?.description, id: artifact.id)
        }
    }

    /// One as a zip archive, to be read in pieces; its bytes are those that were stored.
    ///
    /// - Throws: ``DiagnosticCode/artifactMissing``, ``DiagnosticCode/artifactDamaged``.
    package func archive(_ name: String) throws(DiagnosticError) -> ArtifactArchive {
        let entry = try entry(name)
        let path = try vault.draft()
        guard try vault.makeArchive(of: entry, at: path) else {
            try? Files.remove(path)
            throw damaged(name)
        }
        return ArtifactArchive(path: path)
    }

    /// An address at which whoever has it may download the archive for a few minutes; `nil` where there is none, or the
    /// archive has yet to be made.
    package func link(to name: String) async throws(DiagnosticError) -> String? {
        guard let objects = vault.objects else { return nil }
        let entry = try entry(name)
        guard case .archive(let blob) = entry.content, entry.mediaType == ArtifactVault.zip,
            blob.sizeBytes >= Self.linkedBytes, isStored(entry.origin.attempt) || !vault.drafts.has(blob)
        else { return nil }
        let key = try StoredKeys.artifact(blob, of: entry.origin.run)
        return try await objects.link(to: key, LinkUse(.get(fileName: name + ".zip"), seconds: Self.linkSeconds))?.url
    }

    private func damaged(_ name: String) -> DiagnosticError {
        DiagnosticError(
            .artifactDamaged, "The artifact '\(name)' of run \(run) is damaged: its digest is another.",
            remedy: "Run the job that uploads it again.")
    }

    private func entry(_ name: String) throws(DiagnosticError) -> ArtifactEntry {
        let all = try vault.visible(run: run.description)
        if let entry = all.last(where: { $0.name == name }) { return entry }
        let others = all.map { "'\($0.name)'" }.joined(separator: ", ")
        throw DiagnosticError(
            .artifactMissing, "Run \(run) has no artifact '\(name)'.",
            remedy: all.isEmpty ? "It has none at all." : "It has: \(others).")
    }

    /// Unpacks one into a folder.
    ///
    /// - Throws: ``DiagnosticCode/artifactMissing``, ``DiagnosticCode/artifactDamaged``, and what unpacking throws.
    package func get(_ name: String, to folder: String) throws(DiagnosticError) {
        guard try vault.unpack(try entry(name), to: folder) else { throw damaged(name) }
    }
}

/// An artifact's archive that was made to be read once.
package final class ArtifactArchive: Sendable {
    private let path: String
    private let offset = Mutex(0)
    private static let pieceBytes = 1 << 20

    init(path: String) { self.path = path }

    /// The next piece; `nil` at the end.
    package func next() throws(DiagnosticError) -> [UInt8]? {
        let start = offset.withLock { $0 }
        let piece = try Files.read(path, from: start, count: Self.pieceBytes)
        offset.withLock { $0 += piece.count }
        return piece.isEmpty ? nil : piece
    }

    package func dismiss() { try? Files.remove(path) }
}
