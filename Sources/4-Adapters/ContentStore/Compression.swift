// SPDX-License-Identifier: Apache-2.0

import CZstd

/// Makes chunks smaller. One a thread: its tables are used again for the next chunk.
final class Compressor {
    /// Level 1 of zstd: about twice as fast as level 3, for a twentieth more bytes of source code.
    private static let level: Int32 = 1

    private let context = ZSTD_createCCtx()
    private let space = ByteSpace(0)

    deinit { ZSTD_freeCCtx(context) }

    /// The bytes compressed, valid until the next call; `nil` where that would not save a thirty-second of them.
    func compress(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let allowed = bytes.count - bytes.count / 32
        guard bytes.count >= 64, let context else { return nil }
        space.reserve(ZSTD_compressBound(bytes.count))
        let count = ZSTD_compressCCtx(
            context, space.all.baseAddress, space.all.count, bytes.baseAddress, bytes.count, Self.level)
        guard ZSTD_isError(count) == 0, count < allowed else { return nil }
        return space.bytes(0..<count)
    }
}

final class Decompressor {
    private let context = ZSTD_createDCtx()

    deinit { ZSTD_freeDCtx(context) }

    /// Whether `bytes` decompress to exactly `room`.
    func decompress(_ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Bool {
        guard let context else { return false }
        let count = ZSTD_decompressDCtx(context, room.baseAddress, room.count, bytes.baseAddress, bytes.count)
        return ZSTD_isError(count) == 0 && count == room.count
    }
}
