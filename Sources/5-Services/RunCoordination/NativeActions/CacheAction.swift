// SPDX-License-Identifier: Apache-2.0

internal import ContentStore
internal import Diagnostics
internal import FileAccess
internal import PatternMatching
internal import PipelineModel
internal import RuntimeServices
internal import StepExecution
internal import StructuredData

/// `actions/cache` and its two halves, built in. Inputs, outputs and what the log says of keys are the original's
/// (actions/cache v4, `restoreImpl.ts` and `saveImpl.ts`).
struct CacheAction: Sendable {
    enum Part: String, CaseIterable, Sendable {
        case cache
        case restore = "cache-restore"
        case save = "cache-save"
    }

    let job: NativeJob
    let part: Part

    private static let keyState = "CACHE_KEY"
    private static let matchState = "CACHE_RESULT"

    /// The original saves after a success only; `save-always` is what it was meant to be.
    @Sendable static func postCondition(_ work: ActionWork) -> String {
        guard case .mapping(let entries)? = work.inputs else { return "success()" }
        let always = entries.contains { entry in
            guard case .string(let name) = entry.key, name.lowercased() == "save-always" else { return false }
            switch entry.value.literal {
            case .bool(let value)?: return value
            case .string(let text)?: return text.trimmingBlanks().lowercased() == "true"
            default: return false
            }
        }
        return always ? "always()" : "success()"
    }

    var action: NativeAction {
        { call in
            do throws(DiagnosticError) {
                // Asked for first: what a cut-off restore leaves is saved as on GitHub.
                if part == .cache, call.stage == nil { call.askForPost() }
                let saves = part == .save || call.stage == .post
                try saves ? save(call) : restore(call)
            } catch {
                call.complete(.failure(error.diagnostic))
            }
            return call.stop.ask
        }
    }

    private var inputNames: [String] {
        var names = ["path", "key", "enableCrossOsArchive"]
        if part != .save { names += ["restore-keys", "fail-on-cache-miss", "lookup-only"] }
        if part != .restore { names.append("upload-chunk-size") }
        if part == .cache { names.append("save-always") }
        return names
    }

    private func folders(_ call: NativeActionCall) -> StepFolders { job.folders(call) }

    // MARK: restoring

    private func restore(_ call: NativeActionCall) throws(DiagnosticError) {
        call.checkNames(inputNames)
        let key = try call.required("key")
        let keys = [key] + call.lines("restore-keys")
        let paths = call.lines("path")
        guard !paths.isEmpty else { _ = try call.required("path"); return }
        try Self.check(keys)
        let (failsOnMiss, lookupOnly) = (call.flag("fail-on-cache-miss"), call.flag("lookup-only"))
        let isWhole = part == .cache
        let folders = folders(call)
        let search = CacheVault.Search(
            keys: keys, paths: paths, version: CacheVersion.native(paths, folders), access: job.access,
            origin: job.origin(call),
            takesArchives: folders.reach == nil)
        let vault = job.caches
        call.perform(
            "Martlet's own cache: \(isWhole ? "restore now, save at the job's end" : "restore")", noting: job.note
        ) {
            () throws(DiagnosticError) in
            var report = NativeReport()
            if isWhole { report.keep(Self.keyState, key) } else { report.output("cache-primary-key", key) }
            var found = CacheVault.Found.none
            if let outside = try PathSearch.set(paths, folders, includesBelow: false).searchPaths()
                .first(where: { !folders.reaches($0) })
            {
                // What enclosed steps cannot see, a cache cannot bring them.
                report.warn(PathSearch.outside(outside).diagnostic.message)
            } else {
                do throws(DiagnosticError) {
                    found = try vault.find(search, report: &report) { (entry, report) throws(DiagnosticError) in
                        try Self.take(entry, vault, folders, lookupOnly: lookupOnly, &report)
                    }
                } catch {
                    // As the original: a cache saves time, and its absence fails nothing.
                    report.warn("Failed to restore: \(error.diagnostic.code): \(error.diagnostic.message)")
                }
            }
            guard case .entry(let entry, let isExact) = found else {
                if failsOnMiss {
                    report.failure = Diagnostic(
                        .nativeCacheMissed,
                        "Failed to restore cache entry. Exiting as fail-on-cache-miss is set. Input key: \(key)")
                } else {
                    report.line("Cache not found for input keys: \(keys.joined(separator: ", "))")
                }
                return report
            }
            if isWhole {
                report.keep(Self.matchState, entry.key)
            } else {
                report.output("cache-matched-key", entry.key)
            }
            report.output("cache-hit", isExact ? "true" : "false")
            report.line(
                (lookupOnly ? "Cache found and can be restored from key: " : "Cache restored from key: ") + entry.key)
            return report
        }
    }

    /// - Returns: `false` where the entry's content is lost.
    private static func take(
        _ entry: CacheEntry, _ vault: CacheVault, _ folders: StepFolders, lookupOnly: Bool, _ report: inout NativeReport
    ) throws(DiagnosticError) -> Bool {
        guard let trees = CacheTrees(entry.blob) else {
            return try ArchivedCache(shelf: vault.shelf, entry: entry).take(folders, lookupOnly: lookupOnly, &report)
        }
        if lookupOnly { return try vault.hasContent(trees, of: entry) }
        for part in trees.parts where !folders.reaches(folders.path(part.base)) {
            throw PathSearch.outside(folders.path(part.base))
        }
        guard try vault.restore(trees, of: entry, to: folders) else { return false }
        report.line("Cache Size: ~\(entry.blob.sizeBytes >> 20) MB (\(entry.blob.sizeBytes) B)")
        return true
    }

    /// The toolkit's rules of keys.
    private static func check(_ keys: [String]) throws(DiagnosticError) {
        guard keys.count <= 10 else {
            throw DiagnosticError(.nativeInputInvalid, "Key Validation Error: Keys are limited to a maximum of 10.")
        }
        for key in keys {
            guard key.utf16.count <= 512 else {
                throw DiagnosticError(
                    .nativeInputInvalid, "Key Validation Error: \(key) cannot be larger than 512 characters.")
            }
            guard !key.contains(",") else {
                throw DiagnosticError(.nativeInputInvalid, "Key Validation Error: \(key) cannot contain commas.")
            }
        }
    }

    // MARK: saving

    private func save(_ call: NativeActionCall) throws(DiagnosticError) {
        if part == .save { call.checkNames(inputNames) }
        func state(_ name: String) -> String? { call.state.last { $0.name == name }?.value }
        let key = state(Self.keyState) ?? call.text("key")
        let restored = state(Self.matchState)
        guard !key.isEmpty else {
            call.line("[warning]Key is not specified.")
            return call.complete(.success(outputs: []))
        }
        guard restored.map({ $0.lowercased() }) != key.lowercased() else {
            call.line("Cache hit occurred on the primary key \(key), not saving cache.")
            return call.complete(.success(outputs: []))
        }
        let paths = call.lines("path")
        guard let scope = job.access.writeScope, !paths.isEmpty else {
            call.line(
                "[warning]\(paths.isEmpty ? "Input required and not supplied: path" : "This job saves no caches.")")
            return call.complete(.success(outputs: []))
        }
        let (folders, origin, vault) = (folders(call), job.origin(call), job.caches)
        let warnsOfFailure = part == .save
        call.perform("Martlet's own cache: save", noting: job.note) { () throws(DiagnosticError) in
            var report = NativeReport()
            do throws(DiagnosticError) {
                try Self.check([key])
                let trees = try CacheSelection.trees(paths, folders, &report)
                let name = CacheName(key: key, version: CacheVersion.native(paths, folders), scope: scope)
                let saving = CacheVault.Saving(name: name, trees: trees, origin: origin, restored: restored)
                if let saved = try vault.save(saving) {
                    report.line(
                        "\(saved.totals.fileCount) files, \(saved.totals.sizeBytes) B; \(saved.totals.readCount) read, "
                            + "\(saved.totals.writtenBytes) B stored anew")
                    report.line("Cache saved with key: \(key)")
                    return report
                }
                report.line(
                    "Failed to save: Unable to reserve cache with key \(key), another job may be creating this cache.")
            } catch {
                // A cache that cannot be saved fails no job: so is the original.
                report.line("[warning]\(error.diagnostic.code): \(error.diagnostic.message)")
            }
            if warnsOfFailure { report.warn("Cache save failed.") }
            return report
        }
    }
}

/// What the paths of a cache stand for on the disk.
enum CacheSelection {
    static func trees(
        _ paths: [String], _ folders: StepFolders, _ report: inout NativeReport
    ) throws(DiagnosticError) -> [StepFolders.Anchor: TreeSelection] {
        let set = try PathSearch.set(paths, folders, includesBelow: false)
        var rests: [StepFolders.Anchor: [String]] = [:]
        for item in try PathSearch.items(set, folders) {
            // Links on the way are followed, as tar does; the last one is kept as it is.
            let name = item.path.split(separator: "/").last.map(String.init) ?? ""
            let parent = Files.directory(of: item.path)
            let real = (Files.realPath(parent) ?? parent)
            let path = item.path == "/" ? "/" : (real == "/" ? "/" : real + "/") + name
            let place = folders.place(item.path == folders.workspace ? item.path : path)
            rests[place.base, default: []].append(place.rest)
        }
        guard !rests.isEmpty else {
            throw DiagnosticError(
                .nativeInputInvalid,
                "Path Validation Error: Path(s) specified in the action for caching do(es) not exist, "
                    + "hence no cache is being saved.")
        }
        // Asked by several threads at once; a set of patterns never changes.
        let hasExclusions = paths.contains { $0.hasPrefix("!") }
        return Dictionary(
            uniqueKeysWithValues: rests.map { base, rests in
                let root = folders.path(base)
                var selection = TreeSelection(root: root, paths: rests)
                if hasExclusions {
                    let start = root == "/" ? "/" : root + "/"
                    selection.leavesOut = { set.excludes(start + String(decoding: $0, as: UTF8.self)) }
                }
                return (base, selection)
            })
    }
}
