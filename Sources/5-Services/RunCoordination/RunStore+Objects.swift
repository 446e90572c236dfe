// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
internal import HTTPMessages
internal import LogArchive
internal import ObjectStorage
package import PipelineModel
internal import RuntimeServices
internal import StructuredData
internal import ThreadExecution
package import Timekeeping
internal import ZipArchives

/// What of a run is kept as objects. That it is there says a file of the run's folder, `stored/ATTEMPT`, which is written last;
/// the folder's own copy may go then.
extension RunStore {
    /// Of a file that says what is stored.
    private static let noteBytes = 1 << 16
    private static let logLevel = 6

    private func notes(_ run: RunID) -> String { folder(of: run) + "/stored" }
    private func note(_ run: RunID, _ attempt: Int) -> String { "\(notes(run))/\(attempt)" }
    private func logFolder(_ run: RunID, _ attempt: Int) -> String { logs(of: run, attempt: attempt).path }

    /// Whether all that is to be kept of an attempt is.
    package func isStored(_ run: RunID, attempt: Int) -> Bool { Files.isFile(note(run, attempt)) }

    func hasStoredLogs(_ run: RunID) -> Bool { storedAttempts(run).contains { storedLogs(run, $0) != nil } }

    private func storedAttempts(_ run: RunID) -> [Int] {
        guard Files.isDirectory(notes(run)) else { return [] }
        return ((try? Trees.list(notes(run))) ?? []).compactMap { Int($0.name) }
    }

    /// The digest of the archive of an attempt's logs; `nil` where there is none.
    private func storedLogs(_ run: RunID, _ attempt: Int) -> String? {
        guard let bytes = try? Files.readIfPresent(note(run, attempt), limit: Self.noteBytes) else { return nil }
        return (try? DataValue(json: bytes))?["logs"]?.string
    }

    /// Attempts with logs of which nothing is kept yet; those of runs that are under way are among them.
    package func unstoredAttempts(of run: RunID) -> [Int] {
        let path = folder(of: run) + "/logs"
        let attempts = ((try? Trees.list(path)) ?? []).compactMap { Int($0.name) }
        return attempts.filter { !isStored(run, attempt: $0) }.sorted()
    }

    // MARK: putting

    /// Puts the logs of an attempt that is over, and the artifacts that it made. What was put before is put again.
    package func keep(_ run: RunID, attempt: Int) async throws(DiagnosticError) {
        guard let objects, !isStored(run, attempt: attempt), exists(run) else { return }
        var digest: String?
        if let draft = try await logArchive(run, attempt) {
            do throws(DiagnosticError) {
                digest = try FileDigest.of(draft)
                try await objects.putFile(draft, at: try StoredKeys.logs(run, attempt: attempt))
            } catch {
                try? Files.remove(draft)
                throw error
            }
            try Files.remove(draft)
        }
        try await keepArtifacts(run, attempt, objects)
        var said = DataObject()
        said.set("logs", digest.map(DataValue.string))
        let text = DataValue.object(said).jsonText()
        let isThere = try await BlockingWork.attempt { () throws(DiagnosticError) in
            guard self.exists(run) else { return false }
            try Trees.make(self.notes(run), mode: 0o700)
            try Files.replace(self.note(run, attempt), with: text.utf8, mode: 0o600, durably: self.isDurable)
            return true
        }
        // It was removed meanwhile, and what of it was put before that is gone already.
        if !isThere { _ = try await objects.removeAll(prefix: StoredKeys.run(run.description)) }
    }

    /// - Returns: the path of a new archive; `nil` where the attempt has no logs.
    private func logArchive(_ run: RunID, _ attempt: Int) async throws(DiagnosticError) -> String? {
        try await BlockingWork.attempt { () throws(DiagnosticError) in
            let path = self.logFolder(run, attempt)
            guard Files.isDirectory(path) else { return nil }
            var items: [ZipItem] = []
            for job in try Trees.list(path) where job.kind == .directory {
                for file in try Trees.list("\(path)/\(job.name)") where file.kind == .file {
                    let name = "\(job.name)/\(file.name)"
                    items.append(ZipItem(name: name, path: "\(path)/\(name)"))
                }
            }
            guard !items.isEmpty else { return nil }
            let draft = Files.draft(of: self.folder(of: run) + "/logs.zip")
            try ZipWriting.write(items, to: draft, level: Self.logLevel)
            return draft
        }
    }

    /// Puts the artifacts that an attempt has made up to now: other machines' jobs read them from the store.
    package func keepArtifacts(of run: RunID, attempt: Int) async throws(DiagnosticError) {
        guard let objects, exists(run) else { return }
        try await keepArtifacts(run, attempt, objects)
        // It was removed meanwhile, and what of it was put before that is gone already.
        if !exists(run) { _ = try await objects.removeAll(prefix: StoredKeys.run(run.description)) }
    }

    private func keepArtifacts(
        _ run: RunID, _ attempt: Int, _ objects: any ObjectStore
    ) async throws(DiagnosticError) {
        let vault = try vault(of: run)
        for entry in try vault.index.artifacts(ofRun: run.description) where entry.origin.attempt == attempt {
            // What its job is not there to name any more is not kept.
            for blob in entry.blobs where vault.drafts.has(blob) {
                let key = try StoredKeys.artifact(blob, of: run.description)
                // It was put when its job ended.
                if try await objects.facts(of: key)?.sizeBytes == blob.sizeBytes { continue }
                try await objects.putFile(vault.drafts.path(of: blob), at: key)
            }
        }
    }

    func vault(of run: RunID) throws(DiagnosticError) -> ArtifactVault {
        let repository = try RunRecord.root(of: run, in: self) ?? ""
        return ArtifactVault(folder: RunServices.folder(of: repository, in: self), objects: objects)
    }

    // MARK: bringing

    /// Brings the logs of a run's attempts up to one that are kept and not here.
    ///
    /// - Throws: ``DiagnosticCode/objectDamaged``, and what the store throws.
    package func bringLogs(of run: RunID, through last: Int) async throws(DiagnosticError) {
        guard let objects else { return }
        for attempt in storedAttempts(run) where attempt <= last {
            guard let digest = storedLogs(run, attempt), !Files.isDirectory(logFolder(run, attempt)) else { continue }
            try await bringLogs(of: run, attempt, digest, objects)
        }
    }

    private func bringLogs(
        of run: RunID, _ attempt: Int, _ digest: String, _ objects: any ObjectStore
    ) async throws(DiagnosticError) {
        let draft = Files.draft(of: folder(of: run) + "/logs.zip")
        defer {
            try? Files.remove(draft)
            try? Trees.remove(draft + ".files")
        }
        let content = try await objects.open(try StoredKeys.logs(run, attempt: attempt), range: nil)
        let file = try AppendingFile(path: draft)
        for try await piece in content.pieces { try file.append(piece) }
        try await BlockingWork.attempt { () throws(DiagnosticError) in
            guard try FileDigest.of(draft) == digest else {
                throw DiagnosticError(
                    .objectDamaged, "The logs of attempt \(attempt) of run \(run) are damaged in \(objects.place).",
                    remedy: "Restore runs/\(run)/\(attempt)/logs.zip there from a copy.")
            }
            try Trees.make(draft + ".files", mode: 0o700)
            try ZipReading.unpack(draft, to: try ConfinedFolder(path: draft + ".files"))
            let path = self.logFolder(run, attempt)
            try Trees.make(Files.directory(of: path), mode: 0o700)
            do throws(DiagnosticError) {
                try Files.rename(draft + ".files", to: path)
            } catch  where Files.isDirectory(path) {
                // Somebody else brought them meanwhile.
            }
        }
    }

    // MARK: removing

    /// Removes this folder's copies of logs that are kept, and were not changed or brought since a time.
    ///
    /// - Returns: how many bytes went.
    package func dropCopies(of run: RunID, unusedSince time: Timestamp) throws(DiagnosticError) -> UInt64 {
        var freed: UInt64 = 0
        for attempt in storedAttempts(run) where storedLogs(run, attempt) != nil {
            let path = logFolder(run, attempt)
            guard let facts = Files.facts(path), facts.modifiedNanoseconds / 1_000_000 < time.milliseconds else {
                continue
            }
            let gone = Files.draft(of: folder(of: run) + "/logs-gone")
            // At once and whole: half of the logs would pass for all of them.
            try Files.rename(path, to: gone)
            freed += DiskUse.bytes(below: gone)
            try Trees.remove(gone)
        }
        return freed
    }

    /// Blocks.
    func removeStoredLogs(of run: RunID, through last: Int) throws(DiagnosticError) {
        guard let objects else { return }
        for attempt in storedAttempts(run) where attempt <= last && storedLogs(run, attempt) != nil {
            let key = try StoredKeys.logs(run, attempt: attempt)
            try BlockingWork.awaited { () async throws(DiagnosticError) in try await objects.remove([key]) }
            try Files.replace(note(run, attempt), with: "{}".utf8, mode: 0o600)
        }
    }

    /// Removes objects of runs that the journal says were removed: whoever put or removed them was cut off. Another server's runs
    /// are not here and not removed either, and stay.
    ///
    /// - Returns: how many runs that were.
    package func sweepObjects(now: Timestamp) async throws(DiagnosticError) -> Int {
        guard let objects else { return 0 }
        _ = try await objects.sweepUploads(begunBefore: now + .milliseconds(-Self.uploadLife.milliseconds))
        var (after, last, count): (String?, RunID?, Int) = (nil, nil, 0)
        repeat {
            let page = try await objects.list(prefix: "runs/", after: after, limit: Self.pageObjects)
            for object in page.objects {
                guard let run = object.key.text.split(separator: "/").dropFirst().first.flatMap({ RunID($0) }),
                    run != last
                else { continue }
                last = run
                let isRemoved = try await BlockingWork.attempt { () throws(DiagnosticError) in
                    self.exists(run) ? false : try self.removal(of: run).removed != nil
                }
                guard isRemoved else { continue }
                _ = try await objects.removeAll(prefix: StoredKeys.run(run.description))
                count += 1
            }
            after = page.next
        } while after != nil
        return count
    }

    private static let pageObjects = 1_000
    /// Nobody's upload takes longer.
    private static let uploadLife = Timestamp.Span.days(1)

    /// All that is kept of a run. Blocks.
    func removeObjects(of run: RunID) throws(DiagnosticError) {
        guard let objects else { return }
        try BlockingWork.awaited { () async throws(DiagnosticError) in
            _ = try await objects.removeAll(prefix: StoredKeys.run(run.description))
        }
    }
}
