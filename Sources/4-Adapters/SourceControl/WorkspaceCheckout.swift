// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
package import PipelineModel
internal import ProcessControl

/// Fills a workspace as `actions/checkout` does, from a repository on this machine.
///
/// Without a ref it is a private copy of the working tree as it stands: tracked files and untracked ones that are not
/// ignored, uncommitted changes included. The copy is a repository of its own that borrows the original's objects, so that
/// what a step does to it never reaches the original.
package struct WorkspaceCheckout: Sendable {
    /// The repository to take from.
    package var source: RepositoryState
    /// Absolute; made where it is not there.
    package var destination: String
    /// A branch, tag or commit; `nil`: the working tree as it stands.
    package var ref: String?
    /// Commits of history; 0: all.
    package var depth = 1

    package init(from source: RepositoryState, to destination: String) {
        self.source = source
        self.destination = destination
    }

    package struct Summary: Sendable {
        package var fileCount: Int
        /// Of HEAD; empty where the source is no repository.
        package var commit: String
    }

    /// Blocks the calling thread.
    package func run() throws(DiagnosticError) -> Summary {
        try Trees.make(destination)
        guard source.isRepository else {
            let totals = try TreeCopy(from: source.root, to: destination).run()
            return Summary(fileCount: totals.fileCount, commit: "")
        }
        let git = GitRepository(root: source.root)
        let commit = try commit(git)
        try borrow(git, commit)
        if ref == nil {
            return Summary(fileCount: try copyWorkingTree(git), commit: commit)
        }
        _ = try GitRepository(root: destination).output(["reset", "-q", "--hard", commit])
        let listed = try GitRepository(root: destination).output(["ls-files", "-z"])
        return Summary(fileCount: listed.utf8.count { $0 == 0 }, commit: commit)
    }

    /// The commit that is checked out; empty before the first one.
    private func commit(_ git: GitRepository) throws(DiagnosticError) -> String {
        guard let ref else { return source.headCommit?.id ?? "" }
        for name in [ref, "refs/remotes/origin/\(ref)"] {
            let found = try GitRepository.git(["rev-parse", "-q", "--verify", "\(name)^{commit}"], in: git.root)
            if found.succeeded { return found.text.trimmingLineBreak }
        }
        throw DiagnosticError(
            .checkoutFailed, "The repository \(source.fullName) has no ref '\(ref)'.",
            remedy: "Fetch it into this clone, or correct the 'ref' input.")
    }

    /// Makes the workspace a repository with the original's objects, refs and index.
    private func borrow(_ git: GitRepository, _ commit: String) throws(DiagnosticError) {
        let folder = destination + "/.git"
        let common = try git.output(["rev-parse", "--path-format=absolute", "--git-common-dir"]).trimmingLineBreak
        for name in ["objects/info", "refs/heads", "refs/tags"] { try Trees.make("\(folder)/\(name)") }
        try write("\(common)/objects\n", to: folder + "/objects/info/alternates")
        try write(configuration, to: folder + "/config")
        try write(head(commit), to: folder + "/HEAD")
        guard !commit.isEmpty else { return }
        if depth > 0 { try write(try boundary(git, commit), to: folder + "/shallow") }
        try write(try references(git, commit), to: folder + "/packed-refs")
        if ref == nil {
            let index = try git.output(["rev-parse", "--path-format=absolute", "--git-path", "index"]).trimmingLineBreak
            if let bytes = try Files.readIfPresent(index, limit: Self.indexLimitBytes) {
                try Files.write(bytes, to: folder + "/index")
            }
        }
    }

    private static let indexLimitBytes = 1 << 30

    private var configuration: String {
        let url = "\(source.serverURL)/\(source.fullName)"
        return """
            [core]
            \trepositoryformatversion = 0
            \tfilemode = true
            \tbare = false
            \tlogallrefupdates = true
            [gc]
            \tauto = 0
            [remote "origin"]
            \turl = \(url)
            \tfetch = +refs/heads/*:refs/remotes/origin/*

            """
    }

    /// The branch where HEAD is on one, as the original checks it out; else the commit itself.
    private func head(_ commit: String) -> String {
        let wanted = ref == nil ? source.ref : ref.map { $0.hasPrefix("refs/") ? $0 : "refs/heads/\($0)" }
        if let wanted, wanted.hasPrefix("refs/heads/"), wanted.dropFirst("refs/heads/".count) != commit {
            return "ref: \(wanted)\n"
        }
        return commit + "\n"
    }

    /// Commits whose parents are left out: what makes a history of `depth` commits.
    private func boundary(_ git: GitRepository, _ commit: String) throws(DiagnosticError) -> String {
        if depth == 1 { return commit + "\n" }
        let lines = try git.output(["rev-list", "--max-count=\(depth)", "--parents", commit]).split(separator: "\n")
        let kept = Set(lines.compactMap { $0.split(separator: " ").first })
        return lines.filter { line in line.split(separator: " ").dropFirst().contains { !kept.contains($0) } }
            .compactMap { $0.split(separator: " ").first.map { "\($0)\n" } }.joined()
    }

    /// With all of the history all refs come along; else the one that is checked out.
    private func references(_ git: GitRepository, _ commit: String) throws(DiagnosticError) -> String {
        var lines: [String] = []
        if depth == 0 {
            let all = try git.output(["for-each-ref", "--format=%(objectname) %(refname)"])
            lines = all.split(separator: "\n").map(String.init)
        }
        let head = head(commit)
        if head.hasPrefix("ref: ") {
            let name = head.dropFirst("ref: ".count).trimmingLineBreakAtEnd
            let branch = name.dropFirst("refs/heads/".count)
            for reference in [String(name), "refs/remotes/origin/\(branch)"]
            where !lines.contains(where: { $0.hasSuffix(" " + reference) }) {
                lines.append("\(commit) \(reference)")
            }
        }
        // git wants packed refs in order, and says so in the first line.
        let sorted = lines.sorted { $0.drop { $0 != " " } < $1.drop { $0 != " " } }
        return (["# pack-refs with: sorted "] + sorted).joined(separator: "\n") + "\n"
    }

    /// - Returns: how many files were copied.
    private func copyWorkingTree(_ git: GitRepository) throws(DiagnosticError) -> Int {
        try TreeCopy(from: git.root, to: destination).run(listed: git.workingTreeList()).fileCount
    }

    private func write(_ text: String, to path: String) throws(DiagnosticError) {
        try Files.write(Array(text.utf8), to: path)
    }
}

extension Substring {
    fileprivate var trimmingLineBreakAtEnd: Substring {
        var text = self
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
