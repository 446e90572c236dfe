// SPDX-License-Identifier: Apache-2.0

/// Looks for bytes in bytes. PCRE2's machine code for a literal text compares two of its bytes at many places at once,
/// which is faster than the C library where the first byte is a common one.
struct LiteralScan {
    let bytes: [UInt8]
    private let code: PatternCode

    init(_ bytes: [UInt8]) throws(LogError) {
        self.bytes = bytes
        code = try PatternCode(literal: bytes)
    }

    /// The offset of the first place at or after `start`.
    func find(in text: UnsafeRawBufferPointer, from start: Int) -> Int? {
        code.find(in: text, from: start)
    }

    static func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var at = 0
        var all: UInt64 = 0
        while at + 8 <= bytes.count {
            all |= bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            at &+= 8
        }
        while at < bytes.count {
            all |= UInt64(bytes[at])
            at &+= 1
        }
        return all & 0x8080_8080_8080_8080 == 0
    }
}
