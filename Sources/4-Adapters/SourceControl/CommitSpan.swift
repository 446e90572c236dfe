// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import ProcessControl

/// What lies between a commit and another that takes its place.
package struct CommitSpan: Hashable, Sendable {
    /// Of the new one and not of the old one, the newest first; only so many as were asked for.
    package var added: [GitCommit]
    package var addedCount: Int
    /// Of the old one and not of the new one: what is taken back.
    package var removedCount: Int
}

extension ProjectMirror {
    /// - Returns: `nil` where one of the two is not here.
    package func span(from old: String, to new: String, limit: Int) throws(DiagnosticError) -> CommitSpan? {
        guard GitObjectName.isID(old), GitObjectName.isID(new) else { return nil }
        if old == new { return CommitSpan(added: [], addedCount: 0, removedCount: 0) }
        let counted = try read(["rev-list", "--left-right", "--count", "\(old)...\(new)", "--"])
        let counts = counted.text.split { $0 == "\t" || $0 == "\n" }.compactMap { Int($0) }
        guard counted.succeeded, counts.count == 2 else { return nil }
        let listed = try read(["rev-list", "--max-count=\(limit)", "\(old)..\(new)", "--"])
        guard listed.succeeded else { return nil }
        let ids = listed.text.split(separator: "\n").map(String.init)
        return CommitSpan(added: try commits(ids), addedCount: counts[1], removedCount: counts[0])
    }
}
