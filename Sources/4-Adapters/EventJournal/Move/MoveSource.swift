// SPDX-License-Identifier: Apache-2.0

internal import PostgresAccess
internal import SQLiteAccess

/// A journal's file that is being moved. No other process has it open meanwhile, nor can open it.
final class MoveSource {
    private static let busyMilliseconds = 500

    let path: String
    let blobs: BlobFolder
    private let connection: SQLiteConnection

    /// - Throws: ``JournalError/busy(path:waitedMilliseconds:)`` where another process has it open.
    init(path: String) throws(JournalError) {
        self.path = path
        connection = try SQLiteConnection(path: path)
        // Whoever has it open may keep it for ever.
        try connection.execute("PRAGMA busy_timeout = \(Self.busyMilliseconds)")
        // In this way of locking whoever has the file open in write-ahead mode, and be it idle, stands in the way.
        try connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        do throws(JournalError) {
            try JournalSchema.prepare(connection, durable: true)
        } catch {
            guard case .busy = error else { throw error }
            throw .busy(path: path, waitedMilliseconds: Self.busyMilliseconds)
        }
        try connection.execute("PRAGMA synchronous = FULL")
        blobs = BlobFolder(path: path + ".blobs")
    }

    /// Hands over rows in the order of their places until `take` has enough.
    func rows(
        of table: JournalTable, after place: Int64, upTo end: Int64, while take: (SQLiteStatement) -> Bool
    ) throws(JournalError) {
        try connection.query(table.fileRows) {
            $0.bind(1, place)
            $0.bind(2, end)
        } whileTrue: {
            take($0)
        }
    }

    /// The place of the last row; 0: there is none.
    func last(of table: JournalTable) throws(JournalError) -> Int64 {
        var last: Int64 = 0
        try connection.query(table.lastOfFile) { _ in
        } row: {
            last = $0.number(0)
        }
        return last
    }

    /// What a person would call a row.
    func title(of place: Int64, in table: JournalTable) throws(JournalError) -> String {
        var title = "\(place)"
        try connection.query(table.title) {
            $0.bind(1, place)
        } row: {
            title = $0.text(0)
        }
        return title
    }

    /// Brings all of it into the one file, so that it can be given another name.
    func settle() throws(JournalError) {
        try connection.query("PRAGMA wal_checkpoint(TRUNCATE)") { _ in
        } row: { _ in
        }
    }
}

/// Rows that go into the database with one statement.
struct MoveBatch {
    let table: JournalTable
    private let limits: JournalMove.Limits
    private(set) var count = 0
    private(set) var sizeBytes = 0
    private(set) var lastPlace: Int64 = 0
    /// The first row with a text that PostgreSQL cannot keep.
    private(set) var zeroPlace: Int64?
    private var columns: [PostgresColumn]

    init(_ table: JournalTable, _ limits: JournalMove.Limits) {
        self.table = table
        self.limits = limits
        columns = table.columns.map { PostgresColumn($0) }
    }

    var isFull: Bool { count >= limits.rows || sizeBytes >= limits.bytes }

    mutating func append(_ row: SQLiteStatement) {
        count += 1
        lastPlace = row.number(0)
        for index in columns.indices {
            let kind = columns[index].kind
            guard kind != .number else {
                columns[index].append(row.optionalNumber(Int32(index)))
                sizeBytes += 8
                continue
            }
            let bytes = row.raw(Int32(index))
            if kind == .text, let bytes, bytes.contains(0) { zeroPlace = zeroPlace ?? lastPlace }
            columns[index].append(bytes)
            sizeBytes += bytes?.count ?? 0
        }
    }

    var values: [PostgresValue] { columns.map(\.value) + [.number(lastPlace)] }
}
