// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import Diagnostics
internal import FileAccess
internal import HTTPMessages
internal import StructuredData
internal import ThreadExecution

/// A part of a file, read a piece at a time.
struct FilePart: Sendable {
    let path: String
    let range: Range<Int>

    private static let pieceBytes = 256 << 10

    /// Each time from its beginning.
    var pieces: HTTPPieces {
        HTTPPieces {
            var offset = range.lowerBound
            return { () async throws(DiagnosticError) in
                guard offset < range.upperBound else { return nil }
                let (start, count) = (offset, min(Self.pieceBytes, range.upperBound - offset))
                let piece = try await BlockingWork.attempt { () throws(DiagnosticError) in
                    try Files.read(path, from: start, count: count)
                }
                guard !piece.isEmpty else { throw changed }
                offset += piece.count
                return piece
            }
        }
    }

    var upload: HTTPUpload { HTTPUpload(sizeBytes: range.count, pieces: pieces) }

    private var changed: DiagnosticError {
        DiagnosticError(.fileUnreadable, "\(path) has become shorter while it was sent.")
    }

    /// SHA-256.
    func digest() async throws(DiagnosticError) -> [UInt8] {
        try await BlockingWork.attempt { () throws(DiagnosticError) in
            var hash = SHA256()
            var offset = range.lowerBound
            while offset < range.upperBound {
                let piece = try Files.read(path, from: offset, count: min(1 << 20, range.upperBound - offset))
                guard !piece.isEmpty else { throw changed }
                hash.update(data: piece)
                offset += piece.count
            }
            return Array(hash.finalize())
        }
    }
}
