// SPDX-License-Identifier: Apache-2.0

internal import ContentStore
internal import Crypto
internal import FileAccess
internal import RuntimeServices
internal import StructuredData
internal import Timekeeping

/// What an entry's blob names where it is trees of the content store and no archive: `trees:BASE=ID,…`.
struct CacheTrees: Hashable, Sendable {
    struct Part: Hashable, Sendable {
        var base: StepFolders.Anchor
        var tree: ContentID
        /// Below the base.
        var paths: [String] = []
    }

    var parts: [Part]

    private static let mark = "trees:"
    /// Beside the rest of a reference's metadata.
    private static let pathBytes = 32 << 10

    init(parts: [Part]) { self.parts = parts }

    init?(_ blob: StoredBlob) {
        guard blob.name.hasPrefix(Self.mark) else { return nil }
        var parts: [Part] = []
        for text in blob.name.dropFirst(Self.mark.count).split(separator: ",") {
            let halves = text.split(separator: "=")
            guard halves.count == 2, let base = StepFolders.Anchor(rawValue: String(halves[0])),
                let tree = ContentID(halves[1])
            else { return nil }
            parts.append(Part(base: base, tree: tree))
        }
        self.init(parts: parts)
    }

    func blob(sizeBytes: UInt64) -> StoredBlob {
        let text = parts.map { "\($0.base.rawValue)=\($0.tree)" }.joined(separator: ",")
        return StoredBlob(
            name: Self.mark + text, sizeBytes: sizeBytes,
            digest: Hexadecimal.text(SHA256.hash(data: Array(text.utf8))))
    }

    static func reference(_ id: Int, _ base: StepFolders.Anchor) -> String { "\(id)-\(base.rawValue)" }

    /// `nil` where there were too many to be kept.
    static func paths(_ metadata: [UInt8]) -> [String]? {
        guard let data = try? DataValue(json: metadata), data["paths"] != nil else { return nil }
        return data.strings("paths")
    }
}

extension CacheTrees.Part {
    /// What the reference says of itself: who saved it, and which paths it is of.
    ///
    /// - Parameter hasPaths: `false`: there were too many to be kept.
    func metadata(_ saving: CacheVault.Saving, _ now: Timestamp, hasPaths: Bool = true) -> [UInt8] {
        var object: DataObject = [
            "key": .string(saving.name.key), "version": .string(saving.name.version),
            "scope": .string(saving.name.scope), "run": .string(saving.origin.run), "job": .string(saving.origin.job),
            "created": .string(now.description),
        ]
        object.set("step", saving.origin.step.map(DataValue.string))
        if hasPaths, paths.reduce(0, { $0 + $1.utf8.count + 6 }) <= CacheTrees.pathLimitBytes {
            object["paths"] = .array(paths.map(DataValue.string))
        }
        return Array(DataValue.object(object).jsonText().utf8)
    }
}

extension CacheTrees {
    static var pathLimitBytes: Int { pathBytes }
}

/// Which caches are of the same paths, as the toolkit decides it: a digest of the paths and the kind of archive.
enum CacheVersion {
    /// Trees have no compression that a client has to know; the word keeps their entries from clients of archives.
    /// Folders of the run stand by their names: they are others in each run, and on GitHub the same.
    static func native(_ paths: [String], _ folders: StepFolders) -> String {
        let names = paths.map { path in
            let isExclusion = path.hasPrefix("!")
            let plain = isExclusion ? String(path.dropFirst()) : path
            guard plain.hasPrefix("/") else { return path }
            let place = folders.place(plain)
            return (isExclusion ? "!" : "") + "\(place.base.rawValue):\(place.rest)"
        }
        return digest(names + ["martlet-trees"])
    }

    /// What the unmodified action would look for, with each kind of archive.
    static func archives(_ paths: [String]) -> [String] {
        ["zstd-without-long", "zstd", "gzip"].map { digest(paths + [$0]) }
    }

    private static func digest(_ parts: [String]) -> String {
        Hexadecimal.text(SHA256.hash(data: Array((parts + ["1.0"]).joined(separator: "|").utf8)))
    }
}

extension CacheEntry {
    func asVersion(_ version: String) -> CacheEntry {
        var entry = self
        entry.version = version
        return entry
    }
}

extension CacheLookup.Outcome {
    var entry: CacheEntry? {
        switch self {
        case .exact(let entry), .prefix(let entry, _): entry
        case .missed: nil
        }
    }
}
