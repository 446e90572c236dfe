// SPDX-License-Identifier: Apache-2.0

import Crypto
import StructuredData

/// A SHA-256, held as four words so that millions of them cost no allocation.
package struct ContentDigest: Hashable, Sendable, Comparable, CustomStringConvertible {
    package static let byteCount = 32

    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// - Parameter bytes: at least 32.
    init(reading bytes: UnsafeRawPointer) {
        words = (
            UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
        )
    }

    init(_ digest: SHA256.Digest) {
        self = withUnsafeBytes(of: digest) { bytes in
            bytes.baseAddress.map { ContentDigest(reading: $0) } ?? .zero
        }
    }

    /// Of the bytes.
    package init(of bytes: UnsafeRawBufferPointer) {
        var hash = SHA256()
        hash.update(bufferPointer: bytes)
        self.init(hash.finalize())
    }

    package init(of bytes: [UInt8]) {
        self = bytes.withUnsafeBytes { ContentDigest(of: $0) }
    }

    /// `nil` unless the text has 64 lower-case hexadecimal digits.
    package init?(hex: some StringProtocol) {
        guard hex.utf8.count == 64 else { return nil }
        let bytes = Hexadecimal.bytes(hex.utf8)
        guard bytes.count == 32 else { return nil }
        self = bytes.withUnsafeBytes { space in
            space.baseAddress.map { ContentDigest(reading: $0) } ?? .zero
        }
    }

    private init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    static let zero = ContentDigest(words: (0, 0, 0, 0))

    /// The first eight bytes: as good a hash as any.
    var leading: UInt64 { words.0 }

    func write(to bytes: UnsafeMutableRawPointer) {
        bytes.storeBytes(of: words.0.bigEndian, as: UInt64.self)
        bytes.storeBytes(of: words.1.bigEndian, toByteOffset: 8, as: UInt64.self)
        bytes.storeBytes(of: words.2.bigEndian, toByteOffset: 16, as: UInt64.self)
        bytes.storeBytes(of: words.3.bigEndian, toByteOffset: 24, as: UInt64.self)
    }

    var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.byteCount) { space, count in
            if let start = space.baseAddress { write(to: UnsafeMutableRawPointer(start)) }
            count = Self.byteCount
        }
    }

    /// 64 lower-case hexadecimal digits.
    package var hex: String { Hexadecimal.text(bytes) }
    package var description: String { "sha256:\(hex)" }

    package static func == (left: ContentDigest, right: ContentDigest) -> Bool { left.words == right.words }
    package static func < (left: ContentDigest, right: ContentDigest) -> Bool { left.words < right.words }

    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

/// Names stored content: the digest of all of its bytes, and how many they are.
package struct ContentID: Hashable, Sendable, CustomStringConvertible {
    package let digest: ContentDigest
    package let sizeBytes: UInt64

    package init(digest: ContentDigest, sizeBytes: UInt64) {
        self.digest = digest
        self.sizeBytes = sizeBytes
    }

    /// As ``description`` writes it.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let digest = ContentDigest(hex: parts[0]), let size = UInt64(parts[1]) else {
            return nil
        }
        self.init(digest: digest, sizeBytes: size)
    }

    /// The digest's 64 digits, a hyphen, the size.
    package var description: String { "\(digest.hex)-\(sizeBytes)" }
}

/// A piece of content, as manifests name it.
package struct ContentChunk: Hashable, Sendable {
    package var digest: ContentDigest
    package var sizeBytes: UInt32
}
