// SPDX-License-Identifier: Apache-2.0

/// Refs and commits as git writes them: what comes from outside becomes an argument of git, so it is looked at first.
enum GitNames {
    static let noCommit = String(repeating: "0", count: 40)

    /// 40 or 64 hexadecimal digits in lower case.
    static func isCommit(_ text: String) -> Bool {
        (text.utf8.count == 40 || text.utf8.count == 64)
            && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    /// The commit of a ref that is not there.
    static func isNone(_ text: String) -> Bool { isCommit(text) && text.utf8.allSatisfy { $0 == 48 } }

    /// A full ref: `refs/heads/main`. Source: git check-ref-format.
    static func isRef(_ text: String) -> Bool { text.hasPrefix("refs/") && isShortRef(text) }

    /// A branch's or tag's name: the same rules, without `refs/heads/`.
    static func isShortRef(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= ForgeLimits.nameBytes, !text.contains(".."), !text.contains("@{"),
            !text.contains("//"), !text.hasPrefix("/"), !text.hasPrefix("-"), text.last != "/", text.last != ".",
            text != "@"
        else { return false }
        return text.unicodeScalars.allSatisfy {
            $0.value > 32 && $0.value != 127 && !"~^:?*[\\".unicodeScalars.contains($0)
        } && text.split(separator: "/").allSatisfy { !$0.hasPrefix(".") && !$0.hasSuffix(".lock") }
    }

    static func isTag(_ ref: String) -> Bool { ref.hasPrefix("refs/tags/") }
    static func isBranch(_ ref: String) -> Bool { ref.hasPrefix("refs/heads/") }

    /// `main` of `refs/heads/main`.
    static func short(_ ref: String) -> String {
        for prefix in ["refs/heads/", "refs/tags/"] where ref.hasPrefix(prefix) {
            return String(ref.dropFirst(prefix.count))
        }
        return ref
    }
}
