// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
internal import ProcessControl

extension CommitFiles {
    /// All files of a commit, for one whose settings name folders of its own. Links are what the commit says: only for code
    /// that is trusted.
    ///
    /// - Returns: the folder.
    /// - Throws: ``DiagnosticCode/commitMissing``.
    package func exportWhole(_ commit: String) throws(DiagnosticError) -> String {
        let folder = "\(root)/\(commit).whole"
        if Files.isDirectory(folder) { return folder }
        let unfinished = Files.draft(of: folder)
        try Trees.remove(unfinished)
        try Trees.make(unfinished)
        let index = unfinished + ".index"
        defer { try? Files.remove(index) }
        for arguments in [["read-tree", commit], ["checkout-index", "-a", "-f", "-q"]] {
            let done = try mirror.read(
                arguments, seconds: ProjectMirror.fetchSeconds,
                variables: ["GIT_INDEX_FILE=\(index)", "GIT_WORK_TREE=\(unfinished)"])
            guard done.succeeded else {
                try? Trees.remove(unfinished)
                throw DiagnosticError(
                    .commitMissing, "The files of \(commit.prefix(12)): \(done.errorText.trimmingLineBreak.prefix(400))"
                )
            }
        }
        do throws(DiagnosticError) {
            try Files.rename(unfinished, to: folder)
        } catch {
            // Another was as quick: the files are the same.
            guard Files.isDirectory(folder) else { throw error }
            try Trees.remove(unfinished)
        }
        return folder
    }
}
