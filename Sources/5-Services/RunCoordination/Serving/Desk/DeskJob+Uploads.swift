// SPDX-License-Identifier: Apache-2.0

internal import ContentStore
internal import Diagnostics
internal import FileAccess
internal import RunnerProtocol
internal import RuntimeServices
internal import StructuredData
internal import Synchronization

/// Bytes that a job brings, before they are published: archives by offset, trees by chunk.
extension DeskJob {
    private func uploadPath(_ name: String) -> String { "\(folder)/\(name).upload" }

    private static let nameBytes = 64

    static func isName(_ text: String) -> Bool {
        (1...nameBytes).contains(text.utf8.count)
            && text.utf8.allSatisfy { (48...57).contains($0) || (97...122).contains($0) || $0 == 45 }
    }

    /// Adds a piece to an upload, where it is the next one.
    ///
    /// - Returns: how many bytes there are now: a piece that arrives twice changes nothing.
    func upload(_ name: String, at offset: Int, _ bytes: [UInt8]) throws(DiagnosticError) -> Int {
        guard Self.isName(name) else { throw refused("an upload of that name") }
        forsakeLink(name)
        return try uploading.withLock { (_) throws(DiagnosticError) in
            let known = try state.withLock { (state) throws(DiagnosticError) in
                if let known = state.uploads[name] { return known }
                guard !state.isDismissed, state.uploads.count < RunnerLimits.openUploads else {
                    throw pastLimit("more than \(RunnerLimits.openUploads) uploads at a time")
                }
                state.uploads[name] = 0
                return 0
            }
            guard offset == known else { return known }
            guard known + bytes.count <= RunnerLimits.uploadBytes else {
                throw pastLimit("a cache or artifact of more than \(RunnerLimits.uploadBytes) bytes")
            }
            try Trees.make(folder, mode: 0o700)
            try AppendingFile(path: uploadPath(name)).append(bytes)
            state.withLock { $0.uploads[name] = known + bytes.count }
            return known + bytes.count
        }
    }

    func pastLimit(_ what: String) -> DiagnosticError {
        DiagnosticError(
            .handoverPastLimit, "The job '\(lease.work)' would upload \(what).", remedy: "Upload less, or in parts.")
    }

    /// Puts an upload on the shelf.
    ///
    /// - Parameter said: what the runner says that it is.
    /// - Throws: ``DiagnosticCode/handoverMismatch`` where it is something else.
    func takeUpload(_ said: StoredBlob) throws(DiagnosticError) -> StoredBlob {
        if let taken = state.withLock({ $0.taken[said.name] }), taken.digest == said.digest { return taken }
        let size = state.withLock { $0.uploads.removeValue(forKey: said.name) }
        guard let size else {
            throw DiagnosticError(
                .handoverGone, "The upload '\(said.name.prefix(80))' is not there: the server began anew meanwhile.",
                remedy: "Run the job again.")
        }
        let path = uploadPath(said.name)
        guard size == said.sizeBytes, try FileDigest.of(path) == said.digest else {
            try Files.remove(path)
            throw DiagnosticError(
                .handoverMismatch, "The upload has \(size) bytes, or a digest, that were not announced.",
                remedy: "Run the job again; if this repeats, look at the runner's disk and its network.")
        }
        let blob = try artifacts.drafts.take(path)
        state.withLock { $0.taken[said.name] = blob }
        return blob
    }

    // MARK: chunks

    private func deposit() throws(DiagnosticError) -> ContentDeposit {
        if let known = state.withLock({ $0.deposit }) { return known }
        let made = try caches.content.with { (opened) throws(ContentError) in try opened.content.deposit() }
        return state.withLock { state in
            if let known = state.deposit { return known }
            state.deposit = made
            return made
        }
    }

    func put(_ chunks: [[UInt8]]) throws(DiagnosticError) {
        let deposit = try deposit()
        for bytes in chunks {
            let chunk = try caches.content.with { (_) throws(ContentError) in try deposit.put(bytes) }
            state.withLock { _ = $0.chunks.insert(chunk) }
        }
    }

    /// Those that the job is to bring: what others have stored is not there for it.
    func missing(_ texts: [String]) throws(DiagnosticError) -> [String] {
        state.withLock { state in
            texts.filter { text in ContentChunk(text: text).map { !state.chunks.contains($0) } ?? false }
        }
    }

    func chunks(_ texts: [String]) throws(DiagnosticError) -> [[UInt8]] {
        let chunks = texts.compactMap { ContentChunk(text: $0) }
        let total = chunks.reduce(0) { $0 + Int($1.sizeBytes) }
        guard chunks.count == texts.count, texts.count <= RunnerLimits.partsPerMessage,
            total <= RunnerLimits.chunkBytesPerMessage || chunks.count == 1
        else { throw refused("so many chunks at a time") }
        guard state.withLock({ $0.chunks.isSuperset(of: chunks) }) else { throw refused("these chunks") }
        return try caches.content.with { (opened) throws(ContentError) in
            var found: [[UInt8]] = []
            for chunk in chunks { found.append(try opened.content.bytes(of: chunk)) }
            return found
        }
    }

    /// Makes a tree of chunks that the job has brought, or was given. It is kept until the lease ends, or a name has it.
    func finish(_ tree: ContentID, pieces texts: [String]) throws(DiagnosticError) {
        let deposit = try deposit()
        let pieces = texts.compactMap { ContentChunk(text: $0) }
        let given = state.withLock { $0.chunks }
        do {
            try caches.content.with { (opened) throws(ContentError) in
                try deposit.finish(
                    ContentRoot(.tree, tree), pieces: pieces, under: opened.lease,
                    isGiven: { given.contains($0) })
            }
        } catch  where [.contentMissing, .contentDamaged, .treeNotUnderstood].contains(error.diagnostic.code) {
            throw DiagnosticError(
                .handoverMismatch, "The tree that was brought is not whole: \(error.diagnostic.message)",
                remedy: "Run the job again.")
        }
    }
}
