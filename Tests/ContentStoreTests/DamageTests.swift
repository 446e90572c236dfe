// SPDX-License-Identifier: Apache-2.0

import ContentStore
import Diagnostics
import FileAccess
import Foundation
import Testing

@Suite struct DamageTests {
    @Test func aDamagedChunkIsNamedAndCanBeDropped() throws {
        let place = try StorePlace()
        var source = SeededBytes(1)
        let bytes = source.bytes(5000)
        let id = try place.store(bytes, as: "name")
        let pack = "store/packs/" + (try #require(try place.packs.first))
        var damaged = try place.read(pack)
        damaged[100] ^= 1
        try place.put(pack, damaged)
        let error = #expect(throws: ContentError.self) { _ = try place.bytes(of: id) }
        #expect(error?.diagnostic.code == .contentDamaged)
        #expect(error?.diagnostic.message.contains(id.digest.hex) == true)
        let lost = try #require(error?.lostContent)
        try place.store.drop(lost)
        #expect(try place.again().use("fill", "name", under: place.store.lease()) == nil, "not a miss")
        #expect(try place.store(bytes, as: "name") == id)
        #expect(try place.bytes(of: id) == bytes)
    }

    @Test func aTreeWithADamagedFileNamesTheFile() throws {
        let place = try StorePlace()
        var source = SeededBytes(2)
        for number in 0..<5 { try place.put("tree/f\(number)", source.bytes(3000)) }
        try place.age("tree")
        let saved = try place.save("tree")
        let pack = "store/packs/" + (try #require(try place.packs.first))
        var damaged = try place.read(pack)
        damaged[8 + 3000 * 2 + 5] ^= 1
        try place.put(pack, damaged)
        let error = #expect(throws: ContentError.self) { _ = try place.restore(saved.id, to: "out") }
        #expect(error?.diagnostic.code == .contentDamaged)
        let name = try #require(
            (0..<5).map { "f\($0)" }.first { error?.diagnostic.message.contains("out/\($0)") == true })
        #expect(Files.facts(place.path + "/out/" + name) == nil, "a part of a file looks like the file")
        try place.store.drop(try #require(error?.lostContent))
        // The tree looks as it did, and still the file is read and stored anew.
        let again = try place.save("tree")
        #expect(again.readCount == 1 && again.id == saved.id)
        try place.restore(again.id, to: "out")
        #expect(try describe(place.path + "/out") == describe(place.path + "/tree"))
    }

    @Test func aPackThatEndsAnywhereIsNoPackAndNoHarm() throws {
        let place = try StorePlace()
        var source = SeededBytes(3)
        let bytes = source.bytes(400)
        let id = try place.store(bytes, as: "a")
        let kept = try place.store(source.bytes(500), as: "b")
        let name = try #require(
            try place.packs.first { try place.read("store/packs/" + $0).count == 8 + 400 + 48 + 56 })
        let whole = try place.read("store/packs/" + name)
        for length in 0..<whole.count {
            try place.put("store/packs/" + name, Array(whole.prefix(length)))
            let store = try place.again()
            #expect(try !store.contains(id), "\(length) bytes of \(whole.count)")
            #expect(try store.contains(kept))
        }
        try place.put("store/packs/" + name, Array(whole.prefix(whole.count - 1)))
        let writer = try place.again().writer(under: place.store.lease())
        try writer.append(bytes)
        #expect(try writer.finish() == id)
        #expect(try place.bytes(of: id) == bytes)
    }

    @Test(arguments: [1, 3, 8])
    func aWriterThatIsKilledLeavesWhatItToldAndNothingHalf(count: Int) throws {
        let place = try StorePlace()
        let victim = try Victim("fill", place.path + "/store", "\(count)")
        var told = victim.lines(count)
        victim.kill()
        told += victim.lines()
        #expect(told.count >= count)
        for text in told {
            let id = try #require(ContentID(text))
            let bytes = try place.bytes(of: id)
            #expect(ContentID(digest: ContentDigest(of: bytes), sizeBytes: UInt64(bytes.count)) == id)
        }
        // The next one works, and a collection takes away what was left.
        try place.store([1, 2, 3], as: "next")
        _ = try place.store.collect(CollectionRules(), now: Int(time(nil)))
        #expect(try Trees.list(place.path + "/store/drafts").isEmpty)
        #expect(try Trees.list(place.path + "/store/leases").isEmpty)
        for text in told { _ = try place.bytes(of: try #require(ContentID(text))) }
    }

    @Test func aFullDiskIsACodedErrorAndTheNextRunWorks() throws {
        let place = try StorePlace()
        let victim = try Victim("fill", place.path + "/store", "7", "150000")
        let lines = victim.lines()
        #expect(victim.finish() == 1)
        #expect(lines.last == "\(DiagnosticCode.contentDiskFull)")
        for text in lines.dropLast() { _ = try place.bytes(of: try #require(ContentID(text))) }
        #expect(try Trees.list(place.path + "/store/drafts").isEmpty, "a draft was left")
        let id = try place.store(Array(repeating: 1, count: 300_000), as: "next")
        #expect(try place.bytes(of: id).count == 300_000)
    }

    @Test func twoProcessesSaveTheSameAtOnce() throws {
        let place = try StorePlace()
        var source = SeededBytes(4)
        for number in 0..<300 {
            try place.put("tree/d\(number % 9)/f\(number)", source.text(3000 + source.below(9000)))
        }
        try place.age("tree")
        let victims = try (0..<3).map { try Victim("save", place.path + "/store", place.path + "/tree", "\($0)") }
        let ids = Set(victims.flatMap { $0.lines() })
        for victim in victims { #expect(victim.finish() == 0) }
        #expect(ids.count == 1)
        let id = try #require(ids.first.flatMap { ContentID($0) })
        try place.restore(id, to: "out")
        #expect(try describe(place.path + "/out") == describe(place.path + "/tree"))
        // What was stored twice goes with the next collection.
        let report = try place.store.collect(CollectionRules(), now: Int(time(nil)))
        try Trees.remove(place.path + "/out")
        try place.restore(id, to: "out")
        #expect(try describe(place.path + "/out") == describe(place.path + "/tree"))
        #expect(report.keptBytes > 0)
    }
}
