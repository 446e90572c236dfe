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
    package enum Submodules: Sendable {
        case none
        case direct
        case recursive
    }

    /// The repository to take from.
    package var source: RepositoryState
    /// Absolute; made where it is not there.
    package var destination: String
    /// A branch, tag or commit; `nil`: the working tree as it stands.
    package var ref: String?
    /// Without a ref it is the source's commit, not its working tree: a bare repository has none.
    package var isPinned = false
    /// Commits of history; 0: all.
    package var depth = 1
    /// What is in the destination goes first.
    package var cleans = true
    package var submodules = Submodules.none
    /// Files of the working tree that stay behind, relative to its root.
    package var excluded: Set<String> = []
    /// The original's objects are not to be had where the copy is used: it gets its own, as far as its history goes.
    package var ownsObjects = false
    /// Where git is to use the copy although another user owns it.
    package struct Trust: Sendable {
        /// As git finds it there.
        package var folder: String
        /// Whose global configuration says so.
        package var home: String

        package init(folder: String, home: String) {
            self.folder = folder
            self.home = home
        }
    }

    package var trusted: Trust?
    /// Whether `git push` in the workspace reaches the original's remote.
    package var allowsPush = false

    package init(from source: RepositoryState, to destination: String) {
        self.source = source
        self.destination = destination
    }

    package struct Summary: Sendable {
        package var fileCount: Int
        /// Of HEAD; empty where the source is no repository.
        package var commit: String
        /// Submodules that are not checked out in the source, and so neither here.
        package var missingSubmodules: [String] = []
    }

    /// Blocks the calling thread.
    package func run() throws(DiagnosticError) -> Summary {
        try Trees.make(destination)
        if cleans {
            try Trees.empty(destination)
        }
        guard source.isRepository else {
            let totals = try TreeCopy(from: source.root, to: destination).run()
            return Summary(fileCount: totals.fileCount, commit: "")
        }
        let git = GitRepository(root: source.root)
        let target =
            isPinned && ref == nil
            ? CheckoutTarget(pinned: source) : try CheckoutTarget(ref: ref, source: source, git: git)
        try BorrowedRepository(checkout: self, target: target, git: git).make()
        var summary = Summary(fileCount: 0, commit: target.commit)
        if copiesTree {
            summary.fileCount = try copyWorkingTree(git)
        } else {
            let copy = GitRepository(root: destination)
            _ = try copy.output(["reset", "-q", "--hard", target.commit])
            summary.fileCount = try copy.output(["ls-files", "-z"]).utf8.count { $0 == 0 }
        }
        if submodules != .none { try checkOutSubmodules(git, &summary) }
        if ownsObjects { try takeObjects(target) }
        if let trusted { try trusted.write() }
        return summary
    }

    var copiesTree: Bool { ref == nil && !isPinned }

    private func takeObjects(_ target: CheckoutTarget) throws(DiagnosticError) {
        // What the refs, HEAD and the index lead to, and no more: others of the original are nobody's business here.
        if !target.commit.isEmpty { _ = try GitRepository(root: destination).output(["repack", "-a", "-d", "-q"]) }
        try Files.remove(destination + "/.git/objects/info/alternates")
    }

    /// - Returns: how many files were copied.
    private func copyWorkingTree(_ git: GitRepository) throws(DiagnosticError) -> Int {
        var listed = try git.workingTreeList()
        if !excluded.isEmpty {
            let kept = listed.split(separator: 0).filter { !excluded.contains(String(decoding: $0, as: UTF8.self)) }
            listed = kept.flatMap { Array($0) + [0] }
        }
        return try TreeCopy(from: git.root, to: destination).run(listed: listed).fileCount
    }

    /// From the clones that lie in the source's working tree: nothing is fetched.
    private func checkOutSubmodules(_ git: GitRepository, _ summary: inout Summary) throws(DiagnosticError) {
        let staged = try git.output(["ls-files", "-z", "--stage"])
        // `160000 <commit> 0\t<path>`
        for line in staged.split(separator: "\0") where line.hasPrefix("160000 ") {
            let parts = line.split(separator: "\t", maxSplits: 1)
            guard parts.count == 2, let commit = parts[0].split(separator: " ").dropFirst().first else { continue }
            let path = String(parts[1])
            let root = "\(source.root)/\(path)"
            guard Files.facts(root + "/.git") != nil else {
                summary.missingSubmodules.append(path)
                continue
            }
            var inner = WorkspaceCheckout(from: GitRepository(root: root).state(), to: "\(destination)/\(path)")
            inner.depth = depth
            // As it stands where the tree comes as it stands; else the commit that is recorded for it.
            inner.ref = ref == nil ? nil : String(commit)
            inner.submodules = submodules == .recursive ? .recursive : .none
            inner.allowsPush = allowsPush
            inner.ownsObjects = ownsObjects
            let outcome = try inner.run()
            summary.fileCount += outcome.fileCount
            summary.missingSubmodules += outcome.missingSubmodules.map { "\(path)/\($0)" }
        }
    }
}

/// What is checked out: a commit, and the branch or tag that stands for it.
struct CheckoutTarget {
    /// Empty before the first commit.
    var commit: String
    /// `refs/heads/…` (then HEAD is on it), `refs/tags/…`, or `nil` for a bare commit.
    var ref: String?

    /// The source's commit; of refs other than branches and tags the bare commit.
    init(pinned source: RepositoryState) {
        commit = source.sha
        let isNamed = ["refs/heads/", "refs/tags/"].contains { source.ref?.hasPrefix($0) == true }
        ref = isNamed ? source.ref : nil
    }

    init(ref: String?, source: RepositoryState, git: GitRepository) throws(DiagnosticError) {
        guard let ref else {
            commit = source.headCommit?.id ?? ""
            self.ref = source.ref
            return
        }
        let names =
            ref.hasPrefix("refs/")
            ? [(ref, ref), (Self.remote(ref), ref)]
            : [
                ("refs/heads/\(ref)", "refs/heads/\(ref)"), ("refs/remotes/origin/\(ref)", "refs/heads/\(ref)"),
                ("refs/tags/\(ref)", "refs/tags/\(ref)"),
            ]
        for (name, stands) in names {
            if let found = try Self.commit(name, git) {
                (commit, self.ref) = (found, stands)
                return
            }
        }
        if ref.utf8.count >= Self.shortestCommit, ref.allSatisfy(\.isHexDigit), let found = try Self.commit(ref, git) {
            (commit, self.ref) = (found, nil)
            return
        }
        throw DiagnosticError(
            .checkoutFailed, "The repository \(source.fullName) has no branch, tag or commit '\(ref)'.",
            remedy: "Fetch it into this clone, or correct the 'ref' input.")
    }

    /// Where a mirror keeps a branch: it has none of its own.
    private static func remote(_ ref: String) -> String {
        let branch = "refs/heads/"
        return ref.hasPrefix(branch) ? "refs/remotes/origin/" + ref.dropFirst(branch.count) : ref
    }

    /// Digits of a commit's shortest name.
    private static let shortestCommit = 7

    private static func commit(_ name: String, _ git: GitRepository) throws(DiagnosticError) -> String? {
        let found = try GitRepository.git(["rev-parse", "-q", "--verify", "\(name)^{commit}"], in: git.root)
        return found.succeeded ? found.text.trimmingLineBreak : nil
    }

    /// The branch that HEAD is on.
    var branch: Substring? {
        guard let ref, ref.hasPrefix("refs/heads/") else { return nil }
        return ref.dropFirst("refs/heads/".count)
    }
}

extension WorkspaceCheckout.Trust {
    func write() throws(DiagnosticError) {
        let file = home + "/.gitconfig"
        let known = try GitRepository.git(["config", "--file", file, "--get-all", "safe.directory"], in: home)
        if known.text.split(separator: "\n").contains(where: { $0 == folder }) { return }
        let added = try GitRepository.git(["config", "--file", file, "--add", "safe.directory", folder], in: home)
        guard added.succeeded else {
            throw DiagnosticError(.checkoutFailed, "\(file) could not be written: \(added.errorText)")
        }
    }
}
