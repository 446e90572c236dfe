// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import NIOHTTP1
import RuntimeServices
import StructuredData
import Testing

@Suite struct CacheTests {
    private let house = ServiceHouse()

    @Test func whatWasSavedIsRestored() throws {
        let job = try house.job()
        let saved = try job.save("deps-1", Array("archive".utf8))
        #expect(saved.status == 200 && saved.json["ok"]?.bool == true)
        #expect(saved.json["entry_id"]?.string.flatMap { Int($0) } != nil)
        let found = try job.lookup(["deps-1"])
        #expect(found.json["matched_key"]?.string == "deps-1")
        #expect(try job.restore(["deps-1"]) == Array("archive".utf8))
    }

    @Test func aMissSaysNotOkAndIsNoError() throws {
        let miss = try house.job().lookup(["nothing"])
        #expect(miss.status == 200)
        #expect(miss.json["ok"]?.bool == false)
    }

    @Test func aSecondSaveOfAKeyIsRefusedAndTheFirstStays() throws {
        let job = try house.job()
        _ = try job.save("deps", Array("first".utf8))
        let second = try job.save("deps", Array("second".utf8))
        #expect(second.status == 409)
        #expect(second.json["code"]?.string == "already_exists")
        #expect(try job.restore(["deps"]) == Array("first".utf8))
        #expect(try job.save("deps", version: "other paths", Array("second".utf8)).status == 200)
    }

    @Test func whileOneRunSavesAKeyAnotherIsRefused() throws {
        let first = try house.job(run: "1")
        let second = try house.job(run: "2")
        let message: DataValue = ["key": "deps", "version": "v"]
        #expect(try first.twirp("CreateCacheEntry", message).status == 200)
        #expect(try second.twirp("CreateCacheEntry", message).status == 409)
    }

    @Test func twoServersShareOneStore() throws {
        let other = ServiceHouse(folder: house.folder)
        let first = try house.job(run: "1")
        let second = try other.job(run: "2")
        let message: DataValue = ["key": "deps", "version": "v"]
        #expect(try first.twirp("CreateCacheEntry", message).status == 200)
        #expect(try second.twirp("CreateCacheEntry", message).status == 409)
        _ = try first.save("tools", Array("of the first".utf8))
        #expect(try second.restore(["tools"]) == Array("of the first".utf8))
    }

    @Test func aJobThatEndsGivesItsKeyBack() throws {
        let access = try house.admit()
        let job = ServiceClient(address: access.baseAddress, token: access.token)
        _ = try job.twirp("CreateCacheEntry", ["key": "deps", "version": "v"])
        house.server.dismiss(access)
        #expect(try house.job().save("deps", [1, 2, 3]).status == 200)
        #expect(house.files(below: "uploads").isEmpty)
    }

    @Test func keysAreTriedInTheirOrderWholeBeforePrefixTheNewestFirst() throws {
        let job = try house.job()
        for key in ["deps-a-1", "deps-a-2", "deps-b-1", "deps-a"] {
            _ = try job.save(key, Array(key.utf8))
            house.pass(seconds: 1)
        }
        func found(_ keys: [String]) throws -> String? { try job.lookup(keys).json["matched_key"]?.string }
        #expect(try found(["deps-c", "deps-a-"]) == "deps-a-2")
        #expect(try found(["deps-c", "deps-b-", "deps-a-"]) == "deps-b-1")
        #expect(try found(["deps-c", "deps-a", "deps-b-"]) == "deps-a")
        #expect(try found(["deps-"]) == "deps-a", "the first key is a prefix, too, and the newest wins")
        #expect(try found(["nothing"]) == "")
    }

    @Test func aBranchSeesItsOwnAndTheDefaultBranchsCaches() throws {
        let main = try house.job(branch: "main")
        let topic = try house.job(branch: "topic")
        let other = try house.job(branch: "other")
        _ = try main.save("deps-main", [1])
        house.pass(seconds: 1)
        _ = try topic.save("deps-topic", [2])
        #expect(try topic.restore(["deps-x", "deps-"]) == [2])
        #expect(try other.restore(["deps-x", "deps-"]) == [1])
        #expect(try main.restore(["deps-topic"]) == nil)
        #expect(try topic.save("deps-main", [3]).status == 200, "another scope is another name")
        #expect(try topic.restore(["deps-main"]) == [3])
    }

    @Test func eachLookUpSaysWhyItEndedAsItDid() throws {
        let main = try house.job(branch: "main")
        let topic = try house.job(branch: "topic")
        _ = try main.save("linux-abc", [1])
        _ = try topic.save("mac-abc", [2])
        _ = try main.lookup(["linux-abc"])
        _ = try main.lookup(["linux-xyz", "linux-"])
        _ = try main.lookup(["linux-abc"], version: "other")
        _ = try main.lookup(["mac-abc"])
        _ = try main.lookup(["linux-abd"])
        _ = try main.lookup(["windows"])
        let outcomes = house.lookups.map(\.outcome)
        guard outcomes.count == 6 else { return #expect(Bool(false), "\(outcomes)") }
        if case .exact(let entry) = outcomes[0] { #expect(entry.key == "linux-abc") } else { Issue.record("no hit") }
        if case .prefix(let entry, 1) = outcomes[1] {
            #expect(entry.key == "linux-abc")
        } else {
            Issue.record("no hit")
        }
        if case .missed(.otherVersion(let entry)) = outcomes[2] {
            #expect(entry.version == "v")
        } else {
            Issue.record("\(outcomes[2])")
        }
        if case .missed(.otherScope(let entry)) = outcomes[3] {
            #expect(entry.scope == "refs/heads/topic")
        } else {
            Issue.record("\(outcomes[3])")
        }
        if case .missed(.noSuchKey(let entry)) = outcomes[4] {
            #expect(entry?.key == "linux-abc")
        } else {
            Issue.record("\(outcomes[4])")
        }
        #expect(outcomes[5] == .missed(.noSuchKey(nearest: nil)))
    }

    @Test func anUploadThatWasCutOffLeavesNothing() throws {
        let job = try house.job()
        let begun = try job.twirp("CreateCacheEntry", ["key": "deps", "version": "v"])
        let address = try #require(begun.json["signed_upload_url"]?.string)
        try job.breakOff(.PUT, address, sending: [UInt8](repeating: 7, count: 1000), of: 100_000)
        let finished = try job.twirp(
            "FinalizeCacheEntryUpload", ["key": "deps", "version": "v", "size_bytes": "100000"])
        #expect(finished.status == 412)
        #expect(try job.restore(["deps"]) == nil)
        #expect(house.files(below: "blobs").isEmpty)
    }

    @Test func aWrongSizeIsRefusedAndNothingIsSeen() throws {
        let job = try house.job()
        let begun = try job.twirp("CreateCacheEntry", ["key": "deps", "version": "v"])
        _ = try job.send(.PUT, try #require(begun.json["signed_upload_url"]?.string), body: [1, 2, 3])
        let finished = try job.twirp("FinalizeCacheEntryUpload", ["key": "deps", "version": "v", "size_bytes": "4"])
        #expect(finished.status == 400)
        #expect(try job.restore(["deps"]) == nil)
        #expect(house.files(below: "blobs").isEmpty)
    }

    @Test func anAnswerThatWasLostCanBeAskedForAgain() throws {
        let job = try house.job()
        let first = try job.save("deps", [1, 2, 3])
        let again = try job.twirp("FinalizeCacheEntryUpload", ["key": "deps", "version": "v", "size_bytes": "3"])
        #expect(again.status == 200 && again.json["entry_id"] == first.json["entry_id"])
    }

    @Test func aJobThatMayOnlyReadIsRefused() throws {
        let refused = try house.job(mayWrite: false).save("deps", [1])
        #expect(refused.status == 403)
    }

    @Test func aCacheWhoseBytesAreGoneIsAsIfItWereNotThere() throws {
        let job = try house.job()
        _ = try job.save("deps", [1, 2, 3])
        for file in house.files(below: "blobs") { try Files.remove("\(house.folder)/blobs/\(file)") }
        #expect(try job.restore(["deps"]) == nil)
        #expect(house.reported.map(\.diagnostic.code) == [.blobUnreadable])
        #expect(try job.save("deps", [4]).status == 200)
    }

    @Test(
        arguments: [
            (["key": "a,b", "version": "v"], 400), (["version": "v"], 400), (["key": "k"], 400),
            (["key": .string(String(repeating: "k", count: 513)), "version": "v"], 400),
        ] as [(DataValue, Int)])
    func badMessagesAreRefused(message: DataValue, status: Int) throws {
        let refused = try house.job().twirp("CreateCacheEntry", message)
        #expect(refused.status == status)
        #expect(refused.json["code"]?.string == "invalid_argument")
        #expect(refused.json["msg"]?.string != nil)
    }
}
