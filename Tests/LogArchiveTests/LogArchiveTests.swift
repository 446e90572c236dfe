// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import LogArchive
import TestFolders
import Testing
import Timekeeping

private func temporaryFolder() throws -> String { try OwnFolders.make() }

private func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

private func text(_ line: LogLine) -> String { String(decoding: line.text, as: UTF8.self) }

private func fileText(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
}

@Suite("The log of a step", .ownFolders)
struct LogArchiveTests {
    @Test("Lines come back with their numbers and times; an unfinished line keeps the time of its beginning")
    func roundTrip() throws {
        let path = try temporaryFolder() + "/a.log"
        let writer = try LogWriter(path: path)
        try writer.append("one\ntw", at: at(1_000))
        #expect(writer.nextLine == 2)
        try writer.append("o\nthree\n", at: at(1_005))
        try writer.append("four\n", at: at(1_005))
        try writer.append("\nsix without end", at: at(990))
        let totals = try writer.finish()
        #expect(totals.lines == 6)
        #expect(try fileText(path) == "one\ntwo\nthree\nfour\n\nsix without end")
        let reader = try LogReader(path: path)
        #expect(reader.totals == totals)
        #expect(try reader.lineCount() == 6)
        let lines = try reader.lines(1...99)
        #expect(lines.map(text) == ["one", "two", "three", "four", "", "six without end"])
        #expect(lines.map(\.number) == [1, 2, 3, 4, 5, 6])
        #expect(lines.map { $0.time?.milliseconds } == [1_000, 1_000, 1_005, 1_005, 990, 990])
        #expect(try reader.lines(3...4) == Array(lines[2...3]))
        #expect(try reader.lines(7...9).isEmpty)
        #expect(try reader.tail(2) == Array(lines[4...]))
        #expect(try reader.search(Array("o".utf8), limit: 2).map(\.number) == [1, 2])
        #expect(try reader.search(Array("out end".utf8), limit: 2).map(\.number) == [6])
    }

    @Test("The digest is the SHA-256 of the text; an empty log has one too")
    func digest() throws {
        let folder = try temporaryFolder()
        let writer = try LogWriter(path: folder + "/a.log")
        try writer.append("abc", at: at(0))
        #expect(try writer.finish().digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let empty = try LogWriter(path: folder + "/b.log").finish()
        #expect(empty.digest == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(empty.lines == 0)
        #expect(try LogReader(path: folder + "/b.log").lines(1...3).isEmpty)
    }

    @Test("However a large log is written, its lines are found by number, from its end, and in a range")
    func large() throws {
        let path = try temporaryFolder() + "/a.log"
        let writer = try LogWriter(path: path)
        var all: [UInt8] = []
        for number in 1...120_000 { all += Array("line \(number) of a large log, long enough to fill pages\n".utf8) }
        var rest = all[...]
        var size = 1
        var time: Int64 = 0
        while !rest.isEmpty {
            let piece = Array(rest.prefix(size))
            rest = rest.dropFirst(size)
            size = size * 7 % 1_000_003 + 1
            time += 3
            try piece.withUnsafeBytes { try writer.append($0, at: at(time)) }
        }
        let totals = try writer.finish()
        #expect(totals.lines == 120_000)
        #expect(totals.bytes == all.count)
        let reader = try LogReader(path: path)
        for number in [1, 2, 4_096, 60_000, 119_999, 120_000] {
            let line = try #require(try reader.lines(number...number).first)
            #expect(text(line) == "line \(number) of a large log, long enough to fill pages")
            #expect(line.time != nil)
        }
        #expect(try reader.tail(3).map(\.number) == [119_998, 119_999, 120_000])
        var copied = 0
        try reader.text(from: 119_999) { copied += $0.count }
        #expect(copied == 2 * "line 120000 of a large log, long enough to fill pages\n".utf8.count)
        #expect(try reader.search(Array("line 77777 ".utf8), limit: 5).map(\.number) == [77_777])
        let times = try reader.lines(1...120_000).compactMap(\.time)
        #expect(times.count == 120_000)
        #expect(times == times.sorted())
    }

    @Test("A line over the limit goes on as the next line, and no character is cut")
    func longLines() throws {
        let path = try temporaryFolder() + "/a.log"
        var limits = LogLimits()
        limits.lineBytes = 10
        let writer = try LogWriter(path: path, limits: limits)
        for piece in ["0123456789\n", "0123456789a", "bcdefghij", "klmnopqrstuvwxyz\nx\n", "12345678é9012345678éé\n"] {
            try writer.append(piece, at: at(1))
        }
        let totals = try writer.finish()
        let lines = try LogReader(path: path).lines(1...99).map(text)
        #expect(
            lines == [
                "0123456789", "0123456789", "abcdefghij", "klmnopqrst", "uvwxyz", "x", "12345678é", "9012345678", "éé",
            ])
        #expect(totals.lines == lines.count)
    }

    @Test("A full log says so in its last line and counts what it drops")
    func totalLimit() throws {
        let path = try temporaryFolder() + "/a.log"
        var limits = LogLimits()
        limits.totalBytes = 12
        let writer = try LogWriter(path: path, limits: limits)
        try writer.append("one\n", at: at(1))
        try writer.append("two three four\n", at: at(1))
        try writer.append("five\n", at: at(1))
        let totals = try writer.finish()
        #expect(totals.droppedBytes == 12)
        #expect(try fileText(path) == "one\ntwo thre\nThe log's limit of 12 bytes is reached; the rest is not kept.\n")
        #expect(totals.lines == 3)
    }

    @Test("After kill -9 a torn last line is cut off, and lines keep their numbers")
    func recovery() throws {
        let path = try temporaryFolder() + "/a.log"
        var expected: [String] = []
        do {
            let writer = try LogWriter(path: path)
            for number in 1...90_000 { expected.append("line \(number) padded to be somewhat longer") }
            for chunk in stride(from: 0, to: expected.count, by: 500) {
                let piece = expected[chunk..<(chunk + 500)].joined(separator: "\n") + "\n"
                try writer.append(piece, at: at(Int64(chunk)))
            }
            try writer.append("torn li", at: at(99_999))
            try writer.flush()
            // The writer goes without an end, as when it is killed.
        }
        let totals = try LogRecovery.recover(path: path)
        #expect(totals.lines == 90_000)
        let reader = try LogReader(path: path)
        #expect(reader.totals == totals)
        #expect(try reader.lines(1...99_999).map(text) == expected)
        #expect(try reader.lines(89_999...89_999).map(text) == [expected[89_998]])
        #expect(try LogRecovery.recover(path: path) == totals)
    }

    @Test("Short logs of a folder keep their times and totals in one file, also beside torn records")
    func folderMarks() throws {
        let folder = try temporaryFolder()
        for name in ["1.1.log", "11.1.log", "1.2.log"] {
            let writer = try LogWriter(path: "\(folder)/\(name)")
            try writer.append("first of \(name)\n", at: at(10))
            try writer.append("second\n", at: at(20))
            _ = try writer.finish()
            let marks = try FileHandle(forWritingTo: URL(filePath: folder + "/marks"))
            try marks.seekToEnd()
            try marks.write(contentsOf: Data("\n1.1.log 4d4c".utf8.prefix(name.count + 1)))
            try marks.close()
        }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == [
                "1.1.log", "1.2.log", "11.1.log", "marks",
            ])
        for name in ["11.1.log", "1.2.log"] {
            let reader = try LogReader(path: "\(folder)/\(name)")
            #expect(reader.totals?.lines == 2)
            #expect(try reader.lines(1...2).map(\.time) == [at(10), at(20)])
            #expect(try reader.lines(1...1).map(text) == ["first of \(name)"])
        }
        // Written anew and not finished: what was noted of the old text says nothing about it.
        let again = try LogWriter(path: folder + "/11.1.log")
        try again.append("anew\n", at: at(30))
        try again.flush()
        let reader = try LogReader(path: folder + "/11.1.log")
        #expect(reader.totals == nil)
        #expect(try reader.lines(1...2).map(\.time) == [nil])
    }

    @Test("A damaged file of marks costs times, never lines")
    func damagedMarks() throws {
        let path = try temporaryFolder() + "/a.log"
        let writer = try LogWriter(path: path)
        for number in 1...2000 { try writer.append("line \(number)\n", at: at(Int64(number * 10))) }
        _ = try writer.finish()
        let marks = path + ".marks"
        let whole = [UInt8](try Data(contentsOf: URL(filePath: marks)))
        for cut in [0, 3, 4, 5, 100, whole.count - 1] {
            try Data(whole[..<cut]).write(to: URL(filePath: marks))
            let reader = try LogReader(path: path)
            #expect(reader.totals == nil)
            #expect(try reader.lineCount() == 2000)
            #expect(try reader.lines(1999...2000).map(text) == ["line 1999", "line 2000"])
        }
        var seed: UInt64 = 1
        for _ in 0..<300 {
            var broken = whole
            for _ in 0..<5 {
                seed = seed &* 6_364_136_223_846_793_005 &+ 1
                broken[Int(seed >> 33) % broken.count] = UInt8(truncatingIfNeeded: seed >> 20)
            }
            try Data(broken).write(to: URL(filePath: marks))
            // Whatever the marks say, reading ends.
            _ = try LogReader(path: path).lines(1...2400)
        }
        #expect(try LogRecovery.recover(path: path).lines > 0)
    }

    @Test("Logs of strange names stay in their folder")
    func names() throws {
        let folder = LogFolder(path: try temporaryFolder() + "/logs")
        let keys = [
            LogKey(job: "build (ubuntu, 3.10)", step: "1", attempt: 1),
            LogKey(job: "../..", step: "/etc/x", attempt: 2),
            LogKey(job: "", step: "", attempt: 1),
            LogKey(job: String(repeating: "ü", count: 400), step: "1", attempt: 1),
            LogKey(job: String(repeating: "ü", count: 401), step: "1", attempt: 1),
        ]
        for key in keys {
            let writer = try folder.writer(key)
            try writer.append("\(key.job)\n", at: at(1))
            _ = try writer.finish()
        }
        for key in keys {
            #expect(try LogReader(path: folder.file(key)).lines(1...1).map(text) == [key.job])
            #expect(URL(filePath: folder.file(key)).standardized.path.hasPrefix(folder.path + "/"))
        }
        #expect(folder.file(keys[0]).hasSuffix("/logs/build%20%28ubuntu%2C%203.10%29/1.1.log"))
    }

    @Test("A log that cannot be written or read has a code")
    func failures() throws {
        let folder = try temporaryFolder()
        let writeError = #expect(throws: LogError.self) { try LogWriter(path: folder + "/absent/a.log") }
        #expect(writeError?.diagnostic.code == .logNotWritable)
        let readError = #expect(throws: LogError.self) { try LogReader(path: folder + "/absent.log") }
        #expect(readError?.diagnostic.code == .logUnreadable)
        let full = try LogWriter(path: "/dev/full")
        let fullError = #expect(throws: LogError.self) {
            try full.append("x\n", at: at(1))
            try full.flush()
        }
        #expect(fullError?.diagnostic.code == .logDiskFull)
    }
}
