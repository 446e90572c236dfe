// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import Foundation
import HTTPMessages
import HTTPServing
import ObjectStorage
import PipelineModel
import RetentionRules
import RunCoordination
import RunIndex
import RunnerAgent
import ServerOperation
import StructuredData
import Synchronization
import TestFolders
import Testing
import Timekeeping

/// A store that can be made to fail.
final class WantingStore: ObjectStore {
    let inner: FolderStore
    let isBroken = Mutex(false)

    init(_ inner: FolderStore) { self.inner = inner }

    var place: String { inner.place }

    private func check() throws(DiagnosticError) {
        if isBroken.withLock({ $0 }) { throw DiagnosticError(.storageUnavailable, "Nobody is there.") }
    }

    func put(_ bytes: [UInt8], at key: ObjectKey) async throws(DiagnosticError) {
        try check()
        try await inner.put(bytes, at: key)
    }

    func putFile(_ path: String, at key: ObjectKey) async throws(DiagnosticError) {
        try check()
        try await inner.putFile(path, at: key)
    }

    func open(_ key: ObjectKey, range: Range<UInt64>?) async throws(DiagnosticError) -> ObjectContent {
        try check()
        return try await inner.open(key, range: range)
    }

    func facts(of key: ObjectKey) async throws(DiagnosticError) -> ObjectFacts? { try await inner.facts(of: key) }

    func list(prefix: String, after: String?, limit: Int) async throws(DiagnosticError) -> ObjectPage {
        try check()
        return try await inner.list(prefix: prefix, after: after, limit: limit)
    }

    func remove(_ keys: [ObjectKey]) async throws(DiagnosticError) {
        try check()
        try await inner.remove(keys)
    }

    func sweepUploads(begunBefore time: Timestamp) async throws(DiagnosticError) -> Int { 0 }
    func link(to key: ObjectKey, _ use: LinkUse) async throws(DiagnosticError) -> ObjectLink? { nil }
    func refusesOtherBytes() async throws(DiagnosticError) -> Bool { false }
}

@Suite("What a run leaves is kept as objects once it is over", .ownFolders)
struct KeptRunTests {
    private static let workflow = """
        on: push
        jobs:
          test:
            runs-on: ubuntu-latest
            steps:
              - run: echo hello from the log
        """
    private static let log = "attempts/1/logs/test/1/1?tail=1"

    private static func harness(_ store: any ObjectStore, _ policy: RetentionPolicy) async throws -> ServerHarness {
        var outside = ServerHarness.Outside()
        outside.retention.policy = policy
        outside.retention.disk.minimumBytes = 0
        outside.blobs = store
        return try await ServerHarness(workflows: ["ci.yml": workflow], outside: outside)
    }

    private static func run(on harness: ServerHarness) async throws -> RunID {
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        defer { work.cancel() }
        let run = try await harness.begin("ci.yml")
        _ = try await harness.end(of: run)
        while try harness.server.index.run(run)?.state != .finished { await Task.yield() }
        await agent.leave()
        return run
    }

    /// What the log's last line is, or what is said instead.
    private static func text(_ run: RunID, _ harness: ServerHarness) async throws -> (Int, String) {
        let answer = await harness.send("GET", "/api/v1/runs/\(run)/\(log)")
        return (answer.status, answer.body["text"]?.string ?? answer.body["code"]?.string ?? "")
    }

    private static func logs(_ run: RunID, _ harness: ServerHarness) -> String {
        "\(harness.folder)/data/runs/\(run)/logs/1"
    }

    @Test("A log is read from its object after the folder's copy went, and the copy is there again")
    func logs() async throws {
        let objects = FolderStore(root: OwnFolders.path())
        let harness = try await Self.harness(objects, RetentionPolicy())
        let run = try await Self.run(on: harness)
        let store = harness.server.store
        try await store.keep(run, attempt: 1)
        #expect(store.isStored(run, attempt: 1))
        let keys = try await objects.list(prefix: "", after: nil, limit: 10).objects.map(\.key.text)
        #expect(keys == ["runs/\(run)/1/logs.zip"])
        #expect(try store.dropCopies(of: run, unusedSince: Timestamp.now() + .seconds(-60)) == 0)
        #expect(try store.dropCopies(of: run, unusedSince: Timestamp.now() + .seconds(60)) > 0)
        #expect(!Files.isDirectory(Self.logs(run, harness)))
        #expect(store.hasLogs(run))
        let (status, text) = try await Self.text(run, harness)
        #expect(status == 200 && text.contains("hello from the log"))
        #expect(Files.isDirectory(Self.logs(run, harness)))
    }

    @Test("What cannot be put stays in the folder, and is put when the store is there again")
    func later() async throws {
        let objects = WantingStore(FolderStore(root: OwnFolders.path()))
        objects.isBroken.withLock { $0 = true }
        let harness = try await Self.harness(objects, RetentionPolicy())
        let run = try await Self.run(on: harness)
        let store = harness.server.store
        let error = await #expect(throws: DiagnosticError.self) { try await store.keep(run, attempt: 1) }
        #expect(error?.diagnostic.code == .storageUnavailable)
        #expect(store.unstoredAttempts(of: run) == [1])
        #expect(try store.dropCopies(of: run, unusedSince: Timestamp.now() + .seconds(60)) == 0)
        #expect(try await Self.text(run, harness).1.contains("hello from the log"))
        objects.isBroken.withLock { $0 = false }
        try await store.keep(run, attempt: 1)
        #expect(store.unstoredAttempts(of: run).isEmpty)
        try store.dropCopies(of: run, unusedSince: Timestamp.now() + .seconds(60))
        objects.isBroken.withLock { $0 = true }
        // Who asks while it is away is told so.
        #expect(try await Self.text(run, harness).1.contains("MRT1408"))
    }

    @Test("A damaged object is no log")
    func damaged() async throws {
        let objects = FolderStore(root: OwnFolders.path())
        let harness = try await Self.harness(objects, RetentionPolicy())
        let run = try await Self.run(on: harness)
        let store = harness.server.store
        try await store.keep(run, attempt: 1)
        try store.dropCopies(of: run, unusedSince: Timestamp.now() + .seconds(60))
        try await objects.put(Array("other bytes".utf8), at: try ObjectKey("runs/\(run)/1/logs.zip"))
        #expect(try await Self.text(run, harness).1.contains("MRT1410"))
        #expect(!Files.isDirectory(Self.logs(run, harness)))
    }

    @Test("Logs that are not kept any more go from the store, and a removed run leaves nothing in it")
    func removal() async throws {
        let objects = WantingStore(FolderStore(root: OwnFolders.path()))
        let harness = try await Self.harness(objects, RetentionPolicy(runDays: 30, logDays: 10, keepLast: 0))
        let run = try await Self.run(on: harness)
        let store = harness.server.store
        try await store.keep(run, attempt: 1)
        try await objects.put([1], at: try ObjectKey("runs/\(run)/artifacts/one"))
        try await objects.put([1], at: try ObjectKey("runs/\(run)0/artifacts/another-run"))
        try store.dropCopies(of: run, unusedSince: Timestamp.now() + .seconds(60))
        harness.clock.advance(11 * 86_400_000)
        _ = await harness.server.housekeeping.round(Timestamp(milliseconds: harness.clock.now))
        let names = { try await objects.inner.list(prefix: "", after: nil, limit: 10).objects.map(\.key.text) }
        #expect(try await names() == ["runs/\(run)/artifacts/one", "runs/\(run)0/artifacts/another-run"])
        #expect(!store.hasLogs(run))
        #expect(try await Self.text(run, harness).0 == 410)
        harness.clock.advance(20 * 86_400_000)
        // What the store does not remove now is removed by a later round.
        objects.isBroken.withLock { $0 = true }
        _ = await harness.server.housekeeping.round(Timestamp(milliseconds: harness.clock.now))
        #expect(try await names().count == 2)
        objects.isBroken.withLock { $0 = false }
        _ = await harness.server.housekeeping.round(Timestamp(milliseconds: harness.clock.now))
        #expect(try await names() == ["runs/\(run)0/artifacts/another-run"])
        #expect(try store.unsweptRemovals().isEmpty)
    }

    @Test("Objects of a removed run that were left over are swept; of runs that are nobody's business here they stay")
    func sweep() async throws {
        let objects = FolderStore(root: OwnFolders.path())
        let harness = try await Self.harness(objects, RetentionPolicy(runDays: 30, keepLast: 0))
        let run = try await Self.run(on: harness)
        let store = harness.server.store
        harness.clock.advance(31 * 86_400_000)
        _ = await harness.server.housekeeping.round(Timestamp(milliseconds: harness.clock.now))
        #expect(!store.exists(run))
        for name in ["runs/\(run)/1/logs.zip", "runs/\(run)/artifacts/a", "runs/4711/1/logs.zip", "others"] {
            try await objects.put([1], at: try ObjectKey(name))
        }
        #expect(try await store.sweepObjects(now: .now()) == 1)
        let names = try await objects.list(prefix: "", after: nil, limit: 10).objects.map(\.key.text)
        #expect(names == ["others", "runs/4711/1/logs.zip"])
    }
}
