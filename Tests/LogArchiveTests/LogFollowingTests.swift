// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import LogArchive
import TestFolders
import Testing
import Timekeeping

private func text(_ piece: LogPiece?) -> String? { piece.map { String(decoding: $0.bytes, as: UTF8.self) } }

@Suite("A log that is followed, or opened", .ownFolders)
struct LogFollowingTests {
    @Test("A follower gets every line once, whole, with its number; its last one when the log has ended")
    func following() throws {
        let path = try LogTestFiles.folder() + "/a.log"
        let writer = try LogWriter(path: path)
        let follower = try LogFollower(path: path)
        var position = LogPosition.start
        #expect(try follower.lines(from: position) == nil)
        try writer.append("one\ntwo\nthr", at: Timestamp(milliseconds: 1000))
        var piece = try #require(try follower.lines(from: position))
        #expect(text(piece) == "one\ntwo\n")
        #expect(piece.start.line == 1)
        #expect(piece.next == LogPosition(line: 3, offset: 8))
        position = piece.next
        #expect(try follower.lines(from: position) == nil)
        try writer.append("ee\nopen", at: Timestamp(milliseconds: 2000))
        piece = try #require(try follower.lines(from: position))
        #expect(text(piece) == "three\n")
        let totals = try writer.finish()
        #expect(try follower.lines(from: piece.next) == nil)
        piece = try #require(try follower.lines(from: piece.next, hasEnded: true))
        #expect(text(piece) == "open")
        #expect(piece.next.offset == totals.bytes)
        #expect(try follower.lines(from: piece.next, hasEnded: true) == nil)
    }

    @Test("Whatever the size of the pieces, they are the text, and numbers go on", arguments: [1, 3, 7, 64, 1 << 20])
    func pieces(limit: Int) throws {
        let path = try LogTestFiles.folder() + "/a.log"
        let bytes = Array((1...200).map { "line \($0) é€😀\n" }.joined().utf8) + Array("no end €".utf8)
        try LogTestFiles.write(bytes, to: path)
        let follower = try LogFollower(path: path)
        var position = LogPosition.start
        var all: [UInt8] = []
        while let piece = try follower.lines(from: position, hasEnded: true, limitBytes: limit) {
            #expect(piece.start == position)
            #expect(piece.bytes.count <= limit)
            if limit >= 4 { #expect(String(validating: piece.bytes, as: UTF8.self) != nil) }
            all += piece.bytes
            position = piece.next
            #expect(position.line == 1 + all.count { $0 == 10 })
        }
        #expect(all == bytes)
    }

    @Test("Screens are the lines they name, in finished logs and in those that are written", arguments: [false, true])
    func screens(isFinished: Bool) throws {
        let path = try LogTestFiles.folder() + "/a.log"
        let writer = try LogWriter(path: path)
        let count = 400_000
        for first in stride(from: 1, through: count, by: 1000) {
            let lines = (first..<(first + 1000)).map { "line \($0) of a log that is large enough for marks\n" }
            try writer.append(lines.joined(), at: Timestamp(milliseconds: Int64(first)))
        }
        try writer.append("open", at: Timestamp(milliseconds: 1))
        if isFinished { _ = try writer.finish() } else { try writer.flush() }
        let reader = try LogReader(path: path)
        #expect((reader.totals != nil) == isFinished)
        func numbers(_ screen: LogScreen) throws -> [Int] {
            let piece = try reader.screen(screen)
            let lines = String(decoding: piece.bytes, as: UTF8.self).split(separator: "\n")
            let numbers = lines.map { $0 == "open" ? count + 1 : Int($0.split(separator: " ")[1]) ?? 0 }
            #expect(piece.start.line == numbers.first ?? piece.start.line)
            #expect(piece.next.line == piece.start.line + lines.count)
            #expect(piece.next.offset == piece.start.offset + piece.bytes.count)
            return numbers
        }
        #expect(try numbers(.first(3)) == [1, 2, 3])
        #expect(try numbers(.first(0)) == [])
        let last = isFinished ? count + 1 : count
        #expect(try numbers(.last(3)) == [last - 2, last - 1, last])
        #expect(try numbers(.around(line: 250_000, 4)) == [249_998, 249_999, 250_000, 250_001])
        #expect(try numbers(.around(line: 1, 4)) == [1, 2, 3, 4])
        #expect(try numbers(.around(line: last, 4)) == [last - 2, last - 1, last])
        #expect(try numbers(.around(line: 9_999_999, 4)) == [])
        #expect(try reader.screen(.last(9_999_999)).bytes.count <= LogReader.screenBytes)
        #expect(try numbers(.last(9_999_999)).last == last)
    }

    @Test("A screen holds no more than its limit, and lines are never cut by it")
    func screenLimit() throws {
        let path = try LogTestFiles.folder() + "/a.log"
        let bytes = Array((1...9).map { "line \($0)\n" }.joined().utf8) + Array("10".utf8)
        _ = try LogTestFiles.written(bytes, path)
        let reader = try LogReader(path: path)
        #expect(text(try reader.screen(.first(9), limitBytes: 15)) == "line 1\nline 2\n")
        #expect(text(try reader.screen(.last(9), limitBytes: 15)) == "line 9\n10")
        #expect(text(try reader.screen(.last(9), limitBytes: 1)) == "")
        #expect(text(try reader.screen(.last(1))) == "10")
        let empty = try LogTestFiles.folder() + "/b.log"
        _ = try LogTestFiles.written([], empty)
        for screen in [LogScreen.first(5), .last(5), .around(line: 3, 5)] {
            #expect(text(try LogReader(path: empty).screen(screen)) == "")
        }
    }

    @Test("Marks of a large log reach the disk while it is written, so that its end is near one")
    func marksOfLogsBeingWritten() throws {
        let path = try LogTestFiles.folder() + "/a.log"
        let writer = try LogWriter(path: path)
        let chunk = String(repeating: String(repeating: "x", count: 99) + "\n", count: 10_000)
        // All at one time: marks are small and few.
        for _ in 0..<40 { try writer.append(chunk, at: Timestamp(milliseconds: 1)) }
        try writer.flush()
        #expect(try LogTestFiles.bytes(path + ".marks").count > 50)
        let screen = try LogReader(path: path).screen(.last(2))
        #expect(screen.start == LogPosition(line: 399_999, offset: 39_999_800 - 0))
    }
}
