// SPDX-License-Identifier: Apache-2.0

internal import CProcessControl
package import Diagnostics

/// What the receipts of a job say: which attempts were started, and how they ended.
///
/// A line is written whole or is the torn last one: `S key` before the fork, `E key exit 0`,
/// `E key signal 9` or `E key failed stage errno` after the end, `B boot-id pid` by each supervisor at its start.
package struct ReceiptLog: Hashable, Sendable {
    package enum Receipt: Hashable, Sendable {
        /// Started, its end unknown: it runs, or was cut off.
        case started
        /// Not the outcome of the attempt unless the coordinator lived to record it: one that died takes its
        /// attempts with it, by SIGKILL or already by a pipe that nobody reads.
        case ended(ProcessEnding)
        case launchFailed(LaunchStage, SystemError)
    }

    /// By attempt key. What is not here was not started, as far as this boot goes.
    package private(set) var receipts: [String: Receipt] = [:]
    /// Of the supervisor that wrote last.
    package private(set) var bootID: String?
    /// Of the supervisor that wrote last.
    package private(set) var supervisorID: Int32?
    /// Largest file that is read, in bytes.
    package static let sizeLimit = Int(PC_RECEIPTS_LIMIT)

    package init() {}

    package subscript(key: String) -> Receipt? { receipts[key] }

    /// Reads receipts while no supervisor writes them. A file that is not there is empty receipts.
    ///
    /// - Throws: ``DiagnosticCode/receiptsHeld`` when a supervisor still holds them at the deadline,
    ///   ``DiagnosticCode/receiptsUnreadable``.
    package static func read(path: String, until deadline: BootInstant) throws(DiagnosticError) -> ReceiptLog {
        do {
            let lock = try FileLock.waiting(path: path, until: deadline)
            defer { withExtendedLifetime(lock) {} }
            return try read(path: path)
        } catch  where error.diagnostic.code == .lockHeld {
            let holder = (try? read(path: path))?.supervisorID.map { " (process \($0))" } ?? ""
            throw DiagnosticError(
                .receiptsHeld, "Processes of the job may still be alive: its supervisor\(holder) holds \(path).",
                remedy: "Wait for it, or kill that process and resume: what it leaves behind is cleaned up.")
        } catch  where error.diagnostic.code == .lockUnavailable {
            throw Self.unreadable(path, error.diagnostic.message)
        }
    }

    /// Reads receipts as they are at this moment.
    ///
    /// - Throws: ``DiagnosticCode/receiptsUnreadable``.
    package static func read(path: String) throws(DiagnosticError) -> ReceiptLog {
        let file = pc_open_for_reading(path)
        if file < 0 {
            let error = SystemError(number: -file)
            if error.name == "ENOENT" { return ReceiptLog() }
            throw unreadable(path, "\(error)")
        }
        defer { pc_close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = pc_read(file, &chunk, chunk.count)
            if count < 0 { throw unreadable(path, "\(SystemError(number: Int32(-count)))") }
            if count == 0 { return ReceiptLog(parsing: bytes) }
            bytes.append(contentsOf: chunk[..<Int(count)])
            if bytes.count > sizeLimit { throw unreadable(path, "it is larger than \(sizeLimit) bytes") }
        }
    }

    private static func unreadable(_ path: String, _ reason: String) -> DiagnosticError {
        DiagnosticError(
            .receiptsUnreadable, "The receipts \(path) could not be read: \(reason)",
            remedy: "Start a new run; this one cannot be resumed safely.")
    }

    /// Lines that make no sense and a torn last line are passed over.
    package init(parsing bytes: [UInt8]) {
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: 10) {
            take(bytes[start..<end])
            start = end + 1
        }
    }

    private mutating func take(_ line: ArraySlice<UInt8>) {
        let words = line.split(separator: 32, maxSplits: 5, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        switch words.first {
        case "S" where words.count == 2:
            receipts[words[1]] = receipts[words[1]] ?? .started
        case "E" where words.count >= 4:
            guard receipts[words[1]] != nil, let receipt = Self.ending(words[2], words.dropFirst(3)) else { return }
            receipts[words[1]] = receipt
        case "B" where words.count == 3:
            bootID = words[1]
            supervisorID = Int32(words[2])
        default:
            return
        }
    }

    private static func ending(_ kind: String, _ numbers: ArraySlice<String>) -> Receipt? {
        let values = numbers.compactMap { Int32($0) }
        guard values.count == numbers.count else { return nil }
        switch (kind, values.count) {
        case ("exit", 1): return .ended(.exited(values[0]))
        case ("signal", 1): return .ended(.signalled(values[0]))
        case ("failed", 2):
            guard let stage = UInt32(exactly: values[0]).flatMap(LaunchStage.init) else { return nil }
            return .launchFailed(stage, SystemError(number: values[1]))
        default: return nil
        }
    }
}
