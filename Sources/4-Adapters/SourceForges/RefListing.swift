// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// What `git ls-remote --symref` prints: the refs of a remote and the commits that they point to.
package struct RefListing: Hashable, Sendable {
    /// Full names to commits; of an annotated tag the commit that it points to in the end.
    package private(set) var refs: [String: String] = [:]
    /// `main`: the branch that `HEAD` stands for, where the remote says so.
    package private(set) var defaultBranch: String?

    /// Reads lines `<commit>` tab `<ref>`, `<commit>` tab `<ref>^{}` (what a tag points to) and `ref: <ref>` tab `HEAD`.
    ///
    /// - Throws: ``DiagnosticCode/refListMalformed``, ``DiagnosticCode/refListTooLong``.
    package init(lsRemote text: some StringProtocol) throws(DiagnosticError) {
        var peeled: [String: String] = [:]
        var number = 0
        for line in text.split(whereSeparator: \.isNewline) {
            number += 1
            guard let tab = line.firstIndex(of: "\t") else { throw Self.malformed(line, number) }
            let left = String(line[..<tab])
            let right = String(line[line.index(after: tab)...])
            if left.hasPrefix("ref: ") {
                let target = String(left.dropFirst(5))
                if right == "HEAD", GitNames.isBranch(target) { defaultBranch = GitNames.short(target) }
                continue
            }
            guard GitNames.isCommit(left) else { throw Self.malformed(line, number) }
            // Names that are no refs of a repository, and `HEAD`, which is one of the others.
            if right.hasSuffix("^{}") {
                peeled[String(right.dropLast(3))] = left
            } else if GitNames.isRef(right) {
                refs[right] = left
            }
            guard refs.count <= ForgeLimits.refs else {
                throw DiagnosticError(
                    .refListTooLong, "The remote has more than \(ForgeLimits.refs) refs.",
                    remedy: "Ask for fewer of them: only branches and tags, or only some branches.")
            }
        }
        for (name, commit) in peeled where refs[name] != nil { refs[name] = commit }
    }

    private static func malformed(_ line: some StringProtocol, _ number: Int) -> DiagnosticError {
        DiagnosticError(
            .refListMalformed,
            "Line \(number) of what git lists of the remote is no commit and ref: '\(String(line).shortened(to: 100))'.",
            remedy: "Run `git ls-remote` with the project's address and see what it prints.")
    }
}
