// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
internal import ProcessControl

/// What a commit says of itself.
package struct GitCommit: Hashable, Sendable {
    package struct Person: Hashable, Sendable {
        package var name: String
        package var email: String
        /// ISO 8601, with offset.
        package var time: String
        /// Seconds since the epoch.
        package var seconds: Int64
    }

    package var id: String
    package var parents: [String]
    package var author: Person
    package var committer: Person
    /// Without line breaks at its end.
    package var message: String
}

extension ProjectMirror {
    private static let refBytes = 4_096

    /// The commit of a branch, a tag, a ref or an id, as it was last fetched; `nil` where it is not here.
    package func commit(of name: String) throws(DiagnosticError) -> String? {
        let place = try Self.place(of: name)
        // What was fetched just now lies in a file of its own; a tag may be an object that points on.
        if !place.hasPrefix("refs/tags/"),
            let text = (try? Files.readIfPresent("\(folder)/\(place)", limit: Self.refBytes)) ?? nil
        {
            let id = String(decoding: text, as: UTF8.self).trimmingLineBreak
            if GitObjectName.isID(id) { return id }
        }
        let found = try read(["rev-parse", "-q", "--verify", "\(place)^{commit}"])
        if found.succeeded { return found.text.trimmingLineBreak }
        guard GitObjectName.isID(name) else { return nil }
        let named = try read(["rev-parse", "-q", "--verify", "\(name)^{commit}"])
        return named.succeeded ? named.text.trimmingLineBreak : nil
    }

    /// One command for all of them; those that are not here are left out.
    package func commits(_ ids: [String]) throws(DiagnosticError) -> [GitCommit] {
        let wanted = ids.filter(GitObjectName.isID)
        guard !wanted.isEmpty else { return [] }
        let input = wanted.map { "\($0)^{commit}\n" }.joined()
        let outcome = try read(["cat-file", "--batch"], input: Array(input.utf8))
        guard outcome.succeeded else { throw Self.unreadable(outcome) }
        return GitObjectBatch(outcome.output).objects.compactMap { $0.flatMap(GitCommit.init) }
    }

    static func unreadable(_ outcome: HelperCommand.Outcome) -> DiagnosticError {
        DiagnosticError(.gitFailed, "git cat-file: \(outcome.errorText.trimmingLineBreak.prefix(400))")
    }

    /// Paths that differ between two commits, relative to the root; `nil` where that cannot be known.
    ///
    /// - Parameter fromMergeBase: against where the two parted: what a branch or a pull request brings.
    package func changedPaths(
        from old: String, to new: String, fromMergeBase: Bool
    ) throws(DiagnosticError) -> [String]? {
        guard GitObjectName.isID(old), GitObjectName.isID(new) else { return nil }
        let range = fromMergeBase ? ["\(old)...\(new)"] : [old, new]
        let outcome = try read(
            ["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--ignore-submodules=none"] + range + ["--"])
        guard outcome.succeeded else { return nil }
        return outcome.output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether a branch or a tag leads to a commit.
    package func isReachable(_ commit: String, from ref: String) throws(DiagnosticError) -> Bool {
        guard GitObjectName.isID(commit) else { return false }
        return try read(["merge-base", "--is-ancestor", commit, try Self.place(of: ref)]).succeeded
    }
}

extension GitCommit {
    /// Reads a commit object; `nil` for what is none.
    init?(_ object: GitObjectBatch.Object) {
        guard object.type == "commit" else { return nil }
        let text = String(decoding: object.content, as: UTF8.self)
        var parents: [String] = []
        var author: Person?
        var committer: Person?
        var rest = text[...]
        while let end = rest.firstIndex(of: "\n") {
            let line = rest[..<end]
            rest = rest[rest.index(after: end)...]
            if line.isEmpty { break }
            let words = line.split(separator: " ", maxSplits: 1)
            guard words.count == 2 else { continue }
            switch words[0] {
            case "parent": parents.append(String(words[1]))
            case "author": author = Person(words[1])
            case "committer": committer = Person(words[1])
            // Signatures and the like, over several lines that begin with a blank.
            default: continue
            }
        }
        guard let author else { return nil }
        self.init(
            id: object.id, parents: parents, author: author, committer: committer ?? author,
            message: String(rest).trimmingLineBreak)
    }
}

extension GitCommit.Person {
    /// `Name <address> 1700000000 +0100`.
    init?(_ line: Substring) {
        guard let close = line.lastIndex(of: ">"), let open = line[..<close].firstIndex(of: "<") else { return nil }
        name = String(line[..<open]).trimmingLineBreak
        email = String(line[line.index(after: open)..<close])
        let words = line[line.index(after: close)...].split(separator: " ")
        seconds = words.first.flatMap { Int64($0) } ?? 0
        let zone = words.count > 1 ? words[1] : "+0000"
        time = GitTime.text(seconds: seconds, zone: zone)
    }
}
