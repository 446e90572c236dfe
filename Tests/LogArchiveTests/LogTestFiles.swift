// SPDX-License-Identifier: Apache-2.0

import Foundation
import LogArchive
import TestFolders
import Timekeeping

/// Numbers that are the same in every run.
struct SeededNumbers {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 2_862_933_555_777_941_757 &+ 3_037_000_493 }

    mutating func next(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[next(elements.count)] }
}

enum LogTestFiles {
    static func folder() throws -> String { try OwnFolders.make() }

    static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }

    static func write(_ bytes: [UInt8], to path: String) throws { try Data(bytes).write(to: URL(filePath: path)) }

    /// Lines as they are numbered, without their ends.
    static func lines(_ bytes: [UInt8]) -> [[UInt8]] {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    /// A log written by the local writer, all at once.
    static func written(_ bytes: [UInt8], _ path: String, limits: LogLimits = LogLimits()) throws -> LogTotals {
        let writer = try LogWriter(path: path, limits: limits)
        try bytes.withUnsafeBytes { try writer.append($0, at: Timestamp(milliseconds: 5)) }
        return try writer.finish()
    }

    static func source(_ path: String) -> LogSource {
        LogSource(key: LogKey(job: "build", step: "1", attempt: 1), path: path)
    }
}
