// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A sealed pack: its index in memory, its chunks on the disk.
final class PackFile: Sendable {
    private struct State {
        var file: StoreFile?
        /// Uses by sessions of this process. The lock on the file is one for all of them.
        var pins = 0
        var isGone = false
    }

    let name: String
    private let path: String
    /// As ``PackFormat`` has it.
    let index: [UInt8]
    /// Digests that were dropped from this pack, and how large their list was.
    let lost: Set<ContentDigest>
    let lostBytes: Int
    private let state = Mutex(State())

    private init(name: String, path: String, index: [UInt8], lost: Set<ContentDigest>, lostBytes: Int) {
        self.name = name
        self.path = path
        self.index = index
        self.lost = lost
        self.lostBytes = lostBytes
    }

    /// `nil` where it has gone. A damaged one has no chunks.
    static func load(_ name: String, in paths: StorePaths) throws(ContentError) -> PackFile? {
        guard let file = try StoreFile.openIfPresent(paths.pack(name)) else { return nil }
        let index = try PackFormat.readIndex(of: file) ?? []
        let list = try lostList(name, in: paths)
        var lost: Set<ContentDigest> = []
        list.withUnsafeBytes { bytes in
            var source = ByteSource(bytes)
            while source.left >= ContentDigest.byteCount { lost.insert(source.digest()) }
        }
        return PackFile(name: name, path: paths.pack(name), index: index, lost: lost, lostBytes: list.count)
    }

    static func lostList(_ name: String, in paths: StorePaths) throws(ContentError) -> [UInt8] {
        guard let file = try StoreFile.openIfPresent(paths.lost(name)) else { return [] }
        return try file.read(count: file.size, at: 0)
    }

    var entryCount: Int { index.count / PackFormat.entryBytes }

    func entry(_ number: Int) -> PackFormat.Entry? {
        index.withUnsafeBytes { PackFormat.entry(number, of: $0) }
    }

    /// The stored bytes of an entry; `nil` where the pack has been removed.
    func read(_ entry: PackFormat.Entry, into space: ByteSpace) throws(ContentError) -> UnsafeRawBufferPointer? {
        guard let file = try opened() else { return nil }
        let count = Int(entry.storedBytes)
        space.reserve(count)
        let room = UnsafeMutableRawBufferPointer(rebasing: space.all[..<count])
        let got = try file.read(into: room, at: Int(entry.offset))
        guard got == count else { throw .damaged(entry.digest, detail: "its pack \(path) is too short") }
        return space.bytes(0..<count)
    }

    private func opened() throws(ContentError) -> StoreFile? {
        try state.withLock { (state) throws(ContentError) in
            try Self.open(&state, path)
        }
    }

    private static func open(_ state: inout State, _ path: String) throws(ContentError) -> StoreFile? {
        if let file = state.file { return file }
        guard !state.isGone else { return nil }
        state.file = try StoreFile.openIfPresent(path)
        if state.file == nil { state.isGone = true }
        return state.file
    }

    /// Keeps a collection, by this or another process, from removing the pack until it is unpinned. `false` where it is
    /// being removed, or has gone.
    func pin() throws(ContentError) -> Bool {
        try state.withLock { (state) throws(ContentError) in
            guard let file = try Self.open(&state, path), !state.isGone else { return false }
            if state.pins == 0 {
                guard file.tryLock(.shared) else { return false }
                guard file.isLinked else {
                    file.unlock()
                    state.isGone = true
                    return false
                }
            }
            state.pins += 1
            return true
        }
    }

    func unpin() {
        state.withLock { state in
            state.pins -= 1
            if state.pins == 0 { state.file?.unlock() }
        }
    }
}
