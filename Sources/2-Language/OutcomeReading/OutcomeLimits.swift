// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// What a report may not exceed.
package struct OutcomeLimits: Hashable, Sendable {
    /// Of the file.
    package var maximumBytes: Int
    /// Elements, or arrays and objects, inside each other.
    package var maximumDepth: Int
    /// Test cases, or findings.
    package var maximumCount: Int
    /// Of one message or one text of details; what is longer is cut, and ends with `…`.
    package var maximumTextBytes: Int

    package init(
        maximumBytes: Int = 256 << 20, maximumDepth: Int = 128, maximumCount: Int = 250_000,
        maximumTextBytes: Int = 64 << 10
    ) {
        self.maximumBytes = maximumBytes
        self.maximumDepth = maximumDepth
        self.maximumCount = maximumCount
        self.maximumTextBytes = maximumTextBytes
    }

    package static let standard = OutcomeLimits()

    func check(size: Int) throws(DiagnosticError) {
        guard size > maximumBytes else { return }
        throw Self.exceeded("The report is longer than \(maximumBytes) bytes.")
    }

    static func exceeded(_ message: String, at position: SourcePosition? = nil) -> DiagnosticError {
        DiagnosticError(
            Diagnostic(
                .reportLimit, message, position: position,
                remedy: "Split the report, or leave captured output out of it."))
    }

    /// At most ``maximumTextBytes``, cut between characters.
    func cut(_ bytes: [UInt8]) -> String {
        guard bytes.count > maximumTextBytes else { return String(decoding: bytes, as: UTF8.self) }
        var end = maximumTextBytes
        while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return String(decoding: bytes[..<end], as: UTF8.self) + "…"
    }

    func cut(_ text: String) -> String { text.utf8.count > maximumTextBytes ? cut(Array(text.utf8)) : text }
}
