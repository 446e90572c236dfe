// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel

/// What the native actions of one run keep for later steps, jobs and runs.
struct NativeVaults: Sendable {
    let caches: CacheVault
    let artifacts: ArtifactVault

    /// - Parameters:
    ///   - line: to the server that has them; `nil`: they are in the store.
    ///   - home: to the server whose folder this machine has, too.
    init(store: RunStore, run: RunID, record: RunRecord, line: ServerLine? = nil, home: ServerLine? = nil) {
        let source = store.objects.map { CopySource.store($0) } ?? home.map { .server($0) } ?? .none
        let folder = RunServices.folder(of: record.repository.root, in: store)
        caches = CacheVault(
            folder: folder, store: store.shared, history: CacheHistory(store: store, run: run), line: line,
            source: source)
        artifacts = ArtifactVault(folder: folder, far: caches.far, source: source)
    }

    func job(_ job: JobID, of run: RunID, attempt: Int, _ record: RunRecord) -> NativeJob {
        NativeJob(
            run: run.description, attempt: attempt, job: job.text, access: RunServices.cacheAccess(record),
            caches: caches,
            artifacts: artifacts,
            isEnclosed: record.sandbox != nil)
    }
}
