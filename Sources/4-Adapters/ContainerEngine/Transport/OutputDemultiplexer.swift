// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

/// Which of a process's outputs some bytes are of. A terminal has only one, `output`.
package enum ContainerOutput: UInt8, Hashable, Sendable {
    case output = 1
    case errors = 2
}

/// Takes apart what an engine sends of a process without a terminal: frames of 8 bytes (which stream, three zeros, the
/// length, big-endian) and their content (Engine API, "Attach to a container", "Stream format").
struct OutputDemultiplexer {
    private static let headerLength = 8

    /// For messages.
    let summary: String
    private var header: [UInt8] = []
    private var stream = ContainerOutput.output
    /// Of the frame's content, still to come.
    private var remaining = 0

    init(summary: String) {
        self.summary = summary
    }

    /// A frame is passed on in the pieces in which it comes.
    mutating func receive(
        _ bytes: UnsafeRawBufferPointer, _ receiver: OutputReceiver
    ) throws(DiagnosticError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            if remaining == 0 {
                let part = rest.prefix(Self.headerLength - header.count)
                header += part
                rest = rest.dropFirst(part.count)
                if header.count == Self.headerLength { try readHeader() }
                continue
            }
            let part = rest.prefix(remaining)
            remaining -= part.count
            rest = rest.dropFirst(part.count)
            try receiver(stream, UnsafeRawBufferPointer(rebasing: part))
        }
    }

    /// At the end of the stream.
    func finish() throws(DiagnosticError) {
        if remaining > 0 || !header.isEmpty { throw EngineFailure.lost(summary, "in the middle of a frame of output") }
    }

    private mutating func readHeader() throws(DiagnosticError) {
        switch header[0] {
        // 0 is the input, which some engines echo to the output.
        case 0, 1: stream = .output
        case 2: stream = .errors
        case 3: stream = .errors
        default: throw EngineFailure.unreadable(summary, "a frame of output is of stream \(header[0])")
        }
        guard header[1] == 0, header[2] == 0, header[3] == 0 else {
            throw EngineFailure.unreadable(summary, "a frame of output has no proper header")
        }
        remaining = header[4...].reduce(0) { $0 << 8 | Int($1) }
        header.removeAll(keepingCapacity: true)
    }
}
