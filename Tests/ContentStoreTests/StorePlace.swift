// SPDX-License-Identifier: Apache-2.0

import ContentStore
import Diagnostics
import FileAccess
import Foundation
import TestPrograms
import Testing

/// A folder that goes with its test, with a store in it and room for trees.
final class StorePlace {
    let path: String
    let store: ContentFolder

    init() throws {
        path = NSTemporaryDirectory() + "/martlet-content-" + UUID().uuidString
        try Trees.make(path)
        store = try ContentFolder(path: path + "/store")
    }

    deinit { try? Trees.remove(path) }

    /// The store as another process sees it.
    func again() throws -> ContentFolder { try ContentFolder(path: path + "/store") }

    func put(_ name: String, _ bytes: [UInt8]) throws {
        try Trees.make(Files.directory(of: path + "/" + name))
        try Files.write(bytes, to: path + "/" + name)
    }

    func put(_ name: String, _ text: String) throws { try put(name, Array(text.utf8)) }

    func read(_ name: String) throws -> [UInt8] { try Files.read(path + "/" + name, limit: 1 << 30) }

    func store(_ bytes: [UInt8], under lease: ContentLease) throws -> ContentID {
        let writer = try store.writer(under: lease)
        try writer.append(bytes)
        return try writer.finish()
    }

    /// Stores under a name, with no lease left.
    @discardableResult
    func store(_ bytes: [UInt8], as name: String) throws -> ContentID {
        let lease = try store.lease()
        let id = try store(bytes, under: lease)
        try store.setReference(ContentReference(namespace: "fill", name: name, root: ContentRoot(.blob, id)))
        return id
    }

    func bytes(of id: ContentID) throws -> [UInt8] {
        try again().reader(id).readAll(limitBytes: 1 << 30)
    }

    func save(_ folder: String, paths: [String] = [""]) throws -> SavedTree {
        try store.save(TreeSelection(root: path + "/" + folder, paths: paths), under: store.lease())
    }

    @discardableResult
    func restore(_ tree: ContentID, to folder: String, _ manner: RestoreManner = .all) throws -> RestoredTree {
        try store.restore(tree, to: TreeSelection(root: path + "/" + folder), manner, under: store.lease())
    }

    var packs: [String] {
        get throws { try Trees.list(path + "/store/packs").map(\.name).filter { $0.hasSuffix(".pack") } }
    }

    func age(_ folder: String) throws {
        // The clock of the file system has gone on: what was written before is no longer racy.
        let then = [timespec(tv_sec: 1_700_000_000, tv_nsec: 5), timespec(tv_sec: 1_700_000_000, tv_nsec: 5)]
        for name in FileManager.default.enumerator(atPath: path + "/" + folder)?.compactMap({ $0 as? String }) ?? [] {
            utimensat(AT_FDCWD, "\(path)/\(folder)/\(name)", then, AT_SYMLINK_NOFOLLOW)
        }
        let written = FileClockReading.now()
        while FileClockReading.now() < written + 25_000_000 { sched_yield() }
    }
}

enum FileClockReading {
    static func now() -> Int64 {
        var moment = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &moment)
        return Int64(moment.tv_sec) * 1_000_000_000 + Int64(moment.tv_nsec)
    }
}

/// Random bytes that are the same in each run of the tests.
struct SeededBytes {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 2 &+ 1 }

    mutating func number() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    mutating func below(_ limit: Int) -> Int { Int(number() % UInt64(limit)) }

    mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count { withUnsafeBytes(of: number()) { bytes.append(contentsOf: $0) } }
        return Array(bytes.prefix(count))
    }

    /// Compressible, as sources are.
    mutating func text(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count { bytes += Array("line \(below(1000)) of something\n".utf8) }
        return Array(bytes.prefix(count))
    }
}

extension Error {
    var code: DiagnosticCode? { (self as? any CodedError)?.diagnostic.code }
}

/// Another process that uses the store.
final class Victim {
    private let process = ChildProcess()
    private let output = Pipe()
    private let input = Pipe()

    init(_ arguments: String...) throws {
        let builds = [Bundle.main.bundleURL, Bundle.main.executableURL?.deletingLastPathComponent()].compactMap(\.self)
        let found = builds.map { $0.appending(path: "ContentVictim") }.first {
            FileManager.default.isExecutableFile(atPath: $0.path)
        }
        process.executableURL = try #require(found, "ContentVictim is not built beside \(builds.map(\.path))")
        process.arguments = arguments
        process.standardOutput = output
        process.standardInput = input
        try process.run()
    }

    /// Lines up to `count` of them, or the end.
    func lines(_ count: Int = .max) -> [String] {
        var lines: [String] = []
        var line: [UInt8] = []
        while lines.count < count, let byte = try? output.fileHandleForReading.read(upToCount: 1)?.first {
            if byte == 10 {
                lines.append(String(decoding: line, as: UTF8.self))
                line = []
            } else {
                line.append(byte)
            }
        }
        return lines
    }

    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Ends its input, and waits for it.
    func finish() -> Int32 {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
