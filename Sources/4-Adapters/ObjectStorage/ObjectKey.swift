// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The name of an object: parts between slashes, as in `runs/7/1/logs.zip`.
///
/// S3 takes any text of up to 1 024 bytes; services and tools behind it make paths of it, so that what is no path is refused here.
package struct ObjectKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let text: String

    /// S3's limit is 1 024 with the prefix.
    package static let limitBytes = 900

    /// - Throws: ``DiagnosticCode/objectLimit``.
    package init(_ text: String) throws(DiagnosticError) {
        guard let reason = Self.problem(text) else {
            self.text = text
            return
        }
        throw DiagnosticError(
            .objectLimit, "'\(text.prefix(80))' cannot be the key of an object: \(reason).",
            remedy: "Use parts between single slashes, up to \(Self.limitBytes) bytes.")
    }

    /// One that is known to be right.
    init(known text: String) { self.text = text }

    private static func problem(_ text: String) -> String? {
        if text.utf8.count > limitBytes { return "it has more than \(limitBytes) bytes" }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        if parts.contains(where: { ["", ".", ".."].contains($0) }) { return "a part of it is empty, '.' or '..'" }
        // SeaweedFS makes a slash of it.
        if text.contains("\\") { return "it has a backslash" }
        let isPlain = text.unicodeScalars.allSatisfy {
            $0.value >= 0x20 && $0.value != 0x7f && $0.value != 0xfffe && $0.value != 0xffff
        }
        return isPlain ? nil : "it has a character that XML cannot carry"
    }

    /// By their bytes: a letter that is written in two ways makes two keys.
    package static func == (left: ObjectKey, right: ObjectKey) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    package func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }

    package var description: String { text }

    /// As S3 lists them: by their bytes.
    package static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}
