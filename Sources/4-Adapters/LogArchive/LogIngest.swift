// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Timekeeping

/// Stores the log of a step that runs elsewhere: what a runner sends of the log that it wrote itself, byte for byte.
///
/// A piece says where in the log it belongs. What is there already is passed over, so a piece that comes twice is one;
/// what is appended is in the file when ``append(_:offset:time:)`` returns, so it survives the end of this process,
/// and the next one goes on where the file ends. Lines get numbers, marks, totals and a digest as a local log's do,
/// since a ``LogWriter`` writes them. Used by one thread at a time, and by one holder a log: whose word counts is
/// decided before.
package final class LogIngest {
    /// A runner's log may be so much over its limit: the breaks in its last lines, and the line that tells of the limit.
    static let slackBytes = 1 << 20

    package let path: String
    private let limits: LogLimits
    private let writer: LogWriter?
    /// What a finished log holds; `nil` while bytes may come.
    package private(set) var totals: LogTotals?

    /// Goes on with the log where it ends; creates it, and the folders of ``LogFolder``, if it is not there.
    ///
    /// - Parameter limits: those that the runner writes with.
    package convenience init(
        _ key: LogKey, in folder: LogFolder, limits: LogLimits = LogLimits()
    ) throws(LogError) {
        let path = folder.file(key)
        if access(path, F_OK) != 0 { _ = try folder.writer(key) }
        try self.init(path: path, limits: limits)
    }

    /// Goes on with the log where it ends; creates it if it is not there. Its folder must be.
    package init(path: String, limits: LogLimits = LogLimits()) throws(LogError) {
        self.path = path
        self.limits = limits
        var limitsWithSlack = limits
        limitsWithSlack.totalBytes += Self.slackBytes
        if access(path, F_OK) != 0 {
            writer = try LogWriter(path: path, limits: limitsWithSlack)
            return
        }
        let state = try LogResumption(path: path)
        totals = state.totals
        writer = state.totals == nil ? try LogWriter(resuming: state, limits: limitsWithSlack) : nil
    }

    /// How many bytes are there: where the next piece has to begin.
    package var offset: Int { totals?.bytes ?? writer?.size ?? 0 }

    /// The number that the next line gets, or that the unfinished one has; 1 is the first.
    package var nextLine: Int { writer?.nextLine ?? (totals?.lines ?? 0) + 1 }

    /// Appends what of a piece is not there yet.
    ///
    /// - Parameters:
    ///   - offset: of the piece in the runner's log, in bytes.
    ///   - time: when the lines came that begin in the piece.
    /// - Returns: how many bytes are there now.
    package func append(
        _ bytes: UnsafeRawBufferPointer, offset: Int, time: Timestamp
    ) throws(LogError) -> Int {
        let known = self.offset
        guard offset >= 0, offset <= known else {
            throw .ingest(.gap(offset: offset, expected: known), path: path)
        }
        guard bytes.count > known - offset else { return known }
        guard let writer, totals == nil else { throw .ingest(.finished(bytes: known), path: path) }
        let end = offset + bytes.count
        guard end <= limits.totalBytes + Self.slackBytes else {
            throw .ingest(.sizeLimit(bytes: limits.totalBytes), path: path)
        }
        let rest = UnsafeRawBufferPointer(rebasing: bytes[(known - offset)...])
        guard writer.keepsLines(rest) else {
            throw .ingest(.lineLimit(bytes: limits.lineBytes, line: writer.nextLine), path: path)
        }
        try writer.append(rest, at: time)
        try writer.flush()
        return writer.size
    }

    /// Ends the log where it is what the runner has: as many bytes and lines, and the same digest. Where bytes are
    /// missing they may still come; a log that differs is not ended. Ending it twice is ending it once.
    package func finish(_ expected: LogTotals) throws(LogError) -> LogTotals {
        var found = try written()
        guard found.bytes >= expected.bytes else {
            throw .ingest(.incomplete(bytes: found.bytes, expected: expected.bytes), path: path)
        }
        // What the runner dropped never came here.
        if totals == nil { found.droppedBytes = expected.droppedBytes }
        guard found == expected else { throw .ingest(.differs(found: found, expected: expected), path: path) }
        if totals == nil { try writer?.seal(found) }
        totals = found
        return found
    }

    private func written() throws(LogError) -> LogTotals {
        if let totals { return totals }
        guard let writer else { preconditionFailure("a log without a writer is finished") }
        return try writer.totals()
    }

    /// To be called before it is put away unfinished: nothing is lost without it but the times of the last lines.
    package func pause() throws(LogError) {
        if totals == nil { try writer?.pause() }
    }

}
