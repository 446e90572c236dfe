// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import NIOCore
import NIOHTTP1
import RuntimeServices
import StructuredData
import Testing
import Timekeeping

/// The store in files, and what is left in it when something ends badly.
@Suite struct StoreTests {
    private let house = ServiceHouse()

    @Test func aServerThatStopsInTheMiddleOfAnUploadLeavesNothing() throws {
        let job = try house.job()
        let begun = try job.twirp("CreateCacheEntry", ["key": "deps", "version": "v"])
        let address = try #require(begun.json["signed_upload_url"]?.string)
        let connection = try job.connect(keepingBody: true)
        let head = HTTPRequestHead(
            version: .http1_1, method: .PUT, uri: "/" + address.dropFirst(job.address.count),
            headers: ["content-length": "100000", "host": "127.0.0.1"])
        connection.channel.write(HTTPClientRequestPart.head(head), promise: nil)
        let part = ByteBuffer(repeating: 7, count: 5000)
        try connection.channel.writeAndFlush(HTTPClientRequestPart.body(.byteBuffer(part))).wait()
        house.server.stop()
        _ = try? connection.response.wait()
        #expect(house.files(below: "uploads").isEmpty)
        #expect(house.files(below: "index/reservations").isEmpty)
        #expect(try house.job().save("deps", [1]).status == 200)
    }

    @Test func uploadsOfDeadProcessesAreSweptAndThoseOfLivingOnesStay() throws {
        // Larger than any process's number.
        let dead = house.folder + "/uploads/zzzzz-1"
        try Trees.make(dead)
        let shelf = FileBlobShelf(folder: house.folder)
        let living = try shelf.beginUpload()
        _ = try house.job()
        #expect(!Files.isDirectory(dead))
        #expect(Files.isDirectory(house.folder + "/uploads/" + living))
    }

    @Test func aReservationEndsWithItsTimeOrItsRelease() throws {
        let index = FileEntryIndex(folder: house.folder + "/index")
        let name = CacheName(key: "k", version: "v", scope: "s")
        let now = Timestamp(milliseconds: 1_000_000)
        #expect(try index.reserve(name, now: now, lifetime: .seconds(10)))
        #expect(try !index.reserve(name, now: now + .seconds(9), lifetime: .seconds(10)))
        #expect(try index.reserve(name, now: now + .seconds(11), lifetime: .seconds(10)))
        index.release(name)
        #expect(try index.reserve(name, now: now + .seconds(12), lifetime: .seconds(10)))
    }

    @Test func aDamagedDescriptionIsSaidWithItsCode() throws {
        let job = try house.job()
        _ = try job.save("deps", [1])
        let file = try #require(house.files(below: "index/caches").first)
        try Files.write(Array("{".utf8), to: "\(house.folder)/index/caches/\(file)")
        let answer = try job.lookup(["deps"])
        #expect(answer.status == 500 && answer.json["msg"]?.string?.hasPrefix("MRT0864") == true)
        #expect(house.reported.map(\.diagnostic.code) == [.entryDamaged])
    }

    @Test func anEntrySaysWhoMadeItAndWhenItWasUsed() throws {
        let access = try house.admit(run: "7", job: "build")
        house.server.note(step: "Save", of: access)
        let job = ServiceClient(address: access.baseAddress, token: access.token)
        _ = try job.save("deps", [1, 2])
        let index = FileEntryIndex(folder: house.folder + "/index")
        let made = try #require(try index.caches(version: "v").first)
        #expect(made.origin == EntryOrigin(run: "7", job: "build", step: "Save") && made.lastUsed == made.created)
        house.pass(seconds: 5)
        _ = try job.lookup(["deps"])
        let used = try #require(try index.caches(version: nil).first)
        #expect(used.lastUsed == made.created + .seconds(5) && used.blob == made.blob)
        #expect(house.lookups.first?.step == "Save")
    }
}
