// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import StructuredData
internal import Timekeeping

/// `github.actions.results.api.v1.ArtifactService`: artifacts since the fourth version, one archive each.
struct ArtifactCalls: Sendable {
    let desk: ServiceDesk

    func answer(
        _ method: String, _ message: DataValue, base: String, job: AdmittedJob
    ) throws(Refusal) -> DataValue {
        guard try message.needed("workflow_run_backend_id", "workflowRunBackendId") == job.runBackendID else {
            throw Refusal(.permissionDenied, "The token is of another run.")
        }
        switch method {
        case "CreateArtifact": return try create(message, base: base, job: job)
        case "FinalizeArtifact": return try finalize(message, job: job)
        case "ListArtifacts": return try list(message, job: job)
        case "GetSignedArtifactURL":
            let entry = try find(try message.needed("name"), job: job)
            guard case .archive(let blob) = entry.content else {
                throw Refusal(.notFound, "The artifact '\(entry.name)' was uploaded by an older action, as files.")
            }
            let file = entry.mediaType == Self.zip ? entry.name + ".zip" : entry.name
            let address = desk.downloadAddress(blob, file: file, mediaType: entry.mediaType, base: base)
            return ["signed_url": .string(address)]
        case "DeleteArtifact":
            let entry = try find(try message.needed("name"), job: job)
            // Those of earlier attempts too: they must not be there again.
            for old in try unexpired(job) where old.name == entry.name {
                try desk.perform { () throws(DiagnosticError) in try desk.options.index.remove(old) }
                for blob in old.blobs { desk.removeBlob(blob) }
            }
            return ["ok": true, "artifact_id": .string(String(entry.id))]
        default: throw Refusal(.badRoute, "There is no method \(method) of ArtifactService.")
        }
    }

    private static let zip = "application/zip"

    private func create(_ message: DataValue, base: String, job: AdmittedJob) throws(Refusal) -> DataValue {
        let name = try message.needed("name")
        try Self.check(name)
        guard try visible(job).allSatisfy({ $0.name != name || $0.origin.attempt != job.grant.attempt }) else {
            throw Self.exists(name)
        }
        let now = desk.options.now()
        var expires = now + .days(job.grant.retentionDays)
        if let text = message.text("expires_at", "expiresAt") {
            guard let asked = Timestamp(iso8601: text) else {
                throw Refusal(.invalidArgument, "'\(text)' is no time.")
            }
            expires = asked
        }
        let mediaType = message.text("mime_type", "mimeType") ?? Self.zip
        let upload = try desk.beginUpload(.archive(name: name), by: job) { upload in
            upload.mediaType = mediaType
            upload.expires = expires
        }
        return ["ok": true, "signed_upload_url": .string(desk.uploadAddress(upload, base: base))]
    }

    private func finalize(_ message: DataValue, job: AdmittedJob) throws(Refusal) -> DataValue {
        let name = try message.needed("name")
        guard let upload = desk.upload(.archive(name: name), of: job) else {
            // The answer to the first call was lost, and the client asks again.
            if let entry = try visible(job).first(where: {
                $0.name == name && $0.origin.job == job.grant.job && $0.origin.attempt == job.grant.attempt
            }) {
                return ["ok": true, "artifact_id": .string(String(entry.id))]
            }
            throw Refusal(.notFound, "No upload of the artifact '\(name)' is open.")
        }
        guard let blob = upload.blob else {
            throw Refusal(.failedPrecondition, "The artifact '\(name)' was not uploaded as a whole.")
        }
        if let size = message.whole("size"), size != Int(blob.sizeBytes) {
            desk.drop(upload.name)
            throw Refusal(.invalidArgument, "The artifact has \(blob.sizeBytes) bytes and not \(size).")
        }
        if let hash = message.text("hash"), hash.hasPrefix("sha256:"), hash != "sha256:" + blob.digest {
            desk.drop(upload.name)
            throw Refusal(.invalidArgument, "The artifact arrived changed: its digest is sha256:\(blob.digest).")
        }
        let entry = ArtifactEntry(
            id: upload.id, name: name, content: .archive(blob), mediaType: upload.mediaType ?? Self.zip,
            created: desk.options.now(), expires: upload.expires, origin: job.origin)
        let isFirst = try desk.perform { () throws(DiagnosticError) in
            try desk.options.index.add(entry, replacing: false)
        }
        guard isFirst else {
            desk.drop(upload.name)
            throw Self.exists(name)
        }
        desk.settle(upload)
        return ["ok": true, "artifact_id": .string(String(entry.id))]
    }

    private func list(_ message: DataValue, job: AdmittedJob) throws(Refusal) -> DataValue {
        let name = message.text("name_filter", "nameFilter")
        let id = message.whole("id_filter", "idFilter")
        var values: [DataValue] = []
        for entry in try visible(job) {
            guard case .archive(let blob) = entry.content, name == nil || name == entry.name,
                id == nil || id == entry.id
            else { continue }
            values.append([
                "workflow_run_backend_id": .string(job.runBackendID),
                "workflow_job_run_backend_id": .string(job.backendID), "database_id": .string(String(entry.id)),
                "name": .string(entry.name), "size": .string(String(blob.sizeBytes)),
                "created_at": .string(entry.created.description), "digest": .string("sha256:" + blob.digest),
            ])
        }
        return ["artifacts": .array(values)]
    }

    /// Those of the job's run that have not expired, of each name the newest.
    func visible(_ job: AdmittedJob) throws(Refusal) -> [ArtifactEntry] { try unexpired(job).newestByName }

    private func unexpired(_ job: AdmittedJob) throws(Refusal) -> [ArtifactEntry] {
        let now = desk.options.now()
        return try desk.perform { () throws(DiagnosticError) in
            try desk.options.index.artifacts(ofRun: job.grant.run)
        }.filter { $0.expires.map { now < $0 } ?? true }
    }

    func find(_ name: String, job: AdmittedJob) throws(Refusal) -> ArtifactEntry {
        guard let entry = try visible(job).first(where: { $0.name == name }) else {
            throw Refusal(.notFound, "This run has no artifact '\(name)'.")
        }
        return entry
    }

    /// The toolkit's rule.
    static func check(_ name: String) throws(Refusal) {
        guard ArtifactEntry.accepts(name) else {
            throw Refusal(.invalidArgument, "'\(name)' is no name of an artifact.")
        }
    }

    private static func exists(_ name: String) -> Refusal {
        Refusal(.alreadyExists, "an artifact with this name already exists on the workflow run: '\(name)'")
    }
}
