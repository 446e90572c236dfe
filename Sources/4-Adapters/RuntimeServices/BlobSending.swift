// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import NIOCore

/// A blob on its way out.
final class BlobSending {
    enum State {
        case done
        /// The socket takes no more for now.
        case full
        /// Others have their turn first.
        case turn
    }

    private let reader: any BlobReader
    private var offset: UInt64
    private let end: UInt64
    private static let chunkBytes = 512 << 10
    private static let chunksPerTurn = 16

    init(reader: any BlobReader, offset: UInt64, end: UInt64) {
        self.reader = reader
        self.offset = offset
        self.end = end
    }

    func pump(
        _ context: ChannelHandlerContext, wrap: (ByteBuffer) -> NIOAny
    ) throws(DiagnosticError) -> State {
        for _ in 0..<Self.chunksPerTurn {
            guard offset < end else { return .done }
            let wanted = Int(min(UInt64(Self.chunkBytes), end - offset))
            var buffer = context.channel.allocator.buffer(capacity: wanted)
            var failure: DiagnosticError?
            let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { space in
                do throws(DiagnosticError) {
                    return try reader.read(
                        into: UnsafeMutableRawBufferPointer(rebasing: space[..<wanted]), at: offset)
                } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            guard count > 0 else {
                throw DiagnosticError(.blobUnreadable, "A blob ends at byte \(offset) and should at \(end).")
            }
            offset += UInt64(count)
            context.writeAndFlush(wrap(buffer), promise: nil)
            if !context.channel.isWritable { return offset < end ? .full : .done }
        }
        return .turn
    }
}
