// SPDX-License-Identifier: Apache-2.0

internal import SQLiteAccess
import Synchronization
package import Timekeeping

/// The journal in one SQLite file, with blobs in a folder beside it.
///
/// Several processes may have the file open. Write-ahead logging keeps readers and the writer apart; what was recorded
/// survives the end of the process at any moment, and with ``Durability/powerCut`` a power cut as well.
package final class SQLiteJournal: LastingJournal {
    package enum Durability: Hashable, Sendable {
        /// A commit reaches the kernel: kill -9 loses nothing, a power cut may lose the last moments.
        case process
        /// A commit reaches the disk.
        case powerCut
    }

    private let state: Mutex<State>
    let blobs: BlobFolder
    private let isDurable: Bool
    /// Told of each append; called while nothing else waits for the journal.
    private let observer: (@Sendable (AppendNote) -> Void)?

    struct State {
        let connection: SQLiteConnection
        /// Of the connection now.
        var waitsForDisk: Bool
        /// What this process knows of streams: the row number never changes, the version can only have grown.
        fileprivate(set) var known: [StreamID: Known] = [:]
        var lastRecordedAt = Timestamp(milliseconds: .min)

        fileprivate mutating func remember(_ changed: [StreamID: Known]) {
            if known.count > maximumKnown { known.removeAll() }
            for (stream, value) in changed { known[stream] = value }
        }

        /// What this process knew of streams may not be so any more.
        mutating func forgetStreams() { known.removeAll() }
    }

    struct Known {
        var number: Int64
        var version: Int
        var lastRecordedAt: Timestamp
    }

    /// How many streams are kept in mind, so that a server's journal does not grow in memory.
    private static let maximumKnown = 4096

    /// Opens the file, or creates it; its folder must be there.
    ///
    /// - Parameters:
    ///   - path: `…/journal.db`; blobs go to `…/journal.db.blobs`.
    ///   - observer: told what came of each append.
    /// - Throws: damaged, too new, not writable, busy.
    package init(
        path: String, durability: Durability = .process, observer: (@Sendable (AppendNote) -> Void)? = nil
    ) throws(JournalError) {
        self.observer = observer
        let connection = try SQLiteConnection(path: path)
        try JournalSchema.prepare(connection, durable: durability == .powerCut)
        try connection.execute(durability == .powerCut ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL")
        // 16 MiB: a checkpoint syncs the disk, which a step must not wait for every few hundred appends.
        try connection.execute("PRAGMA wal_autocheckpoint = 4096")
        if durability == .process { connection.keepLogOnClose() }
        blobs = BlobFolder(path: path + ".blobs", isDurable: durability == .powerCut)
        isDurable = durability == .powerCut
        state = Mutex(State(connection: connection, waitsForDisk: isDurable))
    }

    /// Whether a journal's file can be opened by this program; it stays as it is. Nobody may have it open.
    ///
    /// - Throws: as ``init(path:durability:observer:)``.
    package static func check(path: String) throws(JournalError) {
        try JournalSchema.check(try SQLiteConnection(path: path))
    }

    // MARK: Appending

    package func append(
        _ appends: [StreamAppend], now: Timestamp, waitsForDisk: Bool
    ) throws(JournalError) -> Timestamp {
        guard let observer else { return try store(appends, now: now, waitsForDisk: waitsForDisk) }
        let begin = ContinuousClock.now
        do throws(JournalError) {
            let time = try store(appends, now: now, waitsForDisk: waitsForDisk)
            observer(AppendNote(outcome: .stored, duration: begin.duration(to: .now)))
            return time
        } catch {
            observer(AppendNote(outcome: .init(error), duration: begin.duration(to: .now)))
            throw error
        }
    }

    private func store(
        _ appends: [StreamAppend], now: Timestamp, waitsForDisk: Bool
    ) throws(JournalError) -> Timestamp {
        try JournalLimits.check(appends)
        return try locked { (state) throws(JournalError) in
            try wait(forDisk: waitsForDisk, &state)
            do throws(JournalError) {
                return try Self.append(appends, now: now, &state)
            } catch {
                guard state.connection.failedOnExistingRow, !state.known.isEmpty else { throw error }
                // Another process appended to a stream that was thought to be known: the second try looks first.
                state.known.removeAll()
                return try Self.append(appends, now: now, &state)
            }
        }
    }

    /// In the write-ahead log whoever waits syncs what was written before, too.
    func wait(forDisk isWanted: Bool, _ state: inout State) throws(JournalError) {
        guard isDurable, isWanted != state.waitsForDisk else { return }
        try state.connection.execute(isWanted ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL")
        state.waitsForDisk = isWanted
    }

    static func append(
        _ appends: [StreamAppend], now: Timestamp, _ state: inout State
    ) throws(JournalError) -> Timestamp {
        let connection = state.connection
        var recordedAt = max(now, state.lastRecordedAt)
        let changed = try connection.transaction { () throws(JournalError) in
            try Self.write(appends, &recordedAt, state.known, connection)
        }
        // Only what is committed is known.
        state.remember(changed)
        state.lastRecordedAt = recordedAt
        return recordedAt
    }

    /// Within a transaction.
    ///
    /// - Returns: the streams as they are with it.
    @discardableResult
    static func write(
        _ appends: [StreamAppend], _ recordedAt: inout Timestamp, _ known: [StreamID: Known],
        _ connection: SQLiteConnection
    ) throws(JournalError) -> [StreamID: Known] {
        var changed: [StreamID: Known] = [:]
        for append in appends where changed[append.stream] == nil {
            let stream = try look(at: append, known[append.stream], connection)
            recordedAt = max(recordedAt, stream.lastRecordedAt)
            changed[append.stream] = stream
        }
        for append in appends {
            guard var stream = changed[append.stream] else { continue }
            guard stream.version == append.expectedVersion else {
                throw .conflict(append.stream, expected: append.expectedVersion, actual: stream.version)
            }
            try record(append, number: stream.number, at: recordedAt, connection)
            stream.version += append.events.count
            stream.lastRecordedAt = recordedAt
            changed[append.stream] = stream
        }
        return changed
    }

    /// What the journal has of the stream now, looked up unless a look is not needed: where this process wrote the
    /// version that the append expects, a later one shows when the event's row is there already.
    private static func look(
        at append: StreamAppend, _ known: Known?, _ connection: SQLiteConnection
    ) throws(JournalError) -> Known {
        if let known, known.version == append.expectedVersion, append.epoch == nil, !append.events.isEmpty {
            return known
        }
        let row = try row(of: append.stream, connection)
        if let own = append.epoch, own != row.summary.epoch {
            throw .fenced(append.stream, epoch: own, current: row.summary.epoch)
        }
        return Known(number: row.number, version: row.summary.version, lastRecordedAt: row.summary.lastRecordedAt)
    }

    private static func record(
        _ append: StreamAppend, number: Int64, at time: Timestamp, _ connection: SQLiteConnection
    ) throws(JournalError) {
        var place = number << 32 | Int64(append.expectedVersion)
        for event in append.events {
            place += 1
            try event.payload.withUnsafeBufferPointer { (payload) throws(JournalError) in
                try connection.run("INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5)") {
                    $0.bind(1, place)
                    $0.bind(2, time.milliseconds)
                    $0.bind(3, event.type)
                    $0.bind(4, Int64(event.version))
                    $0.bind(5, UnsafeRawBufferPointer(payload))
                }
            }
        }
        if append.wakeUp != .unchanged {
            var wakeUp: Timestamp?
            if case .at(let moment) = append.wakeUp { wakeUp = moment }
            try connection.run("UPDATE streams SET wake_at = ?2 WHERE number = ?1 AND wake_at IS NOT ?2") {
                $0.bind(1, number)
                $0.bind(2, wakeUp?.milliseconds)
            }
        }
        for message in append.outbox { try record(message, stream: number, connection) }
    }

    private static func record(
        _ message: OutboxMessage, stream: Int64, _ connection: SQLiteConnection
    ) throws(JournalError) {
        try message.payload.withUnsafeBufferPointer { (payload) throws(JournalError) in
            try connection.run(
                "INSERT OR IGNORE INTO outbox (stream, key, destination, payload) VALUES (?1, ?2, ?3, ?4)"
            ) {
                $0.bind(1, stream)
                $0.bind(2, message.key)
                $0.bind(3, message.destination)
                $0.bind(4, UnsafeRawBufferPointer(payload))
            }
        }
    }

    package func claim(_ streams: [StreamID], owner: String) throws(JournalError) -> [Int] {
        for stream in streams { try JournalLimits.check(stream) }
        return try locked { (state) throws(JournalError) in
            try wait(forDisk: true, &state)
            let connection = state.connection
            return try connection.transaction { () throws(JournalError) in
                var epochs: [Int] = []
                for stream in streams {
                    let row = try Self.row(of: stream, connection)
                    try connection.run("UPDATE streams SET epoch = ?2, owner = ?3 WHERE number = ?1") {
                        $0.bind(1, row.number)
                        $0.bind(2, Int64(row.summary.epoch + 1))
                        $0.bind(3, owner)
                    }
                    epochs.append(row.summary.epoch + 1)
                }
                return epochs
            }
        }
    }

    // MARK: Reading

    package func events(
        of stream: StreamID, from sequence: Int, limit: Int
    ) throws(JournalError) -> [RecordedEvent] {
        try locked { (state) throws(JournalError) in
            guard let row = try Self.existingRow(of: stream, state.connection) else { return [] }
            let first = row.number << 32
            var events: [RecordedEvent] = []
            events.reserveCapacity(min(limit, max(0, row.summary.version - sequence + 1)))
            // Few type names come again and again.
            var lastType = ""
            try state.connection.query(
                """
                SELECT place, at, type, version, payload FROM events
                WHERE place >= ?1 AND place < ?2 ORDER BY place LIMIT ?3
                """
            ) {
                $0.bind(1, first + Int64(max(1, sequence)))
                $0.bind(2, first + 1 << 32)
                $0.bind(3, Int64(limit))
            } row: {
                let type = $0.text(2)
                if type != lastType { lastType = type }
                events.append(
                    RecordedEvent(
                        sequence: Int($0.number(0) - first), recordedAt: Timestamp(milliseconds: $0.number(1)),
                        event: NewEvent(type: lastType, version: Int($0.number(3)), payload: $0.bytes(4))))
            }
            return events
        }
    }

    package func summary(of stream: StreamID) throws(JournalError) -> StreamSummary? {
        try locked { (state) throws(JournalError) in try Self.existingRow(of: stream, state.connection)?.summary }
    }

    package func streams(prefix: String, after: StreamID?, limit: Int) throws(JournalError) -> [StreamSummary] {
        try locked { (state) throws(JournalError) in
            var found: [StreamSummary] = []
            try state.connection.query(
                """
                SELECT streams.number, name, coalesce(place & 4294967295, 0), coalesce(type, ''), coalesce(at, 0),
                    wake_at, epoch, owner
                FROM streams LEFT JOIN events ON place = (
                    SELECT place FROM events WHERE place > streams.number << 32 AND place < (streams.number + 1) << 32
                    ORDER BY place DESC LIMIT 1)
                WHERE name >= ?1 AND name > ?2 AND name < ?4 AND substr(name, 1, length(?1)) = ?1 ORDER BY name LIMIT ?3
                """
            ) {
                $0.bind(1, prefix)
                $0.bind(2, after?.text ?? "")
                $0.bind(3, Int64(limit))
                // Without an upper bound every later stream would be looked at. No name holds such a character.
                $0.bind(4, prefix + "\u{10FFFF}")
            } row: {
                found.append(Self.row($0).summary)
            }
            return found
        }
    }

    package func dueStreams(at now: Timestamp, limit: Int) throws(JournalError) -> [StreamSummary] {
        try locked { (state) throws(JournalError) in
            var found: [StreamSummary] = []
            try state.connection.query(
                """
                SELECT streams.number, name, coalesce(place & 4294967295, 0), coalesce(type, ''), coalesce(at, 0),
                    wake_at, epoch, owner
                FROM streams LEFT JOIN events ON place = (
                    SELECT place FROM events WHERE place > streams.number << 32 AND place < (streams.number + 1) << 32
                    ORDER BY place DESC LIMIT 1)
                WHERE wake_at IS NOT NULL AND wake_at <= ?1 ORDER BY wake_at, name LIMIT ?2
                """
            ) {
                $0.bind(1, now.milliseconds)
                $0.bind(2, Int64(limit))
            } row: {
                found.append(Self.row($0).summary)
            }
            return found
        }
    }

    package func nextWakeUp() throws(JournalError) -> Timestamp? {
        try locked { (state) throws(JournalError) in
            var next: Timestamp?
            try state.connection.query("SELECT min(wake_at) FROM streams WHERE wake_at IS NOT NULL") { _ in
            } row: {
                next = $0.optionalNumber(0).map { Timestamp(milliseconds: $0) }
            }
            return next
        }
    }

    package func pendingMessages(limit: Int) throws(JournalError) -> [PendingMessage] {
        try pendingMessages(limit, to: "")
    }

    package func pendingMessages(to destination: String, limit: Int) throws(JournalError) -> [PendingMessage] {
        try pendingMessages(limit, to: destination)
    }

    private func pendingMessages(_ limit: Int, to destination: String) throws(JournalError) -> [PendingMessage] {
        try locked { (state) throws(JournalError) in
            var found: [PendingMessage] = []
            try state.connection.query(
                """
                SELECT outbox.number, streams.name, key, destination, payload FROM outbox
                JOIN streams ON streams.number = outbox.stream
                WHERE settled = 0 AND (?2 = '' OR destination = ?2) ORDER BY outbox.number LIMIT ?1
                """
            ) {
                $0.bind(1, Int64(limit))
                $0.bind(2, destination)
            } row: {
                let message = OutboxMessage(key: $0.text(2), destination: $0.text(3), payload: $0.bytes(4))
                found.append(PendingMessage(number: $0.number(0), stream: StreamID($0.text(1)), message: message))
            }
            return found
        }
    }

    package func settleMessages(_ numbers: [Int64]) throws(JournalError) {
        try locked { (state) throws(JournalError) in
            let connection = state.connection
            try connection.transaction { () throws(JournalError) in
                for number in numbers {
                    try connection.run("UPDATE outbox SET settled = 1, payload = x'' WHERE number = ?1") {
                        $0.bind(1, number)
                    }
                }
            }
        }
    }

    package func storeBlob(_ bytes: [UInt8]) throws(JournalError) -> BlobDigest { try blobs.store(bytes) }

    package func blob(_ digest: BlobDigest) throws(JournalError) -> [UInt8] { try blobs.read(digest) }

    // MARK: Inside

    struct StreamRow {
        var number: Int64
        var summary: StreamSummary
    }

    private static func row(_ statement: SQLiteStatement) -> StreamRow {
        var summary = StreamSummary(
            stream: StreamID(statement.text(1)), version: Int(statement.number(2)), lastType: statement.text(3),
            lastRecordedAt: Timestamp(milliseconds: statement.number(4)))
        summary.wakeUp = statement.optionalNumber(5).map { Timestamp(milliseconds: $0) }
        summary.epoch = Int(statement.number(6))
        summary.owner = statement.optionalText(7)
        return StreamRow(number: statement.number(0), summary: summary)
    }

    static func existingRow(
        of stream: StreamID, _ connection: SQLiteConnection
    ) throws(JournalError) -> StreamRow? {
        var found: StreamRow?
        try connection.query(
            """
            SELECT streams.number, name, coalesce(place & 4294967295, 0), coalesce(type, ''), coalesce(at, 0),
                wake_at, epoch, owner
            FROM streams LEFT JOIN events ON place = (
                SELECT place FROM events WHERE place > streams.number << 32 AND place < (streams.number + 1) << 32
                ORDER BY place DESC LIMIT 1)
            WHERE name = ?1
            """
        ) {
            $0.bind(1, stream.text)
        } row: {
            found = row($0)
        }
        return found
    }

    /// The stream's row, made where there is none.
    private static func row(of stream: StreamID, _ connection: SQLiteConnection) throws(JournalError) -> StreamRow {
        if let found = try existingRow(of: stream, connection) { return found }
        try connection.run("INSERT INTO streams (name) VALUES (?1)") { $0.bind(1, stream.text) }
        guard let created = try existingRow(of: stream, connection) else {
            throw .failed(path: connection.path, detail: "a new stream is not there")
        }
        return created
    }

    func locked<Value: Sendable>(
        _ body: (inout State) throws(JournalError) -> Value
    ) throws(JournalError) -> Value {
        let result: Result<Value, JournalError> = state.withLock { state in
            do throws(JournalError) { return .success(try body(&state)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}

extension Timestamp {
    /// The recorded time of a stream without events.
    package static let beforeAll = Timestamp(milliseconds: 0)
}
