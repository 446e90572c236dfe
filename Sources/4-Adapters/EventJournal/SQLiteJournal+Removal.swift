// SPDX-License-Identifier: Apache-2.0

internal import SQLiteAccess
package import Timekeeping

/// What is not needed any more goes.
extension SQLiteJournal {
    @discardableResult
    package func removeStreams(
        prefixes: [String], recording appends: [StreamAppend], now: Timestamp
    ) throws(JournalError) -> Int {
        try JournalLimits.check(appends)
        return try locked { (state) throws(JournalError) in
            try wait(forDisk: true, &state)
            let connection = state.connection
            var recordedAt = max(now, state.lastRecordedAt)
            let count = try connection.transaction { () throws(JournalError) in
                var count = 0
                for prefix in prefixes { count += try Self.remove(prefix, connection) }
                // A row that a removed stream had may be another's now.
                try Self.write(appends, &recordedAt, [:], connection)
                return count
            }
            state.forgetStreams()
            state.lastRecordedAt = recordedAt
            return count
        }
    }

    @discardableResult
    package func removeStreams(_ streams: [StreamID]) throws(JournalError) -> Int {
        try locked { (state) throws(JournalError) in
            try wait(forDisk: true, &state)
            let connection = state.connection
            let count = try connection.transaction { () throws(JournalError) in
                var count = 0
                for stream in streams {
                    guard let row = try Self.existingRow(of: stream, connection),
                        try Self.remove(number: row.number, connection)
                    else { continue }
                    count += 1
                }
                return count
            }
            state.forgetStreams()
            return count
        }
    }

    package func trim(_ stream: StreamID, before sequence: Int) throws(JournalError) {
        try locked { (state) throws(JournalError) in
            guard let row = try Self.existingRow(of: stream, state.connection) else { return }
            let end = min(sequence, row.summary.version)
            guard end > 1 else { return }
            try wait(forDisk: true, &state)
            try state.connection.run("DELETE FROM events WHERE place > ?1 AND place < ?2") {
                $0.bind(1, row.number << 32)
                $0.bind(2, row.number << 32 + Int64(end))
            }
        }
    }

    package func forgetMessages(keeping count: Int) throws(JournalError) {
        try locked { (state) throws(JournalError) in
            try state.connection.run(
                "DELETE FROM outbox WHERE settled = 1 AND number <= (SELECT max(number) FROM outbox) - ?1"
            ) { $0.bind(1, Int64(count)) }
        }
    }

    package func blobs(storedBefore time: Int) -> [BlobDigest] { blobs.stored(before: time) }

    package func removeBlob(_ digest: BlobDigest, storedBefore time: Int) -> UInt64? {
        blobs.remove(digest, storedBefore: time)
    }

    // MARK: inside

    private static func remove(_ prefix: String, _ connection: SQLiteConnection) throws(JournalError) -> Int {
        var numbers: [Int64] = []
        try connection.query("SELECT number FROM streams WHERE name >= ?1 AND name < ?2") {
            $0.bind(1, prefix)
            // No name holds such a character.
            $0.bind(2, prefix + "\u{10FFFF}")
        } row: {
            numbers.append($0.number(0))
        }
        var count = 0
        for number in numbers where try remove(number: number, connection) { count += 1 }
        return count
    }

    /// - Returns: `false` where a message of it waits.
    private static func remove(number: Int64, _ connection: SQLiteConnection) throws(JournalError) -> Bool {
        var isWaiting = false
        try connection.query("SELECT 1 FROM outbox WHERE settled = 0 AND stream = ?1 LIMIT 1") {
            $0.bind(1, number)
        } row: { _ in
            isWaiting = true
        }
        guard !isWaiting else { return false }
        try connection.run("DELETE FROM events WHERE place > ?1 AND place < ?2") {
            $0.bind(1, number << 32)
            $0.bind(2, (number + 1) << 32)
        }
        try connection.run("DELETE FROM streams WHERE number = ?1") { $0.bind(1, number) }
        return true
    }
}
