// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import Glibc

/// What is where in the store's folder.
struct StorePaths: Sendable {
    let root: String

    /// Sealed packs, `….pack`, and the digests that were dropped from them, `….lost`.
    var packs: String { root + "/packs" }
    /// Packs that are being written; each is locked by its writer.
    var drafts: String { root + "/drafts" }
    /// What live runs use; each is locked by its run.
    var leases: String { root + "/leases" }
    var references: String { root + "/references" }
    /// What was seen in folders that were saved.
    var sightings: String { root + "/sightings" }
    /// Held shared for a moment by who begins to use content, and alone by who removes some.
    var gate: String { root + "/gate" }
    /// Held by the one process that collects.
    var collecting: String { root + "/collecting" }
    /// Changes when content was removed.
    var generation: String { root + "/generation" }
    var format: String { root + "/format" }

    private static let formatVersion = 1

    func pack(_ name: String) -> String { "\(packs)/\(name).pack" }
    func lost(_ name: String) -> String { "\(packs)/\(name).lost" }

    /// Makes the folders, or sees that they are of a version that is known.
    func prepare() throws(ContentError) {
        if let file = try StoreFile.openIfPresent(format) {
            let text = String(decoding: try file.read(count: 100, at: 0), as: UTF8.self)
            guard text == "\(Self.formatVersion)\n" else { throw .tooNew(path: root) }
            return
        }
        for folder in [packs, drafts, leases, references, sightings] { try Self.makeFolder(folder) }
        try StoreFile.replace(format, with: Array("\(Self.formatVersion)\n".utf8))
    }

    /// Makes a folder and those above it.
    static func makeFolder(_ path: String, mode: UInt16 = 0o700) throws(ContentError) {
        do throws(DiagnosticError) {
            try Trees.make(path, mode: mode)
        } catch {
            throw .notWritable(path: path, detail: error.diagnostic.message)
        }
    }

    /// Names in a folder, drafts left out; none where there is no folder.
    static func names(in folder: String) throws(ContentError) -> [String] {
        do throws(DiagnosticError) {
            return try Trees.list(folder).map(\.name).filter { !$0.hasSuffix(".new") }
        } catch {
            if Files.facts(folder) == nil { return [] }
            throw .unreadable(path: folder, detail: error.diagnostic.message)
        }
    }

    /// A name that no other process or call has.
    static func uniqueName() -> String {
        var moment = timespec()
        clock_gettime(CLOCK_REALTIME, &moment)
        let time = UInt64(moment.tv_sec) * 1_000_000_000 + UInt64(moment.tv_nsec)
        return String(time, radix: 36) + "-" + String(UInt64.random(in: 0...UInt64(UInt32.max)), radix: 36)
            + "-" + String(getpid(), radix: 36)
    }

    /// Does something while no content is being removed, which is known to it by its locks: a moment only.
    func passing<Result>(_ body: () throws(ContentError) -> Result) throws(ContentError) -> Result {
        let file = try StoreFile.openOrCreate(gate)
        try file.lock(.shared)
        return try body()
    }

    func closing<Result>(_ body: () throws(ContentError) -> Result) throws(ContentError) -> Result {
        let file = try StoreFile.openOrCreate(gate)
        try file.lock(.exclusive)
        return try body()
    }

    /// Read and changed in the gate only.
    func currentGeneration() throws(ContentError) -> UInt64 {
        guard let file = try StoreFile.openIfPresent(generation) else { return 0 }
        return UInt64(String(decoding: try file.read(count: 20, at: 0), as: UTF8.self)) ?? 0
    }

    func nextGeneration() throws(ContentError) {
        let next = try currentGeneration() + 1
        try StoreFile.replace(generation, with: Array(String(next).utf8))
    }
}
