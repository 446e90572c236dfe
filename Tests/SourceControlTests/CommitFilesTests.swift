// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import Foundation
import SourceControl
import Testing
import ThreadExecution

@Suite("The files that planning needs of a commit")
struct CommitFilesTests {
    let origin: Origin
    let mirror: ProjectMirror
    let files: CommitFiles

    init() throws {
        origin = try Origin()
        mirror = ProjectMirror(folder: origin.folder + "/mirror.git", address: origin.path)
        files = CommitFiles(root: origin.folder + "/trees", mirror: mirror)
    }

    private func names(_ folder: String) -> [String] {
        (FileManager.default.subpaths(atPath: folder) ?? []).filter { !Files.isDirectory("\(folder)/\($0)") }.sorted()
    }

    @Test("They are workflows, settings and actions with their Dockerfiles, and nothing else; once written they stay")
    func chosen() throws {
        let commit = try origin.commit([
            ".github/workflows/ci.yml": "on: push", ".martlet/sources.yml": "sources: []", "action.yml": "name: x",
            "tools/go/action.yaml": "name: y", "tools/go/Dockerfile": "FROM x", "app/Dockerfile": "FROM y",
            "src/main.c": "int main;", "Dockerfile": "FROM z",
        ])
        try mirror.fetchAll()
        #expect(files.existing(commit) == nil)
        let export = try files.export(commit)
        #expect(
            names(export.folder) == [
                ".github/workflows/ci.yml", ".martlet/sources.yml", "Dockerfile", "action.yml", "tools/go/Dockerfile",
                "tools/go/action.yaml",
            ])
        #expect(export.commit.message == "Change")
        #expect(files.existing(commit) == export)
        #expect(try files.export(commit) == export)
    }

    @Test("Jobs that begin at the same moment all get their commit's files", arguments: [false, true])
    func together(isWhole: Bool) async throws {
        let commit = try origin.commit(
            Dictionary(uniqueKeysWithValues: (0..<40).map { (".github/workflows/\($0).yml", "on: push") }))
        try mirror.fetchAll()
        let files = files
        let counts = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    await BlockingWork.run {
                        let folder = try? isWhole ? files.exportWhole(commit) : files.export(commit).folder
                        return folder.map { names($0).count } ?? 0
                    }
                }
            }
            return await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(counts == Array(repeating: 40, count: 8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: files.root).allSatisfy { !$0.hasSuffix(".new") })
    }

    @Test("A tag leads to its commit")
    func tag() throws {
        let commit = try origin.commit([".github/workflows/ci.yml": "on: push"])
        try origin.git("tag", "-a", "v1", "-m", "One")
        try mirror.fetchAll()
        let export = try files.export(try origin.head("v1"))
        #expect(export.commit.id == commit)
    }

    @Test("No link leads out of the folder, by whatever way")
    func links() throws {
        try origin.write(".github/workflows/ci.yml", "on: push")
        let links = [
            (".github/workflows/other.yml", "ci.yml"), (".github/up", "../action.yml"), (".github/away", "/etc/passwd"),
            (".github/out", "../../x"), (".github/self", ".."), (".github/by", "self/../../x"),
        ]
        for (name, target) in links {
            try FileManager.default.createSymbolicLink(
                atPath: "\(origin.path)/\(name)", withDestinationPath: target)
        }
        let commit = try origin.commit([:])
        try mirror.fetchAll()
        let folder = try files.export(commit).folder
        #expect(Files.linkTarget(folder + "/.github/workflows/other.yml") == "ci.yml")
        #expect(Files.linkTarget(folder + "/.github/up") == "../action.yml")
        for name in ["away", "out", "by"] {
            #expect(Files.facts("\(folder)/.github/\(name)", followingLinks: false) == nil)
        }
    }

    @Test("Too many files are refused, and a large one among them is left out")
    func limits() throws {
        let large = String(repeating: "x", count: CommitFiles.fileLimitBytes + 1)
        var contents: [String: String] = [".github/workflows/ci.yml": "on: push"]
        for number in 0..<17 { contents[".github/assets/\(number).txt"] = large + "\(number)" }
        let commit = try origin.commit(contents)
        try mirror.fetchAll()
        #expect(names(try files.export(commit).folder) == [".github/workflows/ci.yml"])
    }

    @Test("A commit that the mirror does not have is said to be missing")
    func missing() throws {
        try origin.commit([:])
        try mirror.fetchAll()
        #expect(code { _ = try files.export(String(repeating: "1", count: 40)) } == .commitMissing)
        #expect(code { _ = try files.export("--output=x") } == .commitMissing)
    }

    @Test("What is old goes, unless it is kept")
    func sweeping() throws {
        let first = try origin.commit([".github/workflows/ci.yml": "on: push"])
        let second = try origin.commit([".github/workflows/ci.yml": "on: [push]"])
        try mirror.fetchAll()
        for commit in [first, second] { _ = try files.export(commit) }
        try files.sweep(before: 0, keeping: [])
        #expect(files.existing(first) != nil)
        try files.sweep(before: .max, keeping: [second])
        #expect(files.existing(first) == nil)
        #expect(files.existing(second) != nil)
    }
}

@Suite("A commit that was made to write elsewhere")
struct HostileCommitTests {
    /// A tree object of git, which `git mktree` would refuse to make.
    private func tree(_ origin: Origin, _ entries: [(mode: String, name: String, id: String)]) throws -> String {
        var bytes: [UInt8] = []
        for entry in entries {
            bytes += Array("\(entry.mode) \(entry.name)".utf8) + [0]
            var digits = entry.id[...]
            while !digits.isEmpty {
                bytes.append(UInt8(digits.prefix(2), radix: 16) ?? 0)
                digits = digits.dropFirst(2)
            }
        }
        try Files.write(bytes, to: origin.path + "/object")
        return try origin.git("hash-object", "-t", "tree", "-w", "--literally", "object")
    }

    private func blob(_ origin: Origin, _ text: String) throws -> String {
        try Files.write(Array(text.utf8), to: origin.path + "/object")
        return try origin.git("hash-object", "-w", "object")
    }

    @Test("Neither '..' in a path nor a link in a folder's place leads out")
    func twofold() throws {
        let origin = try Origin()
        try origin.commit(["a": "1"])
        let text = try blob(origin, "on: push")
        let out = try blob(origin, "../../..")
        let deep = try blob(origin, "../../../escaped")
        let inner = try tree(origin, [("120000", "link", deep), ("100644", "x.yml", text)])
        // `b` is both a link and a folder with a link that would be fine two folders down.
        let middle = try tree(origin, [("120000", "b", out), ("40000", "b", inner), ("40000", "..", inner)])
        let github = try tree(origin, [("40000", "a", middle), ("100644", "w.yml", text)])
        let root = try tree(origin, [("40000", ".github", github), ("40000", "..", github)])
        let commit = try origin.git("commit-tree", "-m", "Hostile", root)
        try origin.git("update-ref", "refs/heads/hostile", commit)
        let mirror = ProjectMirror(folder: origin.folder + "/mirror.git", address: origin.path)
        try mirror.fetchAll()
        let before = try Trees.list(origin.folder).map(\.name).sorted()
        let files = CommitFiles(root: origin.folder + "/trees", mirror: mirror)
        let folder = try files.export(commit).folder
        #expect(try Trees.list(origin.folder).map(\.name).sorted() == (before + ["trees"]).sorted())
        #expect(try Trees.list(files.root).map(\.name).sorted() == [commit, commit + ".commit"])
        #expect(Files.isFile(folder + "/.github/w.yml"))
        #expect(Files.facts(folder + "/.github/a/b/link", followingLinks: false) == nil)
    }
}
