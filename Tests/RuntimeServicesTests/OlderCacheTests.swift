// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1
import RuntimeServices
import StructuredData
import Testing

/// The first version of the cache's protocol: what older releases of actions speak.
@Suite struct OlderCacheTests {
    private let house = ServiceHouse()

    private func chunk(_ job: ServiceClient, _ id: Int, at start: Int, _ bytes: [UInt8]) throws -> Int {
        try job.send(
            .PATCH, "/_apis/artifactcache/caches/\(id)",
            headers: ["content-range": "bytes \(start)-\(start + bytes.count - 1)/*"], body: bytes
        ).status
    }

    private func reserve(_ job: ServiceClient, _ key: String) throws -> ServiceClient.Response {
        try job.post("/_apis/artifactcache/caches", ["key": .string(key), "version": "v", "cacheSize": 6])
    }

    @Test func whatWasSavedInChunksIsRestored() throws {
        let job = try house.job()
        let reserved = try reserve(job, "deps")
        #expect(reserved.status == 201)
        let id = try #require(reserved.json["cacheId"]?.int)
        #expect(try chunk(job, id, at: 3, [4, 5, 6]) == 204)
        #expect(try chunk(job, id, at: 0, [1, 2, 3]) == 204)
        #expect(try job.post("/_apis/artifactcache/caches/\(id)", ["size": 6]).status == 204)
        let found = try job.send(.GET, "/_apis/artifactcache/cache?keys=other%2Cdep&version=v")
        #expect(found.status == 200)
        #expect(found.json["cacheKey"]?.string == "deps" && found.json["scope"]?.string == "refs/heads/main")
        let address = try #require(found.json["archiveLocation"]?.string)
        // The toolkit fetches it without its token.
        #expect(try ServiceClient(address: job.address).send(.GET, address).body == [1, 2, 3, 4, 5, 6])
    }

    @Test func aMissHasNoContent() throws {
        #expect(try house.job().send(.GET, "/_apis/artifactcache/cache?keys=a&version=v").status == 204)
    }

    @Test func aGapIsRefused() throws {
        let job = try house.job()
        let id = try #require(try reserve(job, "deps").json["cacheId"]?.int)
        _ = try chunk(job, id, at: 0, [1, 2, 3])
        _ = try chunk(job, id, at: 4, [5, 6])
        #expect(try job.post("/_apis/artifactcache/caches/\(id)", ["size": 6]).status == 400)
        #expect(try chunk(job, id, at: 3, [4]) == 204)
        #expect(try job.post("/_apis/artifactcache/caches/\(id)", ["size": 6]).status == 204)
    }

    @Test func aChunkOfAnotherLengthThanItSaysIsRefused() throws {
        let job = try house.job()
        let id = try #require(try reserve(job, "deps").json["cacheId"]?.int)
        let wrong = try job.send(
            .PATCH, "/_apis/artifactcache/caches/\(id)", headers: ["content-range": "bytes 0-9/*"], body: [1, 2])
        #expect(wrong.status == 400)
        for range in [
            "bytes 0-18446744073709551615/*", "bytes 5-1/*", "bytes -", "0-1/2", "bytes 0-1/x", "bytes a-b/*",
        ] {
            let bad = try job.send(
                .PATCH, "/_apis/artifactcache/caches/\(id)", headers: ["content-range": range], body: [1, 2])
            #expect(bad.status == 400, "\(range)")
        }
    }

    @Test func aSecondSaveIsAConflict() throws {
        let job = try house.job()
        _ = try job.save("deps", [1])
        let refused = try reserve(job, "deps")
        #expect(refused.status == 409)
        #expect(refused.json["typeKey"]?.string == "ArtifactCacheItemAlreadyExistsException")
    }

    @Test func aCacheThatWouldBeTooLargeIsRefusedBeforeItIsSent() throws {
        let house = ServiceHouse { $0.limits.entryBytes = 5 }
        #expect(try reserve(try house.job(), "deps").status == 400)
    }

    @Test func anotherJobsUploadIsNotThere() throws {
        let id = try #require(try reserve(try house.job(job: "a"), "deps").json["cacheId"]?.int)
        #expect(try chunk(try house.job(job: "b"), id, at: 0, [1]) == 404)
    }

    @Test func cachesAreListedByPrefix() throws {
        let job = try house.job()
        for key in ["deps-1", "deps-2", "other"] { _ = try job.save(key, [1]) }
        let list = try job.send(.GET, "/_apis/artifactcache/caches?key=deps").json
        #expect(list["totalCount"]?.int == 2)
    }
}
