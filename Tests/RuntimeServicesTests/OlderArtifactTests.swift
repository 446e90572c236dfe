// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1
import RuntimeServices
import StructuredData
import Testing

/// Artifacts of the third version: files in a container.
@Suite struct OlderArtifactTests {
    private let house = ServiceHouse()
    private let artifacts = "/_apis/pipelines/workflows/1/artifacts?api-version=6.0-preview"

    private func put(
        _ job: ServiceClient, _ item: String, _ bytes: [UInt8], at start: Int = 0, of total: Int? = nil,
        headers: HTTPHeaders = [:]
    ) throws -> Int {
        var headers = headers
        let range = "bytes \(start)-\(start + bytes.count - 1)/\(total ?? bytes.count)"
        headers.add(name: "content-range", value: range)
        return try job.send(
            .PUT, "/_apis/resources/Containers/1?itemPath=" + item, headers: headers, body: bytes
        ).status
    }

    private func begin(_ job: ServiceClient, _ name: String) throws -> ServiceClient.Response {
        try job.post(artifacts, ["Type": "actions_storage", "Name": .string(name)])
    }

    private func finish(_ job: ServiceClient, _ name: String) throws -> ServiceClient.Response {
        try job.send(.PATCH, artifacts + "&artifactName=" + name, body: Array("{\"Size\":1}".utf8))
    }

    private func items(_ job: ServiceClient, _ name: String) throws -> [DataValue] {
        try job.send(.GET, "/_apis/resources/Containers/1?itemPath=" + name).json["value"]?.array ?? []
    }

    @Test func filesAreUploadedListedAndDownloaded() throws {
        let job = try house.job()
        let begun = try begin(job, "logs")
        #expect(begun.status == 201)
        #expect(begun.json["fileContainerResourceUrl"]?.string?.hasPrefix(job.address) == true)
        #expect(try put(job, "logs%2Fa.txt", [1, 2, 3]) == 201)
        #expect(try put(job, "logs%2Fdeep%2Fb.txt", [4, 5], at: 0, of: 4) == 201)
        #expect(try put(job, "logs%2Fdeep%2Fb.txt", [6, 7], at: 2, of: 4) == 201)
        #expect(try put(job, "logs%2Fempty", []) == 201)
        #expect(try items(job, "logs").isEmpty, "nothing is seen before the artifact is finished")
        #expect(try finish(job, "logs").status == 200)
        let list = try job.send(.GET, artifacts).json
        #expect(list["count"]?.int == 1 && list["value"]?.array?.first?["name"]?.string == "logs")
        let found = try items(job, "logs")
        let files = found.filter { $0["itemType"]?.string == "file" }
        #expect(files.compactMap { $0["path"]?.string } == ["logs/a.txt", "logs/deep/b.txt", "logs/empty"])
        #expect(
            found.filter { $0["itemType"]?.string == "folder" }.compactMap { $0["path"]?.string }
                == ["logs", "logs/deep"])
        let address = try #require(files[1]["contentLocation"]?.string)
        #expect(try job.send(.GET, address).body == [4, 5, 6, 7])
        #expect(try ServiceClient(address: job.address).send(.GET, address).status == 401)
    }

    @Test func whatCameCompressedGoesCompressed() throws {
        let job = try house.job()
        _ = try begin(job, "logs")
        _ = try put(
            job, "logs%2Fa", [9, 9], headers: ["content-encoding": "gzip", "x-tfs-filelength": "100"])
        _ = try finish(job, "logs")
        let file = try #require(try items(job, "logs").last)
        #expect(file["fileLength"]?.int == 100)
        let download = try job.send(.GET, try #require(file["contentLocation"]?.string))
        #expect(download.headers.first(name: "content-encoding") == "gzip" && download.body == [9, 9])
    }

    @Test func twoJobsAddToOneArtifact() throws {
        for (name, byte) in [("a", UInt8(1)), ("b", 2)] {
            let job = try house.job(job: name)
            _ = try begin(job, "logs")
            _ = try put(job, "logs%2F\(name)", [byte])
            _ = try put(job, "logs%2Fboth", [byte])
            _ = try finish(job, "logs")
        }
        let job = try house.job(job: "c")
        let files = try items(job, "logs").filter { $0["itemType"]?.string == "file" }
        #expect(files.compactMap { $0["path"]?.string } == ["logs/a", "logs/b", "logs/both"])
        #expect(try job.send(.GET, try #require(files[2]["contentLocation"]?.string)).body == [2])
    }

    @Test func badRequestsAreRefused() throws {
        let job = try house.job()
        #expect(try put(job, "logs%2Fa", [1]) == 404, "not begun")
        _ = try begin(job, "logs")
        #expect(try put(job, "logs", [1]) == 400)
        #expect(try put(job, "logs%2F..%2Fa", [1]) == 400)
        #expect(try job.send(.PUT, "/_apis/resources/Containers/1?itemPath=logs%2Fa", body: [1]).status == 400)
        let huge: HTTPHeaders = ["content-encoding": "gzip", "x-tfs-filelength": "18446744073709551615"]
        #expect(try put(job, "logs%2Fa", [1], headers: huge) == 413)
        #expect(try begin(job, "a/b").status == 400)
        #expect(try finish(job, "other").status == 404)
    }
}
