// SPDX-License-Identifier: Apache-2.0

internal import RuntimeServices
internal import StepExecution
internal import StructuredData

/// What an upload says of the artifact that it made: the outputs of `actions/upload-artifact` since the fourth version.
struct ArtifactAddress: Sendable {
    private let runAddress: String

    init(_ call: NativeActionCall) {
        let (server, repository) = (call.github["server_url"]?.string, call.github["repository"]?.string)
        let run = call.github["run_id"]?.string ?? ""
        runAddress = "\(server ?? "")/\(repository ?? "")/actions/runs/\(run)"
    }

    func tell(_ entry: ArtifactEntry, _ report: inout NativeReport) {
        guard case .archive(let blob) = entry.content else { return }
        report.line("SHA256 digest of uploaded artifact is \(blob.digest)")
        report.line(
            "Artifact \(entry.name) has been successfully uploaded! Final size is \(blob.sizeBytes) bytes. "
                + "Artifact ID is \(entry.id)")
        report.output("artifact-id", "\(entry.id)")
        report.output("artifact-digest", blob.digest)
        report.output("artifact-url", "\(runAddress)/artifacts/\(entry.id)")
    }
}
