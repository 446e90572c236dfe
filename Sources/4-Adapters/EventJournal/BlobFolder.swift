// SPDX-License-Identifier: Apache-2.0

import Crypto
import Glibc
import StructuredData
import Synchronization

/// The SHA-256 of a blob's bytes.
package struct BlobDigest: Hashable, Sendable, CustomStringConvertible {
    /// 64 lower-case hexadecimal digits.
    package let hex: String

    /// `nil` unless the text is such a digest: it becomes a file's name.
    package init?(hex: String) {
        guard hex.utf8.count == 64, hex.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            return nil
        }
        self.hex = hex
    }

    package init(of bytes: [UInt8]) {
        hex = Hexadecimal.text(SHA256.hash(data: bytes))
    }

    package var description: String { "sha256:\(hex)" }
}

/// Bytes by digest, a file each, `ab/cdef…`. A file is there whole or not at all.
final class BlobFolder: Sendable {
    let path: String
    /// Whether a blob must be on the disk when ``store(_:)`` returns: the event that names it will be.
    let isDurable: Bool
    /// Bytes that are stored again are not removed meanwhile.
    private let turn = Mutex<Void>(())

    init(path: String, isDurable: Bool = false) {
        self.path = path
        self.isDurable = isDurable
    }

    func store(_ bytes: [UInt8]) throws(JournalError) -> BlobDigest {
        guard bytes.count <= JournalLimits.blobBytes else {
            throw .limit("A blob has \(bytes.count) bytes; \(JournalLimits.blobBytes) are allowed.")
        }
        let digest = BlobDigest(of: bytes)
        let target = file(digest)
        let folder = "\(path)/\(digest.hex.prefix(2))"
        // Whoever removes old ones sees that somebody wants it again.
        if turn.withLock({ _ in utimensat(AT_FDCWD, target, nil, 0) }) == 0 {
            // Whoever is storing it may not have come to its name yet.
            try bringToDisk(folder)
            return digest
        }
        for made in [path, folder] {
            if mkdir(made, 0o700) == 0 {
                try bringToDisk(parent(of: made))
            } else if errno != EEXIST {
                throw failure(made)
            }
        }
        // The name is this process's own, so that two that store the same bytes do not meet.
        let draft = "\(target).\(getpid())-\(UInt64.random(in: .min ... .max)).tmp"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(draft) }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let error = failure(draft)
                unlink(draft)
                throw error
            }
            written += count
        }
        // Before the name: a name without its bytes would be a damaged blob.
        guard (!isDurable || fsync(descriptor) == 0) && rename(draft, target) == 0 else {
            let error = failure(target)
            unlink(draft)
            throw error
        }
        try bringToDisk(folder)
        return digest
    }

    private func parent(of folder: String) -> String {
        folder.lastIndex(of: "/").map { String(folder[..<$0]) } ?? "."
    }

    /// Brings a folder's names to the disk, where that is promised.
    private func bringToDisk(_ folder: String) throws(JournalError) {
        guard isDurable else { return }
        let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(folder) }
    }

    func read(_ digest: BlobDigest) throws(JournalError) -> [UInt8] {
        let descriptor = open(file(digest), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .blobDamaged(digest: digest.description, detail: "is not there") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size <= JournalLimits.blobBytes else {
            throw .blobDamaged(digest: digest.description, detail: "is larger than a blob can be")
        }
        let size = Int(status.st_size)
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let got = Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, size - count)
                if got < 0, errno == EINTR { continue }
                guard got > 0 else { return }
                count += got
            }
        }
        guard BlobDigest(of: bytes) == digest else {
            throw .blobDamaged(digest: digest.description, detail: "has bytes with another digest")
        }
        return bytes
    }

    /// Those that were last stored before a time, in seconds since 1970.
    func stored(before time: Int) -> [BlobDigest] {
        names(path).filter { $0.utf8.count == 2 }.flatMap { prefix in
            names("\(path)/\(prefix)").compactMap { BlobDigest(hex: prefix + $0) }
        }.filter { age($0).map { $0 < time } ?? false }
    }

    /// - Returns: its size in bytes; `nil`: it was stored again since, or is not there.
    func remove(_ digest: BlobDigest, storedBefore time: Int) -> UInt64? {
        turn.withLock { _ in
            var status = stat()
            guard stat(file(digest), &status) == 0, Int(status.st_mtim.tv_sec) < time else { return nil }
            return unlink(file(digest)) == 0 ? UInt64(max(0, status.st_size)) : nil
        }
    }

    /// When it was last stored, in seconds since 1970; `nil`: it is not there.
    func age(_ digest: BlobDigest) -> Int? {
        var status = stat()
        return stat(file(digest), &status) == 0 ? Int(status.st_mtim.tv_sec) : nil
    }

    private func names(_ folder: String) -> [String] {
        guard let open = opendir(folder) else { return [] }
        defer { closedir(open) }
        var names: [String] = []
        while let entry = readdir(open) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private func file(_ digest: BlobDigest) -> String {
        "\(path)/\(digest.hex.prefix(2))/\(digest.hex.dropFirst(2))"
    }

    private func failure(_ file: String) -> JournalError {
        let detail = String(cString: strerror(errno))
        return errno == ENOSPC || errno == EDQUOT
            ? .diskFull(path: file, detail: detail) : .notWritable(path: file, detail: detail)
    }
}
