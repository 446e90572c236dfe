// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import Diagnostics
internal import FileAccess
internal import RuntimeServices
internal import StructuredData

/// Reads blobs of the services' shelf to their ends.
enum BlobCopy {
    private static let chunkBytes = 1 << 20

    static func beginning(_ reader: any BlobReader, count: Int) throws(DiagnosticError) -> [UInt8] {
        let space = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { space.deallocate() }
        return Array(space[..<(try reader.read(into: space, at: 0))])
    }

    /// - Parameter body: gets the bytes in order.
    /// - Returns: `false` where what was read is not what was stored.
    static func read(
        _ reader: any BlobReader, _ blob: StoredBlob,
        _ body: (UnsafeRawBufferPointer) throws(DiagnosticError) -> Void
    ) throws(DiagnosticError) -> Bool {
        let space = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkBytes, alignment: 16)
        defer { space.deallocate() }
        var hash = SHA256()
        var offset: UInt64 = 0
        while true {
            let count = try reader.read(into: space, at: offset)
            if count == 0 { break }
            let bytes = UnsafeRawBufferPointer(rebasing: space[..<count])
            hash.update(bufferPointer: bytes)
            try body(bytes)
            offset += UInt64(count)
        }
        return offset == blob.sizeBytes && Hexadecimal.text(hash.finalize()) == blob.digest
    }

    /// Writes a new file.
    ///
    /// - Returns: `false` where what was read is not what was stored.
    static func copy(_ reader: any BlobReader, _ blob: StoredBlob, to path: String) throws(DiagnosticError) -> Bool {
        try? Files.remove(path)
        let file = try AppendingFile(path: path, mode: 0o600)
        return try read(reader, blob) { (bytes) throws(DiagnosticError) in try file.append(Array(bytes)) }
    }
}
