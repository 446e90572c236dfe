// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import NIOHTTP1
internal import Synchronization
internal import Timekeeping

/// A job that was let in.
struct AdmittedJob: Sendable {
    var grant: JobGrant
    var backendID: String
    var runBackendID: String
    /// The step that runs now, where somebody said so.
    var step: String?

    var origin: EntryOrigin { EntryOrigin(run: grant.run, job: grant.job, step: step, attempt: grant.attempt) }
}

/// What all services share: who was let in, which uploads are open, and how addresses are signed.
final class ServiceDesk: Sendable {
    private struct State: Sendable {
        var jobs: [String: AdmittedJob] = [:]
        var uploads = OpenUploads()
        /// Artifacts of the third version that were begun, with the time when they may go.
        var begun: [ArtifactName: Timestamp] = [:]
    }

    private struct ArtifactName: Hashable, Sendable {
        var run: String
        var name: String
    }

    let options: RuntimeServerOptions
    let signer = TokenSigner()
    let identity: IdentityTokens
    private let state = Mutex(State())

    init(options: RuntimeServerOptions) {
        self.options = options
        identity = IdentityTokens(keyPath: options.identityKeyPath)
    }

    var limits: ServiceLimits { options.limits }

    // MARK: jobs

    func admit(_ grant: JobGrant) -> (job: AdmittedJob, token: String) {
        let runID = TokenSigner.backendID(grant.run)
        // A job that is admitted again (another attempt) is another one here.
        let jobID = TokenSigner.backendID(grant.run + "\0" + grant.job + "\0" + uniqueName())
        let job = AdmittedJob(grant: grant, backendID: jobID, runBackendID: runID)
        state.withLock { $0.jobs[jobID] = job }
        let until = options.now() + .seconds(limits.jobSeconds)
        return (job, signer.jobToken(runBackendID: runID, jobBackendID: jobID, until: until))
    }

    /// From now on the token is void, and what the job began and did not finish is dropped.
    func dismiss(_ jobID: String) {
        let uploads = state.withLock { state in
            state.jobs[jobID] = nil
            return state.uploads.all(ofJob: jobID)
        }
        for upload in uploads { drop(upload.name) }
    }

    func dismissAll() {
        for job in state.withLock({ Array($0.jobs.keys) }) { dismiss(job) }
    }

    func note(step: String?, of jobID: String) {
        state.withLock { $0.jobs[jobID]?.step = step }
    }

    func job(of request: ServiceRequest) throws(Refusal) -> AdmittedJob {
        guard let token = request.bearer else { throw Refusal(.unauthenticated, "There is no bearer token.") }
        guard let id = signer.jobBackendID(ofToken: token, now: options.now()),
            let job = state.withLock({ $0.jobs[id] })
        else { throw Refusal(.unauthenticated, "The token is not one of a job that runs.") }
        return job
    }

    // MARK: uploads

    /// - Parameter prepare: says more of the upload before anybody sees it.
    func beginUpload(
        _ purpose: UploadPurpose, by job: AdmittedJob, prepare: (inout OpenUpload) -> Void = { _ in }
    ) throws(Refusal) -> OpenUpload {
        guard state.withLock({ $0.uploads.count }) < limits.openUploadCount else {
            throw Refusal(.unavailable, "More than \(limits.openUploadCount) uploads are open.")
        }
        do {
            let name = try options.shelf.beginUpload()
            var upload = OpenUpload(
                name: name, id: newID(), job: job.backendID, run: job.grant.run, purpose: purpose)
            prepare(&upload)
            state.withLock { [upload] in $0.uploads.add(upload) }
            return upload
        } catch {
            throw refusal(error)
        }
    }

    func upload(named name: some StringProtocol) -> OpenUpload? { state.withLock { $0.uploads[String(name)] } }

    /// The job's own with that number.
    func upload(id: Int, of job: AdmittedJob) -> OpenUpload? {
        state.withLock { $0.uploads[id: id] }.flatMap { $0.job == job.backendID ? $0 : nil }
    }

    func upload(_ purpose: UploadPurpose, of job: AdmittedJob) -> OpenUpload? {
        state.withLock { $0.uploads.first(job: job.backendID, purpose) }
    }

    func uploads(of job: AdmittedJob) -> [OpenUpload] { state.withLock { $0.uploads.all(ofJob: job.backendID) } }

    /// Notes that a block has arrived whole.
    ///
    /// - Returns: the upload as it is now; `nil` where it is gone.
    func note(block: String, sizeBytes: UInt64, of name: String) -> OpenUpload? {
        state.withLock { state in
            state.uploads.change(name) { upload in
                upload.blocks[block] = sizeBytes
                return upload
            }
        }
    }

    /// Forgets an upload, its bytes, and its hold on a cache's key.
    func drop(_ name: String) {
        guard let upload = state.withLock({ $0.uploads.remove(name) }) else { return }
        if case .cache(let name) = upload.purpose { options.index.release(name) }
        options.shelf.discard(upload.name)
        guard let blob = upload.blob else { return }
        removeBlob(blob)
    }

    func removeBlob(_ blob: StoredBlob) {
        do {
            try options.shelf.remove(blob)
        } catch {
            options.report(error)
        }
    }

    /// Forgets an upload whose bytes an entry has now.
    func settle(_ upload: OpenUpload) {
        _ = state.withLock { $0.uploads.remove(upload.name) }
        if case .cache(let name) = upload.purpose { options.index.release(name) }
    }

    /// Puts the blocks together. A second call, after a lost answer, finds the blob there.
    func commit(_ name: String, blocks: [String]) throws(Refusal) -> StoredBlob {
        enum Place { case done(StoredBlob), ours, busy, gone }
        let place = state.withLock { state in
            state.uploads.change(name) { upload -> Place in
                if let blob = upload.blob { return .done(blob) }
                if upload.isCommitting { return .busy }
                upload.isCommitting = true
                return .ours
            } ?? .gone
        }
        switch place {
        case .done(let blob): return blob
        case .gone: throw Refusal(.notFound, "There is no such upload.")
        case .busy: throw Refusal(.unavailable, "The upload is being put together.")
        case .ours: break
        }
        do {
            let blob = try options.shelf.commit(blocks, of: name)
            let kept: Void? = state.withLock { state in
                state.uploads.change(name) { upload in
                    upload.blob = blob
                    upload.isCommitting = false
                }
            }
            // The job went away meanwhile: nobody would ever name these bytes.
            if kept == nil { removeBlob(blob) }
            return blob
        } catch {
            _ = state.withLock { state in state.uploads.change(name) { $0.isCommitting = false } }
            throw refusal(error)
        }
    }

    // MARK: artifacts of files

    func note(artifact name: String, ofRun run: String, expires: Timestamp) {
        state.withLock { $0.begun[ArtifactName(run: run, name: name)] = expires }
    }

    /// When it may go; `nil` where it was not begun.
    func expiry(ofArtifact name: String, run: String) -> Timestamp? {
        state.withLock { $0.begun[ArtifactName(run: run, name: name)] }
    }

    // MARK: addresses

    func uploadAddress(_ upload: OpenUpload, base: String) -> String {
        let path = "/blobs/upload/\(upload.name)"
        return base.dropLast() + path + "?" + signer.query(path: path, purpose: .upload, until: addressEnd)
    }

    /// - Parameter mediaType: what the answer will say of the bytes.
    func downloadAddress(_ blob: StoredBlob, file: String, mediaType: String?, base: String) -> String {
        let path = "/blobs/download/\(blob.name)/\(blob.sizeBytes)/\(blob.digest)/\(file)"
        let encoded = path.split(separator: "/").map { "/" + PercentCoding.encoded(String($0)) }.joined()
        let kind = mediaType.map { "&rsct=" + PercentCoding.encoded($0) } ?? ""
        return base.dropLast() + encoded + "?" + signer.query(path: path, purpose: .download, until: addressEnd) + kind
    }

    private var addressEnd: Timestamp { options.now() + .seconds(limits.addressSeconds) }

    // MARK: the rest

    /// Grows with time, so that of two entries the later one has the larger number; below 2^53 until the year 2090.
    func newID() -> Int {
        let epoch: Int64 = 1_700_000_000_000
        return Int(max(0, options.now().milliseconds - epoch)) << 12 | Int.random(in: 0..<4096)
    }

    func refusal(_ error: DiagnosticError) -> Refusal {
        let refusal = Refusal(error)
        if refusal.kind == .internalFailure || refusal.kind == .notFound { options.report(error) }
        return refusal
    }

    func perform<Result>(_ body: () throws(DiagnosticError) -> Result) throws(Refusal) -> Result {
        do {
            return try body()
        } catch {
            throw refusal(error)
        }
    }
}
