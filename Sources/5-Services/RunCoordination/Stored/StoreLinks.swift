// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import ObjectStorage
internal import ProcessControl
internal import RunnerProtocol
internal import RuntimeServices
internal import Synchronization
internal import ThreadExecution

/// Links to objects that the server gives to runners on other machines, and what it asks the store about them. Calls block.
final class StoreLinks: Sendable {
    private struct State: Sendable {
        /// The store did not answer: up to then none are given.
        var pausedUntil: BootInstant?
        /// Whether it refuses other bytes than were announced; `nil`: it was not asked.
        var refuses: Bool?
    }

    let objects: any ObjectStore
    private let state = Mutex(State())

    init(_ objects: any ObjectStore) { self.objects = objects }

    /// - Returns: `nil` where the store gives none, or does not answer: then the bytes go through the server.
    func link(to key: ObjectKey, _ act: LinkUse.Act) -> ObjectLink? {
        attempt { objects throws(DiagnosticError) in
            try await objects.link(to: key, LinkUse(act, seconds: RunnerLimits.linkSeconds))
        }
    }

    /// Whether the object is there, whole.
    func has(_ key: ObjectKey, sizeBytes: UInt64) -> Bool {
        let found = attempt { objects throws(DiagnosticError) in try await objects.facts(of: key)?.sizeBytes }
        return found == sizeBytes
    }

    private func attempt<Value: Sendable>(
        _ body: @escaping @Sendable (any ObjectStore) async throws(DiagnosticError) -> Value?
    ) -> Value? {
        let now = BootInstant.now()
        guard state.withLock({ state in state.pausedUntil.map { $0 <= now } ?? true }) else { return nil }
        do throws(DiagnosticError) {
            let objects = objects
            return try BlockingWork.awaited { () async throws(DiagnosticError) in try await body(objects) }
        } catch {
            // Who reads or puts it next is told by the store's own words.
            state.withLock { $0.pausedUntil = now + .milliseconds(RunnerLimits.linkPauseMs) }
            return nil
        }
    }

    /// Sees that what was put at a link is what was announced. A store that keeps digests, and refuses what is not as it was
    /// announced, is believed; of another all of it is read.
    ///
    /// - Throws: ``DiagnosticCode/handoverMismatch``, and what the store throws.
    func verify(_ key: ObjectKey, sizeBytes: UInt64, digest: String) throws(DiagnosticError) {
        let objects = objects
        let facts = try BlockingWork.awaited { () async throws(DiagnosticError) in try await objects.facts(of: key) }
        guard let facts else { throw Self.mismatch("is not there") }
        guard facts.sizeBytes == sizeBytes else { throw Self.mismatch("has \(facts.sizeBytes) bytes") }
        var found = facts.sha256
        let isBelieved = found == nil ? false : try refusesOtherBytes()
        if !isBelieved {
            let blob = StoredBlob(name: key.text, sizeBytes: sizeBytes, digest: digest)
            let isSame = try BlobCopy.read(StoredBlobReader(blob, key, objects), blob) { _ in }
            found = isSame ? digest : ""
        }
        guard found == digest else { throw Self.mismatch("has another digest") }
    }

    private func refusesOtherBytes() throws(DiagnosticError) -> Bool {
        if let known = state.withLock({ $0.refuses }) { return known }
        let objects = objects
        let found = try BlockingWork.awaited { () async throws(DiagnosticError) in
            try await objects.refusesOtherBytes()
        }
        state.withLock { $0.refuses = found }
        return found
    }

    private static func mismatch(_ what: String) -> DiagnosticError {
        DiagnosticError(
            .handoverMismatch, "What was put into the object storage \(what), which was not announced.",
            remedy: "Run the job again; if this repeats, look at the runner's disk and its network.")
    }
}
