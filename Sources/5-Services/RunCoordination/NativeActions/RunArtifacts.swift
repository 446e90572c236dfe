// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import PipelineModel
internal import RuntimeServices
package import StructuredData
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

    /// - Throws: where the run's record cannot be read.
    package init(store: RunStore, run: RunID) throws(DiagnosticError) {
        let root = try RunRecord.root(of: run, in: store) ?? ""
        vault = ArtifactVault(folder: RunServices.folder(of: root, in: store))
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

    /// Unpacks one into a folder.
    ///
    /// - Throws: ``DiagnosticCode/artifactMissing``, ``DiagnosticCode/artifactDamaged``, and what unpacking throws.
    package func get(_ name: String, to folder: String) throws(DiagnosticError) {
        let all = try vault.visible(run: run.description)
        guard let entry = all.last(where: { $0.name == name }) else {
            let others = all.map { "'\($0.name)'" }.joined(separator: ", ")
            throw DiagnosticError(
                .artifactMissing, "Run \(run) has no artifact '\(name)'.",
                remedy: all.isEmpty ? "It has none at all." : "It has: \(others).")
        }
        guard try vault.unpack(entry, to: folder) else {
            throw DiagnosticError(
                .artifactDamaged, "The artifact '\(name)' of run \(run) is damaged: its digest is another.",
                remedy: "Run the job that uploads it again.")
        }
    }
}
