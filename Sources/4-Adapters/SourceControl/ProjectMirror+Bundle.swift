// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
internal import ProcessControl

/// How the code of a commit comes from one mirror into another: as a bundle, a file of git's own.
extension ProjectMirror {
    /// A branch or a tag, as a clone has it, and the object that it points to.
    package struct Ref: Hashable, Sendable {
        package var name: String
        package var object: String

        package init(name: String, object: String) {
            self.name = name
            self.object = object
        }
    }

    /// Refs of a clone; what was fetched on demand is of other runs.
    private static let sharedRefs = ["refs/remotes/origin", "refs/tags"]
    private static let commitRefs = "refs/martlet/commits"

    /// Branches and tags.
    package func refs() throws(DiagnosticError) -> [Ref] {
        let outcome = try read(["for-each-ref", "--format=%(objectname) %(refname)"] + Self.sharedRefs)
        guard outcome.succeeded else { throw Self.unreadable(outcome) }
        return outcome.text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ", maxSplits: 1)
            return words.count == 2 ? Ref(name: String(words[1]), object: String(words[0])) : nil
        }
    }

    // MARK: giving

    /// Writes what leads to a commit, without what the other side has.
    ///
    /// - Parameters:
    ///   - withRefs: branches and tags, too.
    ///   - haves: commits of the other side; those that are not here are passed over.
    /// - Returns: `false` where the other side has everything.
    /// - Throws: ``DiagnosticCode/codeNotGiven``.
    package func writeBundle(
        of commit: String, withRefs: Bool, haves: [String], to path: String
    ) throws(DiagnosticError) -> Bool {
        guard try has(commit) else { throw notGiven(commit, "it is not in the server's mirror any more") }
        // A bundle is of refs; this one also keeps what runners may still ask for.
        let ref = "\(Self.commitRefs)/\(commit)"
        let named = try read(["update-ref", ref, commit])
        guard named.succeeded else { throw notGiven(commit, named.errorText.trimmingLineBreak) }
        let shared = withRefs ? Self.sharedRefs.map { "--glob=\($0)" } : []
        let known = try present(haves).map { "^\($0)" }
        let outcome = try read(
            ["bundle", "create", "-q", "--version=2", path, ref] + shared + known, seconds: Self.fetchSeconds)
        if outcome.succeeded { return true }
        try? Files.remove(path)
        if outcome.errorText.contains("empty bundle") { return false }
        throw notGiven(commit, outcome.errorText.trimmingLineBreak)
    }

    private func notGiven(_ commit: String, _ why: some StringProtocol) -> DiagnosticError {
        DiagnosticError(
            .codeNotGiven, "The commit \(commit.prefix(12)) cannot be given to a runner: \(why.prefix(400)).",
            remedy: "Redeliver it once the project's remote has it.")
    }

    /// Those of the objects that are here.
    private func present(_ ids: [String]) throws(DiagnosticError) -> [String] {
        let asked = ids.filter(GitObjectName.isID)
        guard !asked.isEmpty else { return [] }
        let outcome = try read(["cat-file", "--batch-check"], input: Array(asked.map { $0 + "\n" }.joined().utf8))
        guard outcome.succeeded else { throw Self.unreadable(outcome) }
        return outcome.text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            return words.count == 3 && ["commit", "tag"].contains(words[1]) ? String(words[0]) : nil
        }
    }

    // MARK: taking

    /// Commits and tags that are here with all that leads to them, the newest first.
    package func tips(limit: Int) throws(DiagnosticError) -> [String] {
        let outcome = try read(["for-each-ref", "--sort=-creatordate", "--count=\(limit)", "--format=%(objectname)"])
        guard outcome.succeeded else { throw Self.unreadable(outcome) }
        var seen: Set<Substring> = []
        return outcome.text.split(separator: "\n").filter { seen.insert($0).inserted }.map(String.init)
    }

    /// Takes a bundle in. git itself looks at each object.
    ///
    /// - Throws: ``DiagnosticCode/codeNotTaken``.
    package func take(bundle path: String) throws(DiagnosticError) {
        try prepare()
        try locked { () throws(DiagnosticError) in
            let outcome = try read(["bundle", "unbundle", path], seconds: Self.fetchSeconds)
            guard outcome.succeeded else { throw Self.notTaken(outcome.errorText.trimmingLineBreak) }
        }
    }

    /// Names what was taken: the commit, and, where there are any, the branches and tags, which then are all that there are.
    ///
    /// - Throws: ``DiagnosticCode/codeNotTaken`` where an object of them is not here.
    package func name(_ commit: String, refs: [Ref]?) throws(DiagnosticError) {
        guard GitObjectName.isID(commit) else { throw Self.notTaken("'\(commit.prefix(80))' is no commit") }
        try locked { () throws(DiagnosticError) in
            var updates = ["update \(Self.commitRefs)/\(commit) \(commit)\n"]
            if let refs {
                let names = Set(refs.map(\.name))
                let gone = try self.refs().map(\.name).filter { !names.contains($0) }
                // First: one that is gone may be in the way of a folder of that name.
                try update(gone.map { "delete \($0)\n" })
                for ref in refs where Self.isShared(ref.name) && GitObjectName.isID(ref.object) {
                    updates.append("update \(ref.name) \(ref.object)\n")
                }
            }
            try update(updates)
        }
    }

    private static func isShared(_ name: String) -> Bool {
        GitObjectName.isRef(name) && sharedRefs.contains { name.hasPrefix($0 + "/") }
    }

    private func update(_ lines: [String]) throws(DiagnosticError) {
        guard !lines.isEmpty else { return }
        let outcome = try read(["update-ref", "--stdin"], input: Array(lines.joined().utf8))
        guard outcome.succeeded else { throw Self.notTaken(outcome.errorText.trimmingLineBreak) }
    }

    private static func notTaken(_ why: some StringProtocol) -> DiagnosticError {
        DiagnosticError(
            .codeNotTaken, "The code that the server gave could not be taken: \(why.prefix(400)).",
            remedy: "Remove the runner's folder 'mirrors', and it is fetched anew.")
    }
}
