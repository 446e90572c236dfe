// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
internal import ProcessControl

/// The files of a commit that planning needs, each commit in a folder of its own that never changes: `.github` and `.martlet`, every
/// `action.yml` and `action.yaml`, and the Dockerfiles beside them.
///
/// A commit may be anybody's: nothing is written outside of its folder, and no link leads out of it.
package struct CommitFiles: Sendable {
    /// A commit's files, and what it says of itself.
    package struct Export: Hashable, Sendable {
        package var folder: String
        package var commit: GitCommit
    }

    package let root: String
    let mirror: ProjectMirror

    /// Files of one commit.
    package static let fileLimit = 20_000
    /// Bytes of all of them.
    package static let totalLimitBytes = 64 << 20
    /// A larger one is left out where all of them are too much.
    package static let fileLimitBytes = 4 << 20
    private static let commitLimitBytes = 16 << 20
    private static let linkLimitBytes = 4_096

    /// - Parameter root: made when it is needed.
    package init(root: String, mirror: ProjectMirror) {
        self.root = root
        self.mirror = mirror
    }

    /// The files, where they were written before and the mirror is there.
    package func existing(_ commit: String) -> Export? {
        guard GitObjectName.isID(commit), Files.isDirectory("\(root)/\(commit)"),
            Files.isDirectory(mirror.folder + "/objects"),
            let text = (try? Files.readIfPresent(factsPath(commit), limit: Self.commitLimitBytes)) ?? nil,
            let facts = GitCommit(GitObjectBatch.Object(id: commit, type: "commit", content: text[...]))
        else { return nil }
        return Export(folder: "\(root)/\(commit)", commit: facts)
    }

    /// Writes the files, unless they are there. A crash in the middle leaves nothing under the commit's name.
    ///
    /// - Parameter commit: its id, or that of a tag that points to it; the mirror has it.
    /// - Throws: ``DiagnosticCode/commitMissing``, ``DiagnosticCode/commitFilesTooLarge``.
    package func export(_ commit: String) throws(DiagnosticError) -> Export {
        if let there = existing(commit) { return there }
        let entries = try listed(commit)
        let (found, blobs) = try contents(of: entries, in: commit)
        guard let facts = GitCommit(found) else { throw missing(commit) }
        let folder = "\(root)/\(found.id)"
        let unfinished = Files.draft(of: folder)
        try Trees.remove(unfinished)
        try Trees.make(unfinished)
        try write(entries, blobs, to: unfinished)
        try Files.replace(factsPath(found.id), with: found.content)
        do throws(DiagnosticError) {
            try Files.rename(unfinished, to: folder)
        } catch {
            // Another was as quick: the files are the same.
            guard Files.isDirectory(folder) else { throw error }
            try Trees.remove(unfinished)
        }
        return Export(folder: folder, commit: facts)
    }

    private func factsPath(_ commit: String) -> String { "\(root)/\(commit).commit" }

    private func missing(_ commit: String) -> DiagnosticError {
        DiagnosticError(.commitMissing, "The mirror of \(mirror.address) has no commit \(commit.prefix(12)).")
    }

    // MARK: choosing

    private struct Entry {
        var path: String
        var blob: String
        var isLink: Bool
        var isExecutable: Bool
    }

    private func listed(_ commit: String) throws(DiagnosticError) -> [Entry] {
        guard GitObjectName.isID(commit) else { throw missing(commit) }
        let outcome = try mirror.read(["ls-tree", "-r", "-z", "--full-tree", commit])
        guard outcome.succeeded else { throw missing(commit) }
        var entries: [Entry] = []
        var dockerfiles: [Entry] = []
        var actionFolders: Set<String> = []
        for line in outcome.output.split(separator: 0) {
            guard let tab = line.firstIndex(of: 9), Self.mayMatter(line[(tab + 1)...]) else { continue }
            // `100644 blob <id>`
            let words = String(decoding: line[..<tab], as: UTF8.self).split(separator: " ")
            let path = String(decoding: line[(tab + 1)...], as: UTF8.self)
            guard words.count == 3, words[1] == "blob", ConfinedFolder.accepts(path) else { continue }
            let entry = Entry(
                path: path, blob: String(words[2]), isLink: words[0] == "120000", isExecutable: words[0] == "100755")
            let folder = path.contains("/") ? Files.directory(of: path) : ""
            let name = path.dropFirst(folder.isEmpty ? 0 : folder.utf8.count + 1)
            if path.hasPrefix(".github/") || path.hasPrefix(".martlet/") {
                entries.append(entry)
            } else if name == "action.yml" || name == "action.yaml" {
                actionFolders.insert(folder)
                entries.append(entry)
            } else {
                dockerfiles.append(entry)
            }
        }
        entries += dockerfiles.filter {
            actionFolders.contains($0.path.contains("/") ? Files.directory(of: $0.path) : "")
        }
        guard entries.count <= Self.fileLimit else {
            throw tooLarge("\(entries.count) files that planning needs; \(Self.fileLimit) are taken.", commit)
        }
        return entries
    }

    /// By bytes, for there may be very many.
    private static func mayMatter(_ path: ArraySlice<UInt8>) -> Bool {
        if path.starts(with: Array(".github/".utf8)) || path.starts(with: Array(".martlet/".utf8)) { return true }
        let name = path[((path.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex - 1) + 1)...]
        return name.starts(with: Array("Dockerfile".utf8)) || name.elementsEqual("action.yml".utf8)
            || name.elementsEqual("action.yaml".utf8)
    }

    private func tooLarge(_ what: String, _ commit: String) -> DiagnosticError {
        DiagnosticError(
            .commitFilesTooLarge, "The commit \(commit.prefix(12)) has \(what)",
            remedy: "Keep large files out of .github and .martlet.")
    }

    // MARK: reading

    /// The commit, and the blobs by their ids, in one command where they are not too large.
    private func contents(
        of entries: [Entry], in commit: String
    ) throws(DiagnosticError) -> (GitObjectBatch.Object, [String: ArraySlice<UInt8>]) {
        let ids = Array(Set(entries.map(\.blob)))
        let objects: [GitObjectBatch.Object?]
        do throws(DiagnosticError) {
            objects = try batch(["\(commit)^{commit}"] + ids)
        } catch {
            guard error.diagnostic.code == .commandOutputTooLarge else { throw error }
            objects = try batch(["\(commit)^{commit}"] + small(ids, commit))
        }
        guard let first = objects.first, let found = first else { throw missing(commit) }
        var blobs: [String: ArraySlice<UInt8>] = [:]
        for case let object? in objects.dropFirst() where object.type == "blob" { blobs[object.id] = object.content }
        return (found, blobs)
    }

    private func batch(_ names: [String]) throws(DiagnosticError) -> [GitObjectBatch.Object?] {
        let input = names.map { $0 + "\n" }.joined()
        let outcome = try mirror.read(
            ["cat-file", "--batch", "--buffer"], input: Array(input.utf8), limit: Self.totalLimitBytes)
        guard outcome.succeeded else { throw ProjectMirror.unreadable(outcome) }
        return GitObjectBatch(outcome.output).objects
    }

    /// Those that are not too large by themselves.
    private func small(_ ids: [String], _ commit: String) throws(DiagnosticError) -> [String] {
        let input = ids.map { $0 + "\n" }.joined()
        let outcome = try mirror.read(["cat-file", "--batch-check", "--buffer"], input: Array(input.utf8))
        var kept: [String] = []
        var total = 0
        for line in outcome.text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 3, let size = Int(words[2]), size <= Self.fileLimitBytes else { continue }
            total += size
            kept.append(String(words[0]))
        }
        guard total < Self.totalLimitBytes else {
            throw tooLarge("\(total) bytes that planning needs; \(Self.totalLimitBytes) are taken.", commit)
        }
        return kept
    }

    // MARK: writing

    private func write(
        _ entries: [Entry], _ blobs: [String: ArraySlice<UInt8>], to folder: String
    ) throws(DiagnosticError) {
        let confined = try ConfinedFolder(path: folder)
        for entry in entries where !entry.isLink {
            guard let blob = blobs[entry.blob] else { continue }
            try confined.file(entry.path, mode: entry.isExecutable ? 0o755 : 0o644).write(Array(blob))
        }
        // After all files: none is written through a link.
        let links = Set(entries.filter(\.isLink).map(\.path))
        for entry in entries where entry.isLink {
            guard let blob = blobs[entry.blob], blob.count <= Self.linkLimitBytes else { continue }
            let target = String(decoding: blob, as: UTF8.self)
            // A commit that was made for it may have a link where it has a folder, too.
            guard LinkTarget.staysInside(target, at: entry.path), !LinkTarget.isBelow(links, entry.path),
                Files.facts("\(folder)/\(entry.path)", followingLinks: false) == nil
            else { continue }
            if entry.path.contains("/") { try confined.makeFolder(Files.directory(of: entry.path)) }
            try Trees.makeLink("\(folder)/\(entry.path)", to: target)
        }
    }

    // MARK: sweeping

    /// Removes what was written before `time` (nanoseconds since the epoch, as files have it) and is not kept.
    package func sweep(before time: Int64, keeping kept: Set<String>) throws(DiagnosticError) {
        guard Files.isDirectory(root) else { return }
        for entry in try Trees.list(root) {
            let path = "\(root)/\(entry.name)"
            guard !kept.contains(String(entry.name.prefix { $0 != "." })),
                let facts = Files.facts(path, followingLinks: false), facts.modifiedNanoseconds < time
            else { continue }
            try Trees.remove(path)
        }
    }
}
