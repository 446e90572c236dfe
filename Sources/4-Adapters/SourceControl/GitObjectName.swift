// SPDX-License-Identifier: Apache-2.0

/// Names that come from outside and become arguments of git.
enum GitObjectName {
    /// 40 or 64 hexadecimal digits in lower case, not all of them zero.
    static func isID(_ text: String) -> Bool {
        (text.utf8.count == 40 || text.utf8.count == 64)
            && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
            && text.utf8.contains { $0 != 48 }
    }

    /// A full ref: `refs/heads/main`. Source: git check-ref-format.
    static func isRef(_ text: String) -> Bool {
        guard text.hasPrefix("refs/"), text.utf8.count <= nameBytes, !text.contains(".."), !text.contains("@{"),
            text.last != "."
        else { return false }
        let isPlain = text.unicodeScalars.allSatisfy {
            $0.value > 32 && $0.value != 127 && !"~^:?*[\\".unicodeScalars.contains($0)
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return isPlain && parts.count >= 3
            && parts.allSatisfy { !$0.isEmpty && !$0.hasPrefix(".") && !$0.hasSuffix(".lock") }
    }

    /// Bytes of a ref.
    private static let nameBytes = 1_024
}
