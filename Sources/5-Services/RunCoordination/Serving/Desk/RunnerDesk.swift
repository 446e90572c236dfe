// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
internal import PipelineModel
package import RunnerProtocol
package import StructuredData
internal import Synchronization

/// What runners on other machines fetch and bring: the code of their jobs, caches and artifacts. A job may see what its run's
/// record says, and nothing else; what is half brought goes with its lease.
package final class RunnerDesk: Sendable {
    private let store: RunStore
    /// Fetches all branches and tags of a project into its mirror, at that folder.
    private let refresh: @Sendable (_ project: String, _ folder: String) -> Void
    /// To the object storage; `nil`: there is none.
    private let links: StoreLinks?
    private let jobs = Mutex<[LeaseKey: DeskJob]>([:])

    private var folder: String { store.root + "/handover" }

    /// What an earlier process left there is of no use: whoever brings something begins anew.
    package init(
        store: RunStore, refresh: @escaping @Sendable (_ project: String, _ folder: String) -> Void
    ) throws(DiagnosticError) {
        self.store = store
        self.refresh = refresh
        links = store.objects.map { StoreLinks($0) }
        try Trees.remove(folder)
    }

    /// - Parameter record: of the lease's run.
    func job(_ lease: LeaseKey, _ record: RunRecord) -> DeskJob {
        jobs.withLock { jobs in
            if let known = jobs[lease] { return known }
            let work = lease.work
            let name = "\(work.run)-\(work.attempt)-\(ContentDigest.of(lease.data).prefix(16))"
            let job = DeskJob(
                store: store, links: links, lease: lease, record: record, folder: "\(folder)/\(name)",
                refresh: refresh)
            jobs[lease] = job
            return job
        }
    }

    /// Leases that hold; what others brought and did not publish goes.
    package func keep(only leases: Set<LeaseKey>) {
        let gone = jobs.withLock { jobs in
            let gone = jobs.filter { !leases.contains($0.key) }
            for lease in gone.keys { jobs[lease] = nil }
            return gone.values
        }
        for job in gone { job.dismiss() }
    }

    // MARK: what runners ask

    /// The code of a job. A bundle that takes long is made while the runner asks again.
    ///
    /// - Throws: ``DiagnosticCode/codeNotGiven``.
    package func code(_ request: CodeRequest, _ record: RunRecord) async throws(DiagnosticError) -> CodeOffer {
        let making = job(request.lease, record).making(request)
        let (answers, told) = AsyncStream<Result<CodeOffer, DiagnosticError>?>.makeStream()
        let wait = Task {
            try? await Task.sleep(for: .milliseconds(RunnerLimits.bundleWaitMs))
            told.yield(nil)
        }
        Task { told.yield(await making.value) }
        defer { wait.cancel() }
        for await answer in answers {
            guard let answer else { break }
            return try answer.get()
        }
        return CodeOffer(commit: record.repository.sha, isPending: true)
    }

    package func piece(_ request: PieceRequest, _ record: RunRecord) throws(DiagnosticError) -> [UInt8] {
        try job(request.lease, record).piece(request)
    }

    /// - Returns: how many bytes of the upload there are now.
    package func upload(_ message: FramedMessage, _ record: RunRecord) throws(DiagnosticError) -> DataValue {
        let (lease, name, offset) = try read { () throws in
            (
                try LeaseKey(data: message.head["lease"] ?? .null), try message.head.string("name"),
                try message.head.int("offset")
            )
        }
        let size = try job(lease, record).upload(name, at: offset, message.parts.first ?? [])
        return ["size": .number(Double(size))]
    }

    package func putChunks(_ message: FramedMessage, _ record: RunRecord) throws(DiagnosticError) {
        try job(try lease(of: message), record).put(message.parts)
    }

    package func getChunks(_ message: FramedMessage, _ record: RunRecord) throws(DiagnosticError) -> FramedMessage {
        let chunks = try job(try lease(of: message), record).chunks(message.head.strings("chunks"))
        return FramedMessage([:], chunks)
    }

    /// Prepares what is asked for; what others are to see is published by the closure, while the lease is sure to hold.
    package func prepare(
        _ call: StorageCall, _ record: RunRecord
    ) throws(DiagnosticError) -> @Sendable () throws(DiagnosticError) -> DataValue {
        let job = job(call.lease, record)
        return try read { () throws in try job.prepare(call) }
    }

    /// - Throws: ``DiagnosticCode/runnerMessageInvalid``.
    package func lease(of message: FramedMessage) throws(DiagnosticError) -> LeaseKey {
        try read { () throws in try LeaseKey(data: message.head["lease"] ?? .null) }
    }

    private func read<Value>(_ body: () throws -> Value) throws(DiagnosticError) -> Value {
        do {
            return try body()
        } catch let error as DiagnosticError {
            throw error
        } catch {
            throw DiagnosticError(.runnerMessageInvalid, "The message cannot be read: \(error).")
        }
    }
}
