// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import NIOHTTP1
internal import StructuredData
internal import Timekeeping

/// `_apis/artifactcache`: the cache's first version. Bytes go through the service, in chunks by their place.
struct CacheRoutes: Sendable {
    let calls: CacheCalls
    private var desk: ServiceDesk { calls.desk }

    /// - Parameter segments: those after `_apis/artifactcache`.
    func handling(
        _ request: ServiceRequest, _ segments: ArraySlice<Substring>, base: String, job: AdmittedJob
    ) throws(Refusal) -> Handling {
        let rest = Array(segments)
        switch (request.method, rest.first, rest.count) {
        case (.GET, "cache", 1):
            return .message { _ throws(Refusal) in try find(request, base: base, job: job) }
        case (.GET, "caches", 1):
            return .message { _ throws(Refusal) in try list(request, job: job) }
        case (.POST, "caches", 1):
            return .message { body throws(Refusal) in try reserve(try Message.read(body), job: job) }
        case (.PATCH, "caches", 2):
            return try chunk(request, of: try upload(rest[1], job: job))
        case (.POST, "caches", 2):
            let upload = try upload(rest[1], job: job)
            return .message { body throws(Refusal) in try commit(upload, try Message.read(body), job: job) }
        default:
            throw Refusal(.badRoute, "There is nothing at \(request.path) for \(request.method.rawValue).")
        }
    }

    private func find(_ request: ServiceRequest, base: String, job: AdmittedJob) throws(Refusal) -> Reply {
        let keys = (request.query["keys"] ?? "").split(separator: ",").map(String.init)
        guard let entry = try calls.find(keys: keys, version: request.query["version"] ?? "", by: job) else {
            return .empty(.noContent)
        }
        return .json(described(entry, location: calls.downloadAddress(entry, base: base)))
    }

    private func list(_ request: ServiceRequest, job: AdmittedJob) throws(Refusal) -> Reply {
        let entries = try calls.list(keyPrefix: request.query["key"] ?? "", by: job)
        let values = entries.map { described($0, location: nil) }
        return .json(["totalCount": .number(Double(values.count)), "artifactCaches": .array(values)])
    }

    private func described(_ entry: CacheEntry, location: String?) -> DataValue {
        var object: DataObject = [
            "cacheKey": .string(entry.key), "cacheVersion": .string(entry.version), "scope": .string(entry.scope),
            "creationTime": .string(entry.created.description),
        ]
        object.set("archiveLocation", location.map { .string($0) })
        return .object(object)
    }

    private func reserve(_ message: DataValue, job: AdmittedJob) throws(Refusal) -> Reply {
        if let size = message.whole("cacheSize"), size > 0, UInt64(size) > desk.limits.entryBytes {
            throw Refusal(.invalidArgument, "A cache has at most \(desk.limits.entryBytes) bytes; this has \(size).")
        }
        let upload = try calls.reserve(key: try message.needed("key"), version: message.text("version") ?? "", by: job)
        return .json(["cacheId": .number(Double(upload.id))], status: .created)
    }

    private func upload(_ id: Substring, job: AdmittedJob) throws(Refusal) -> OpenUpload {
        guard let number = Int(id), let upload = desk.upload(id: number, of: job) else {
            throw Refusal(.notFound, "This job has no upload \(id).")
        }
        return upload
    }

    private func chunk(_ request: ServiceRequest, of upload: OpenUpload) throws(Refusal) -> Handling {
        guard let range = ContentRange(request.header("content-range")) else {
            throw Refusal(.invalidArgument, "A chunk needs a Content-Range.")
        }
        return try BlockReceipt(desk: desk).handling(upload, at: range) { _ in .empty(.noContent) }
    }

    private func commit(_ upload: OpenUpload, _ message: DataValue, job: AdmittedJob) throws(Refusal) -> Reply {
        let current = desk.upload(named: upload.name) ?? upload
        let blocks = try BlockReceipt(desk: desk).wholeList(of: current, sizeBytes: message.whole("size"))
        _ = try desk.commit(upload.name, blocks: blocks)
        guard let whole = desk.upload(named: upload.name) else {
            throw Refusal(.notFound, "The upload is gone.")
        }
        _ = try calls.finalize(whole, sizeBytes: message.whole("size"), by: job)
        return .empty(.noContent)
    }
}
