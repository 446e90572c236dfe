// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import Foundation
import SourceControl
import Testing

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
