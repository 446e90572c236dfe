// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import PipelineModel
internal import ProcessControl

/// A git repository on this machine, read through the `git` command.
package struct GitRepository: Sendable {
    /// The working tree's top folder, absolute.
    package let root: String

    /// The repository that `folder` is in; `nil` outside any, and where there is no git.
    package init?(containing folder: String) {
        guard let outcome = try? Self.git(["rev-parse", "--show-toplevel"], in: folder), outcome.succeeded else {
            return nil
        }
        root = outcome.text.trimmingLineBreak
    }

    package init(root: String) {
        self.root = root
    }

    /// Output of one git command that is kept.
    private static let outputLimitBytes = 256 << 20

    private static let plainSettings = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"]

    /// - Parameter variables: `NAME=value`, beside those of this process.
    static func git(
        _ arguments: [String], in folder: String, with variables: [String] = []
    ) throws(DiagnosticError) -> HelperCommand.Outcome {
        // What a repository brings is not run: a step may have made it, or whoever wrote what is planned.
        let asksForSettings = arguments.first == "config" || arguments.contains("--git-path")
        let guarded = (asksForSettings ? [] : plainSettings) + arguments
        var command =
            variables.isEmpty
            ? HelperCommand("git", guarded) : HelperCommand("env", variables + ["git"] + guarded)
        command.workingDirectory = folder
        command.outputLimit = outputLimitBytes
        command.patience = .seconds(600)
        return try command.run()
    }

    /// The command's output; a failure becomes a diagnostic with git's own words.
    func output(_ arguments: [String]) throws(DiagnosticError) -> String {
        let outcome = try Self.git(arguments, in: root)
        guard outcome.succeeded else {
            throw DiagnosticError(
                .gitFailed, "git \(arguments.joined(separator: " ")): \(outcome.errorText.trimmingLineBreak)",
                remedy: "Run the same command in \(root) to see it fail by itself.")
        }
        return outcome.text
    }

    /// What the command prints, without the line's end; `nil` where it fails, or prints nothing.
    private func value(_ arguments: [String]) -> String? {
        let text = text(arguments)?.trimmingLineBreak ?? ""
        return text.isEmpty ? nil : text
    }

    /// What the command prints; `nil` where it fails.
    private func text(_ arguments: [String]) -> String? {
        guard let outcome = try? Self.git(arguments, in: root), outcome.succeeded else { return nil }
        return outcome.text
    }

    // MARK: state

    /// Everything a run needs to know of it, in few commands.
    ///
    /// - Parameter problem: told why git could not say what is checked out, other than that there is no commit yet.
    package func state(problem: (DiagnosticError) -> Void = { _ in }) -> RepositoryState {
        var state = RepositoryState(root: root)
        state.isRepository = true
        if let head = head(problem) {
            state.headCommit = head.commit
            state.sha = head.commit.id
            state.ref = head.ref
        }
        if state.ref == nil { state.ref = value(["symbolic-ref", "-q", "HEAD"]) }
        let settings = configuration()
        if let url = settings["remote.origin.url"], let remote = RemoteAddress(url) {
            state.fullName = remote.fullName
            state.serverURL = remote.serverURL
        }
        state.actor = settings["github.user"] ?? settings["user.name"].map(Self.login) ?? state.actor
        state.defaultBranch = defaultBranch(settings)
        return state
    }

    /// The commit, and the branch that HEAD is on; on a detached HEAD the tag that points there. One command.
    private func head(_ problem: (DiagnosticError) -> Void) -> (commit: CommitInfo, ref: String?)? {
        let format = "%H%x00%an%x00%ae%x00%aI%x00%D%x00%B"
        let text: String
        do throws(DiagnosticError) {
            let outcome = try Self.git(["log", "-1", "--decorate=full", "--format=\(format)", "HEAD"], in: root)
            guard outcome.succeeded else {
                let words = outcome.errorText.trimmingLineBreak
                // Before the first commit there is nothing to be known.
                if !words.contains("HEAD") {
                    problem(DiagnosticError(.gitFailed, "git cannot read the repository in \(root): \(words)"))
                }
                return nil
            }
            text = outcome.text.trimmingLineBreak
        } catch {
            problem(error)
            return nil
        }
        let parts = text.split(separator: "\0", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 6 else { return nil }
        let commit = CommitInfo(
            id: parts[0], message: parts[5].trimmingLineBreak, authorName: parts[1], authorEmail: parts[2],
            timestamp: parts[3])
        // `HEAD -> refs/heads/main, tag: refs/tags/v1, refs/remotes/origin/main`: no reference's name holds a comma
        // with a space behind it, for it may hold no space.
        let names = parts[4].split(separator: ", ")
        if let branch = names.first(where: { $0.hasPrefix("HEAD -> ") }) {
            return (commit, String(branch.dropFirst("HEAD -> ".count)))
        }
        let tag = names.first { $0.hasPrefix("tag: ") }
        return (commit, tag.map { String($0.dropFirst("tag: ".count)) })
    }

    private func configuration() -> [String: String] {
        guard let text = value(["config", "--null", "--list"]) else { return [:] }
        var settings: [String: String] = [:]
        for entry in text.split(separator: "\0") {
            let parts = entry.split(separator: "\n", maxSplits: 1)
            if parts.count == 2 { settings[String(parts[0])] = String(parts[1]) }
        }
        return settings
    }

    private func defaultBranch(_ settings: [String: String]) -> String {
        let wanted = ["refs/remotes/origin/HEAD", "refs/heads/main", "refs/heads/master"]
        let found = (value(["for-each-ref", "--format=%(refname) %(symref:lstrip=3)"] + wanted) ?? "").split(
            separator: "\n")
        for line in found where line.hasPrefix(wanted[0]) {
            if let name = line.split(separator: " ").dropFirst().first { return String(name) }
        }
        for name in ["main", "master"] where found.contains(where: { $0.hasPrefix("refs/heads/\(name)") }) {
            return name
        }
        return settings["init.defaultbranch"] ?? "main"
    }

    /// A name as a forge would have it as a login.
    private static func login(_ name: String) -> String {
        let kept = name.unicodeScalars.map { scalar -> Character in
            let isKept = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
            return isKept ? Character(scalar) : "-"
        }
        return String(kept)
    }

    /// Addresses of its remotes as they are configured: `origin` first, then by name.
    package func remoteAddresses() -> [String] {
        let remotes = configuration().compactMap { key, value -> (name: Substring, address: String)? in
            guard key.hasPrefix("remote."), key.hasSuffix(".url") else { return nil }
            return (key.dropFirst("remote.".count).dropLast(".url".count), value)
        }
        let (own, others) = (remotes.filter { $0.name == "origin" }, remotes.filter { $0.name != "origin" })
        return (own + others.sorted { $0.name < $1.name }).map(\.address)
    }

    /// Full names of the branches and tags of this name.
    package func references(named name: String) -> [String] {
        let listed = text(["for-each-ref", "--format=%(refname)", "refs/heads/\(name)", "refs/tags/\(name)"]) ?? ""
        return listed.split(separator: "\n").map(String.init)
    }

    /// What a private copy of the working tree holds: tracked files, and untracked ones that are not ignored.
    package func workingTreePaths() throws(DiagnosticError) -> [String] {
        try workingTreeList().split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// ``workingTreePaths()``, each ended by a NUL.
    func workingTreeList() throws(DiagnosticError) -> [UInt8] {
        let listed = try Self.git(
            ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"], in: root)
        guard listed.succeeded else {
            throw DiagnosticError(.gitFailed, "git ls-files: \(listed.errorText.trimmingLineBreak)")
        }
        return listed.output
    }

    /// Where this repository's hooks lie, absolute; `core.hooksPath` is honoured.
    package func hooksFolder() throws(DiagnosticError) -> String {
        try output(["rev-parse", "--path-format=absolute", "--git-path", "hooks"]).trimmingLineBreak
    }

    // MARK: changes

    /// Paths that a push of the working tree as it stands would change: what differs from where the branch was last
    /// pushed, else from where it left the default branch; untracked files that are not ignored count.
    ///
    /// - Returns: `nil` where there is nothing to compare with; then every file is new.
    package func changedPaths(_ state: RepositoryState) -> [String]? {
        let upstream =
            value(["rev-parse", "-q", "--verify", "@{push}"]) ?? value(["rev-parse", "-q", "--verify", "@{upstream}"])
        let isOnDefault = state.ref == "refs/heads/\(state.defaultBranch)"
        let fork =
            isOnDefault
            ? value(["rev-parse", "-q", "--verify", "HEAD~1"])
            : value(["merge-base", "HEAD", "refs/heads/\(state.defaultBranch)"])
                ?? value(["merge-base", "HEAD", "refs/remotes/origin/\(state.defaultBranch)"])
        guard let before = upstream ?? fork, let changed = text(["diff", "--name-only", "-z", "--no-renames", before])
        else {
            return nil
        }
        let untracked = text(["ls-files", "-z", "--others", "--exclude-standard"]) ?? ""
        return (changed.split(separator: "\0") + untracked.split(separator: "\0")).map(String.init)
    }
}

extension String {
    /// Without line breaks and spaces at the end.
    var trimmingLineBreak: String {
        var text = self[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
