// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Reads standard input as bytes.
enum StandardInput {
    private static let chunkBytes = 1 << 16

    /// Chunks as they come; `body` must not keep the buffer.
    static func forEachChunk(_ body: (UnsafeRawBufferPointer) -> Void) {
        var buffer = [UInt8](repeating: 0, count: chunkBytes)
        buffer.withUnsafeMutableBytes { memory in
            while true {
                let count = read(0, memory.baseAddress, memory.count)
                if count > 0 {
                    body(UnsafeRawBufferPointer(rebasing: memory[..<count]))
                } else if count == 0 || errno != EINTR {
                    return
                }
            }
        }
    }

    /// Lines without their breaks; a last line without a break counts where it is not empty.
    static func forEachLine(_ body: ([UInt8]) -> Void) {
        var line: [UInt8] = []
        forEachChunk { chunk in
            var rest = chunk[...]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                line.append(contentsOf: rest[..<end])
                body(line)
                line.removeAll(keepingCapacity: true)
                rest = rest[(end + 1)...]
            }
            line.append(contentsOf: rest)
        }
        if !line.isEmpty { body(line) }
    }
}
