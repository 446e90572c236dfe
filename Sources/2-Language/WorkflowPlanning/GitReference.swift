// SPDX-License-Identifier: Apache-2.0

/// Facts read off a full reference name: `refs/heads/x`, `refs/tags/x`, `refs/pull/n/merge`.
package enum GitReference {
    /// `x` of `refs/heads/x`; `7/merge` of `refs/pull/7/merge`.
    package static func shortName(_ ref: String?) -> String {
        guard let ref else { return "" }
        for prefix in ["refs/heads/", "refs/tags/", "refs/pull/"] where ref.hasPrefix(prefix) {
            return String(ref.dropFirst(prefix.count))
        }
        return ref
    }

    /// `branch` or `tag`.
    package static func kind(_ ref: String?) -> String {
        ref?.hasPrefix("refs/tags/") == true ? "tag" : "branch"
    }

    package static func isTag(_ ref: String?) -> Bool { ref?.hasPrefix("refs/tags/") == true }

    /// What a user writes after `--ref`: a full name stays, anything else is a branch.
    package static func full(_ text: String) -> String {
        text.hasPrefix("refs/") ? text : "refs/heads/\(text)"
    }
}
