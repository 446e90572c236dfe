// SPDX-License-Identifier: Apache-2.0

package import StructuredData
package import Timekeeping

/// Who made an entry.
package struct EntryOrigin: Hashable, Sendable {
    package var run: String
    package var job: String
    /// The step that ran, where it is known.
    package var step: String?
    /// Of the run, from 1.
    package var attempt: Int

    package init(run: String, job: String, step: String? = nil, attempt: Int = 1) {
        self.run = run
        self.job = job
        self.step = step
        self.attempt = attempt
    }
}

/// Where an entry's bytes are in the object storage.
package struct StoredObject: Hashable, Sendable {
    package var key: String
    package var sizeBytes: UInt64
    /// SHA-256 of all of it, 64 lower-case hexadecimal digits.
    package var digest: String
    /// Of what stands at its end and says where everything is; 0: there is none.
    package var indexBytes: UInt64
    /// SHA-256 of the index.
    package var indexDigest: String

    package init(key: String, sizeBytes: UInt64, digest: String, indexBytes: UInt64 = 0, indexDigest: String = "") {
        self.key = key
        self.sizeBytes = sizeBytes
        self.digest = digest
        self.indexBytes = indexBytes
        self.indexDigest = indexDigest
    }
}

/// A saved cache. Entries never change; only the time of last use does, and where else its bytes are.
package struct CacheEntry: Hashable, Sendable {
    /// Below 2^53: JavaScript reads it as a number.
    package var id: Int
    package var key: String
    /// What the client made of paths and compression: entries of another version are never found.
    package var version: String
    /// The ref that saved it.
    package var scope: String
    package var blob: StoredBlob
    package var created: Timestamp
    package var lastUsed: Timestamp
    package var origin: EntryOrigin
    /// `nil`: the bytes are in the server's folder and nowhere else.
    package var object: StoredObject?

    package init(
        id: Int, key: String, version: String, scope: String, blob: StoredBlob, created: Timestamp, origin: EntryOrigin
    ) {
        self.id = id
        self.key = key
        self.version = version
        self.scope = scope
        self.blob = blob
        self.created = created
        lastUsed = created
        self.origin = origin
    }
}

/// One file of an artifact of the third version, which are not archives.
package struct ArtifactFile: Hashable, Sendable {
    /// Relative to the artifact, with `/`.
    package var path: String
    package var blob: StoredBlob
    /// Stored as the client compressed it.
    package var isGzip: Bool
    /// Before compression.
    package var sizeBytes: UInt64

    package init(path: String, blob: StoredBlob, isGzip: Bool, sizeBytes: UInt64) {
        self.path = path
        self.blob = blob
        self.isGzip = isGzip
        self.sizeBytes = sizeBytes
    }
}

/// What a job has uploaded for others.
package struct ArtifactEntry: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        /// A zip archive, or one file as it is (since the fourth version).
        case archive(StoredBlob)
        case files([ArtifactFile])
    }

    /// Below 2^53: JavaScript reads it as a number.
    package var id: Int
    package var name: String
    package var content: Content
    package var mediaType: String
    package var created: Timestamp
    /// When it may be removed.
    package var expires: Timestamp?
    package var origin: EntryOrigin

    package init(
        id: Int, name: String, content: Content, mediaType: String, created: Timestamp, expires: Timestamp?,
        origin: EntryOrigin
    ) {
        self.id = id
        self.name = name
        self.content = content
        self.mediaType = mediaType
        self.created = created
        self.expires = expires
        self.origin = origin
    }

    /// Of the archive, or of all files before compression.
    package var sizeBytes: UInt64 {
        switch content {
        case .archive(let blob): blob.sizeBytes
        case .files(let files): files.reduce(0) { $0 + $1.sizeBytes }
        }
    }

    package var blobs: [StoredBlob] {
        switch content {
        case .archive(let blob): [blob]
        case .files(let files): files.map(\.blob)
        }
    }
}

// MARK: as data

extension StoredBlob: DataRepresentable {
    package var data: DataValue {
        ["name": .string(name), "size": .number(Double(sizeBytes)), "sha256": .string(digest)]
    }

    package init(data: DataValue) throws(DataShapeError) {
        self.init(
            name: try data.string("name"), sizeBytes: UInt64(max(0, try data.int("size"))),
            digest: try data.string("sha256"))
    }
}

extension EntryOrigin: DataRepresentable {
    package var data: DataValue {
        var object: DataObject = ["run": .string(run), "job": .string(job)]
        object.set("step", step.map { .string($0) })
        if attempt > 1 { object["attempt"] = .number(Double(attempt)) }
        return .object(object)
    }

    package init(data: DataValue) throws(DataShapeError) {
        let attempt = data["attempt"] == nil ? 1 : try data.int("attempt")
        self.init(
            run: try data.string("run"), job: try data.string("job"), step: data["step"]?.string, attempt: attempt)
    }
}

extension Timestamp {
    var dataValue: DataValue { .number(Double(milliseconds)) }
}

extension DataValue {
    func timestamp(_ key: String) throws(DataShapeError) -> Timestamp {
        Timestamp(milliseconds: Int64(try int(key)))
    }
}

extension StoredObject: DataRepresentable {
    package var data: DataValue {
        [
            "key": .string(key), "size": .number(Double(sizeBytes)), "sha256": .string(digest),
            "index": .number(Double(indexBytes)), "indexSha256": .string(indexDigest),
        ]
    }

    package init(data: DataValue) throws(DataShapeError) {
        self.init(
            key: try data.string("key"), sizeBytes: UInt64(max(0, try data.int("size"))),
            digest: try data.string("sha256"), indexBytes: UInt64(max(0, data["index"]?.int ?? 0)),
            indexDigest: data["indexSha256"]?.string ?? "")
    }
}

extension CacheEntry: DataRepresentable {
    package var data: DataValue {
        var object: DataObject = [
            "id": .number(Double(id)), "key": .string(key), "version": .string(version), "scope": .string(scope),
            "blob": blob.data, "created": created.dataValue, "lastUsed": lastUsed.dataValue, "origin": origin.data,
        ]
        object.set("object", self.object?.data)
        return .object(object)
    }

    package init(data: DataValue) throws(DataShapeError) {
        self.init(
            id: try data.int("id"), key: try data.string("key"), version: try data.string("version"),
            scope: try data.string("scope"), blob: try StoredBlob(data: data["blob"] ?? .null),
            created: try data.timestamp("created"), origin: try EntryOrigin(data: data["origin"] ?? .null))
        lastUsed = try data.timestamp("lastUsed")
        object = try data["object"].map { (data) throws(DataShapeError) in try StoredObject(data: data) }
    }
}

extension ArtifactFile: DataRepresentable {
    package var data: DataValue {
        ["path": .string(path), "blob": blob.data, "gzip": .bool(isGzip), "size": .number(Double(sizeBytes))]
    }

    package init(data: DataValue) throws(DataShapeError) {
        path = try data.string("path")
        blob = try StoredBlob(data: data["blob"] ?? .null)
        isGzip = data.bool("gzip")
        sizeBytes = UInt64(max(0, try data.int("size")))
    }
}

extension ArtifactEntry: DataRepresentable {
    package var data: DataValue {
        var object: DataObject = [
            "id": .number(Double(id)), "name": .string(name), "mediaType": .string(mediaType),
            "created": created.dataValue, "origin": origin.data,
        ]
        object.set("expires", expires?.dataValue)
        switch content {
        case .archive(let blob): object["archive"] = blob.data
        case .files(let files): object["files"] = .array(files.map(\.data))
        }
        return .object(object)
    }

    package init(data: DataValue) throws(DataShapeError) {
        id = try data.int("id")
        name = try data.string("name")
        mediaType = try data.string("mediaType")
        created = try data.timestamp("created")
        expires = data["expires"] == nil ? nil : try data.timestamp("expires")
        origin = try EntryOrigin(data: data["origin"] ?? .null)
        if let archive = data["archive"] {
            content = .archive(try StoredBlob(data: archive))
        } else {
            content = .files(try data.list("files") { value throws(DataShapeError) in try ArtifactFile(data: value) })
        }
    }
}

extension ArtifactEntry {
    /// Longest name, in bytes.
    package static let nameBytes = 512
    /// The toolkit's, and what no file's name has. By scalar: a mark that combines with one makes no other character of it.
    private static let barred: Set<Unicode.Scalar> = ["\"", ":", "<", ">", "|", "*", "?", "\r", "\n", "\\", "/", "\0"]

    package static func accepts(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= nameBytes && ![".", ".."].contains(name)
            && barredScalar(in: name) == nil
    }

    /// The first that no artifact's name may have.
    package static func barredScalar(in name: String) -> Unicode.Scalar? {
        name.unicodeScalars.first(where: barred.contains)
    }
}

extension [ArtifactEntry] {
    /// What an attempt of a run sees: its own, and of those before it what it did not upload again.
    package var newestByName: [ArtifactEntry] {
        var newest: [String: ArtifactEntry] = [:]
        for entry in self where newest[entry.name].map({ $0.origin.attempt <= entry.origin.attempt }) ?? true {
            newest[entry.name] = entry
        }
        return filter { newest[$0.name] == $0 }
    }
}
