// SPDX-License-Identifier: Apache-2.0

import ContentStore
import Diagnostics
import FileAccess
import Foundation
import Testing

/// All that a tree is, as a list of lines.
func describe(_ root: String) throws -> [String] {
    func walk(_ path: String, _ below: String) throws -> [String] {
        var lines: [String] = []
        // Names that are no UTF-8 are looked at where they matter.
        for entry in try Trees.list(path) where !entry.name.contains("\u{FFFD}") {
            let full = path + "/" + entry.name
            let facts = try #require(Files.facts(full, followingLinks: false))
            let what =
                switch entry.kind {
                case .file: "\(ContentDigest(of: try Files.read(full, limit: 1 << 30))) \(facts.mode)"
                case .link: "-> \(Files.linkTarget(full) ?? "")"
                default: "\(entry.kind) \(facts.mode)"
                }
            lines.append("\(below)\(entry.name) \(what) \(facts.modifiedNanoseconds)")
            if entry.kind == .directory { lines += try walk(full, below + entry.name + "/") }
        }
        return lines
    }
    return try walk(root, "")
}

@Suite struct TreeTests {
    private func sample(_ place: StorePlace, seed: UInt64 = 1) throws {
        var source = SeededBytes(seed)
        for number in 0..<60 {
            let size = source.below(5) == 0 ? 200_000 + source.below(400_000) : source.below(20_000)
            try place.put("tree/d\(number % 5)/e\(number % 3)/f\(number)", source.text(size))
        }
        try Trees.make(place.path + "/tree/empty/inner")
        try Trees.makeLink(place.path + "/tree/d1/link", to: "../d0/e0/f0")
        try Trees.makeLink(place.path + "/tree/dangling", to: "/nonexistent/place")
        try Trees.makeLink(place.path + "/tree/folder-link", to: "d2")
        try place.age("tree")
    }

    @Test func aTreeIsRestoredAsItWas() throws {
        let place = try StorePlace()
        try sample(place)
        let saved = try place.save("tree")
        #expect(saved.fileCount == 60 && saved.linkCount == 3 && saved.readCount == 60 && saved.notes.isEmpty)
        let restored = try place.restore(saved.id, to: "out")
        #expect(restored.writtenCount == 63 && restored.writtenBytes == saved.sizeBytes)
        #expect(try describe(place.path + "/out") == describe(place.path + "/tree"))
        #expect(try place.save("out").id == saved.id, "the same tree has another name")
    }

    @Test func namesAndModesAreKeptWhateverTheyAre() throws {
        let place = try StorePlace()
        let names = ["with space", "new\nline", "-rf", "한글", "semi;colon", "a.new", String(repeating: "x", count: 255)]
        for name in names { try place.put("tree/" + name, name) }
        let modes: [UInt16] = [0o000, 0o400, 0o444, 0o600, 0o755, 0o777, 0o4755, 0o1644]
        for mode in modes {
            try place.put("tree/mode-\(mode)", "x")
            try Files.setMode(mode, of: place.path + "/tree/mode-\(mode)")
        }
        let odd: [CChar] = Array(place.path.utf8CString.dropLast()) + "/tree/".utf8CString.dropLast() + [-1, -2, 0]
        close(open(odd, O_CREAT | O_WRONLY, 0o640))
        try Trees.make(place.path + "/tree/closed/inner")
        try place.put("tree/closed/file", "y")
        try Files.setMode(0o555, of: place.path + "/tree/closed")
        try Files.setMode(0o1777, of: place.path + "/tree/closed/inner")
        let saved = try place.save("tree")
        try place.restore(saved.id, to: "out")
        let manifest = try place.store.tree(saved.id)
        #expect(manifest.folders.first?.entries.contains { $0.name == [0xFF, 0xFE] && $0.mode == 0o640 } == true)
        #expect(try describe(place.path + "/out") == describe(place.path + "/tree"))
        let again: [CChar] = Array(place.path.utf8CString.dropLast()) + "/out/".utf8CString.dropLast() + [-1, -2, 0]
        #expect(access(again, F_OK) == 0)
    }

    @Test func whatIsNoFileIsLeftOutWithANote() throws {
        let place = try StorePlace()
        try place.put("tree/file", "x")
        mkfifo(place.path + "/tree/pipe", 0o600)
        let saved = try place.save("tree", paths: ["", "absent"])
        #expect(saved.fileCount == 1)
        #expect(saved.notes == [TreeNote(path: "pipe", reason: .notAFile)])
        let other = try place.save("tree", paths: ["file", "absent"])
        #expect(other.notes == [TreeNote(path: "absent", reason: .absent)])
    }

    @Test func anUnchangedTreeIsSavedWithoutReadingAFile() throws {
        let place = try StorePlace()
        try sample(place)
        let first = try place.save("tree")
        let second = try place.save("tree")
        #expect(second.readCount == 0 && second.written.chunkCount == 0 && second.id == first.id)
        let packs = try place.packs
        #expect(packs.count == 1)
    }

    @Test func aFileThatWasWrittenAMomentAgoIsReadAgain() throws {
        let place = try StorePlace()
        try place.put("tree/file", "one")
        _ = try place.save("tree")
        // As long as before, and perhaps in the same step of the clock.
        try place.put("tree/file", "two")
        let saved = try place.save("tree")
        try place.restore(saved.id, to: "out")
        #expect(try place.read("out/file") == Array("two".utf8))
    }

    @Test func aWriteThatSetsTheTimeBackIsSeen() throws {
        let place = try StorePlace()
        try place.put("tree/file", "one")
        try place.age("tree")
        _ = try place.save("tree")
        try place.put("tree/file", "two")
        try place.age("tree")
        let saved = try place.save("tree")
        #expect(saved.readCount == 1)
        try place.restore(saved.id, to: "out")
        #expect(try place.read("out/file") == Array("two".utf8))
    }

    @Test func aRestoredTreeIsKnownToTheNextSave() throws {
        let place = try StorePlace()
        try sample(place)
        let saved = try place.save("tree")
        try place.restore(saved.id, to: "out")
        try place.age("nothing")
        // Those that were written in the last step of the clock may be read.
        #expect(try place.save("out").id == saved.id)
        #expect(try place.save("out").readCount == 0)
    }

    @Test(arguments: 1...4)
    func onlyWhatDiffersIsRestored(seed: Int) throws {
        let place = try StorePlace()
        try sample(place, seed: UInt64(seed))
        let saved = try place.save("tree")
        try place.restore(saved.id, to: "out")
        try place.age("nothing")
        let wanted = try describe(place.path + "/tree")
        var source = SeededBytes(UInt64(seed) + 100)
        let number = source.below(60)
        let file = "out/d\(number % 5)/e\(number % 3)/f\(number)"
        try place.put(file, "changed")
        try place.put("out/d1/more/inner", "not in the tree")
        try Trees.remove(place.path + "/out/empty/inner")
        try Trees.remove(place.path + "/out/dangling")
        try place.put("out/dangling/now-a-folder", "x")
        try Files.remove(place.path + "/out/folder-link")
        try Files.setMode(0o700, of: place.path + "/out/d2")
        let restored = try place.restore(saved.id, to: "out", .differences(removingOthers: true))
        #expect(try describe(place.path + "/out") == wanted)
        #expect(restored.writtenCount == 3 && restored.keptCount == 60)
        let again = try place.restore(saved.id, to: "out", .differences(removingOthers: true))
        #expect(again.writtenCount == 0 && again.keptCount == 63 && again.removedCount == 0)
    }

    @Test func filesThatAreNotInTheTreeStayUnlessTheyAreToGo() throws {
        let place = try StorePlace()
        try place.put("tree/a/file", "x")
        let saved = try place.save("tree")
        try place.put("out/a/mine", "y")
        try place.restore(saved.id, to: "out", .differences(removingOthers: false))
        #expect(try place.read("out/a/mine") == Array("y".utf8))
        try place.restore(saved.id, to: "out", .differences(removingOthers: true))
        #expect(Files.facts(place.path + "/out/a/mine") == nil)
        #expect(try place.read("out/a/file") == Array("x".utf8))
    }

    @Test func equalContentThatIsNotKnownIsComparedAndKept() throws {
        let place = try StorePlace()
        try sample(place)
        let saved = try place.save("tree")
        try Trees.make(place.path + "/copy")
        _ = try TreeCopy(from: place.path + "/tree", to: place.path + "/copy").run()
        let restored = try place.restore(saved.id, to: "copy", .differences(removingOthers: true))
        #expect(restored.keptCount >= 60 && restored.writtenCount <= 3)
        #expect(try describe(place.path + "/copy") == describe(place.path + "/tree"))
    }

    @Test func chosenPathsAreSavedAndNothingBesideThem() throws {
        let place = try StorePlace()
        for name in ["a/b/one", "a/b/two", "a/other", "c/three", "c-more/four", "top"] {
            try place.put("tree/" + name, name)
        }
        let saved = try place.save("tree", paths: ["a/b", "c", "top", "c/three"])
        #expect(saved.fileCount == 4)
        try place.put("out/a/mine", "mine")
        try place.put("out/c/gone", "gone")
        let selection = TreeSelection(root: place.path + "/out", paths: ["a/b", "c", "top"])
        _ = try place.store.restore(
            saved.id, to: selection, .differences(removingOthers: true), under: place.store.lease())
        let names = try describe(place.path + "/out").map { $0.split(separator: " ")[0] }
        #expect(names == ["a", "a/b", "a/b/one", "a/b/two", "a/mine", "c", "c/three", "top"])
    }

    @Test func whatIsLeftOutIsNotSaved() throws {
        let place = try StorePlace()
        for name in ["a/keep", "a/skip/x", "skip"] { try place.put("tree/" + name, name) }
        let selection = TreeSelection(root: place.path + "/tree") { $0.suffix(4) == Array("skip".utf8)[...] }
        #expect(try place.store.save(selection, under: place.store.lease()).fileCount == 1)
    }

    @Test(arguments: ["..", "a/../b", "x\0y"])
    func aPathThatLeadsOutIsRefused(path: String) throws {
        let place = try StorePlace()
        try place.put("tree/file", "x")
        let error = #expect(throws: ContentError.self) { _ = try place.save("tree", paths: [path]) }
        #expect(error?.diagnostic.code == .treeUnreadable)
    }

    @Test func linksAreNeverFollowed() throws {
        let place = try StorePlace()
        try place.put("tree/a/file", "from the tree")
        try place.put("outside/file", "untouched")
        let saved = try place.save("tree")
        try Trees.make(place.path + "/out")
        try Trees.makeLink(place.path + "/out/a", to: place.path + "/outside")
        try place.restore(saved.id, to: "out")
        #expect(try place.read("outside/file") == Array("untouched".utf8))
        #expect(try place.read("out/a/file") == Array("from the tree".utf8))
        try Files.remove(place.path + "/out/a/file")
        try Trees.makeLink(place.path + "/out/a/file", to: place.path + "/outside/file")
        try place.restore(saved.id, to: "out")
        #expect(try place.read("outside/file") == Array("untouched".utf8))
    }

    @Test func aTreeThatIsNotATreeIsACodedError() throws {
        let place = try StorePlace()
        let id = try place.store(Array("martlet tree 1\nrubbish".utf8), under: place.store.lease())
        let error = #expect(throws: ContentError.self) { _ = try place.restore(id, to: "out") }
        #expect(error?.diagnostic.code == .treeNotUnderstood)
    }

    @Test func twoTreesAreCompared() throws {
        let place = try StorePlace()
        for name in ["a/same", "a/changed", "a/gone", "b/gone-too"] { try place.put("tree/" + name, name) }
        let old = try place.save("tree")
        try place.put("tree/a/changed", "other")
        try place.put("tree/a/new", "new")
        try Files.remove(place.path + "/tree/a/gone")
        try Trees.remove(place.path + "/tree/b")
        let new = try place.save("tree")
        let difference = try place.store.difference(from: old.id, to: new.id, limit: 100)
        #expect(
            difference.changes.map { "\($0.kind) \($0.path)" } == [
                "changed a/changed", "removed a/gone", "added a/new", "removed b/", "removed b/gone-too",
            ])
        let cut = try place.store.difference(from: old.id, to: new.id, limit: 2)
        #expect(cut.changes.count == 2 && cut.isCut && cut.removedCount == 3)
        #expect(try place.store.difference(from: new.id, to: new.id, limit: 5).changes.isEmpty)
    }

    @Test func aFewChangedFilesStoreLittleAnew() throws {
        let place = try StorePlace()
        var source = SeededBytes(9)
        for number in 0..<1000 {
            try place.put("tree/d\(number % 40)/f\(number)", source.bytes(2000 + source.below(4000)))
        }
        let first = try place.save("tree")
        for number in 0..<10 { try place.put("tree/d\(number % 40)/f\(number)", source.bytes(4000)) }
        let second = try place.save("tree")
        #expect(second.written.storedBytes * 20 <= first.written.storedBytes)
    }
}
