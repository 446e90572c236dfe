// SPDX-License-Identifier: Apache-2.0

import ContentStore
import FileAccess
import Foundation
import TestPrograms
import Testing

/// A tree that is watched from one save to the next.
@Suite struct VigilTests {
    private let place: StorePlace
    private let vigil = TreeVigil()
    private var tree: String { place.path + "/tree" }

    init() throws {
        place = try StorePlace()
        try place.put("tree/file", "one")
        try place.put("tree/deep/er/file", "two")
        try Trees.make(tree + "/empty")
    }

    private func save() throws {
        _ = try place.store.save(TreeSelection(root: tree), under: place.store.lease(), watchedBy: vigil)
    }

    /// What a step may do to a tree, each of it by a process that has ended since.
    private static let changes = [
        "echo more >>file", "echo other >deep/er/file", "touch -d 2001-01-01 file", "chmod 600 deep/er/file",
        "chmod 700 empty", "rm file", "rmdir empty", "mv file deep/er/renamed", "mv deep shallow", "ln -s file link",
        "touch empty/new", "mkdir empty/new", "ln file deep/other", "truncate -s 0 file", "mkfifo pipe",
        "cp file copy; mv copy file", "mkdir -p a/b/c; echo x >a/b/c/d",
        "exec 3<>file; printf xyz >&3", "mkdir new; mv new empty/new",
    ]

    @Test(arguments: changes) func tellsWhatAStepDid(_ change: String) throws {
        #expect(!vigil.isQuiet)
        try save()
        #expect(vigil.isQuiet)
        try run(change)
        #expect(!vigil.isQuiet, "\(change)")
        try save()
        #expect(vigil.isQuiet)
        // What is new is watched as well.
        try run("find . -type d -exec touch {}/again ';'")
        #expect(!vigil.isQuiet)
    }

    @Test func isQuietWhereFilesWereReadOnly() throws {
        try save()
        try run("cat file deep/er/file; ls -lR .; find . -name x; test -x empty; cd deep; tar c . >/dev/null")
        #expect(vigil.isQuiet)
    }

    @Test func saysNothingOfATreeThatCouldNotBeSaved() throws {
        try save()
        let gone = TreeSelection(root: tree + "/gone")
        #expect(throws: ContentError.self) {
            try place.store.save(gone, under: place.store.lease(), watchedBy: vigil)
        }
        #expect(!vigil.isQuiet)
    }

    private func run(_ script: String) throws {
        let shell = ChildProcess()
        shell.executableURL = URL(fileURLWithPath: "/bin/bash")
        shell.arguments = ["-ec", script]
        shell.currentDirectoryURL = URL(fileURLWithPath: tree)
        shell.standardOutput = FileHandle.nullDevice
        try shell.run()
        shell.waitUntilExit()
        try #require(shell.terminationStatus == 0)
    }
}
