// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import EventJournal
import Foundation
import TestFolders
import TestPrograms
import Testing
import Timekeeping

@Suite("The journal's file", .serialized, .ownFolders)
struct SQLiteJournalTests {
    private let run = StreamID("run/1")

    private func write(_ bytes: [UInt8], to path: String) throws { try Data(bytes).write(to: URL(filePath: path)) }

    @Test("What was recorded is there when the file is opened again, the time included")
    func reopened() throws {
        let path = try temporaryFolder() + "/journal.db"
        do {
            let journal = try SQLiteJournal(path: path)
            _ = try journal.append(StreamAppend(run, expectedVersion: 0, events: [event("a")]), now: at(500))
        }
        let journal = try SQLiteJournal(path: path)
        #expect(try journal.append(StreamAppend(run, expectedVersion: 1, events: [event("b")]), now: at(10)) == at(500))
        #expect(try journal.events(of: run).map(\.event.type) == ["a", "b"])
    }

    @Test("Two that have the file open see each other's events, and only one wins a version")
    func twoConnections() throws {
        let path = try temporaryFolder() + "/journal.db"
        let one = try SQLiteJournal(path: path)
        let two = try SQLiteJournal(path: path)
        _ = try one.append(StreamAppend(run, expectedVersion: 0, events: [event("a")]), now: at(1))
        #expect(try two.events(of: run).count == 1)
        _ = try two.append(StreamAppend(run, expectedVersion: 1, events: [event("b")]), now: at(1))
        let error = #expect(throws: JournalError.self) {
            try one.append(StreamAppend(run, expectedVersion: 1, events: [event("c")]), now: at(1))
        }
        #expect(error == .conflict(run, expected: 1, actual: 2))
    }

    @Test("Two that take turns on a stream both go on, with what they expect or with a conflict")
    func turns() throws {
        let path = try temporaryFolder() + "/journal.db"
        let journals = [try SQLiteJournal(path: path), try SQLiteJournal(path: path)]
        for version in 0..<20 {
            let append = StreamAppend(run, expectedVersion: version, events: [event("e\(version)")])
            _ = try journals[version / 3 % 2].append(append, now: at(Int64(100 - version)))
            let error = #expect(throws: JournalError.self) {
                try journals[(version / 3 + 1) % 2].append(append, now: at(1))
            }
            #expect(error == .conflict(run, expected: version, actual: version + 1))
        }
        let events = try journals[0].events(of: run)
        #expect(events.map(\.event.type) == (0..<20).map { "e\($0)" })
        #expect(events.map(\.recordedAt) == events.map(\.recordedAt).sorted())
    }

    @Test("A file that a newer Martlet wrote is left alone")
    func newer() throws {
        let path = try temporaryFolder() + "/journal.db"
        _ = try SQLiteJournal(path: path)
        try shell("sqlite3 '\(path)' 'PRAGMA user_version = 99'")
        let error = #expect(throws: JournalError.self) { try SQLiteJournal(path: path) }
        #expect(error == .tooNew(path: path, found: 99, known: 2))
        #expect(error?.diagnostic.code == .journalTooNew)
    }

    @Test("A file that is no journal, or damaged, is refused with a code and a remedy")
    func damaged() throws {
        let folder = try temporaryFolder()
        try write(Array(String(repeating: "no database ", count: 500).utf8), to: folder + "/text.db")
        try shell("sqlite3 '\(folder)/other.db' 'CREATE TABLE x (y)'")
        for name in ["text.db", "other.db"] {
            let error = #expect(throws: JournalError.self) { try SQLiteJournal(path: "\(folder)/\(name)") }
            #expect(error?.diagnostic.code == .journalDamaged)
            #expect(error?.diagnostic.remedy?.isEmpty == false)
        }
    }

    @Test("Pages that were overwritten are noticed when they are read")
    func overwritten() throws {
        let path = try temporaryFolder() + "/journal.db"
        do {
            let journal = try SQLiteJournal(path: path)
            let payload = String(repeating: "x", count: 3_000)
            for version in 0..<50 {
                let append = StreamAppend(run, expectedVersion: version, events: [event("a", payload)])
                _ = try journal.append(append, now: at(1))
            }
        }
        try shell("sqlite3 '\(path)' 'PRAGMA wal_checkpoint(TRUNCATE)'")
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        for index in 8192..<bytes.count { bytes[index] = 0xAA }
        try write(bytes, to: path)
        let error = #expect(throws: JournalError.self) {
            let journal = try SQLiteJournal(path: path)
            _ = try journal.events(of: run)
        }
        #expect(error?.diagnostic.code == .journalDamaged)
    }

    @Test("A folder that is not there, or a path that is a folder, cannot be opened")
    func notWritable() throws {
        let folder = try temporaryFolder()
        for path in [folder + "/absent/journal.db", folder] {
            let error = #expect(throws: JournalError.self) { try SQLiteJournal(path: path) }
            #expect(error?.diagnostic.code == .journalNotWritable)
        }
    }

    @Test("A full disk refuses the append, keeps what was recorded, and goes on when there is room again")
    func diskFull() throws {
        // 1 MiB of files in all is what this device holds.
        let folder = try temporaryFolder()
        guard (try? shell("mount -t tmpfs -o size=1m tmpfs '\(folder)'")) != nil else {
            FileHandle.standardError.write(Data("A full disk cannot be tried: mounting is not allowed here.\n".utf8))
            return
        }
        defer { _ = try? shell("umount -l '\(folder)'") }
        let journal = try SQLiteJournal(path: folder + "/journal.db")
        let ballast = folder + "/ballast"
        try write([UInt8](repeating: 0, count: 300_000), to: ballast)
        let payload = String(repeating: "x", count: 30_000)
        var version = 0
        var failure: JournalError?
        while failure == nil, version < 1_000 {
            do throws(JournalError) {
                _ = try journal.append(
                    StreamAppend(run, expectedVersion: version, events: [event("a", payload)]), now: at(1))
                version += 1
            } catch {
                failure = error
            }
        }
        #expect(failure?.diagnostic.code == .journalDiskFull)
        #expect(try journal.events(of: run).count == version)
        try FileManager.default.removeItem(atPath: ballast)
        _ = try journal.append(StreamAppend(run, expectedVersion: version, events: [event("b")]), now: at(1))
        #expect(try journal.events(of: run).count == version + 1)
    }

    @Test("A blob whose file was changed is not handed out")
    func changedBlob() throws {
        let path = try temporaryFolder() + "/journal.db"
        let journal = try SQLiteJournal(path: path)
        let digest = try journal.storeBlob(Array("abc".utf8))
        try write(Array("abd".utf8), to: "\(path).blobs/\(digest.hex.prefix(2))/\(digest.hex.dropFirst(2))")
        let error = #expect(throws: JournalError.self) { try journal.blob(digest) }
        #expect(error?.diagnostic.code == .blobDamaged)
    }

    @Test(
        "After kill -9 at any moment, all that was acknowledged is there, and nothing is half there", arguments: 0..<6)
    func killed(round: Int) throws {
        let path = try temporaryFolder() + "/journal.db"
        let stream = StreamID("job/kill")
        var acknowledged = 0
        for _ in 0..<2 {
            let process = ChildProcess()
            let output = Pipe()
            process.executableURL = try journalVictim()
            process.arguments = [path, stream.text]
            process.standardOutput = output
            try process.run()
            // Killed after a number of acknowledgements, not after a time: the moment within an append is the machine's.
            var seen: [UInt8] = []
            while seen.count(where: { $0 == 10 }) < 3 + round * 7 {
                let data = output.fileHandleForReading.availableData
                if data.isEmpty { break }
                seen += data
            }
            kill(process.processIdentifier, SIGKILL)
            seen += output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            let lines = String(decoding: seen, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            acknowledged = max(acknowledged, lines.dropLast().compactMap { Int($0) }.last ?? 0)
        }
        let journal = try SQLiteJournal(path: path)
        let events = try journal.events(of: stream)
        #expect(acknowledged > 0)
        #expect(events.count >= acknowledged)
        #expect(events.count.isMultiple(of: 3))
        #expect(try journal.summary(of: stream)?.version == events.count)
        for (index, recorded) in events.enumerated() {
            #expect(recorded.sequence == index + 1)
            #expect(recorded.event.payload == Array("{\"n\":\(index + 1)}".utf8))
        }
        _ = try journal.append(
            StreamAppend(stream, expectedVersion: events.count, events: [event("after")]), now: .now())
    }
}

/// The program that works on a journal until it is killed; it is built beside the tests.
func journalVictim() throws -> URL {
    let builds = [Bundle.main.bundleURL, Bundle.main.executableURL?.deletingLastPathComponent()].compactMap(\.self)
    let found = builds.map { $0.appending(path: "JournalVictim") }.first {
        FileManager.default.isExecutableFile(atPath: $0.path)
    }
    return try #require(found, "JournalVictim is not built beside \(builds.map(\.path))")
}

@discardableResult
func shell(_ command: String) throws -> String {
    let process = ChildProcess()
    let output = Pipe()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", command]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    struct Failed: Error {}
    guard process.terminationStatus == 0 else { throw Failed() }
    return String(decoding: data, as: UTF8.self)
}
