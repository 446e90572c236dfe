// SPDX-License-Identifier: Apache-2.0

internal import StructuredData

/// `github.actions.results.api.v1.CacheService`: the cache's second version. Bytes go to signed addresses.
struct CacheTwirp: Sendable {
    let calls: CacheCalls

    func answer(
        _ method: String, _ message: DataValue, base: String, job: AdmittedJob
    ) throws(Refusal) -> DataValue {
        switch method {
        case "CreateCacheEntry":
            let upload = try calls.reserve(
                key: try message.needed("key"), version: try message.needed("version"), by: job)
            return ["ok": true, "signed_upload_url": .string(calls.desk.uploadAddress(upload, base: base))]
        case "FinalizeCacheEntryUpload":
            return ["ok": true, "entry_id": .string(String(try finalize(message, job).id))]
        case "GetCacheEntryDownloadURL":
            let keys = [try message.needed("key")] + message.texts("restore_keys", "restoreKeys")
            guard let entry = try calls.find(keys: keys, version: try message.needed("version"), by: job) else {
                return ["ok": false, "signed_download_url": "", "matched_key": ""]
            }
            return [
                "ok": true, "signed_download_url": .string(calls.downloadAddress(entry, base: base)),
                "matched_key": .string(entry.key),
            ]
        default:
            throw Refusal(.badRoute, "There is no method \(method) of CacheService.")
        }
    }

    private func finalize(_ message: DataValue, _ job: AdmittedJob) throws(Refusal) -> CacheEntry {
        let name = CacheName(
            key: try message.needed("key"), version: try message.needed("version"),
            scope: job.grant.cache.writeScope ?? "")
        if let upload = calls.desk.upload(.cache(name), of: job) {
            return try calls.finalize(upload, sizeBytes: message.whole("size_bytes", "sizeBytes"), by: job)
        }
        // The answer to the first call was lost, and the client asks again.
        let entries = (try? calls.desk.options.index.caches(version: name.version)) ?? []
        guard let entry = entries.first(where: { $0.name == name && $0.origin.job == job.grant.job }),
            entry.origin.run == job.grant.run
        else { throw Refusal(.notFound, "No upload of the cache '\(name.key)' is open.") }
        return entry
    }
}

/// Members of messages, in either of the two spellings that Protocol Buffers allow.
extension DataValue {
    func text(_ names: String...) -> String? {
        names.lazy.compactMap { self[$0]?.string }.first
    }

    func needed(_ names: String...) throws(Refusal) -> String {
        for name in names {
            if let text = self[name]?.string, !text.isEmpty { return text }
        }
        throw Refusal(.invalidArgument, "The message has no '\(names[0])'.")
    }

    func texts(_ names: String...) -> [String] {
        names.lazy.compactMap { self[$0]?.array }.first?.compactMap(\.string) ?? []
    }

    /// Whole numbers of 64 bits are strings there.
    func whole(_ names: String...) -> Int? {
        for name in names {
            if let text = self[name]?.string { return Int(text) }
            if let number = self[name]?.int { return number }
        }
        return nil
    }
}
