// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import Foundation
import NIOHTTP1
import RuntimeServices
import StructuredData
import Synchronization
import Timekeeping

/// A server over a folder of its own, with a clock that the test moves.
final class ServiceHouse: Sendable {
    let folder: String
    let server: RuntimeServer
    private let notes = Notes()

    init(folder: String? = nil, _ adjust: (inout RuntimeServerOptions) -> Void = { _ in }) {
        let folder = folder ?? NSTemporaryDirectory() + "martlet-services-" + UUID().uuidString
        self.folder = folder
        var options = RuntimeServerOptions(folder: folder)
        // Not the house itself: its last owner must not be a thread of the server that it stops.
        options.now = { [notes] in notes.clock.withLock { $0 } }
        options.observeLookup = { [notes] lookup in notes.lookups.withLock { $0.append(lookup) } }
        options.report = { [notes] trouble in notes.troubles.withLock { $0.append(trouble) } }
        adjust(&options)
        server = RuntimeServer(options: options)
    }

    deinit {
        server.stop()
        try? Trees.remove(folder)
    }

    var now: Timestamp { notes.clock.withLock { $0 } }
    func pass(seconds: Int64) { notes.clock.withLock { $0 = $0 + .seconds(seconds) } }
    var lookups: [CacheLookup] { notes.lookups.withLock { $0 } }
    var reported: [DiagnosticError] { notes.troubles.withLock { $0 } }

    /// A client with the token of a job of that run and branch.
    func job(
        run: String = "1", job: String = "build", branch: String = "main", mayWrite: Bool = true,
        identity: IdentityClaims? = nil
    ) throws -> ServiceClient {
        let access = try admit(run: run, job: job, branch: branch, mayWrite: mayWrite, identity: identity)
        return ServiceClient(address: access.baseAddress, token: access.token)
    }

    func admit(
        run: String = "1", job: String = "build", branch: String = "main", mayWrite: Bool = true,
        identity: IdentityClaims? = nil
    ) throws -> JobAccess {
        let cache = CacheAccess(
            ref: "refs/heads/\(branch)", defaultBranchRef: "refs/heads/main", mayWrite: mayWrite)
        return try server.admit(JobGrant(run: run, job: job, cache: cache, identity: identity))
    }

    /// Files below a folder of the store, those that are on their way to another name left out.
    func files(below name: String) -> [String] {
        let names = FileManager.default.enumerator(atPath: "\(folder)/\(name)")?.compactMap { $0 as? String } ?? []
        return names.filter { !Files.isDirectory("\(folder)/\(name)/\($0)") }
    }
}

/// What the server told, and the time it is told.
private final class Notes: Sendable {
    let clock = Mutex(Timestamp(milliseconds: 1_790_000_000_000))
    let lookups = Mutex<[CacheLookup]>([])
    let troubles = Mutex<[DiagnosticError]>([])
}

extension ServiceClient {
    /// Saves as the toolkit does.
    func save(_ key: String, version: String = "v", _ bytes: [UInt8]) throws -> Response {
        let begun = try twirp("CreateCacheEntry", ["key": .string(key), "version": .string(version)])
        guard begun.status == 200, let address = begun.json["signed_upload_url"]?.string else { return begun }
        _ = try ServiceClient(address: self.address).send(
            .PUT, address, headers: ["x-ms-blob-type": "BlockBlob"], body: bytes)
        return try twirp(
            "FinalizeCacheEntryUpload",
            ["key": .string(key), "version": .string(version), "size_bytes": .string(String(bytes.count))])
    }

    func lookup(_ keys: [String], version: String = "v") throws -> Response {
        try twirp(
            "GetCacheEntryDownloadURL",
            [
                "key": .string(keys[0]), "restore_keys": .array(keys.dropFirst().map { .string($0) }),
                "version": .string(version),
            ])
    }

    /// The bytes of what a look-up finds; `nil` where it finds nothing.
    func restore(_ keys: [String], version: String = "v") throws -> [UInt8]? {
        let found = try lookup(keys, version: version)
        guard let address = found.json["signed_download_url"]?.string, !address.isEmpty else { return nil }
        return try ServiceClient(address: self.address).send(.GET, address).body
    }
}
