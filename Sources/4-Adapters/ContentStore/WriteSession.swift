// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Stores chunks that the store does not have. What it finds there stays as long as the session lives, and so does what
/// it stored: content is to be given to a lease before the session ends.
final class WriteSession: Sendable {
    private struct State {
        var writer: PackWriter?
        /// Sealed by this session; each is locked as long as it is open.
        var sealed: [StoreFile] = []
        var claimed: Set<ContentDigest> = []
        var pinned: [Bool]
        /// Chunks that were dropped, or whose pack goes: to be stored anew.
        var totals = WrittenTotals()
    }

    private let paths: StorePaths
    private let isDurable: Bool
    private let table: PackTable
    private let state: Mutex<State>

    init(_ paths: StorePaths, _ shelf: PackShelf, durably: Bool) throws(ContentError) {
        self.paths = paths
        isDurable = durably
        table = try shelf.refreshed()
        state = Mutex(State(pinned: Array(repeating: false, count: table.packs.count)))
    }

    deinit {
        let pinned = state.withLock { $0.pinned }
        for (number, isPinned) in pinned.enumerated() where isPinned { table.packs[number].unpin() }
    }

    var totals: WrittenTotals { state.withLock { $0.totals } }

    /// Whether the store has it, and will until the session ends.
    func holds(_ digest: ContentDigest) throws(ContentError) -> Bool {
        try state.withLock { (state) throws(ContentError) in try holds(digest, &state) }
    }

    private func holds(_ digest: ContentDigest, _ state: inout State) throws(ContentError) -> Bool {
        if state.claimed.contains(digest) { return true }
        guard let place = table.find(digest) else { return false }
        if state.pinned[place.pack] { return true }
        guard try table.packs[place.pack].pin() else { return false }
        state.pinned[place.pack] = true
        return true
    }

    /// Stores a chunk, unless it is there.
    func store(_ bytes: UnsafeRawBufferPointer, with compressor: Compressor) throws(ContentError) -> ContentChunk {
        let chunk = ContentChunk(digest: ContentDigest(of: bytes), sizeBytes: UInt32(truncatingIfNeeded: bytes.count))
        guard try claim(chunk.digest) else { return chunk }
        if let smaller = compressor.compress(bytes) {
            try add(chunk.digest, smaller, bytes.count, PackFormat.Entry.compressed)
        } else {
            try add(chunk.digest, bytes, bytes.count, 0)
        }
        return chunk
    }

    /// Stores the list of the chunks of content of several, under its digest.
    func store(_ chunks: [ContentChunk], of digest: ContentDigest) throws(ContentError) {
        guard try claim(digest) else { return }
        let list = ChunkList.encode(chunks, of: digest)
        try list.withUnsafeBufferPointer { (bytes) throws(ContentError) in
            try add(digest, UnsafeRawBufferPointer(bytes), list.count, PackFormat.Entry.list)
        }
    }

    /// Makes all that was stored visible to others. Called once, at the end, before the content is given to a lease.
    func seal() throws(ContentError) {
        try state.withLock { (state) throws(ContentError) in
            try Self.seal(&state, isDurable)
        }
    }

    private static func seal(_ state: inout State, _ isDurable: Bool) throws(ContentError) {
        guard let writer = state.writer else { return }
        try writer.seal(durably: isDurable)
        state.sealed.append(writer.file)
        state.writer = nil
    }

    /// Whether this caller is the one to store it.
    private func claim(_ digest: ContentDigest) throws(ContentError) -> Bool {
        try state.withLock { (state) throws(ContentError) in
            if try holds(digest, &state) { return false }
            return state.claimed.insert(digest).inserted
        }
    }

    private func add(_ digest: ContentDigest, _ stored: UnsafeRawBufferPointer, _ size: Int, _ flags: UInt32)
        throws(ContentError)
    {
        // An address, as a pointer may not cross into the state; it is lent for the call.
        let address = UInt(bitPattern: stored.baseAddress)
        let count = stored.count
        try state.withLock { (state) throws(ContentError) in
            let stored = UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count)
            if let writer = state.writer, writer.isFull { try Self.seal(&state, isDurable) }
            if state.writer == nil { state.writer = try PackWriter(paths) }
            try state.writer?.add(digest, stored: stored, sizeBytes: size, flags: flags)
            state.totals.chunkCount += 1
            state.totals.sizeBytes += UInt64(size)
            state.totals.storedBytes += UInt64(count)
        }
    }
}

/// What was stored anew.
package struct WrittenTotals: Hashable, Sendable {
    package var chunkCount = 0
    /// Before compression.
    package var sizeBytes: UInt64 = 0
    /// On the disk.
    package var storedBytes: UInt64 = 0

    package init() {}
}
