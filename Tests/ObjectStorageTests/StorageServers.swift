// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPCalling
import ObjectStorage
import Synchronization
import TestFolders
import TestPrograms
import Testing

extension StoreKind {
    static let buckets: [StoreKind] = [.moto, .seaweed]
}

extension TestKey {
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
