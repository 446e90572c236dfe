// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import NIOHTTP1
internal import StructuredData
internal import Timekeeping

/// `_apis/pipelines/workflows/RUN/artifacts` and its container: artifacts of the third version, which are files.
///
/// The run is the token's, whatever the address says. Several jobs may add files to one artifact.
struct ArtifactRoutes: Sendable {
    let calls: ArtifactCalls
    private var desk: ServiceDesk { calls.desk }
    /// One container serves all of a run's artifacts: items are named with their artifact first.
    static let container = "_apis/resources/Containers/1"
    /// Most bytes of a file before its compression.
    private static let fullBytes: UInt64 = 1 << 45

    func artifacts(_ request: ServiceRequest, base: String, job: AdmittedJob) throws(Refusal) -> Handling {
        switch request.method {
        case .POST:
            return .message { body throws(Refusal) in try create(try Message.read(body), base: base, job: job) }
        case .PATCH:
            let name = request.query["artifactName"] ?? ""
            return .message { _ throws(Refusal) in try finalize(name, base: base, job: job) }
        case .GET:
            return .message { _ throws(Refusal) in
                let entries = try calls.visible(job).filter { if case .files = $0.content { true } else { false } }
                let values = entries.map { described($0.name, id: $0.id, sizeBytes: $0.sizeBytes, base: base) }
                return .json(["count": .number(Double(values.count)), "value": .array(values)])
            }
        default: throw Refusal(.badRoute, "There is nothing at \(request.path) for \(request.method.rawValue).")
        }
    }

    func container(
        _ request: ServiceRequest, content: Bool, base: String, job: AdmittedJob
    ) throws(Refusal) -> Handling {
        // Windows names files with backslashes.
        let path = String((request.query["itemPath"] ?? "").map { $0 == "\\" ? "/" : $0 })
        switch (request.method, content) {
        case (.PUT, false): return try put(request, path: path, job: job)
        case (.GET, false): return .message { _ throws(Refusal) in try items(path, base: base, job: job) }
        case (.GET, true): return .message { _ throws(Refusal) in try download(path, job: job) }
        default: throw Refusal(.badRoute, "There is nothing at \(request.path) for \(request.method.rawValue).")
        }
    }

    // MARK: uploading

    private func create(_ message: DataValue, base: String, job: AdmittedJob) throws(Refusal) -> Reply {
        let name = try message.needed("Name", "name")
        try ArtifactCalls.check(name)
        let days = message.whole("RetentionDays").map(Int64.init) ?? 0
        let expires = desk.options.now() + .days(days > 0 ? days : job.grant.retentionDays)
        desk.note(artifact: name, ofRun: job.grant.run, expires: expires)
        return .json(described(name, id: 1, sizeBytes: 0, base: base), status: .created)
    }

    private func put(_ request: ServiceRequest, path: String, job: AdmittedJob) throws(Refusal) -> Handling {
        guard let slash = path.firstIndex(of: "/"), path.index(after: slash) < path.endIndex,
            !path.split(separator: "/").contains("..")
        else { throw Refusal(.invalidArgument, "'\(path)' is not the path of an item: ARTIFACT/FILE.") }
        let artifact = String(path[..<slash])
        guard let expires = desk.expiry(ofArtifact: artifact, run: job.grant.run) else {
            throw Refusal(.notFound, "The artifact '\(artifact)' was not begun.")
        }
        guard let range = ContentRange(request.header("content-range")), let total = range.total else {
            throw Refusal(.invalidArgument, "A file needs a Content-Range with its size.")
        }
        guard total <= desk.limits.entryBytes else {
            throw Refusal(.tooLarge, "An artifact has at most \(desk.limits.entryBytes) bytes.")
        }
        let purpose = UploadPurpose.file(artifact: artifact, path: path)
        var open = desk.upload(purpose, of: job)
        if let old = open, range.start == 0 {
            // The same file anew.
            desk.drop(old.name)
            open = nil
        }
        let isGzip = request.header("content-encoding") == "gzip"
        let full = request.header("x-tfs-filelength").flatMap { UInt64($0) }
        guard (full ?? 0) <= Self.fullBytes else {
            throw Refusal(.tooLarge, "A file has at most \(Self.fullBytes) bytes before its compression.")
        }
        let upload: OpenUpload
        if let open {
            upload = open
        } else {
            upload = try desk.beginUpload(purpose, by: job) { upload in
                upload.expires = expires
                upload.isGzip = isGzip
                upload.fullBytes = full
            }
        }
        let receipt = BlockReceipt(desk: desk)
        return try receipt.handling(upload, at: range) { [desk] updated throws(Refusal) in
            if range.start + range.count == total {
                let blocks = try receipt.wholeList(of: updated, sizeBytes: Int(total))
                _ = try desk.commit(updated.name, blocks: blocks)
            }
            return .json([:], status: .created)
        }
    }

    /// The files that have arrived join those that other jobs have put there.
    private func finalize(_ name: String, base: String, job: AdmittedJob) throws(Refusal) -> Reply {
        guard let expires = desk.expiry(ofArtifact: name, run: job.grant.run) else {
            throw Refusal(.notFound, "The artifact '\(name)' was not begun.")
        }
        let old = try calls.visible(job).first { $0.name == name }
        var files: [ArtifactFile] = []
        if let old {
            guard case .files(let present) = old.content else {
                throw Refusal(.alreadyExists, "The artifact '\(name)' was uploaded by a newer action.")
            }
            files = present
        }
        var replaced: [StoredBlob] = []
        var settled: [OpenUpload] = []
        for upload in desk.uploads(of: job) {
            guard case .file(name, let item) = upload.purpose, let blob = upload.blob else { continue }
            let path = String(item.dropFirst(name.count + 1))
            replaced += files.filter { $0.path == path }.map(\.blob)
            files.removeAll { $0.path == path }
            let full = upload.isGzip ? upload.fullBytes ?? blob.sizeBytes : blob.sizeBytes
            files.append(ArtifactFile(path: path, blob: blob, isGzip: upload.isGzip, sizeBytes: full))
            settled.append(upload)
        }
        files.sort { $0.path < $1.path }
        // The one that is added to takes it all, whichever attempt made it: no two entries have one file.
        var origin = job.origin
        origin.attempt = old?.origin.attempt ?? origin.attempt
        let entry = ArtifactEntry(
            id: old?.id ?? desk.newID(), name: name, content: .files(files), mediaType: "application/octet-stream",
            created: desk.options.now(), expires: expires, origin: origin)
        _ = try desk.perform { () throws(DiagnosticError) in try desk.options.index.add(entry, replacing: true) }
        for upload in settled { desk.settle(upload) }
        for blob in replaced { desk.removeBlob(blob) }
        return .json(described(name, id: entry.id, sizeBytes: entry.sizeBytes, base: base))
    }

    // MARK: downloading

    private func items(_ path: String, base: String, job: AdmittedJob) throws(Refusal) -> Reply {
        let (entry, files) = try files(of: path, job: job)
        var folders: Set<String> = [entry.name]
        for file in files {
            let parts = file.path.split(separator: "/")
            for count in parts.indices.dropFirst() {
                folders.insert(entry.name + "/" + parts[..<count].joined(separator: "/"))
            }
        }
        var values: [DataValue] = folders.sorted().map { item($0, isFolder: true, base: base) }
        for file in files {
            guard case .object(var object) = item(entry.name + "/" + file.path, isFolder: false, base: base) else {
                continue
            }
            object["fileLength"] = .number(Double(file.sizeBytes))
            values.append(.object(object))
        }
        return .json(["count": .number(Double(values.count)), "value": .array(values)])
    }

    private func item(_ path: String, isFolder: Bool, base: String) -> DataValue {
        let address = "\(base)\(Self.container)/content?itemPath=" + PercentCoding.encoded(path)
        return [
            "containerId": 1, "path": .string(path), "itemType": isFolder ? "folder" : "file", "status": "created",
            "itemLocation": .string(address), "contentLocation": .string(address),
        ]
    }

    private func download(_ path: String, job: AdmittedJob) throws(Refusal) -> Reply {
        let (entry, files) = try files(of: path, job: job)
        guard let file = files.first(where: { entry.name + "/" + $0.path == path }) else {
            throw Refusal(.notFound, "The artifact '\(entry.name)' has no file '\(path)'.")
        }
        var reply = Reply(
            status: .ok, headers: ["content-type": "application/octet-stream"],
            content: .blob(file.blob, start: 0, count: file.blob.sizeBytes))
        if file.isGzip { reply.headers.add(name: "content-encoding", value: "gzip") }
        return reply
    }

    private func files(of path: String, job: AdmittedJob) throws(Refusal) -> (ArtifactEntry, [ArtifactFile]) {
        let entry = try calls.find(String(path.prefix { $0 != "/" }), job: job)
        guard case .files(let files) = entry.content else {
            throw Refusal(.notFound, "The artifact '\(entry.name)' was uploaded by a newer action, as an archive.")
        }
        return (entry, files)
    }

    private func described(_ name: String, id: Int, sizeBytes: UInt64, base: String) -> DataValue {
        [
            "containerId": 1, "size": .number(Double(sizeBytes)), "signedContent": nil,
            "fileContainerResourceUrl": .string(base + Self.container), "type": "actions_storage",
            "name": .string(name), "id": .number(Double(id)), "url": .string(base + Self.container),
        ]
    }
}
