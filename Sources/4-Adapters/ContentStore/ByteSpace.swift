// SPDX-License-Identifier: Apache-2.0

/// Memory of a fixed place, for reads, packing and unpacking. Freed with its last owner.
final class ByteSpace {
    private(set) var all: UnsafeMutableRawBufferPointer

    init(_ count: Int) {
        all = .allocate(byteCount: count, alignment: 64)
    }

    deinit { all.deallocate() }

    /// Makes it at least so large; what it held is lost.
    func reserve(_ count: Int) {
        guard count > all.count else { return }
        all.deallocate()
        all = .allocate(byteCount: count, alignment: 64)
    }

    func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: all[range])
    }

    func room(from start: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: all[start...])
    }
}

/// Bytes that are added to: little-endian numbers, variable-length numbers, digests.
struct ByteSink {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    mutating func put(_ more: [UInt8]) { bytes.append(contentsOf: more) }
    mutating func put(byte: UInt8) { bytes.append(byte) }

    mutating func put<Number: FixedWidthInteger>(fixed number: Number) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// Seven bits a byte, the lowest first.
    mutating func put(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func put(counted more: [UInt8]) {
        put(UInt64(more.count))
        put(more)
    }

    mutating func put(_ digest: ContentDigest) {
        withUnsafeTemporaryAllocation(byteCount: ContentDigest.byteCount, alignment: 8) { space in
            guard let start = space.baseAddress else { return }
            digest.write(to: start)
            bytes.append(contentsOf: space)
        }
    }
}

/// Reads what ``ByteSink`` wrote. Past the end everything is zero and ``isBroken``, so that one check at the end does.
struct ByteSource {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0
    private(set) var isBroken = false

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { offset >= bytes.count }
    var left: Int { bytes.count - offset }

    mutating func `break`() {
        isBroken = true
        offset = bytes.count
    }

    mutating func byte() -> UInt8 {
        guard offset < bytes.count else {
            isBroken = true
            return 0
        }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func fixed<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) -> Number {
        guard let start = take(MemoryLayout<Number>.size).baseAddress else { return 0 }
        return Number(littleEndian: start.loadUnaligned(as: Number.self))
    }

    mutating func number() -> UInt64 {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 64 {
            let next = byte()
            number |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return number }
            shift += 7
        }
        self.break()
        return 0
    }

    mutating func counted() -> [UInt8] {
        let count = number()
        guard count <= UInt64(left) else {
            self.break()
            return []
        }
        return Array(take(Int(count)))
    }

    mutating func digest() -> ContentDigest {
        guard let start = take(ContentDigest.byteCount).baseAddress else { return .zero }
        return ContentDigest(reading: start)
    }

    private mutating func take(_ count: Int) -> UnsafeRawBufferPointer {
        guard count <= left else {
            self.break()
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)])
    }
}
