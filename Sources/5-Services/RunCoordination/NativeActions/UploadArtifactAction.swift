// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import PipelineModel
internal import RuntimeServices
internal import StepExecution
internal import StructuredData
internal import ZipArchives

/// `actions/upload-artifact`, built in: the inputs of all versions, and the kind of artifact that the version has.
struct UploadArtifactAction: Sendable {
    static let name = "upload-artifact"
    /// GitHub's, unless a repository's settings say otherwise.
    static let retentionDays: Int64 = 90

    let job: NativeJob

    private static let inputNames = [
        "name", "path", "if-no-files-found", "retention-days", "compression-level", "overwrite", "include-hidden-files",
        "archive",
    ]

    private enum Missing: String {
        case warn, error, ignore
    }

    var action: NativeAction {
        { call in
            do throws(DiagnosticError) {
                try upload(call)
            } catch {
                call.complete(.failure(error.diagnostic))
            }
            return call.stop.ask
        }
    }

    private func upload(_ call: NativeActionCall) throws(DiagnosticError) {
        call.checkNames(Self.inputNames)
        let paths = call.lines("path")
        guard !paths.isEmpty else {
            _ = try call.required("path")
            return
        }
        let text = call.text("if-no-files-found")
        guard let missing = Missing(rawValue: text.isEmpty ? "warn" : text) else {
            throw DiagnosticError(
                .nativeInputInvalid,
                "Unrecognized if-no-files-found input. Provided: \(text). Available options: warn,error,ignore")
        }
        let name = call.text("name")
        guard call.redacted(name) == name else {
            throw DiagnosticError(
                .nativeInputInvalid, "The artifact's name holds a secret, and would be shown to whoever sees the run.",
                remedy: "Give it a name without one.")
        }
        var upload = ArtifactVault.Upload(
            name: name.isEmpty ? "artifact" : name, files: [], origin: job.origin(call),
            retentionDays: try Self.retention(call))
        upload.compressionLevel = try Self.level(call)
        upload.stop = call.stop
        upload.overwrites = try call.checkedFlag("overwrite")
        let archives = try call.checkedFlag("archive", default: true)
        let includesHidden = try call.checkedFlag("include-hidden-files")
        let (folders, vault, isOfFiles) = (job.folders(call), job.artifacts, call.isThirdVersion)
        let address = ArtifactAddress(call)
        let planned = upload
        call.perform("Martlet's own upload-artifact", noting: job.note) { () throws(DiagnosticError) in
            var (report, upload) = (NativeReport(), planned)
            let search = try UploadSearch(paths, folders, includesHidden: includesHidden)
            search.notes.forEach { report.line($0) }
            guard !search.files.isEmpty else {
                Self.tellMissing(paths, missing, &report)
                return report
            }
            upload.files = search.files
            report.line(
                "With the provided path, there will be \(upload.files.count) file\(upload.files.count == 1 ? "" : "s") uploaded"
            )
            guard archives || upload.files.count == 1 else {
                throw DiagnosticError(
                    .nativeInputInvalid,
                    "When 'archive' is set to false, only a single file can be uploaded. Found \(upload.files.count) files to upload."
                )
            }
            if isOfFiles {
                let entry = try vault.addFiles(upload)
                report.line("Artifact \(entry.name) has been successfully uploaded!")
                return report
            }
            if !archives {
                upload.name = upload.files[0].path.split(separator: "/").last.map(String.init) ?? upload.name
            }
            let entry = try archives ? vault.addArchive(upload) : vault.addFile(upload)
            address.tell(entry, &report)
            return report
        }
    }

    private static func tellMissing(_ paths: [String], _ missing: Missing, _ report: inout NativeReport) {
        let text =
            "No files were found with the provided path: \(paths.joined(separator: "\n")). No artifacts will be uploaded."
        switch missing {
        case .warn: report.warn(text)
        case .error: report.failure = Diagnostic(.nativeInputInvalid, text)
        case .ignore: report.line(text)
        }
    }

    static func retention(_ call: NativeActionCall) throws(DiagnosticError) -> Int64 {
        let text = call.text("retention-days")
        guard !text.isEmpty else { return retentionDays }
        guard let days = Int64(text), days >= 0 else {
            throw DiagnosticError(.nativeInputInvalid, "Invalid retention-days")
        }
        guard days <= retentionDays else {
            call.warn(
                "Retention days cannot be greater than the maximum allowed retention set within the repository. "
                    + "Using \(retentionDays) instead.")
            return retentionDays
        }
        return days == 0 ? retentionDays : days
    }

    static func level(_ call: NativeActionCall) throws(DiagnosticError) -> Int {
        let text = call.text("compression-level")
        guard !text.isEmpty else { return 6 }
        guard let level = Int(text), (0...9).contains(level) else {
            throw DiagnosticError(.nativeInputInvalid, "Invalid compression-level. Valid values are 0-9")
        }
        return level
    }
}

extension NativeActionCall {
    /// Versions of the artifact actions that keep files and no archive.
    var isThirdVersion: Bool {
        guard case .repository(_, _, let ref) = reference else { return false }
        return ["v1", "v2", "v3"].contains { ref == $0 || ref.hasPrefix($0 + ".") }
    }
}
