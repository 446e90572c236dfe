// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Diagnostics
internal import FileAccess
internal import StructuredData
package import Timekeeping

/// An index of one small file an entry: `caches/VERSION/ENTRY.json`, `artifacts/RUN/NAME.json`, and
/// `reservations/…` while a cache is uploaded. Names are digests, files appear whole or not at all, and the system
/// lets only one of two processes make a file: no lock is needed.
package struct FileEntryIndex: EntryIndex {
    private let folder: String
    /// Longest description: an artifact of the third version lists its files.
    package static let entryFileBytes = 64 << 20

    /// - Parameter folder: made on first use.
    package init(folder: String) {
        self.folder = folder
    }

    // MARK: caches

    package func reserve(
        _ name: CacheName, now: Timestamp, lifetime: Timestamp.Span
    ) throws(DiagnosticError) -> Bool {
        guard !Files.isFile(cachePath(name)) else { return false }
        let path = reservationPath(name)
        try Trees.make(Files.directory(of: path), mode: 0o700)
        let note = Reservation(owner: uniqueName(), until: now + lifetime)
        for _ in 0..<2 {
            if try Files.create(path, with: note.bytes, mode: 0o600) { return true }
            guard let other = try readReservation(path) else { continue }
            if other.isLive(now: now) { return false }
            // Left by a process that is gone. Of two that come here at once, one makes the file anew.
            try Files.remove(path)
        }
        return false
    }

    package func release(_ name: CacheName) {
        // One that stays is void once this process is gone.
        try? Files.remove(reservationPath(name))
    }

    package func add(_ entry: CacheEntry) throws(DiagnosticError) -> Bool {
        let path = cachePath(entry.name)
        try Trees.make(Files.directory(of: path), mode: 0o700)
        return try Files.create(path, with: bytes(entry.data), mode: 0o600)
    }

    package func caches(version: String?) throws(DiagnosticError) -> [CacheEntry] {
        var folders: [String] = []
        if let version {
            folders = [versionFolder(version)]
        } else if Files.isDirectory(folder + "/caches") {
            folders = try Trees.list(folder + "/caches").map { "\(folder)/caches/\($0.name)" }
        }
        var entries: [CacheEntry] = []
        for folder in folders {
            for data in try readAll(folder) { entries.append(try read(data, in: folder)) }
        }
        return entries
    }

    package func touch(_ entry: CacheEntry, now: Timestamp) throws(DiagnosticError) {
        try change(entry) { $0.lastUsed = now }
    }

    /// Notes where an entry's bytes are now, too.
    ///
    /// - Returns: `false` where the entry is gone, another one has its name, or it says already where they are.
    package func note(_ object: StoredObject, of entry: CacheEntry) throws(DiagnosticError) -> Bool {
        var isNoted = false
        try change(entry) { entry in
            guard entry.object == nil else { return }
            (entry.object, isNoted) = (object, true)
        }
        return isNoted
    }

    /// What others have changed of it meanwhile stays.
    private func change(_ entry: CacheEntry, _ body: (inout CacheEntry) -> Void) throws(DiagnosticError) {
        let path = cachePath(entry.name)
        // Removed meanwhile by somebody else: it must not come back.
        guard let data = try readValue(path) else { return }
        let known: CacheEntry = try read(data, in: path)
        guard known.id == entry.id else { return }
        var changed = known
        body(&changed)
        if changed != known { try Files.replace(path, with: bytes(changed.data), mode: 0o600) }
    }

    package func remove(_ entry: CacheEntry) throws(DiagnosticError) {
        try Files.remove(cachePath(entry.name))
    }

    // MARK: artifacts

    package func add(_ artifact: ArtifactEntry, replacing: Bool) throws(DiagnosticError) -> Bool {
        let path = artifactPath(artifact)
        try Trees.make(Files.directory(of: path), mode: 0o700)
        guard replacing else { return try Files.create(path, with: bytes(artifact.data), mode: 0o600) }
        try Files.replace(path, with: bytes(artifact.data), mode: 0o600)
        return true
    }

    package func artifacts(ofRun run: String) throws(DiagnosticError) -> [ArtifactEntry] {
        let folder = "\(folder)/artifacts/\(Self.digest(run))"
        var entries: [ArtifactEntry] = []
        for data in try readAll(folder) { entries.append(try read(data, in: folder)) }
        return entries.sorted { ($0.created, $0.id) < ($1.created, $1.id) }
    }

    /// Of all runs.
    package func artifacts() throws(DiagnosticError) -> [ArtifactEntry] {
        guard Files.isDirectory(folder + "/artifacts") else { return [] }
        var entries: [ArtifactEntry] = []
        for item in try Trees.list(folder + "/artifacts") {
            let folder = "\(folder)/artifacts/\(item.name)"
            for data in try readAll(folder) { entries.append(try read(data, in: folder)) }
        }
        return entries
    }

    package func remove(_ artifact: ArtifactEntry) throws(DiagnosticError) {
        try Files.remove(artifactPath(artifact))
    }

    // MARK: files

    private func versionFolder(_ version: String) -> String { "\(folder)/caches/\(Self.digest(version))" }

    private func cachePath(_ name: CacheName) -> String {
        "\(versionFolder(name.version))/\(Self.digest(name.scope + "\0" + name.key)).json"
    }

    private func reservationPath(_ name: CacheName) -> String {
        "\(folder)/reservations/\(Self.digest(name.version + "\0" + name.scope + "\0" + name.key)).json"
    }

    /// A name is taken once an attempt.
    private func artifactPath(_ artifact: ArtifactEntry) -> String {
        let attempt = artifact.origin.attempt > 1 ? "-\(artifact.origin.attempt)" : ""
        return "\(folder)/artifacts/\(Self.digest(artifact.origin.run))/\(Self.digest(artifact.name))\(attempt).json"
    }

    private static func digest(_ text: String) -> String {
        Hexadecimal.text(SHA256.hash(data: Array(text.utf8)).prefix(16))
    }

    private func bytes(_ data: DataValue) -> [UInt8] {
        var bytes: [UInt8] = []
        data.appendJSON(to: &bytes)
        return bytes
    }

    private func readAll(_ folder: String) throws(DiagnosticError) -> [DataValue] {
        guard Files.isDirectory(folder) else { return [] }
        var values: [DataValue] = []
        for item in try Trees.list(folder) where item.name.hasSuffix(".json") {
            if let value = try readValue("\(folder)/\(item.name)") { values.append(value) }
        }
        return values
    }

    private func readValue(_ path: String) throws(DiagnosticError) -> DataValue? {
        guard let bytes = try Files.readIfPresent(path, limit: Self.entryFileBytes) else { return nil }
        do {
            return try DataValue(json: bytes)
        } catch {
            throw damaged(path, String(describing: error))
        }
    }

    private func readReservation(_ path: String) throws(DiagnosticError) -> Reservation? {
        try readValue(path).flatMap { Reservation(data: $0) }
    }

    private func read<Value: DataRepresentable>(
        _ data: DataValue, in folder: String
    ) throws(DiagnosticError) -> Value {
        do {
            return try Value(data: data)
        } catch {
            throw damaged(folder, error.description)
        }
    }

    private func damaged(_ path: String, _ detail: String) -> DiagnosticError {
        DiagnosticError(
            .entryDamaged, "What describes a cache or an artifact in \(path) cannot be read: \(detail).",
            remedy: "Remove the file that is named; the cache is made anew by the next run.")
    }
}

/// Who uploads a cache.
private struct Reservation {
    var owner: String
    var until: Timestamp

    init(owner: String, until: Timestamp) {
        self.owner = owner
        self.until = until
    }

    init?(data: DataValue) {
        guard let owner = data["owner"]?.string, let until = try? data.timestamp("until") else { return nil }
        self.init(owner: owner, until: until)
    }

    var bytes: [UInt8] {
        let data: DataValue = ["owner": .string(owner), "until": until.dataValue]
        return Array(data.jsonText().utf8)
    }

    func isLive(now: Timestamp) -> Bool {
        now < until && processOfUniqueName(owner).map(isProcessAlive) == true
    }
}

extension CacheEntry {
    package var name: CacheName { CacheName(key: key, version: version, scope: scope) }
}
