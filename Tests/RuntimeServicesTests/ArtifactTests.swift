// SPDX-License-Identifier: Apache-2.0

import Crypto
import NIOHTTP1
import RuntimeServices
import StructuredData
import Testing

@Suite struct ArtifactTests {
    private let house = ServiceHouse()

    /// The two names that the toolkit reads out of its token.
    private func names(_ job: ServiceClient) throws -> DataObject {
        let scope = try #require(try Tokens.payload(job.token ?? "")["scp"]?.string)
        let parts = try #require(scope.split(separator: " ").last { $0.hasPrefix("Actions.Results:") })
            .split(separator: ":").map(String.init)
        return ["workflow_run_backend_id": .string(parts[1]), "workflow_job_run_backend_id": .string(parts[2])]
    }

    private func call(_ job: ServiceClient, _ method: String, _ members: DataObject) throws -> ServiceClient.Response {
        var message = try names(job)
        for (key, value) in members { message[key] = value }
        return try job.twirp(method, .object(message))
    }

    /// Uploads as the toolkit does: blocks side by side, then their list.
    @discardableResult
    private func upload(
        _ job: ServiceClient, _ name: String, blocks: [[UInt8]], size: Int? = nil, hash: String? = nil
    ) throws -> ServiceClient.Response {
        let begun = try call(
            job, "CreateArtifact", ["name": .string(name), "version": 7, "mime_type": "application/zip"])
        guard let address = begun.json["signed_upload_url"]?.string else { return begun }
        let ids = blocks.indices.map { Blocks.id($0) }
        for (id, block) in zip(ids, blocks).reversed() { _ = try Blocks.put(job, address, id, block) }
        let listed = try Blocks.list(job, address, ids)
        guard listed.status == 201 else { return listed }
        let whole = blocks.flatMap { $0 }
        let digest = SHA256.hash(data: whole).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return try call(
            job, "FinalizeArtifact",
            [
                "name": .string(name), "size": .string(String(size ?? whole.count)),
                "hash": .string(hash ?? "sha256:" + digest),
            ])
    }

    @Test func anArtifactIsUploadedInBlocksFoundAndDownloaded() throws {
        let job = try house.job()
        let made = try upload(job, "site", blocks: [[1, 2, 3], [4, 5]])
        #expect(made.json["ok"]?.bool == true)
        let list = try call(job, "ListArtifacts", ["name_filter": "site"]).json["artifacts"]?.array ?? []
        #expect(list.count == 1)
        #expect(list.first?["size"]?.string == "5" && list.first?["database_id"] == made.json["artifact_id"])
        #expect(list.first?["digest"]?.string?.hasPrefix("sha256:") == true)
        let byID = try call(job, "ListArtifacts", ["id_filter": made.json["artifact_id"] ?? .null])
        #expect(byID.json["artifacts"]?.array?.count == 1)
        let signed = try call(job, "GetSignedArtifactURL", ["name": "site"])
        let address = try #require(signed.json["signed_url"]?.string)
        let download = try ServiceClient(address: job.address).send(.GET, address)
        #expect(download.body == [1, 2, 3, 4, 5])
        #expect(download.headers.first(name: "content-type") == "application/zip")
    }

    @Test func anotherJobOfTheRunSeesItAndAnotherRunDoesNot() throws {
        try upload(try house.job(run: "1", job: "build"), "site", blocks: [[1]])
        let same = try house.job(run: "1", job: "test")
        #expect(try call(same, "ListArtifacts", [:]).json["artifacts"]?.array?.count == 1)
        let other = try house.job(run: "2", job: "build")
        #expect(try call(other, "ListArtifacts", [:]).json["artifacts"]?.array?.isEmpty == true)
        #expect(try call(other, "GetSignedArtifactURL", ["name": "site"]).status == 404)
        var stolen = try names(same)
        stolen["name"] = "site"
        #expect(try other.twirp("GetSignedArtifactURL", .object(stolen)).status == 403)
    }

    @Test func aNameIsTakenOnceAndFreeAfterItsRemoval() throws {
        let job = try house.job()
        let first = try upload(job, "site", blocks: [[1]])
        let second = try upload(job, "site", blocks: [[2]])
        #expect(second.status == 409)
        #expect(second.json["msg"]?.string?.contains("already exists on the workflow run") == true)
        let removed = try call(job, "DeleteArtifact", ["name": "site"])
        #expect(removed.json["artifact_id"] == first.json["artifact_id"])
        #expect(house.files(below: "blobs").isEmpty)
        #expect(try upload(job, "site", blocks: [[2]]).status == 200)
    }

    @Test func whatArrivesChangedIsRefused() throws {
        let job = try house.job()
        #expect(try upload(job, "site", blocks: [[1]], size: 2).status == 400)
        #expect(try upload(job, "site", blocks: [[1]], hash: "sha256:00").status == 400)
        #expect(try call(job, "ListArtifacts", [:]).json["artifacts"]?.array?.isEmpty == true)
    }

    @Test func anArtifactThatWasNotUploadedIsNotFinished() throws {
        let job = try house.job()
        _ = try call(job, "CreateArtifact", ["name": "site", "version": 7])
        #expect(try call(job, "FinalizeArtifact", ["name": "site", "size": "1"]).status == 412)
        #expect(try call(job, "FinalizeArtifact", ["name": "other", "size": "1"]).status == 404)
    }

    @Test func anArtifactGoesWhenItsTimeIsOver() throws {
        let job = try house.job()
        try upload(job, "site", blocks: [[1]])
        house.pass(seconds: 89 * 86_400)
        let later = try house.job()
        #expect(try call(later, "ListArtifacts", [:]).json["artifacts"]?.array?.count == 1)
        house.pass(seconds: 2 * 86_400)
        #expect(try call(try house.job(), "ListArtifacts", [:]).json["artifacts"]?.array?.isEmpty == true)
    }

    @Test(arguments: ["a/b", "a:b", "", "a\nb", "a\"b"]) func badNamesAreRefused(name: String) throws {
        #expect(try call(try house.job(), "CreateArtifact", ["name": .string(name)]).status == 400)
    }
}

/// Azure's way of sending a blob in blocks.
enum Blocks {
    static func id(_ number: Int) -> String { "AAAA000000000000000" + String(number) + "==" }

    static func put(
        _ job: ServiceClient, _ address: String, _ id: String, _ bytes: [UInt8]
    ) throws -> ServiceClient.Response {
        try ServiceClient(address: job.address).send(
            .PUT, address + "&comp=block&blockid=" + id.replacing("=", with: "%3D"), body: bytes)
    }

    static func list(_ job: ServiceClient, _ address: String, _ ids: [String]) throws -> ServiceClient.Response {
        let latest = ids.map { "<Latest>\($0)</Latest>" }.joined()
        return try text(
            job, address,
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><BlockList>\(latest)</BlockList>")
    }

    static func text(_ job: ServiceClient, _ address: String, _ text: String) throws -> ServiceClient.Response {
        try ServiceClient(address: job.address).send(.PUT, address + "&comp=blocklist", body: Array(text.utf8))
    }
}
