// SPDX-License-Identifier: Apache-2.0

import ContentStore
import Diagnostics
import FileAccess
import Foundation
import Testing

@Suite struct CollectionTests {
    private var now: Int { Int(time(nil)) }

    private func use(_ place: StorePlace, _ name: String, at seconds: Int) {
        let times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
        utimensat(AT_FDCWD, "\(place.path)/store/references/fill/\(name)", times, 0)
    }

    @Test func whatNobodyNamesGoes() throws {
        let place = try StorePlace()
        var source = SeededBytes(1)
        let kept = try place.store(source.bytes(100_000), as: "kept")
        let gone = try place.store(source.bytes(100_000), under: place.store.lease())
        let report = try place.store.collect(CollectionRules(), now: now)
        #expect(report.removedPacks == 1 && report.freedBytes > 100_000 && report.removedReferences.isEmpty)
        #expect(try place.bytes(of: kept).count == 100_000)
        #expect(try !place.store.contains(gone))
    }

    @Test func whatALiveLeaseHoldsStays() throws {
        let place = try StorePlace()
        let lease = try place.store.lease()
        let id = try place.store([1, 2, 3], under: lease)
        for _ in 0..<3 { _ = try place.again().collect(CollectionRules(sizeLimitBytes: 0), now: now) }
        #expect(try place.bytes(of: id) == [1, 2, 3])
        withExtendedLifetime(lease) {}
    }

    @Test func theLeaseOfAnotherProcessHoldsUntilItEnds() throws {
        let place = try StorePlace()
        let id = try place.store([4, 5, 6], as: "used")
        let rules = CollectionRules(sizeLimitBytes: 0, ageLimitSeconds: -1)
        for isKilled in [false, true] {
            let victim = try Victim("hold", place.path + "/store", "used")
            #expect(victim.lines(1) == ["\(id)"])
            _ = try place.again().collect(rules, now: now)
            #expect(try place.bytes(of: id) == [4, 5, 6])
            if isKilled { victim.kill() } else { #expect(victim.finish() == 0) }
        }
        let report = try place.store.collect(rules, now: now)
        #expect(report.removedReferences.map(\.name) == ["used"])
        #expect(try !place.store.contains(id))
    }

    @Test func contentOfAnOpenSessionStays() throws {
        let place = try StorePlace()
        var source = SeededBytes(2)
        let bytes = source.bytes(600_000)
        let old = try place.store(bytes, under: place.store.lease())
        // The writer finds the old chunks there and stores none of them.
        let writer = try place.store.writer(under: place.store.lease())
        try writer.append(bytes)
        _ = try place.again().collect(CollectionRules(sizeLimitBytes: 0), now: now)
        #expect(try writer.finish() == old)
        #expect(try place.bytes(of: old) == bytes)
    }

    @Test func whatWasNotUsedForLongestGivesWay() throws {
        let place = try StorePlace()
        var source = SeededBytes(3)
        let ids = try (0..<4).map { try place.store(source.bytes(100_000), as: "n\($0)") }
        for number in 0..<4 { use(place, "n\(number)", at: now - 100 * (number == 0 ? 1 : 10 - number)) }
        let report = try place.store.collect(CollectionRules(sizeLimitBytes: 250_000), now: now)
        #expect(Set(report.removedReferences.map(\.name)) == ["n1", "n2"])
        #expect(report.keptBytes <= 250_000)
        #expect(try ids.map { try place.store.contains($0) } == [true, false, false, true])
    }

    @Test func oldReferencesGoUnlessTheirCallerKeepsThem() throws {
        let place = try StorePlace()
        for name in ["old", "older", "new"] { try place.store(Array(name.utf8), as: name) }
        use(place, "old", at: now - 5000)
        use(place, "older", at: now - 9000)
        var rules = CollectionRules(ageLimitSeconds: 3600)
        rules.keeps = { $0.name == "older" }
        let report = try place.store.collect(rules, now: now)
        #expect(report.removedReferences.map(\.name) == ["old"])
        #expect(try place.store.references(in: "fill").map(\.name) == ["new", "older"])
    }

    @Test func aRootOfTheCallerKeepsItsContent() throws {
        let place = try StorePlace()
        try place.put("tree/a", "text")
        let saved = try place.save("tree")
        var rules = CollectionRules()
        rules.roots = [ContentRoot(.tree, saved.id)]
        _ = try place.store.collect(rules, now: now)
        try place.restore(saved.id, to: "out")
        #expect(try place.read("out/a") == Array("text".utf8))
    }

    @Test func aPackThatIsMostlyUnusedIsRewritten() throws {
        let place = try StorePlace()
        var source = SeededBytes(4)
        for number in 0..<20 { try place.put("tree/f\(number)", source.bytes(20_000)) }
        _ = try place.save("tree")
        for number in 3..<20 { try Files.remove(place.path + "/tree/f\(number)") }
        let lease = try place.store.lease()
        let few = try place.store.save(TreeSelection(root: place.path + "/tree"), under: lease)
        let before = try place.packs
        let reader = try place.again()
        _ = try reader.tree(few.id)
        let report = try place.store.collect(CollectionRules(), now: now)
        #expect(report.compactedPacks >= 1 && report.freedBytes > 300_000)
        #expect(try !Set(place.packs).isSuperset(of: before))
        // Who had listed the packs before finds what was moved.
        let selection = TreeSelection(root: place.path + "/out")
        _ = try reader.restore(few.id, to: selection, .all, under: lease)
        #expect(try describe(place.path + "/out") == describe(place.path + "/tree"))
    }

    @Test func manySmallPacksBecomeOne() throws {
        let place = try StorePlace()
        let ids = try (0..<12).map { try place.store(Array("content \($0)".utf8), as: "n\($0)") }
        #expect(try place.packs.count == 12)
        _ = try place.store.collect(CollectionRules(), now: now)
        #expect(try place.packs.count == 1)
        for (number, id) in ids.enumerated() { #expect(try place.bytes(of: id) == Array("content \(number)".utf8)) }
    }

    @Test func aTreeWhoseContentWasCollectedIsReadAgain() throws {
        let place = try StorePlace()
        try place.put("tree/a", "text")
        try place.age("tree")
        let first = try place.save("tree")
        _ = try place.store.collect(CollectionRules(), now: now)
        #expect(try !place.store.contains(first.id))
        let second = try place.save("tree")
        #expect(second.readCount == 1 && second.id == first.id)
        let lease = try place.store.lease()
        let third = try place.store.save(TreeSelection(root: place.path + "/tree"), under: lease)
        _ = try place.store.restore(third.id, to: TreeSelection(root: place.path + "/out"), under: lease)
        #expect(try place.read("out/a") == Array("text".utf8))
    }

    @Test func collectionsBesideWritersLoseNothing() throws {
        let place = try StorePlace()
        let victims = try (1...2).map { try Victim("fill", place.path + "/store", "\($0)") }
        var told: [String] = []
        for round in 0..<6 {
            for victim in victims { told += victim.lines(2) }
            _ = try place.again().collect(CollectionRules(), now: now)
            #expect(told.count == (round + 1) * 4)
            for text in told { _ = try place.bytes(of: try #require(ContentID(text))) }
        }
        for victim in victims { victim.kill() }
    }
}
