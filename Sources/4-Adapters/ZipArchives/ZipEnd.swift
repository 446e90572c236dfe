// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The record at the end of an archive: 22 bytes and a comment (APPNOTE 4.3.16).
enum ZipEnd {
    private static let fixedBytes = 22
    private static let signature: [UInt8] = [0x50, 0x4B, 0x05, 0x06]

    /// Whether the file ends with a whole one.
    static func isWhole(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let size = lseek(descriptor, 0, SEEK_END)
        guard size >= off_t(fixedBytes) else { return false }
        var tail = [UInt8](repeating: 0, count: min(Int(size), fixedBytes + 0xFFFF))
        guard pread(descriptor, &tail, tail.count, size - off_t(tail.count)) == tail.count else { return false }
        for start in stride(from: tail.count - fixedBytes, through: 0, by: -1)
        where tail[start..<(start + 4)].elementsEqual(signature) {
            let comment = Int(tail[start + 20]) | Int(tail[start + 21]) << 8
            if start + fixedBytes + comment == tail.count { return true }
        }
        return false
    }
}
