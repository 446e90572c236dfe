// SPDX-License-Identifier: Apache-2.0

import ContentStore
import Diagnostics
import FileAccess
import Testing

@Suite struct RoundTripTests {
    @Test(arguments: [0, 1, 63, 64, 16384, 16385, 262_143, 262_144, 262_145, 1_500_000])
    func whatIsStoredIsReadAgain(size: Int) throws {
        let place = try StorePlace()
        var source = SeededBytes(UInt64(size))
        for bytes in [source.bytes(size), source.text(size), Array(repeating: 0, count: size)] {
            let id = try place.store(bytes, under: place.store.lease())
            #expect(id == ContentID(digest: ContentDigest(of: bytes), sizeBytes: UInt64(size)))
            #expect(try place.bytes(of: id) == bytes)
            #expect(try place.again().contains(id))
        }
    }

    @Test func howContentIsAppendedDoesNotMatter() throws {
        let place = try StorePlace()
        var source = SeededBytes(5)
        let bytes = source.bytes(700_000)
        let whole = try place.store(bytes, under: place.store.lease())
        let writer = try place.store.writer(under: place.store.lease())
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = min(rest.count, 1 + source.below(100_000))
            try writer.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        #expect(try writer.finish() == whole)
        #expect(writer.totals.chunkCount == 0, "the same content was stored twice")
    }

    @Test func anyRangeIsReadAsItWasStored() throws {
        let place = try StorePlace()
        var source = SeededBytes(6)
        let bytes = source.bytes(900_000)
        let id = try place.store(bytes, under: place.store.lease())
        let reader = try place.again().reader(id)
        for _ in 0..<60 {
            let start = source.below(bytes.count + 10)
            let count = source.below(300_000)
            let expected = Array(bytes.dropFirst(start).prefix(count))
            #expect(try reader.read(count: count, at: UInt64(start)) == expected)
        }
        var all: [UInt8] = []
        while try reader.next({ all += Array($0) }) {}
        #expect(all == bytes)
    }

    @Test(arguments: 1...6)
    func anEditStoresWhatIsAroundItOnly(seed: Int) throws {
        let place = try StorePlace()
        var source = SeededBytes(UInt64(seed))
        var bytes = source.bytes(3_000_000)
        let lease = try place.store.lease()
        _ = try place.store(bytes, under: lease)
        for _ in 0..<3 {
            let at = source.below(bytes.count)
            switch source.below(3) {
            case 0: bytes.insert(contentsOf: source.bytes(1 + source.below(1000)), at: at)
            case 1: bytes.removeSubrange(at..<min(bytes.count, at + source.below(1000)))
            default: bytes[at] ^= 1
            }
            let writer = try place.store.writer(under: lease)
            try writer.append(bytes)
            let id = try writer.finish()
            #expect(writer.totals.sizeBytes <= 800_000, "an edit stored \(writer.totals.sizeBytes) bytes anew")
            #expect(try place.bytes(of: id) == bytes)
        }
    }

    @Test func contentPastItsReadersLimitIsACodedError() throws {
        let place = try StorePlace()
        let id = try place.store([1, 2, 3], under: place.store.lease())
        let error = #expect(throws: ContentError.self) { try place.store.reader(id).readAll(limitBytes: 2) }
        #expect(error?.diagnostic.code == .contentPastLimit)
    }

    @Test func contentThatIsNotThereIsACodedError() throws {
        let place = try StorePlace()
        let id = ContentID(digest: ContentDigest(of: [9]), sizeBytes: 1)
        let error = #expect(throws: ContentError.self) { try place.store.reader(id) }
        #expect(error?.diagnostic.code == .contentMissing)
        #expect(error?.lostContent == id.digest)
    }

    @Test func anIdIsReadFromItsText() throws {
        let id = ContentID(digest: ContentDigest(of: [1]), sizeBytes: 1)
        #expect(ContentID("\(id)") == id)
        #expect(ContentID("0123-4") == nil)
        #expect(ContentID("\(id)-2") == nil)
    }

    @Test func aStoreOfANewerVersionIsLeftAlone() throws {
        let place = try StorePlace()
        try place.put("store/format", "2\n")
        let error = #expect(throws: ContentError.self) { _ = try place.again() }
        #expect(error?.diagnostic.code == .contentStoreTooNew)
    }

    @Test func manySmallContentsTakeFewFiles() throws {
        let place = try StorePlace()
        for number in 0..<300 { try place.put("tree/\(number % 7)/\(number)", "content of \(number)") }
        _ = try place.save("tree")
        #expect(try place.packs.count == 1)
    }
}

@Suite struct ReferenceTests {
    private func reference(_ name: String, _ byte: UInt8) -> ContentReference {
        let id = ContentID(digest: ContentDigest(of: [byte]), sizeBytes: 1)
        return ContentReference(namespace: "cache", name: name, root: ContentRoot(.blob, id), metadata: [byte, 0])
    }

    @Test(arguments: [
        "plain", "linux-a/b.c", "", "../../etc", String(repeating: "long", count: 200), "한글 key", "a%2Fb",
    ])
    func aNameIsWhatItsCallerSays(name: String) throws {
        let place = try StorePlace()
        #expect(try place.store.setReference(reference(name, 1)))
        let found = try #require(try place.again().reference("cache", name))
        #expect(found.name == name && found.metadata == [1, 0] && found.root == reference(name, 1).root)
        #expect(found.createdAt > 0 && found.usedAt > 0)
        #expect(try place.store.references(in: "cache").map(\.name) == [name])
        #expect(try place.store.removeReference("cache", name))
        #expect(try place.store.reference("cache", name) == nil)
    }

    @Test func aNameIsReplacedOnlyWhereThatIsAsked() throws {
        let place = try StorePlace()
        try place.store.setReference(reference("a", 1))
        #expect(try !place.store.setReference(reference("a", 2), replacing: false))
        #expect(try place.store.reference("cache", "a")?.metadata == [1, 0])
        #expect(try place.store.setReference(reference("a", 2)))
        #expect(try place.store.reference("cache", "a")?.metadata == [2, 0])
    }

    @Test func namesAreFoundByTheirBeginning() throws {
        let place = try StorePlace()
        for name in ["linux-a", "linux-b", "mac-a"] { try place.store.setReference(reference(name, 1)) }
        #expect(try place.store.references(in: "cache", prefix: "linux-").map(\.name) == ["linux-a", "linux-b"])
        #expect(try place.store.references(in: "other").isEmpty)
    }

    @Test func aNameWhoseContentHasGoneIsAMiss() throws {
        let place = try StorePlace()
        try place.store.setReference(reference("a", 1))
        #expect(try place.store.use("cache", "a", under: place.store.lease()) == nil)
    }
}
