// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel

/// What the native actions of one run keep for later steps, jobs and runs.
struct NativeVaults: Sendable {
    let caches: CacheVault
    let artifacts: ArtifactVault

    /// - Parameter line: to the server that has them; `nil`: they are in the store.
    init(store: RunStore, run: RunID, record: RunRecord, line: ServerLine? = nil) {
        let folder = RunServices.folder(of: record.repository.root, in: store)
        caches = CacheVault(
            folder: folder, store: store.shared, history: CacheHistory(store: store, run: run), line: line)
        artifacts = ArtifactVault(folder: folder, far: caches.far, objects: store.objects)
    }

    func job(_ job: JobID, of run: RunID, attempt: Int, _ record: RunRecord) -> NativeJob {
        NativeJob(
            run: run.description, attempt: attempt, job: job.text, access: RunServices.cacheAccess(record),
            caches: caches,
            artifacts: artifacts,
            isEnclosed: record.sandbox != nil)
    }
}
