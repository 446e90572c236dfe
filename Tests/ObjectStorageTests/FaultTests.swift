// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import HTTPCalling
import HTTPMessages
import HTTPServing
import ObjectStorage
import StructuredData
import Synchronization
import TestFolders
import TestPrograms
import Testing
import Timekeeping

/// Where a test's own server breaks an answer off.
struct Broken: Error {}

/// A service that answers as a test says.
private final class FaultyService: Sendable {
    struct Asked: Sendable {
        var line: String
        var headers: HTTPHeaders
        var bodyBytes: Int
    }

    private let listener: HTTPListener
    private let task: Task<Void, Never>
    let pauses = Mutex<[Int]>([])
    let port: Int

    /// - Parameter answer: to the nth request, from 0.
    init(_ answer: @escaping @Sendable (Int, Asked) -> OutboundAnswer) async throws {
        let log = SharedLog()
        listener = HTTPListener(.init(host: "127.0.0.1", port: 0)) { inbound in
            let isPut = ["PUT", "POST"].contains(inbound.method)
            let body = isPut ? (try? await inbound.body(limit: 64 << 20)) ?? [] : []
            let query = inbound.query.isEmpty ? "" : "?\(inbound.query)"
            let asked = Asked(
                line: "\(inbound.method) \(inbound.path)\(query)", headers: inbound.headers, bodyBytes: body.count)
            return answer(log.add(asked), asked)
        }
        let (ports, port) = AsyncStream<Int>.makeStream()
        let listener = listener
        task = Task { try? await listener.run { port.yield($0) } }
        var iterator = ports.makeAsyncIterator()
        self.port = try #require(await iterator.next())
        self.log = log
    }

    private let log: SharedLog
    var requests: [Asked] { log.all }

    private final class SharedLog: Sendable {
        private let entries = Mutex<[Asked]>([])
        func add(_ asked: Asked) -> Int {
            entries.withLock { entries in
                entries.append(asked)
                return entries.count - 1
            }
        }
        var all: [Asked] { entries.withLock { $0 } }
    }

    func store(
        idleMs: Int64 = 5_000, pausing: @escaping @Sendable () async -> Void = {}
    ) throws -> BucketStore {
        guard case .bucket(let address) = try StorageAddress("s3://bucket?endpoint=http://127.0.0.1:\(port)") else {
            throw Broken()
        }
        let client = try WebClient(idleMs: idleMs)
        var surroundings = BucketSurroundings(
            environment: TestKey.environment, transport: client.transport, exchange: client.exchanging)
        surroundings.pause = { milliseconds in
            self.pauses.withLock { $0.append(milliseconds) }
            await pausing()
        }
        return try BucketStore(address, surroundings)
    }

    func stop() async {
        await listener.stop()
        await task.value
    }

    static func error(_ status: Int, _ code: String, _ more: String = "") -> OutboundAnswer {
        let text = "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>words of it</Message>\(more)</Error>"
        return OutboundAnswer(status: status, content: .bytes(Array(text.utf8)))
    }
}

@Suite("A store that fails is told of in words, and asked again where that helps", .ownFolders)
struct FaultTests {
    private static func key() throws -> ObjectKey { try ObjectKey("a/b") }

    private func failure(
        _ answer: @escaping @Sendable (Int) -> OutboundAnswer
    ) async throws -> (DiagnosticError?, requests: Int, pauses: [Int]) {
        let service = try await FaultyService { count, _ in answer(count) }
        let error = await #expect(throws: DiagnosticError.self) {
            try await service.store().put([1, 2, 3], at: try Self.key())
        }
        await service.stop()
        return (error, service.requests.count, service.pauses.withLock { $0 })
    }

    @Test("A busy store is asked five times, with pauses that may grow")
    func busy() async throws {
        for (status, code) in [(503, "SlowDown"), (500, "InternalError"), (429, "TooManyRequests"), (502, "")] {
            let (error, requests, pauses) = try await failure { _ in FaultyService.error(status, code) }
            #expect(error?.diagnostic.code == .storageUnavailable)
            #expect(requests == 5)
            #expect(pauses.count == 4 && zip(pauses, 1...).allSatisfy { $0 >= 1 && $0 <= 200 << $1 })
        }
    }

    @Test("What passes is not told")
    func passing() async throws {
        let service = try await FaultyService { count, _ in
            count < 3 ? FaultyService.error(503, "SlowDown") : OutboundAnswer(status: 200, content: .bytes([]))
        }
        try await service.store().put([1, 2, 3], at: try Self.key())
        #expect(service.requests.map(\.bodyBytes) == [3, 3, 3, 3])
        await service.stop()
    }

    @Test("Each refusal has its code, and is not tried again")
    func refusals() async throws {
        let cases: [(Int, String, String, DiagnosticCode)] = [
            (403, "AccessDenied", "", .storageAccessRefused), (403, "SignatureDoesNotMatch", "", .storageAccessRefused),
            (404, "NoSuchBucket", "", .storageBucketMissing), (507, "InsufficientStorage", "", .storageFull),
            (403, "QuotaExceeded", "", .storageFull), (403, "RequestTimeTooSkewed", "", .storageClock),
            (301, "PermanentRedirect", "<Region>eu-west-3</Region>", .storageRegionWrong),
            (400, "AuthorizationHeaderMalformed", "<Region>eu-west-3</Region>", .storageRegionWrong),
            (307, "TemporaryRedirect", "", .storageRegionWrong), (400, "BadDigest", "", .objectDamaged),
            (400, "SomethingElse", "", .storageRefused), (400, "EntityTooLarge", "", .objectLimit),
        ]
        for (status, code, more, expected) in cases {
            let (error, requests, _) = try await failure { _ in FaultyService.error(status, code, more) }
            #expect(error?.diagnostic.code == expected, "\(code): \(String(describing: error))")
            #expect(requests == 1, "\(code)")
            if more.contains("eu-west-3") { #expect(error?.diagnostic.remedy?.contains("region=eu-west-3") == true) }
        }
    }

    @Test("Nobody there is told after five times")
    func nobody() async throws {
        let service = try await FaultyService { _, _ in OutboundAnswer(status: 200, content: .bytes([])) }
        await service.stop()
        let error = await #expect(throws: DiagnosticError.self) {
            try await service.store().put([1], at: try Self.key())
        }
        #expect(error?.diagnostic.code == .storageUnavailable)
        #expect(service.pauses.withLock { $0.count } == 4)
    }

    @Test("A listing that is no XML, has entities, or never ends is refused")
    func listings() async throws {
        let bomb = """
            <?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
            <ListBucketResult><Name>&b;</Name></ListBucketResult>
            """
        let deep = String(repeating: "<a>", count: 100)
        let large = "<ListBucketResult>" + String(repeating: "<x></x>", count: 2 << 20) + "</ListBucketResult>"
        for text in [
            "<html>hello", "", bomb, deep, large, "<Other/>", "<ListBucketResult><Contents/></ListBucketResult>",
        ] {
            let service = try await FaultyService { _, _ in
                OutboundAnswer(status: 200, content: .bytes(Array(text.utf8)))
            }
            let error = await #expect(throws: DiagnosticError.self) {
                try await service.store().list(prefix: "", after: nil, limit: 10)
            }
            #expect(error?.diagnostic.code == .storageAnswerUnreadable)
            await service.stop()
        }
    }

    @Test("Bytes that are not those that were put do not pass for them")
    func damage() async throws {
        let service = try await FaultyService { _, _ in
            OutboundAnswer(
                status: 200, headers: [("x-amz-checksum-sha256", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=")],
                content: .bytes(Array("hellO".utf8)))
        }
        let error = await #expect(throws: DiagnosticError.self) {
            try await service.store().get(try Self.key(), limit: 100)
        }
        #expect(error?.diagnostic.code == .objectDamaged)
        await service.stop()
    }

    @Test("An answer that breaks off, or says nothing any more, ends with an error")
    func broken() async throws {
        for breaks in [true, false] {
            let service = try await FaultyService { _, _ in
                OutboundAnswer(
                    status: 200, headers: [("Content-Length", "100")],
                    content: .stream { writer in
                        try await writer.write(Array("begun".utf8))
                        if breaks { throw Broken() }
                        let (never, _) = AsyncStream<Void>.makeStream()
                        for await _ in never {}
                    })
            }
            let error = await #expect(throws: DiagnosticError.self) {
                try await service.store(idleMs: 50).get(try Self.key(), limit: 100)
            }
            #expect(error?.diagnostic.code == .storageUnavailable)
            await service.stop()
        }
    }

    /// A service of multipart uploads whose second part never comes through.
    @Test("What is in parts, and fails, is aborted")
    func aborted() async throws {
        let service = try await FaultyService { _, asked in
            switch asked.line.prefix(4) {
            case "POST":
                let text = "<InitiateMultipartUploadResult><UploadId>up</UploadId></InitiateMultipartUploadResult>"
                return OutboundAnswer(status: 200, content: .bytes(Array(text.utf8)))
            case "PUT " where asked.line.contains("partNumber=2"): return FaultyService.error(403, "AccessDenied")
            case "PUT ": return OutboundAnswer(status: 200, headers: [("ETag", "\"t\"")], content: .bytes([]))
            default: return OutboundAnswer(status: 204, content: .bytes([]))
            }
        }
        let file = OwnFolders.path()
        try Files.write([UInt8](repeating: 1, count: 40 << 20), to: file)
        let error = await #expect(throws: DiagnosticError.self) {
            try await service.store().putFile(file, at: try Self.key())
        }
        #expect(error?.diagnostic.code == .storageAccessRefused)
        #expect(service.requests.contains { $0.line == "DELETE /bucket/a/b?uploadId=up" })
        #expect(!service.requests.contains { $0.line.hasPrefix("POST /bucket/a/b?uploadId") })
        await service.stop()
    }

    @Test("Who is cancelled in the midst of an upload leaves nothing of it")
    func cancelled() async throws {
        let service = try await FaultyService { _, asked in
            switch asked.line.prefix(4) {
            case "POST":
                let text = "<InitiateMultipartUploadResult><UploadId>up</UploadId></InitiateMultipartUploadResult>"
                return OutboundAnswer(status: 200, content: .bytes(Array(text.utf8)))
            case "PUT " where asked.line.contains("partNumber=2"): return FaultyService.error(503, "SlowDown")
            case "PUT ": return OutboundAnswer(status: 200, headers: [("ETag", "\"t\"")], content: .bytes([]))
            default: return OutboundAnswer(status: 204, content: .bytes([]))
            }
        }
        let file = OwnFolders.path()
        try Files.write([UInt8](repeating: 1, count: 40 << 20), to: file)
        let (pauses, begin) = AsyncStream<Void>.makeStream()
        let store = try service.store(pausing: {
            begin.yield()
            let (never, _) = AsyncStream<Void>.makeStream()
            for await _ in never {}
        })
        let key = try Self.key()
        let upload = Task { try await store.putFile(file, at: key) }
        var paused = pauses.makeAsyncIterator()
        await paused.next()
        upload.cancel()
        await #expect(throws: DiagnosticError.self) { try await upload.value }
        #expect(service.requests.contains { $0.line == "DELETE /bucket/a/b?uploadId=up" })
        #expect(!service.requests.contains { $0.line.hasPrefix("POST /bucket/a/b?uploadId") })
        await service.stop()
    }

    @Test("A completion whose answer was lost is not a failure")
    func completedTwice() async throws {
        let size = 40 << 20
        let service = try await FaultyService { _, asked in
            switch asked.line {
            case "POST /bucket/a/b?uploads=":
                let text = "<InitiateMultipartUploadResult><UploadId>up</UploadId></InitiateMultipartUploadResult>"
                return OutboundAnswer(status: 200, content: .bytes(Array(text.utf8)))
            case "POST /bucket/a/b?uploadId=up": return FaultyService.error(404, "NoSuchUpload")
            case "HEAD /bucket/a/b":
                return OutboundAnswer(
                    status: 200,
                    headers: [("Last-Modified", "Fri, 27 Nov 2026 11:02:27 GMT")],
                    content: .bytes([UInt8](repeating: 1, count: size)))
            default: return OutboundAnswer(status: 200, headers: [("ETag", "\"t\"")], content: .bytes([]))
            }
        }
        let file = OwnFolders.path()
        try Files.write([UInt8](repeating: 1, count: size), to: file)
        try await service.store().putFile(file, at: try Self.key())
        #expect(service.requests.filter { $0.line.hasPrefix("PUT") }.map(\.bodyBytes).reduce(0, +) == size)
        await service.stop()
    }

    @Test("A completion that says of itself that it failed did")
    func failedCompletion() async throws {
        let service = try await FaultyService { _, asked in
            switch asked.line {
            case "POST /bucket/a/b?uploads=":
                let text = "<InitiateMultipartUploadResult><UploadId>up</UploadId></InitiateMultipartUploadResult>"
                return OutboundAnswer(status: 200, content: .bytes(Array(text.utf8)))
            case "POST /bucket/a/b?uploadId=up": return FaultyService.error(200, "InternalError")
            default: return OutboundAnswer(status: 200, headers: [("ETag", "\"t\"")], content: .bytes([]))
            }
        }
        let file = OwnFolders.path()
        try Files.write([UInt8](repeating: 1, count: 20 << 20), to: file)
        let error = await #expect(throws: DiagnosticError.self) {
            try await service.store().putFile(file, at: try Self.key())
        }
        #expect(error?.diagnostic.code == .storageUnavailable)
        await service.stop()
    }

    @Test("A full disk below a folder is told")
    func fullFolder() async throws {
        let store = FolderStore(root: "/proc/martlet-blobs")
        let error = await #expect(throws: DiagnosticError.self) { try await store.put([1], at: try Self.key()) }
        #expect(error?.diagnostic.code == .directoryNotMade)
        let full = FolderStore(root: try OwnFolders.make())
        try Trees.make(full.root + "/objects/a")
        try Trees.makeLink(full.root + "/drafts", to: "/dev/full")
        let file = OwnFolders.path()
        try Files.write([1], to: file)
        await #expect(throws: DiagnosticError.self) { try await full.putFile(file, at: try Self.key()) }
        #expect(try await full.list(prefix: "", after: nil, limit: 10).objects.isEmpty)
    }
}
