// SPDX-License-Identifier: Apache-2.0

import Crypto
import Diagnostics
import FileAccess
import Foundation
import HTTPMessages
import StructuredData
import TestFolders
import TestPrograms
import Testing
import Timekeeping

@testable import ObjectStorage

/// What holds of every store: one in a folder, one in moto, one in SeaweedFS.
@Suite(
    "A store keeps objects, whatever it is made of", .serialized, .storageServers, .ownFolders,
    .enabled(if: StoragePrograms.areThere, "moto and SeaweedFS cannot be had here: no store to test with."))
struct StoreContractTests {
    private static let limit = 1 << 20

    private static func key(_ text: String) throws -> ObjectKey { try ObjectKey(text) }

    @Test("What was put is read, whole and in parts, and is gone when it was removed", arguments: StoreKind.allCases)
    func roundTrip(kind: StoreKind) async throws {
        let store = try await StorageServers.store(kind)
        let key = try Self.key("runs/1/1/log")
        #expect(try await store.facts(of: key) == nil)
        let before = Timestamp.now() + .seconds(-5)
        try await store.put(Array("hello world".utf8), at: key)
        #expect(String(decoding: try await store.get(key, limit: Self.limit), as: UTF8.self) == "hello world")
        #expect(try await store.get(key, range: 6..<8, limit: Self.limit) == Array("wo".utf8))
        #expect(try await store.get(key, range: 6..<100, limit: Self.limit) == Array("world".utf8))
        #expect(try await store.get(key, range: 50..<60, limit: Self.limit).isEmpty)
        let facts = try #require(try await store.facts(of: key))
        #expect(facts.sizeBytes == 11 && facts.modified > before && facts.modified < Timestamp.now() + .seconds(5))
        try await store.put(Array("other".utf8), at: key)
        #expect(try await store.get(key, limit: Self.limit) == Array("other".utf8))
        try await store.remove([key])
        try await store.remove([key])
        let error = await #expect(throws: DiagnosticError.self) { try await store.get(key, limit: Self.limit) }
        #expect(error?.diagnostic.code == .objectMissing)
        #expect(error?.diagnostic.message.contains("runs/1/1/log") == true)
    }

    @Test("An object of nothing is one", arguments: StoreKind.allCases)
    func empty(kind: StoreKind) async throws {
        let store = try await StorageServers.store(kind)
        let file = OwnFolders.path()
        try Files.write([], to: file)
        try await store.put([], at: try Self.key("empty"))
        try await store.putFile(file, at: try Self.key("empty-file"))
        for name in ["empty", "empty-file"] {
            #expect(try await store.get(try Self.key(name), limit: Self.limit).isEmpty)
            #expect(try await store.facts(of: try Self.key(name))?.sizeBytes == 0)
        }
    }

    @Test("Keys with odd characters are kept as they are", arguments: StoreKind.allCases)
    func oddKeys(kind: StoreKind) async throws {
        let store = try await StorageServers.store(kind)
        let names = [
            "a b", "a+b", "a%20b", "a%2Fb", "ä/日本語/🙂", "q?x=1&y=2", "h#ash", "semi;colon", "amp&<\"'>", "~tilde",
            "star*", "comma,", "at@colon:", "brackets[](){}", "e\u{301}", "=", "dots../..x",
        ]
        for name in names { try await store.put(Array(name.utf8), at: try Self.key(name)) }
        for name in names {
            #expect(
                try await store.get(try Self.key(name), limit: Self.limit) == Array(name.utf8), "\(kind): \(name)")
        }
        let page = try await store.list(prefix: "", after: nil, limit: 1_000)
        let (found, wanted) = (Set(page.objects.map(\.key)), Set(try names.map(Self.key)))
        #expect(found == wanted, "\(kind): \(found.symmetricDifference(wanted))")
        try await store.remove(try names.map(Self.key))
        #expect(try await store.list(prefix: "", after: nil, limit: 1_000).objects.isEmpty)
    }

    @Test(
        "What is no path is no key",
        arguments: [
            "", "/a", "a/", "a//b", "a/../b", ".", "a\\b", "a\nb", "a\u{7f}", String(repeating: "a", count: 901),
        ])
    func noKeys(text: String) {
        let error = #expect(throws: DiagnosticError.self) { try Self.key(text) }
        #expect(error?.diagnostic.code == .objectLimit)
    }

    @Test("A key and one below it are two objects", arguments: [StoreKind.folder, .moto])
    func nested(kind: StoreKind) async throws {
        let store = try await StorageServers.store(kind)
        for name in ["a", "a/b", "a!", "a0"] { try await store.put(Array(name.utf8), at: try Self.key(name)) }
        let page = try await store.list(prefix: "", after: nil, limit: 10)
        #expect(page.objects.map(\.key.text) == ["a", "a!", "a/b", "a0"])
        try await store.remove([try Self.key("a")])
        #expect(try await store.get(try Self.key("a/b"), limit: 10) == Array("a/b".utf8))
    }

    @Test("More than a thousand objects are listed in pages, in order, and removed", arguments: StoreKind.allCases)
    func pages(kind: StoreKind) async throws {
        let store = try await StorageServers.store(kind)
        let names = (0..<1_100).map { "many/\($0 / 100)/object-\($0)" }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<8 {
                group.addTask {
                    for index in stride(from: lane, to: names.count, by: 8) {
                        try await store.put([1], at: try Self.key(names[index]))
                    }
                }
            }
            try await group.waitForAll()
        }
        try await store.put([1], at: try Self.key("other"))
        var (found, sizes, after): ([String], [Int], String?) = ([], [], nil)
        repeat {
            let page = try await store.list(prefix: "many/", after: after, limit: 1_000)
            found += page.objects.map(\.key.text)
            sizes.append(page.objects.count)
            after = page.next
        } while after != nil
        #expect(found == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        #expect(sizes == [1_000, 100])
        #expect(try await store.list(prefix: "many/3/", after: nil, limit: 1_000).objects.count == 100)
        #expect(try await store.removeAll(prefix: "many/") == 1_100)
        #expect(try await store.list(prefix: "", after: nil, limit: 10).objects.map(\.key.text) == ["other"])
    }

    @Test("A file of 100 MB goes and comes whole, and little of it is in memory", arguments: StoreKind.allCases)
    func large(kind: StoreKind) async throws {
        let store = try await StorageServers.store(kind)
        let (file, key) = (OwnFolders.path(), try Self.key("large/file"))
        let (size, block) = (100_000_000, (0..<1_000_003).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) })
        var written = 0
        while written < size {
            let piece = block.prefix(size - written)
            try Files.append(piece, to: file)
            written += piece.count
        }
        let before = try ProcessMemory.peakBytes()
        try await store.putFile(file, at: key)
        #expect(try await store.facts(of: key)?.sizeBytes == UInt64(size))
        let content = try await store.open(key, range: nil)
        var offset = 0
        for try await piece in content.pieces {
            if piece != Array(block.cycled(from: offset, count: piece.count)) {
                Issue.record("other bytes at \(offset)")
                break
            }
            offset += piece.count
        }
        #expect(offset == size)
        #expect(try ProcessMemory.peakBytes() - before < 48 << 20)
        // A part that is spread over two parts of the upload.
        let edge = UInt64(StorageLimits.smallestPartBytes)
        let part = try await store.get(key, range: (edge - 5)..<(edge + 5), limit: 10)
        #expect(part == Array(block.cycled(from: Int(edge) - 5, count: 10)))
    }

    @Test("A file that cannot be read leaves nothing in the store", arguments: StoreKind.allCases)
    func unreadable(kind: StoreKind) async throws {
        let store = try await StorageServers.store(kind)
        let error = await #expect(throws: DiagnosticError.self) {
            try await store.putFile("/nonexistent/file", at: try Self.key("gone"))
        }
        #expect(error?.diagnostic.code == .fileUnreadable)
        #expect(try await store.list(prefix: "", after: nil, limit: 10).objects.isEmpty)
    }

    @Test("A removed bucket, and one that never was, are told by its name", arguments: StoreKind.buckets)
    func noBucket(kind: StoreKind) async throws {
        let store = try BucketStore(
            try StorageServers.address(kind, bucket: "nowhere-at-all"), try StorageServers.surroundings())
        for act in 0..<3 {
            let error = await #expect(throws: DiagnosticError.self) {
                switch act {
                case 0: try await store.put([1], at: try Self.key("a"))
                case 1: _ = try await store.get(try Self.key("a"), limit: 10)
                default: _ = try await store.list(prefix: "", after: nil, limit: 10)
                }
            }
            #expect(error?.diagnostic.code == .storageBucketMissing)
            #expect(error?.diagnostic.message.contains("nowhere-at-all") == true)
        }
    }

    /// moto asks nobody who they are.
    @Test("A wrong secret, and a key that nobody knows, are refused in words", arguments: [TestKey.id, "nobody"])
    func wrongSecret(id: String) async throws {
        let environment = TestKey.environment.merging(
            ["AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": "wrong"], uniquingKeysWith: { $1 })
        let store = try BucketStore(
            try StorageServers.address(.seaweed, bucket: "any-bucket"), try StorageServers.surroundings(environment))
        let error = await #expect(throws: DiagnosticError.self) { try await store.put([1], at: try Self.key("a")) }
        #expect(error?.diagnostic.code == .storageAccessRefused)
        #expect(error?.diagnostic.message.contains("wrong") == false)
    }

    @Test("What a link leads to is read and written by plain curl, and by nobody later", arguments: StoreKind.buckets)
    func links(kind: StoreKind) async throws {
        let store = try await StorageServers.store(kind)
        let key = try Self.key("odd name/ä+b%20&c.zip")
        let put = try #require(try await store.link(to: key, LinkUse(.put(Self.terms("by a link")), seconds: 60)))
        #expect(try Self.put("by a link", at: put, tries: 8) == 0)
        let facts = try await store.facts(of: key)
        #expect(
            facts?.sizeBytes == 9 && [nil, Hexadecimal.text(Self.terms("by a link").digest)].contains(facts?.sha256))
        let found = try await store.link(to: key, LinkUse(.get(fileName: "naïve \"x\".zip"), seconds: 60))
        let get = try #require(found).url
        let answer = Curl.run(["-s", "-f", "-D", "-", get])
        #expect(answer.status == 0)
        #expect(answer.output.hasSuffix("by a link"))
        #expect(answer.output.contains("attachment; filename*=UTF-8''na%C3%AFve%20%22x%22.zip"))
        #expect(try await store.get(key, limit: 100) == Array("by a link".utf8))
        guard kind == .seaweed else { return }
        // Another object, another act, another signature: refused.
        for wrong in [get.replacing("odd", with: "even"), get.replacing("X-Amz-Expires=60", with: "X-Amz-Expires=61")] {
            #expect(Curl.run(["-s", "-f", wrong]).status == 22)
        }
        #expect(Curl.run(["-s", "-f", "-X", "DELETE", get]).status == 22)
    }

    private static func terms(_ text: String) -> PutTerms {
        PutTerms(sizeBytes: text.utf8.count, digest: Array(SHA256.hash(data: Array(text.utf8))))
    }

    /// - Returns: 0, or 22 where the store said no.
    private static func put(_ text: String, at link: ObjectLink, tries: Int = 0) throws -> Int32 {
        let file = OwnFolders.path()
        try Files.write(Array(text.utf8), to: file)
        let headers = link.headers.fields.flatMap { ["-H", "\($0.name): \($0.value)"] }
        let patience = tries > 0 ? ["--retry", "\(tries)", "--retry-delay", "1"] : []
        return Curl.run(["-s", "-f"] + patience + headers + ["-T", file, link.url]).status
    }

    @Test("A link to put something takes what it was made for, once, and nothing else", arguments: StoreKind.buckets)
    func boundLinks(kind: StoreKind) async throws {
        // SeaweedFS encrypts only where it was given a key of its own.
        let store = try await StorageServers.store(kind, more: kind == .moto ? "&sse=AES256" : "")
        let key = try Self.key("projects/p-1/caches/one")
        try await store.put([1], at: try Self.key("warm"))
        let link = try #require(try await store.link(to: key, LinkUse(.put(Self.terms("these bytes")), seconds: 60)))
        #expect(link.headers["x-amz-server-side-encryption"] == (kind == .moto ? "AES256" : nil))
        let refuses = try await store.refusesOtherBytes()
        #expect(try await store.list(prefix: "checks/", after: nil, limit: 10).objects.isEmpty)
        #expect(refuses == (kind == .seaweed))
        if refuses {
            // As many bytes, and others.
            #expect(try Self.put("other bytes", at: link) == 22)
            #expect(try await store.facts(of: key) == nil)
            #expect(try Self.put("far more bytes than were announced", at: link) == 22)
            // Without what was signed, and at another key.
            #expect(try Self.put("these bytes", at: ObjectLink(url: link.url)) == 22)
            let other = ObjectLink(url: link.url.replacing("p-1", with: "p-2"), headers: link.headers)
            #expect(try Self.put("these bytes", at: other) == 22)
            #expect(try await store.facts(of: try Self.key("projects/p-2/caches/one")) == nil)
        }
        #expect(try Self.put("these bytes", at: link) == 0)
        #expect(try Self.put("these bytes", at: link) == 22)
        #expect(try await store.get(key, limit: 100) == Array("these bytes".utf8))
    }

    @Test("Links are for the address that users reach, and for none where there are to be none")
    func linkAddresses() async throws {
        let far = try await StorageServers.store(.moto, more: "&links=https://blobs.example.com")
        let link = try #require(try await far.link(to: try Self.key("a"), LinkUse(.put(Self.terms("a")), seconds: 1)))
        #expect(link.url.hasPrefix("https://blobs.example.com/"))
        let none = try await StorageServers.store(.moto, more: "&links=none")
        #expect(try await none.link(to: try Self.key("a"), LinkUse(.put(Self.terms("a")), seconds: 1)) == nil)
        #expect(
            try await StorageServers.store(.folder).link(
                to: try Self.key("a"), LinkUse(.put(Self.terms("a")), seconds: 1)) == nil)
    }

    @Test("An upload that nobody ended is aborted by a sweep, and younger ones are not", arguments: StoreKind.buckets)
    func sweep(kind: StoreKind) async throws {
        let store = try #require(try await StorageServers.store(kind) as? BucketStore)
        let request = BucketRequest(
            method: "POST", key: store.path(try Self.key("half")), query: [.init("uploads", "")], what: "begin")
        _ = try await store.client.ask(request)
        // moto says of all that they were begun in 2010.
        if kind == .seaweed {
            #expect(try await store.sweepUploads(begunBefore: Timestamp.now() + .seconds(-60)) == 0)
        }
        #expect(try await store.sweepUploads(begunBefore: Timestamp.now() + .seconds(60)) == 1)
        #expect(try await store.sweepUploads(begunBefore: Timestamp.now() + .seconds(60)) == 0)
    }

    @Test("Objects are encrypted as the address says")
    func encryption() async throws {
        let cases = [("&sse=AES256", "AES256", nil), ("&sse=aws:kms&kms-key=a-key", "aws:kms", "a-key")]
        for (more, algorithm, keyID) in cases {
            let store = try #require(try await StorageServers.store(.moto, more: more) as? BucketStore)
            let file = OwnFolders.path()
            try Files.write([UInt8](repeating: 7, count: StorageLimits.smallestPartBytes + 1), to: file)
            try await store.put([1], at: try Self.key("small"))
            try await store.putFile(file, at: try Self.key("parts"))
            for name in ["small", "parts"] {
                let path = store.path(try Self.key(name))
                let answer = try await store.client.ask(BucketRequest(method: "HEAD", key: path, what: "look"))
                #expect(answer.headers["x-amz-server-side-encryption"] == algorithm)
                #expect(
                    answer.headers["x-amz-server-side-encryption-aws-kms-key-id"]?.contains(keyID ?? "-")
                        == (keyID.map { _ in true }))
            }
        }
    }
}

enum Curl {
    static func run(_ arguments: [String]) -> (status: Int32, output: String) {
        let (child, pipe) = (ChildProcess(), Pipe())
        child.executableURL = URL(filePath: "/usr/bin/env")
        child.arguments = ["curl", "--max-time", "20"] + arguments
        child.standardOutput = pipe
        guard (try? child.run()) != nil else { return (-1, "") }
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        child.waitUntilExit()
        return (child.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}

enum ProcessMemory {
    struct Unknown: Error {}

    /// The most that this process has had in memory.
    static func peakBytes() throws -> Int {
        let text = String(decoding: try Files.read("/proc/self/status", limit: 1 << 20), as: UTF8.self)
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let count = line.split(separator: " ").compactMap({ Int($0) }).first
        else { throw Unknown() }
        return count << 10
    }
}

extension Array where Element == UInt8 {
    /// Bytes of this array, said again and again.
    func cycled(from offset: Int, count length: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        var start = offset % count
        while bytes.count < length {
            let piece = self[start..<Swift.min(count, start + length - bytes.count)]
            bytes += piece
            start = 0
        }
        return bytes
    }
}
