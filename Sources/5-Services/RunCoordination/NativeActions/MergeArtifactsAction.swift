// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import RuntimeServices
internal import StepExecution

/// `actions/upload-artifact/merge`, built in: several artifacts of the run become one.
struct MergeArtifactsAction: Sendable {
    static let name = "merge-artifacts"

    let job: NativeJob

    private static let inputNames = [
        "name", "pattern", "separate-directories", "retention-days", "compression-level", "delete-merged",
        "include-hidden-files",
    ]

    var action: NativeAction {
        { call in
            do throws(DiagnosticError) {
                try merge(call)
            } catch {
                call.complete(.failure(error.diagnostic))
            }
            return call.stop.ask
        }
    }

    private func merge(_ call: NativeActionCall) throws(DiagnosticError) {
        call.checkNames(Self.inputNames)
        let name = call.text("name")
        var upload = ArtifactVault.Upload(
            name: name.isEmpty ? "merged-artifacts" : name, files: [], origin: job.origin(call),
            retentionDays: try UploadArtifactAction.retention(call))
        upload.stop = call.stop
        upload.compressionLevel = try UploadArtifactAction.level(call)
        let text = call.text("pattern")
        let pattern = try ArtifactPattern(text.isEmpty ? "*" : text)
        let isSeparate = try call.checkedFlag("separate-directories")
        let deletes = try call.checkedFlag("delete-merged")
        let includesHidden = try call.checkedFlag("include-hidden-files")
        let (vault, folders, address, run) = (job.artifacts, job.folders(call), ArtifactAddress(call), job.run)
        let planned = upload
        call.perform("Martlet's own upload-artifact/merge", noting: job.note) { () throws(DiagnosticError) in
            var (report, upload) = (NativeReport(), planned)
            let entries = try vault.visible(run: run).filter { pattern.matches($0.name) }
            guard !entries.isEmpty else {
                throw DiagnosticError(.artifactMissing, "No artifacts found matching pattern '\(text)'")
            }
            let draft = try vault.draft()
            defer { try? Trees.remove(draft) }
            for entry in entries {
                guard try vault.unpack(entry, to: isSeparate ? "\(draft)/\(entry.name)" : draft, stop: upload.stop)
                else {
                    throw DiagnosticError(.artifactDamaged, "Digest validation failed for artifact(s): \(entry.name).")
                }
            }
            var reach = folders
            reach.reach = nil
            upload.files = try UploadSearch([draft], reach, includesHidden: includesHidden).files
            address.tell(try vault.addArchive(upload), &report)
            report.line("The \(entries.count) artifact(s) have been successfully merged!")
            if deletes {
                for entry in entries { try vault.remove(entry) }
                report.line("The \(entries.count) artifact(s) have been deleted")
            }
            return report
        }
    }
}
