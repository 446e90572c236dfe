// SPDX-License-Identifier: Apache-2.0

internal import ContentStore
package import Diagnostics
internal import FileAccess
package import ObjectStorage
package import PipelineModel
internal import ProcessControl
internal import RuntimeServices
package import Timekeeping

/// Makes room: caches that were not used for long or are too many, artifacts that have expired, and bytes that nothing
/// names any more. What a live run holds stays.
package struct StoreCleaning: Sendable {
    /// Of one repository's caches: GitHub's limit.
    package var cacheBytes: UInt64 = 10 << 30
    /// Of a cache that nobody used: GitHub's limit.
    package var cacheDays: Int64 = 7
    /// Of a run's snapshots: after that it can be run again whole, and not from a step.
    package var snapshotDays: Int64 = 7
    /// The longest that an artifact of a run is kept, whatever its upload asked for; `nil`: as long as it asked for.
    package var artifactDays: @Sendable (RunID) -> Int? = { _ in nil }
    /// Where caches and artifacts are kept, too.
    package var objects: (any ObjectStore)?
    private let root: String
    /// An upload that is whole and not yet named, of a process that lives, is younger.
    private static let orphanHours: Int64 = 24
    private static let dailySeconds: Int64 = 86_400

    package struct Report: Sendable {
        package var caches = 0
        package var artifacts = 0
        package var freedBytes: UInt64 = 0
        /// Of repositories that were left out.
        package var problems: [Diagnostic] = []
        /// References of entries that went.
        var removed: Set<String> = []
    }

    /// - Parameter environment: `MARTLET_CACHE_LIMIT` is a repository's limit in bytes, with `K`, `M` or `G` behind it.
    package init(root: String, environment: [String: String]) {
        self.root = root
        if let text = environment["MARTLET_CACHE_LIMIT"], let bytes = Self.bytes(text) { cacheBytes = bytes }
    }

    /// - Parameter entries: `NAME=value`.
    init(root: String, entries: [String]) {
        let name = "MARTLET_CACHE_LIMIT="
        let value = entries.last { $0.hasPrefix(name) }.map { String($0.dropFirst(name.count)) }
        self.init(root: root, environment: value.map { ["MARTLET_CACHE_LIMIT": $0] } ?? [:])
    }

    static func bytes(_ text: String) -> UInt64? {
        let shifts: [Character: UInt64] = ["K": 10, "M": 20, "G": 30, "T": 40]
        let unit = text.uppercased().last.flatMap { shifts[$0] }
        guard let number = UInt64(unit == nil ? text : String(text.dropLast())), number < 1 << 20 || unit == nil else {
            return nil
        }
        return number << (unit ?? 0)
    }

    /// Once a day; what it cannot do now, a later run does.
    package func runDaily() {
        let stamp = root + "/cleaned"
        let now = Timestamp.now()
        if let facts = Files.facts(stamp),
            now.milliseconds / 1000 - facts.modifiedNanoseconds / 1_000_000_000 < Self.dailySeconds
        {
            return
        }
        try? Files.replace(stamp, with: now.description.utf8)
        _ = try? run(now: now)
        removeScratch(now)
    }

    /// Folders of runs that were killed, of whatever store: a living one has files in its own.
    private func removeScratch(_ now: Timestamp) {
        guard let scratch = try? ScratchDirectory.choose(name: "martlet").path else { return }
        for item in (try? Trees.list(scratch)) ?? [] where item.kind == .directory {
            let path = "\(scratch)/\(item.name)"
            guard let facts = Files.facts(path, followingLinks: false),
                now.milliseconds / 1000 - facts.modifiedNanoseconds / 1_000_000_000 > Self.dailySeconds
            else { continue }
            Trees.removeEmpty(path)
        }
    }

    package func run(now: Timestamp = .now()) throws(DiagnosticError) -> Report {
        var report = Report()
        var kept: [String: Set<String>] = [:]
        if Files.isDirectory(root + "/services") {
            for item in try Trees.list(root + "/services") where item.kind == .directory {
                let folder = "\(root)/services/\(item.name)"
                do throws(DiagnosticError) {
                    kept[CacheVault.namespace(folder)] = try clean(folder, now, &report)
                } catch {
                    // What cannot be read of one repository keeps the others' from nothing; its own stays.
                    report.problems.append(error.diagnostic)
                }
            }
        }
        guard Files.isDirectory(root + "/content") else { return report }
        do throws(ContentError) {
            let content = try ContentFolder(path: root + "/content")
            for (namespace, names) in kept {
                for reference in try content.references(in: namespace) where !names.contains(reference.name) {
                    // One that is just being saved is named before its entry is there.
                    let age = now.milliseconds / 1000 - reference.createdAt
                    if age > Self.orphanHours * 3600 || report.removed.contains(reference.name) {
                        try content.removeReference(namespace, reference.name)
                    }
                }
            }
            for run in oldRuns(now) {
                for reference in try content.references(in: WorkspaceSnapshots.namespace(run)) {
                    _ = try content.removeReference(reference.namespace, reference.name)
                }
            }
            report.freedBytes += try content.collect(
                CollectionRules(), now: Int(now.milliseconds / 1000)
            ).freedBytes
        } catch {
            throw DiagnosticError(error.diagnostic)
        }
        return report
    }

    /// Runs that were made longer ago than snapshots are kept.
    private func oldRuns(_ now: Timestamp) -> [RunID] {
        let entries = (try? Trees.list(root + "/runs")) ?? []
        return entries.compactMap { entry in
            guard let number = Int(entry.name), let facts = Files.facts("\(root)/runs/\(entry.name)/record") else {
                return nil
            }
            let age = now.milliseconds / 1000 - facts.modifiedNanoseconds / 1_000_000_000
            return age > snapshotDays * Self.dailySeconds ? RunID(number) : nil
        }
    }

    private func expiry(of artifact: ArtifactEntry) -> Timestamp? {
        guard let days = RunID(artifact.origin.run).flatMap({ artifactDays($0) }) else { return artifact.expires }
        let latest = artifact.created + .days(Int64(days))
        return artifact.expires.map { min($0, latest) } ?? latest
    }

    /// What the store does not remove now goes with its run, or is noted and swept.
    private func removeObject(_ report: inout Report, _ body: () throws(DiagnosticError) -> Void) {
        do throws(DiagnosticError) { try body() } catch { report.problems.append(error.diagnostic) }
    }

    /// - Returns: the names of references that the repository's entries still have.
    private func clean(
        _ folder: String, _ now: Timestamp, _ report: inout Report
    ) throws(DiagnosticError) -> Set<String> {
        let index = FileEntryIndex(folder: folder + "/index")
        let shelf = FileBlobShelf(folder: folder)
        let ownerless = OwnerlessObjects(folder: folder)
        var blobs: Set<String> = []
        var names: Set<String> = []
        var bytes: UInt64 = 0
        // The last used first: those stay until the limit.
        for entry in try index.caches(version: nil).sorted(by: { $0.lastUsed > $1.lastUsed }) {
            let trees = CacheTrees(entry.blob)
            let references = trees?.parts.map { CacheTrees.reference(entry.id, $0.base) } ?? []
            let isOld = entry.lastUsed + .days(cacheDays) < now
            if isOld || bytes + entry.blob.sizeBytes > cacheBytes {
                if let object = entry.object { try ownerless.note(object.key) }
                try index.remove(entry)
                report.caches += 1
                report.removed.formUnion(references)
                if trees == nil {
                    try shelf.remove(entry.blob)
                    report.freedBytes += entry.blob.sizeBytes
                }
                if let object = entry.object, let objects {
                    removeObject(&report) { () throws(DiagnosticError) in
                        try ownerless.remove(object.key, from: objects)
                    }
                }
                continue
            }
            bytes += entry.blob.sizeBytes
            names.formUnion(references)
            if trees == nil { blobs.insert(entry.blob.name) }
        }
        for artifact in try index.artifacts() {
            guard let expires = expiry(of: artifact), expires <= now else {
                blobs.formUnion(artifact.blobs.map(\.name))
                continue
            }
            try index.remove(artifact)
            for blob in artifact.blobs {
                try shelf.remove(blob)
                report.freedBytes += blob.sizeBytes
            }
            removeObject(&report) { () throws(DiagnosticError) in try StoredKeys.remove(artifact, from: objects) }
            report.artifacts += 1
        }
        try shelf.sweep()
        report.freedBytes += try shelf.removeOthers(than: blobs, unusedSince: now + .seconds(-Self.orphanHours * 3600))
        return names
    }
}
