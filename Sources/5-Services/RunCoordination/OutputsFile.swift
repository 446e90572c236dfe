// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import FileAccess
internal import PipelineModel
internal import StructuredData

/// A job's outputs at rest, sealed: what jobs after it see when the run is resumed by another process.
enum OutputsFile {
    private static let sizeLimitBytes = 64 << 20

    /// A job without outputs has no file.
    static func save(_ outputs: DataObject, _ store: RunStore, _ run: RunID, _ attempt: Int, _ job: JobID) {
        guard !outputs.isEmpty else { return }
        let text = Array(outputs.jsonText().utf8)
        guard let box = try? AES.GCM.seal(text, using: store.key, authenticating: name(run, attempt, job)).combined
        else {
            return
        }
        // Before the job's end is recorded: where this fails, the next process evaluates the job's end again.
        try? Files.replace(path(store, run, attempt, job), with: box, mode: 0o600)
    }

    static func load(_ store: RunStore, _ run: RunID, _ attempt: Int, _ job: JobID) -> DataObject? {
        guard
            let bytes = try? Files.readIfPresent(path(store, run, attempt, job), limit: sizeLimitBytes),
            let box = try? AES.GCM.SealedBox(combined: bytes),
            let text = try? AES.GCM.open(box, using: store.key, authenticating: name(run, attempt, job))
        else { return nil }
        return (try? DataValue(json: Array(text)))?.object
    }

    private static func path(_ store: RunStore, _ run: RunID, _ attempt: Int, _ job: JobID) -> String {
        store.jobFolder(run, attempt, job) + "/outputs"
    }

    private static func name(_ run: RunID, _ attempt: Int, _ job: JobID) -> [UInt8] {
        Array("\(run)/\(attempt)/\(job)/outputs".utf8)
    }
}
