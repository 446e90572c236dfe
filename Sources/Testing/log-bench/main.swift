// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Glibc
import LogArchive
import Timekeeping

// The speed of logs, as one line of JSON a measurement:
//   log-bench FOLDER [MEGABYTES]
// A log of 100-byte lines is taken in as from a runner, then searched and looked at. Its file is removed at the end.

func seconds() -> Double {
    var moment = timespec()
    clock_gettime(CLOCK_MONOTONIC, &moment)
    return Double(moment.tv_sec) + Double(moment.tv_nsec) / 1e9
}

func tell(_ text: String) {
    var line = text + "\n"
    _ = line.withUTF8 { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
}

/// Runs `body` three times; the fastest counts.
func measure(_ name: String, bytes: Int?, runs: Int = 3, _ body: () throws(LogError) -> String) throws(LogError) {
    var best = Double.infinity
    var result = ""
    for _ in 0..<runs {
        let start = seconds()
        result = try body()
        best = min(best, seconds() - start)
    }
    let rounded = (best * 1e6).rounded() / 1e6
    let speed = bytes.map { ", \"megabytesPerSecond\": \(Int(Double($0) / best / 1e6))" } ?? ""
    tell("{\"name\": \"\(name)\", \"seconds\": \(rounded)\(speed), \"result\": \"\(result)\"}")
}

/// One MiB and a little of lines of 100 bytes; each ten-thousandth or so tells of an error.
func chunk(_ number: Int) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(1_048_600)
    for index in 0..<10_486 {
        let line = number * 10_486 + index
        let isError = line % 10_007 == 0
        let head = "2026-11-26T10:14:07.123Z [worker-\(line % 8)] "
        let body = isError ? "error: E\(line % 10_000) failed in \(line % 97)ms at " : "compiled module \(line) of "
        text += head.utf8
        text += body.utf8
        var seed = UInt64(line) &* 6_364_136_223_846_793_005 &+ 1
        while text.count % 100 != 99 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            text.append(UInt8(ascii: "a") + UInt8((seed >> 33) % 26))
        }
        text.append(UInt8(ascii: "\n"))
    }
    return text
}

func ingest(_ path: String, megabytes: Int) throws(LogError) -> Int {
    var total = 0
    // Made before the measured time; the same ones come again and again.
    let chunks = (0..<16).map(chunk)
    let log = try LogIngest(path: path)
    let start = seconds()
    for number in 0..<(megabytes * 1_000_000 / chunks[0].count) {
        let bytes = chunks[number % chunks.count]
        total = try bytes.withUnsafeBufferPointer { (bytes) throws(LogError) in
            try log.append(UnsafeRawBufferPointer(bytes), offset: total, time: Timestamp(milliseconds: Int64(number)))
        }
    }
    let digest = try EndOfLog.digest(log)
    let time = seconds() - start
    let speed = Int(Double(total) / time / 1e6)
    tell("{\"name\": \"ingest\", \"seconds\": \(time), \"megabytesPerSecond\": \(speed), \"result\": \"\(digest)\"}")
    return total
}

/// Ends a log without knowing what the runner has: what it says differs is what there is.
enum EndOfLog {
    static func digest(_ log: LogIngest) throws(LogError) -> String {
        do throws(LogError) {
            let unknown = LogTotals(lines: 0, bytes: log.offset, droppedBytes: 0, digest: "")
            return try log.finish(unknown).digest
        } catch {
            guard case .ingest(.differs(let found, _), _) = error else { throw error }
            return try log.finish(found).digest
        }
    }
}

func search(_ name: String, _ path: String, _ bytes: Int, _ pattern: LogPattern) throws(LogError) {
    let source = LogSource(key: LogKey(job: "bench", step: "1", attempt: 1), path: path)
    try measure(name, bytes: bytes) { () throws(LogError) in
        let page = try LogSearch(pattern, in: [source]).page()
        return "\(page.matchingLines) lines"
    }
}

func screens(_ path: String) throws(LogError) {
    for (name, screen) in [
        ("first", LogScreen.first(200)), ("last", .last(200)), ("middle", .around(line: 2_345_678, 200)),
    ] {
        try measure("screen, \(name)", bytes: nil) { () throws(LogError) in
            "\(try LogReader(path: path).screen(screen).bytes.count) bytes"
        }
    }
    let follower = try LogFollower(path: path)
    let end = LogPosition(line: 1, offset: Int.max)
    try measure("follow, nothing new, 1000 times", bytes: nil) { () throws(LogError) in
        for _ in 0..<1000 { _ = try follower.lines(from: end) }
        return "1000"
    }
}

/// A log whose every line came at another millisecond has a mark a line.
func manyMarks(_ path: String) throws(LogError) {
    let line = [UInt8](repeating: UInt8(ascii: "x"), count: 499) + [UInt8(ascii: "\n")]
    let writer = try LogWriter(path: path)
    for time in 0..<1_000_000 {
        try line.withUnsafeBufferPointer { (bytes) throws(LogError) in
            try writer.append(UnsafeRawBufferPointer(bytes), at: Timestamp(milliseconds: Int64(time)))
        }
    }
    try writer.flush()
    try measure("screen, last, a million marks", bytes: nil) { () throws(LogError) in
        "\(try LogReader(path: path).screen(.last(200)).bytes.count) bytes"
    }
}

let arguments = Array(CommandLine.arguments.dropFirst())
guard let folder = arguments.first else { exit(2) }
let megabytes = arguments.count > 1 ? Int(arguments[1]) ?? 500 : 500
let path = "\(folder)/log-bench.log"
do throws(LogError) {
    unlink(path)
    unlink(path + ".marks")
    let bytes = try ingest(path, megabytes: megabytes)
    try search("search, text", path, bytes, LogPattern(.text, "failed in 96ms"))
    try search("search, text that is not there", path, bytes, LogPattern(.text, "no such text"))
    try search("search, text ignoring case", path, bytes, LogPattern(.textIgnoringCase, "FAILED IN 96MS"))
    for pattern in [
        "error: E\\d+ failed", "(error|fatal|panic):", "\\d+ms\\b", "[a-z]+: [A-Z]\\d+", "\\w+\\s+failed\\s",
        "x.*y.*z.*=", "worker-[37]\\].*of [a-m]",
    ] {
        let shown = pattern.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\")
        try search("search, expression \(shown)", path, bytes, LogPattern(.regularExpression, pattern))
    }
    try screens(path)
    try manyMarks(path)
    unlink(path)
    unlink(path + ".marks")
} catch {
    tell("\(error.diagnostic.code): \(error.diagnostic.message)")
    exit(1)
}
