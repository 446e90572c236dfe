// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import RuntimeServices
internal import StepExecution
internal import StructuredData

/// `actions/download-artifact`, built in: the inputs of all versions.
struct DownloadArtifactAction: Sendable {
    static let name = "download-artifact"

    let job: NativeJob

    private static let inputNames = [
        "name", "artifact-ids", "path", "pattern", "merge-multiple", "github-token", "repository", "run-id",
        "skip-decompress", "digest-mismatch",
    ]

    private struct Wish: Sendable {
        var run: String
        var name: String
        var ids: String
        var pattern: String
        var path: String
        var merges: Bool
        var keepsArchives: Bool
        var onMismatch: String
        /// The third version makes a folder of its own for each artifact where none is named.
        var isThirdVersion: Bool
    }

    var action: NativeAction {
        { call in
            do throws(DiagnosticError) {
                try download(call)
            } catch {
                call.complete(.failure(error.diagnostic))
            }
            return call.stop.ask
        }
    }

    private func download(_ call: NativeActionCall) throws(DiagnosticError) {
        call.checkNames(Self.inputNames)
        let wish = try wish(call)
        let (vault, folders, stop) = (job.artifacts, job.folders(call), call.stop)
        call.perform("Martlet's own download-artifact", noting: job.note) { () throws(DiagnosticError) in
            var report = NativeReport()
            let entries = try Self.choose(wish, try vault.visible(run: wish.run), &report)
            if !entries.isEmpty { report.line("Preparing to download the following artifacts:") }
            for entry in entries { report.line("- \(entry.name) (ID: \(entry.id), Size: \(entry.sizeBytes))") }
            let isAlone =
                !wish.name.isEmpty || wish.merges || (entries.count == 1 && !wish.isThirdVersion)
            var damaged: [String] = []
            for entry in entries {
                let folder = isAlone ? wish.path : "\(wish.path)/\(entry.name)"
                // A link may stand there already.
                if let place = Files.realPath(folder), !folders.reaches(place) { throw PathSearch.outside(folder) }
                let isSound = try vault.unpack(
                    entry, to: folder, keepsDamaged: wish.onMismatch != "error", keepsArchive: wish.keepsArchives,
                    stop: stop)
                guard !isSound else { continue }
                damaged.append(entry.name)
                let text =
                    "Artifact '\(entry.name)' digest validation failed. Please verify the integrity of the artifact."
                if wish.onMismatch == "info" { report.line(text) }
                if wish.onMismatch == "warn" { report.warn(text) }
            }
            guard damaged.isEmpty || wish.onMismatch != "error" else {
                throw DiagnosticError(
                    .artifactDamaged,
                    "Digest validation failed for artifact(s): \(damaged.joined(separator: ", ")). "
                        + "Use 'digest-mismatch: warn' to continue on mismatch.")
            }
            report.line("Total of \(entries.count) artifact(s) downloaded")
            report.output("download-path", wish.path)
            report.line("Download artifact has finished successfully")
            return report
        }
    }

    private func wish(_ call: NativeActionCall) throws(DiagnosticError) -> Wish {
        let (name, ids) = (call.text("name"), call.text("artifact-ids"))
        guard name.isEmpty || ids.isEmpty else {
            throw DiagnosticError(
                .nativeInputInvalid,
                "Inputs 'name' and 'artifact-ids' cannot be used together. Please specify only one.")
        }
        let mismatch = call.text("digest-mismatch")
        guard ["", "ignore", "info", "warn", "error"].contains(mismatch) else {
            throw DiagnosticError(
                .nativeInputInvalid,
                "Invalid value for 'digest-mismatch': '\(mismatch)'. Valid options are: ignore, info, warn, error")
        }
        let repository = call.text("repository")
        guard repository.isEmpty || repository.lowercased() == call.github["repository"]?.string?.lowercased() else {
            throw DiagnosticError(
                .artifactMissing, "Artifacts of another repository ('\(repository)') are not to be had here.")
        }
        let folders = job.folders(call)
        let path = try Self.resolved(call.text("path"), folders)
        let run = call.text("run-id")
        return Wish(
            run: run.isEmpty ? job.run : run, name: name, ids: ids, pattern: call.text("pattern"), path: path,
            merges: try call.checkedFlag("merge-multiple"),
            keepsArchives: try call.checkedFlag("skip-decompress"),
            onMismatch: mismatch.isEmpty ? "error" : mismatch, isThirdVersion: call.isThirdVersion)
    }

    /// Absolute, without `.` and `..`.
    static func resolved(_ text: String, _ folders: StepFolders) throws(DiagnosticError) -> String {
        var path = text
        if path.hasPrefix("~") { path = folders.home + path.dropFirst() }
        if !path.hasPrefix("/") { path = folders.workspace + "/" + path }
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        let whole = "/" + parts.joined(separator: "/")
        // Where a part of it is there already, links in that part count.
        var existing = whole
        while Files.facts(existing, followingLinks: false) == nil { existing = Files.directory(of: existing) }
        guard folders.reaches(whole), folders.reaches(Files.realPath(existing) ?? existing) else {
            throw PathSearch.outside(whole)
        }
        return whole
    }

    private static func choose(
        _ wish: Wish, _ all: [ArtifactEntry], _ report: inout NativeReport
    ) throws(DiagnosticError) -> [ArtifactEntry] {
        if !wish.name.isEmpty {
            report.line("Downloading single artifact")
            guard let entry = all.last(where: { $0.name == wish.name }) else {
                throw DiagnosticError(
                    .artifactMissing,
                    "Unable to download artifact(s): Artifact not found for name: \(wish.name)",
                    remedy: "martlet artifacts list \(wish.run) shows those of the run.")
            }
            return [entry]
        }
        if !wish.ids.isEmpty { return try choose(ids: wish.ids, all, &report) }
        guard !wish.pattern.isEmpty else {
            report.line("No input name, artifact-ids or pattern filtered specified, downloading all artifacts")
            if !wish.merges {
                report.line("An extra directory with the artifact name will be created for each download")
            }
            return all
        }
        report.line("Filtering artifacts by pattern '\(wish.pattern)'")
        let pattern = try ArtifactPattern(wish.pattern)
        return all.filter { pattern.matches($0.name) }
    }

    private static func choose(
        ids text: String, _ all: [ArtifactEntry], _ report: inout NativeReport
    ) throws(DiagnosticError) -> [ArtifactEntry] {
        report.line("Downloading artifacts by ID")
        var ids: [Int] = []
        for part in text.split(separator: ",").map({ $0.trimmingBlanks() }) where !part.isEmpty {
            guard let id = Int(part) else {
                throw DiagnosticError(.nativeInputInvalid, "Invalid artifact ID: '\(part)'. Must be a number.")
            }
            ids.append(id)
        }
        let found = all.filter { ids.contains($0.id) }
        guard !found.isEmpty else {
            throw DiagnosticError(.artifactMissing, "None of the provided artifact IDs were found")
        }
        let missing = ids.filter { id in !found.contains { $0.id == id } }
        if !missing.isEmpty {
            report.warn(
                "Could not find the following artifact IDs: \(missing.map(String.init).joined(separator: ", "))")
        }
        return found
    }
}
