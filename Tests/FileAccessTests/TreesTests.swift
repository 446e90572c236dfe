// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import Foundation
import Glibc
import Testing

@Suite struct TreesTests {
    @Test func entriesComeByNameWithTheirKind() throws {
        let place = try Place()
        try place.put("b")
        try place.put("a/inside")
        try Trees.makeLink(place.path + "/c", to: "a")
        mkfifo(place.path + "/d", 0o600)
        let entries = try Trees.list(place.path)
        #expect(entries.map(\.name) == ["a", "b", "c", "d"])
        #expect(entries.map(\.kind) == [.directory, .file, .link, .other])
        let error = #expect(throws: DiagnosticError.self) { try Trees.list(place.path + "/b") }
        #expect(error?.diagnostic.code == .directoryUnreadable)
    }

    @Test func directoriesAreMadeWithThoseAboveThem() throws {
        let place = try Place()
        try Trees.make(place.path + "/x/y/z")
        try Trees.make(place.path + "/x/y/z")
        #expect(Files.isDirectory(place.path + "/x/y/z"))
        try place.put("file")
        for path in ["/file", "/file/below"] {
            let error = #expect(throws: DiagnosticError.self) { try Trees.make(place.path + path) }
            #expect(error?.diagnostic.code == .directoryNotMade)
        }
    }

    @Test func aRemovalNeverFollowsALink() throws {
        let place = try Place()
        try place.put("kept/precious", "x")
        try place.put("tree/file")
        try Trees.makeLink(place.path + "/tree/link", to: place.path + "/kept")
        try Trees.makeLink(place.path + "/outer", to: place.path + "/kept")
        try Trees.remove(place.path + "/tree")
        try Trees.remove(place.path + "/outer")
        try Trees.remove(place.path + "/never-was")
        #expect(try Trees.list(place.path).map(\.name) == ["kept"])
        #expect(try place.text("kept/precious") == "x")
    }

    @Test func aTreeDeeperThanAnyPathIsRemoved() throws {
        let place = try Place()
        try Trees.make(place.path + "/deep")
        let before = open(".", O_RDONLY | O_DIRECTORY)
        var directory = open(place.path + "/deep", O_RDONLY | O_DIRECTORY)
        for _ in 0..<3000 {
            mkdirat(directory, "directory-with-a-name", 0o755)
            let inner = openat(directory, "directory-with-a-name", O_RDONLY | O_DIRECTORY)
            close(directory)
            directory = inner
        }
        close(directory)
        close(before)
        try Trees.remove(place.path + "/deep")
        #expect(try Trees.list(place.path).isEmpty)
    }

    @Test func aTreeWithoutWritePermissionIsRemoved() throws {
        let place = try Place()
        try place.put("cache/module/file")
        try Files.setMode(0o555, of: place.path + "/cache/module")
        try Files.setMode(0o000, of: place.path + "/cache")
        try Trees.remove(place.path + "/cache")
        #expect(try Trees.list(place.path).isEmpty)
    }

    @Test func aCopyHasContentsModesLinksAndTimes() throws {
        let place = try Place()
        try place.put("from/a/small", "hello")
        try place.put("from/a/empty")
        try place.put("from/run.sh", "#!/bin/sh\n")
        try Files.setMode(0o755, of: place.path + "/from/run.sh")
        let big = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        try Files.write(big, to: place.path + "/from/big")
        try Trees.makeLink(place.path + "/from/dangling", to: "../nowhere")
        try Trees.make(place.path + "/from/locked")
        mkfifo(place.path + "/from/pipe", 0o600)
        var times = [timeval(tv_sec: 1_000_000_000, tv_usec: 0), timeval(tv_sec: 1_000_000_000, tv_usec: 5000)]
        utimes(place.path + "/from/a/small", &times)
        utimes(place.path + "/from/a", &times)
        try Files.setMode(0o555, of: place.path + "/from/locked")

        let totals = try TreeCopy(from: place.path + "/from", to: place.path + "/to").run()
        #expect(totals.fileCount == 4)
        #expect(totals.directoryCount == 2)
        #expect(totals.linkCount == 1)
        #expect(totals.skippedCount == 1)
        #expect(totals.byteCount == 5_000_015)
        #expect(try place.text("to/a/small") == "hello")
        #expect(try Files.read(place.path + "/to/big", limit: 1 << 30) == big)
        #expect(Files.facts(place.path + "/to/run.sh")?.mode == 0o755)
        #expect(Files.facts(place.path + "/to/locked")?.mode == 0o555)
        #expect(Files.linkTarget(place.path + "/to/dangling") == "../nowhere")
        #expect(Files.facts(place.path + "/to/a/small")?.modifiedNanoseconds == 1_000_000_000_005_000_000)
        #expect(Files.facts(place.path + "/to/a")?.modifiedNanoseconds == 1_000_000_000_005_000_000)
    }

    @Test func manyFilesAreCopiedByManyThreads() throws {
        let place = try Place()
        for number in 0..<1500 { try place.put("from/d\(number % 17)/f\(number)", "text \(number)") }
        var copy = TreeCopy(from: place.path + "/from", to: place.path + "/to")
        copy.threadCount = 8
        #expect(try copy.run().fileCount == 1500)
        for number in 0..<1500 { #expect(try place.text("to/d\(number % 17)/f\(number)") == "text \(number)") }
    }

    @Test func onlyWhatIsListedIsCopied() throws {
        let place = try Place()
        for name in ["a/b/one", "a/b/two", "a/three", "four", "secret"] { try place.put("from/" + name, name) }
        try Trees.make(place.path + "/from/empty")
        try Trees.makeLink(place.path + "/from/a/link", to: "three")
        let list = ["a/b/one", "a/b/gone", "a/link", "a/three", "four", "gone/too", "empty"]
        let copy = TreeCopy(from: place.path + "/from", to: place.path + "/to")
        let totals = try copy.run(listed: list.flatMap { Array($0.utf8) + [0] })
        #expect(totals.fileCount == 3)
        #expect(totals.linkCount == 1)
        #expect(try Trees.list(place.path + "/to").map(\.name) == ["a", "empty", "four"])
        #expect(try Trees.list(place.path + "/to/a/b").map(\.name) == ["one"])
        #expect(try place.text("to/a/b/one") == "a/b/one")
        // Again, over what is there.
        #expect(try copy.run(listed: list.flatMap { Array($0.utf8) + [0] }).fileCount == 3)
        #expect(try copy.run(listed: []).fileCount == 0)
    }

    @Test(arguments: ["../secret", "/etc/passwd", "a/../../secret", "a//b", "", ".", "a/./b"])
    func aListThatLeadsOutOfTheTreeIsRefused(path: String) throws {
        let place = try Place()
        try place.put("secret", "x")
        try place.put("from/a/b")
        let copy = TreeCopy(from: place.path + "/from", to: place.path + "/to")
        let error = #expect(throws: DiagnosticError.self) { try copy.run(listed: Array(path.utf8) + [0]) }
        #expect(error?.diagnostic.code == .treeNotCopied)
        #expect(throws: DiagnosticError.self) { try copy.run(listed: Array("no-end".utf8)) }
    }

    @Test func aTreePastItsLimitsIsACodedError() throws {
        let place = try Place()
        for number in 0..<50 { try place.put("from/f\(number)", "0123456789") }
        var copy = TreeCopy(from: place.path + "/from", to: place.path + "/to")
        copy.byteLimit = 400
        let bytes = #expect(throws: DiagnosticError.self) { try copy.run() }
        #expect(bytes?.diagnostic.code == .treeTooLarge)
        copy.byteLimit = 500
        copy.entryLimit = 49
        let entries = #expect(throws: DiagnosticError.self) { try copy.run() }
        #expect(entries?.diagnostic.code == .treeTooLarge)
        copy.entryLimit = 50
        #expect(try copy.run().fileCount == 50)
    }

    @Test func aMissingSourceIsACodedError() throws {
        let place = try Place()
        let copy = TreeCopy(from: place.path + "/none", to: place.path + "/to")
        let error = #expect(throws: DiagnosticError.self) { try copy.run() }
        #expect(error?.diagnostic.code == .treeNotCopied)
        #expect(!Files.isDirectory(place.path + "/to"))
    }
}
