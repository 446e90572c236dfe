// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import LogArchive
import TestFolders
import Testing
import Timekeeping

private func append(_ log: LogIngest, _ bytes: some Collection<UInt8>, at offset: Int, time: Int64 = 5) throws {
    _ = try Array(bytes).withUnsafeBytes {
        try log.append($0, offset: offset, time: Timestamp(milliseconds: time))
    }
}

private func code(_ body: () throws -> Void) -> DiagnosticCode? {
    #expect(throws: LogError.self) { try body() }?.diagnostic.code
}

private let short = Array("one\r\ntwo é\n\n\nfive is longer than the others\nlast without end".utf8)

@Suite("A log that comes from a runner", .ownFolders)
struct LogIngestTests {
    @Test("However it is cut, sent twice and taken up again by another process, it is the log that was written at once")
    func cutsAndRestarts() throws {
        let folder = try LogTestFiles.folder()
        let totals = try LogTestFiles.written(short, folder + "/whole.log")
        let whole = try LogReader(path: folder + "/whole.log").lines(1...99)
        for cut in 0...short.count {
            for isPaused in [false, true] {
                let path = "\(folder)/\(cut).\(isPaused).log"
                var log = try LogIngest(path: path)
                try append(log, short[..<cut], at: 0)
                if isPaused { try log.pause() }
                log = try LogIngest(path: path)
                #expect(log.offset == cut)
                // What comes twice is one; pieces overlap.
                try append(log, short[..<cut], at: 0)
                try append(log, short[max(0, cut - 3)...].prefix(9), at: max(0, cut - 3))
                if isPaused { try log.pause() }
                log = try LogIngest(path: path)
                try append(log, short, at: 0)
                #expect(try log.finish(totals) == totals)
                #expect(try log.finish(totals) == totals)
                #expect(try LogTestFiles.bytes(path) == short)
                let reader = try LogReader(path: path)
                #expect(reader.totals == totals)
                let lines = try reader.lines(1...99)
                #expect(lines.map(\.text) == whole.map(\.text))
                if isPaused { #expect(lines.map(\.time) == whole.map(\.time)) }
                #expect(try LogIngest(path: path).totals == totals)
            }
        }
    }

    @Test("A large log in pieces, taken up again now and then, has the lines, marks and digest of a local one")
    func large() throws {
        let folder = try LogTestFiles.folder()
        var random = SeededNumbers(3)
        var all: [UInt8] = []
        for number in 1...400_000 { all += Array("line \(number) of a log that is large enough for marks\n".utf8) }
        let totals = try LogTestFiles.written(all, folder + "/whole.log")
        let path = folder + "/a.log"
        var log = try LogIngest(path: path)
        var at = 0
        while at < all.count {
            let size = 1 + random.next(random.next(4) == 0 ? 3_000_000 : 200_000)
            let begin = max(0, at - random.next(1000))
            try append(log, all[begin..<min(all.count, at + size)], at: begin, time: Int64(at))
            at = log.offset
            switch random.next(6) {
            case 0: log = try LogIngest(path: path)
            case 1:
                try log.pause()
                log = try LogIngest(path: path)
            default: break
            }
        }
        #expect(try log.finish(totals) == totals)
        #expect(try LogTestFiles.bytes(path) == all)
        let reader = try LogReader(path: path)
        for number in [1, 2, 77_777, 200_000, 399_999, 400_000] {
            #expect(
                try reader.lines(number...number).map { String(decoding: $0.text, as: UTF8.self) } == [
                    "line \(number) of a log that is large enough for marks"
                ])
        }
    }

    @Test("Marks that were torn or lost cost times, never lines")
    func tornMarks() throws {
        let folder = try LogTestFiles.folder()
        let path = folder + "/a.log"
        var log = try LogIngest(path: path)
        var all: [UInt8] = []
        for number in 1...50_000 { all += Array("line \(number)\n".utf8) }
        let totals = try LogTestFiles.written(all, folder + "/whole.log")
        for piece in stride(from: 0, to: 300_000, by: 50) {
            try append(log, all[piece..<(piece + 50)], at: piece, time: Int64(piece))
        }
        let marks = try LogTestFiles.bytes(path + ".marks")
        for cut in [0, 3, 5, 100, marks.count - 1, marks.count] {
            try LogTestFiles.write(Array(marks[..<cut]), to: path + ".marks")
            log = try LogIngest(path: path)
            #expect(log.offset == 300_000)
            let reader = try LogReader(path: path)
            #expect(try reader.lines(20_000...20_000).map(\.number) == [20_000])
        }
        try append(log, all[300_000...], at: 300_000)
        #expect(try log.finish(totals) == totals)
        let reader = try LogReader(path: path)
        #expect(reader.totals == totals)
        #expect(try reader.lines(50_000...50_000).map(\.text) == [Array("line 50000".utf8)])
    }

    @Test("What does not fit together is refused with its code, and the log stays as it is")
    func refusals() throws {
        let folder = try LogTestFiles.folder()
        let path = folder + "/a.log"
        let totals = try LogTestFiles.written(short, folder + "/whole.log")
        let log = try LogIngest(path: path)
        try append(log, short[..<10], at: 0)
        #expect(code { try append(log, short[11...], at: 11) } == .logGap)
        #expect(code { try append(log, short, at: -1) } == .logGap)
        #expect(code { _ = try log.finish(totals) } == .logIncomplete)
        #expect(log.offset == 10)
        try append(log, short[10...], at: 10)
        for change in [\LogTotals.lines, \LogTotals.bytes] {
            var other = totals
            other[keyPath: change] -= 1
            #expect(code { _ = try log.finish(other) } == .logDiffers)
        }
        var other = totals
        other.digest = String(repeating: "0", count: 64)
        #expect(code { _ = try log.finish(other) } == .logDiffers)
        var dropped = totals
        dropped.droppedBytes = 12
        #expect(try log.finish(dropped) == dropped)
        #expect(code { try append(log, short, at: 4) } == .logFinished)
        try append(log, short, at: 0)
        #expect(try LogReader(path: path).totals == dropped)
    }

    @Test("A runner's log is never changed: lines and sizes over the limit are refused")
    func limits() throws {
        let folder = try LogTestFiles.folder()
        var limits = LogLimits()
        limits.lineBytes = 10
        limits.totalBytes = 100
        let log = try LogIngest(path: folder + "/a.log", limits: limits)
        try append(log, Array("0123456789\n0123456789\nabc".utf8), at: 0)
        #expect(code { try append(log, Array("defghijk\n".utf8), at: 25) } == .logLineLimit)
        #expect(code { try append(log, Array("x\n01234567890\n".utf8), at: 25) } == .logLineLimit)
        #expect(log.offset == 25)
        try append(log, Array("defghij\n0123456789\nx".utf8), at: 25)
        #expect(log.nextLine == 5)
        let most = 100 + (1 << 20)
        let lines = [UInt8]((0..<most).map { $0 % 5 == 4 ? 10 : 65 })
        let full = try LogIngest(path: folder + "/b.log", limits: limits)
        #expect(code { try append(full, lines + [10], at: 0) } == .logSizeLimit)
        try append(full, lines, at: 0)
        #expect(full.offset == most)
        // What a runner's own writer makes of long lines and too many bytes is taken as it is.
        limits.lineBytes = 80
        let writer = try LogWriter(path: folder + "/own.log", limits: limits)
        try writer.append(String(repeating: "long ", count: 40), at: Timestamp(milliseconds: 1))
        let totals = try writer.finish()
        #expect(totals.droppedBytes > 0)
        let own = try LogIngest(path: folder + "/copy.log", limits: limits)
        try append(own, LogTestFiles.bytes(folder + "/own.log"), at: 0)
        #expect(try own.finish(totals) == totals)
    }

    @Test("Logs of new jobs get their folders")
    func newJob() throws {
        let folder = try LogTestFiles.folder()
        let log = try LogIngest(LogKey(job: "build (a)", step: "2", attempt: 1), in: LogFolder(path: folder + "/run"))
        let totals = try LogTestFiles.written(short, folder + "/whole.log")
        try append(log, short, at: 0)
        #expect(try log.finish(totals) == totals)
    }
}
