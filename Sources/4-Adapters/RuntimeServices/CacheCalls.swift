// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import StructuredData
internal import Timekeeping

/// What both versions of the cache's protocol come down to.
struct CacheCalls: Sendable {
    let desk: ServiceDesk

    // MARK: saving

    /// Takes the key for an upload.
    func reserve(key: String, version: String, by job: AdmittedJob) throws(Refusal) -> OpenUpload {
        try check(key)
        guard let scope = job.grant.cache.writeScope else {
            throw Refusal(.permissionDenied, "This job may read caches and not save them.")
        }
        let name = CacheName(key: key, version: version, scope: scope)
        let lifetime = Timestamp.Span.seconds(desk.limits.jobSeconds)
        let now = desk.options.now()
        let isOurs = try desk.perform { () throws(DiagnosticError) in
            try desk.options.index.reserve(name, now: now, lifetime: lifetime)
        }
        guard isOurs else {
            throw Refusal(
                .alreadyExists, "A cache with the key '\(key)', this version and this scope is there or being saved.")
        }
        do {
            return try desk.beginUpload(.cache(name), by: job)
        } catch {
            desk.options.index.release(name)
            throw error
        }
    }

    /// The entry becomes visible, if nobody else's has under that name.
    ///
    /// - Parameter sizeBytes: what the client has sent.
    func finalize(_ upload: OpenUpload, sizeBytes: Int?, by job: AdmittedJob) throws(Refusal) -> CacheEntry {
        guard case .cache(let name) = upload.purpose else { throw Refusal(.notFound, "There is no such upload.") }
        guard let blob = upload.blob else {
            throw Refusal(.failedPrecondition, "The archive was not uploaded as a whole.")
        }
        guard sizeBytes == nil || sizeBytes == Int(blob.sizeBytes) else {
            desk.drop(upload.name)
            throw Refusal(
                .invalidArgument, "The archive has \(blob.sizeBytes) bytes and not \(sizeBytes ?? 0); it was dropped.")
        }
        let entry = CacheEntry(
            id: upload.id, key: name.key, version: name.version, scope: name.scope, blob: blob,
            created: desk.options.now(), origin: job.origin)
        let isFirst = try desk.perform { () throws(DiagnosticError) in try desk.options.index.add(entry) }
        guard isFirst else {
            desk.drop(upload.name)
            throw Refusal(.alreadyExists, "Another run has saved the cache '\(name.key)' first.")
        }
        desk.settle(upload)
        return entry
    }

    // MARK: finding

    /// Finds the entry that GitHub would, and tells the observer why.
    func find(keys: [String], version: String, by job: AdmittedJob) throws(Refusal) -> CacheEntry? {
        guard !keys.isEmpty, keys.count <= desk.limits.keyCount else {
            throw Refusal(.invalidArgument, "A look-up has 1 to \(desk.limits.keyCount) keys.")
        }
        for key in keys { try check(key) }
        let scopes = job.grant.cache.readScopes
        let matching = CacheMatching(keys: keys, version: version, scopes: scopes)
        let now = desk.options.now()
        let outcome = try desk.perform { () throws(DiagnosticError) in try search(matching, now: now) }
        let lookup = CacheLookup(
            run: job.grant.run, job: job.grant.job, step: job.step, keys: keys, version: version, scopes: scopes,
            time: now, outcome: outcome)
        desk.options.observeLookup(lookup)
        return lookup.entry
    }

    private func search(_ matching: CacheMatching, now: Timestamp) throws(DiagnosticError) -> CacheLookup.Outcome {
        var entries = try desk.options.index.caches(version: matching.version)
        while let outcome = matching.find(in: entries) {
            let lookup: CacheEntry
            switch outcome {
            case .exact(let entry), .prefix(let entry, _): lookup = entry
            case .missed: return outcome
            }
            do {
                _ = try desk.options.shelf.open(lookup.blob)
            } catch {
                // Its bytes were removed behind our back: as if it had never been saved.
                desk.options.report(error)
                try desk.options.index.remove(lookup)
                entries.removeAll { $0.name == lookup.name }
                continue
            }
            try desk.options.index.touch(lookup, now: now)
            return outcome
        }
        return .missed(matching.explainMiss(in: try desk.options.index.caches(version: nil)))
    }

    func list(keyPrefix: String, by job: AdmittedJob) throws(Refusal) -> [CacheEntry] {
        let all = try desk.perform { () throws(DiagnosticError) in try desk.options.index.caches(version: nil) }
        return all.filter {
            $0.key.utf8.starts(with: keyPrefix.utf8) && job.grant.cache.readScopes.contains($0.scope)
        }.sorted { $0.created > $1.created }
    }

    func downloadAddress(_ entry: CacheEntry, base: String) -> String {
        desk.downloadAddress(entry.blob, file: "cache", mediaType: nil, base: base)
    }

    /// The toolkit's rules of keys.
    private func check(_ key: String) throws(Refusal) {
        guard !key.isEmpty, key.utf16.count <= desk.limits.keyLength, !key.contains(",") else {
            throw Refusal(
                .invalidArgument, "A key has 1 to \(desk.limits.keyLength) characters and no comma: '\(key)'.")
        }
    }
}
