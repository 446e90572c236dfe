// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
internal import PipelineModel
internal import SourceControl

/// The git hooks that Martlet sets: each runs chosen jobs. A hook that somebody else wrote is never touched.
package struct GitHooks {
    private let folder: String

    private static let mark = "# set by: martlet hooks install"
    private static let hookLimitBytes = 1 << 20

    /// - Throws: outside a git repository.
    package init(files: WorkflowFiles) throws(DiagnosticError) {
        guard files.state.isRepository else {
            throw DiagnosticError(.hooksOutsideRepository, "There is no git repository here to set hooks in.")
        }
        folder = try GitRepository(root: files.state.root).hooksFolder()
    }

    /// - Returns: the hook's path.
    /// - Parameter program: an absolute path; a graphical git client may have another `PATH`.
    package func install(_ name: String, jobs: [String], program: String) throws(DiagnosticError) -> String {
        let path = "\(folder)/\(name)"
        if try !isOurs(path) {
            throw DiagnosticError(
                .hookForeign, "There is already a hook that is not Martlet's: \(path)",
                remedy: "Add this line to it: \(Self.command(program, jobs))")
        }
        try Trees.make(folder)
        let script = """
            #!/bin/sh
            \(Self.mark)
            # Not wanted this once: git commit --no-verify, git push --no-verify
            exec \(Self.command(program, jobs))

            """
        try Files.write(Array(script.utf8), to: path, mode: 0o755)
        try Files.setMode(0o755, of: path)
        return path
    }

    /// - Returns: whether there was one of ours.
    package func remove(_ name: String) throws(DiagnosticError) -> Bool {
        let path = "\(folder)/\(name)"
        guard Files.isFile(path), try isOurs(path) else { return false }
        try Files.remove(path)
        return true
    }

    private func isOurs(_ path: String) throws(DiagnosticError) -> Bool {
        // A link is somebody's, wherever it leads.
        if Files.facts(path, followingLinks: false)?.kind == .link { return false }
        guard let bytes = try Files.readIfPresent(path, limit: Self.hookLimitBytes) else { return true }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains { $0 == Self.mark }
    }

    private static func command(_ program: String, _ jobs: [String]) -> String {
        quoted(program) + " run" + jobs.map { " --job \(quoted($0))" }.joined()
    }

    /// As a POSIX shell takes it for one word.
    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
