// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Gathers stored chunks into a pack that nobody sees until it is sealed. A writer that is dropped before leaves its
/// draft, unlocked, to the next collection; one that is killed does the same.
final class PackWriter {
    private static let bufferBytes = 1 << 20

    private let paths: StorePaths
    private let name = StorePaths.uniqueName()
    let file: StoreFile
    private let buffer = ByteSpace(PackWriter.bufferBytes)
    private var buffered = 0
    private var written = 0
    private var entries: [PackFormat.Entry] = []
    private var isSealed = false

    init(_ paths: StorePaths) throws(ContentError) {
        self.paths = paths
        let draft = "\(paths.drafts)/\(name)"
        file = try paths.passing { () throws(ContentError) in
            let file = try StoreFile.create(draft)
            try file.lock(.exclusive)
            return file
        }
        try PackFormat.signature.withUnsafeBufferPointer { (bytes) throws(ContentError) in
            try append(UnsafeRawBufferPointer(bytes))
        }
    }

    deinit {
        if !isSealed { unlink(file.path) }
    }

    var sizeBytes: Int { written + buffered }
    var isFull: Bool { sizeBytes >= PackFormat.targetBytes }

    /// Adds a chunk or list; `flags` as ``PackFormat/Entry`` has them.
    func add(_ digest: ContentDigest, stored: UnsafeRawBufferPointer, sizeBytes size: Int, flags: UInt32)
        throws(ContentError)
    {
        guard let storedBytes = UInt32(exactly: stored.count), let offset = UInt32(exactly: sizeBytes),
            let size = UInt32(exactly: size)
        else { throw .pastLimit("A piece of \(size) bytes is larger than what a pack can hold.") }
        try append(stored)
        entries.append(
            PackFormat.Entry(digest: digest, offset: offset, storedBytes: storedBytes, sizeBytes: size, flags: flags))
    }

    /// Puts the pack in its place, whole, and keeps it locked against collections as long as ``file`` lives.
    func seal(durably: Bool) throws(ContentError) {
        let ending = PackFormat.ending(entries, at: sizeBytes)
        try flush()
        try file.write(ending)
        if durably { try file.sync() }
        try paths.passing { () throws(ContentError) in
            // Shared, so that other writers can use what is in it.
            try file.lock(.shared)
            guard rename(file.path, paths.pack(name)) == 0 else { throw .write(paths.pack(name)) }
            isSealed = true
        }
    }

    private func append(_ bytes: UnsafeRawBufferPointer) throws(ContentError) {
        if buffered + bytes.count > Self.bufferBytes { try flush() }
        if bytes.count >= Self.bufferBytes {
            try file.write(bytes)
            written += bytes.count
        } else if bytes.count > 0 {
            buffer.room(from: buffered).copyMemory(from: bytes)
            buffered += bytes.count
        }
    }

    private func flush() throws(ContentError) {
        guard buffered > 0 else { return }
        try file.write(buffer.bytes(0..<buffered))
        written += buffered
        buffered = 0
    }
}
