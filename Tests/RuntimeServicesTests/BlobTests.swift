// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1
import RuntimeServices
import StructuredData
import Testing

/// Signed addresses and what is done at them.
@Suite struct BlobTests {
    private let house = ServiceHouse()
    private let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }

    private func begin(_ job: ServiceClient, _ key: String = "deps") throws -> String {
        try #require(
            try job.twirp("CreateCacheEntry", ["key": .string(key), "version": "v"]).json["signed_upload_url"]?.string)
    }

    private func saved(_ job: ServiceClient) throws -> String {
        _ = try job.save("deps", bytes)
        return try #require(try job.lookup(["deps"]).json["signed_download_url"]?.string)
    }

    @Test func aRangeIsAPartAndHeadIsWithoutABody() throws {
        let job = try house.job()
        let address = try saved(job)
        let part = try job.send(.GET, address, headers: ["range": "bytes=10-19"])
        #expect(part.status == 206 && part.body == Array(bytes[10..<20]))
        #expect(part.headers.first(name: "content-range") == "bytes 10-19/1000")
        #expect(try job.send(.GET, address, headers: ["x-ms-range": "bytes=990-"]).body == Array(bytes[990...]))
        #expect(try job.send(.GET, address, headers: ["range": "bytes=-5"]).body == Array(bytes[995...]))
        #expect(try job.send(.GET, address, headers: ["range": "bytes=990-2000"]).body.count == 10)
        let head = try job.send(.HEAD, address)
        #expect(head.status == 200 && head.body.isEmpty && head.headers.first(name: "content-length") == "1000")
    }

    @Test(arguments: ["bytes=1000-", "bytes=20-10", "bytes=-0", "lines=1-2", "bytes=1", "bytes=a-b"])
    func aRangeOutsideIsRefused(range: String) throws {
        let job = try house.job()
        #expect(try job.send(.GET, try saved(job), headers: ["range": range]).status == 416)
    }

    @Test func anAddressExpires() throws {
        let job = try house.job()
        let down = try saved(job)
        let up = try begin(job, "other")
        house.pass(seconds: 3601)
        #expect(try job.send(.GET, down).status == 403)
        #expect(try job.send(.PUT, up, body: [1]).status == 403)
    }

    @Test func anAddressIsGoodForOneBlobAndOneUse() throws {
        let job = try house.job()
        let down = try saved(job)
        let up = try begin(job, "other")
        let query = down.drop { $0 != "?" }
        #expect(try job.send(.PUT, down, body: [1]).status == 404)
        #expect(try job.send(.GET, up).status == 404)
        let upPath = String(up.prefix { $0 != "?" })
        #expect(try job.send(.PUT, upPath + query, body: [1]).status == 403, "another blob's signature")
        #expect(try job.send(.GET, down.replacing("se=", with: "se=9")).status == 403, "a longer life")
        #expect(try job.send(.GET, String(down.dropLast(4)) + "AAAA").status == 403)
        #expect(try job.send(.GET, String(down.prefix { $0 != "?" })).status == 403)
    }

    @Test func blocksAreJoinedInTheOrderOfTheirList() throws {
        let job = try house.job()
        let address = try begin(job)
        #expect(try Blocks.put(job, address, Blocks.id(1), [3, 4]).status == 201)
        #expect(try Blocks.put(job, address, Blocks.id(0), [9]).status == 201)
        #expect(try Blocks.put(job, address, Blocks.id(0), [1, 2]).status == 201, "a block may be sent again")
        #expect(try Blocks.list(job, address, [Blocks.id(0), Blocks.id(1)]).status == 201)
        _ = try job.twirp("FinalizeCacheEntryUpload", ["key": "deps", "version": "v", "size_bytes": "4"])
        #expect(try job.restore(["deps"]) == [1, 2, 3, 4])
    }

    @Test func aWrongListIsRefusedAndTheRightOneStillWorks() throws {
        let job = try house.job()
        let address = try begin(job)
        _ = try Blocks.put(job, address, Blocks.id(0), [1])
        let missing = try Blocks.list(job, address, [Blocks.id(0), Blocks.id(7)])
        #expect(missing.status == 400)
        #expect(missing.headers.first(name: "x-ms-error-code") != nil)
        for text in ["", "<BlockList><Latest>", "<BlockList><Latest>a</Uncommitted></BlockList>", "<Other/>", "{}"] {
            #expect(try Blocks.text(job, address, text).status == 400, "\(text)")
        }
        #expect(try Blocks.list(job, address, [Blocks.id(0)]).status == 201)
    }

    @Test func aBlockThatWasCutOffIsNotThere() throws {
        let job = try house.job()
        let address = try begin(job)
        try ServiceClient(address: job.address).breakOff(
            .PUT, address + "&comp=block&blockid=AAAA", sending: [1, 2, 3], of: 1000)
        #expect(try Blocks.list(job, address, ["AAAA"]).status == 400)
    }

    @Test func moreThanTheLimitsIsRefused() throws {
        let house = ServiceHouse {
            $0.limits.entryBytes = 100
            $0.limits.blockCount = 2
            $0.limits.messageBytes = 1000
            $0.limits.openUploadCount = 3
        }
        let job = try house.job()
        let large = try begin(job, "large")
        #expect(try job.send(.PUT, large, body: [UInt8](repeating: 1, count: 101)).status == 413)
        let parts = try begin(job, "parts")
        #expect(try Blocks.put(job, parts, Blocks.id(0), [UInt8](repeating: 1, count: 60)).status == 201)
        #expect(try Blocks.put(job, parts, Blocks.id(1), [UInt8](repeating: 1, count: 60)).status == 413)
        let many = try begin(job, "many")
        for number in 0..<2 { #expect(try Blocks.put(job, many, Blocks.id(number), [1]).status == 201) }
        #expect(try Blocks.put(job, many, Blocks.id(2), [1]).status == 413)
        #expect(try job.twirp("CreateCacheEntry", ["key": "one too many", "version": "v"]).status == 503)
        let long = DataValue.string(String(repeating: "x", count: 1000))
        #expect(try job.twirp("GetCacheEntryDownloadURL", ["key": long]).status == 413)
    }

    @Test func longHeadersAreTurnedAway() throws {
        let house = ServiceHouse { $0.limits.headerBytes = 2000 }
        let long = HTTPHeaders([("x-long", String(repeating: "x", count: 2000))])
        let path = "/_apis/artifactcache/cache?keys=a&version=v"
        #expect(try house.job().send(.GET, path, headers: long).status == 431)
    }

    @Test func tooManyConnectionsAreTurnedAway() throws {
        let house = ServiceHouse { $0.limits.connectionCount = 2 }
        let job = try house.job()
        let held = try (0..<2).map { _ in try job.connect(keepingBody: true) }
        #expect(throws: (any Error).self) { try job.send(.GET, "/.well-known/openid-configuration") }
        for connection in held { try connection.channel.close().wait() }
    }

    @Test func manyMegabytesPassUnchanged() throws {
        let job = try house.job()
        let address = try begin(job)
        let megabyte = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        #expect(try job.send(.PUT, address, body: megabyte, repeating: 12).status == 201)
        _ = try job.twirp(
            "FinalizeCacheEntryUpload", ["key": "deps", "version": "v", "size_bytes": .string(String(12 << 20))])
        let whole = try #require(try job.restore(["deps"]))
        #expect(whole.count == 12 << 20)
        #expect((0..<12).allSatisfy { whole[($0 << 20)..<(($0 + 1) << 20)].elementsEqual(megabyte) })
    }
}
