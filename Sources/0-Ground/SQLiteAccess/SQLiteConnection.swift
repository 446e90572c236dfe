// SPDX-License-Identifier: Apache-2.0

internal import CSQLite

/// One open database and its prepared statements. Used by one thread at a time.
package final class SQLiteConnection<Failure: SQLiteFailing> {
    /// How long a call waits for another process.
    package static var busyMilliseconds: Int32 { 10_000 }

    package let path: String
    private let database: OpaquePointer
    /// Whether the last statement that failed did so because its row is there already.
    package private(set) var failedOnExistingRow = false
    private var statements: [StaticString.Key: SQLiteStatement] = [:]

    package init(path: String) throws(Failure) {
        var opened: OpaquePointer?
        // Whoever owns the connection keeps threads apart.
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        let status = sqlite3_open_v2(path, &opened, flags, nil)
        guard status == SQLITE_OK, let opened else {
            let detail = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close_v2(opened)
            throw Self.error(status, detail: detail, path: path)
        }
        self.path = path
        database = opened
        sqlite3_extended_result_codes(database, 1)
        sqlite3_busy_timeout(database, Self.busyMilliseconds)
    }

    deinit {
        for statement in statements.values { statement.finalize() }
        sqlite3_close_v2(database)
    }

    package func keepLogOnClose() { _ = martlet_sqlite_keep_log_on_close(database) }

    /// Writes all that the database holds at this moment into a file that is not there, without what was removed from it.
    /// Whoever writes to the database meanwhile goes on.
    package func copy(to target: String) throws(Failure) {
        try execute("VACUUM INTO '\(target.replacing("'", with: "''"))'")
    }

    /// Runs statements that answer nothing.
    package func execute(_ sql: String) throws(Failure) {
        try check(sqlite3_exec(database, sql, nil, nil, nil))
    }

    /// The statement for this text, prepared once; a text stands at one place of the program.
    package func statement(_ sql: StaticString) throws(Failure) -> SQLiteStatement {
        let key = StaticString.Key(sql)
        if let known = statements[key] { return known }
        var prepared: OpaquePointer?
        let bytes = UnsafeRawPointer(sql.utf8Start).assumingMemoryBound(to: CChar.self)
        let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
        try check(sqlite3_prepare_v3(database, bytes, Int32(sql.utf8CodeUnitCount), flags, &prepared, nil))
        guard let prepared else { throw Failure(SQLiteFailure(.other, path: path, detail: "an empty statement")) }
        let statement = SQLiteStatement(prepared)
        statements[key] = statement
        return statement
    }

    /// Binds, runs to the end, and resets.
    package func run(_ sql: StaticString, _ bind: (SQLiteStatement) -> Void) throws(Failure) {
        try query(sql, bind) { _ in }
    }

    /// Binds, hands each row to `row`, and resets.
    package func query(
        _ sql: StaticString, _ bind: (SQLiteStatement) -> Void, row: (SQLiteStatement) -> Void
    ) throws(Failure) {
        try query(sql, bind) { statement in
            row(statement)
            return true
        }
    }

    /// ``query(_:_:row:)`` that ends before the last row where `row` says so.
    package func query(
        _ sql: StaticString, _ bind: (SQLiteStatement) -> Void, whileTrue row: (SQLiteStatement) -> Bool
    ) throws(Failure) {
        let statement = try statement(sql)
        defer { statement.reset() }
        bind(statement)
        while true {
            let status = statement.step()
            if status == SQLITE_DONE { return }
            guard status == SQLITE_ROW else { return try check(status) }
            guard row(statement) else { return }
        }
    }

    /// ``query(_:_:row:)`` for a text that is put together: it is prepared anew each time.
    package func queryOnce(
        _ sql: String, _ bind: (SQLiteStatement) -> Void, row: (SQLiteStatement) -> Void
    ) throws(Failure) {
        var prepared: OpaquePointer?
        try check(sqlite3_prepare_v3(database, sql, -1, 0, &prepared, nil))
        guard let prepared else { throw Failure(SQLiteFailure(.other, path: path, detail: "an empty statement")) }
        let statement = SQLiteStatement(prepared)
        defer { statement.finalize() }
        bind(statement)
        while true {
            let status = statement.step()
            if status == SQLITE_DONE { return }
            guard status == SQLITE_ROW else { return try check(status) }
            row(statement)
        }
    }

    /// All of `body` or nothing of it, with the write lock from the start.
    package func transaction<Value>(_ body: () throws(Failure) -> Value) throws(Failure) -> Value {
        try run("BEGIN IMMEDIATE") { _ in }
        do {
            let value = try body()
            try run("COMMIT") { _ in }
            return value
        } catch {
            // After a full disk SQLite has rolled back by itself.
            if sqlite3_get_autocommit(database) == 0 { try? run("ROLLBACK") { _ in } }
            throw error
        }
    }

    private func check(_ status: Int32) throws(Failure) {
        guard status != SQLITE_OK, status != SQLITE_DONE, status != SQLITE_ROW else { return }
        failedOnExistingRow = status & 0xFF == SQLITE_CONSTRAINT
        throw Self.error(status, detail: String(cString: sqlite3_errmsg(database)), path: path)
    }

    private static func error(_ status: Int32, detail: String, path: String) -> Failure {
        let kind: SQLiteFailure.Kind
        switch status & 0xFF {
        case SQLITE_CORRUPT, SQLITE_NOTADB: kind = .damaged
        case SQLITE_FULL: kind = .diskFull
        case SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH: kind = .notWritable
        case SQLITE_BUSY, SQLITE_LOCKED: kind = .busy(waitedMilliseconds: Int(busyMilliseconds))
        default: return Failure(SQLiteFailure(.other, path: path, detail: "\(detail) (SQLite \(status))"))
        }
        return Failure(SQLiteFailure(kind, path: path, detail: detail))
    }
}

extension StaticString {
    /// Two places with the same text may have different keys; each is prepared on its own then.
    struct Key: Hashable {
        private let address: UInt

        init(_ text: StaticString) { address = UInt(bitPattern: text.utf8Start) }
    }
}

/// A prepared statement; indices of parameters count from 1, of columns from 0.
package struct SQLiteStatement {
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) { self.handle = handle }

    func finalize() { sqlite3_finalize(handle) }

    func step() -> Int32 { sqlite3_step(handle) }

    func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    package func bind(_ index: Int32, _ number: Int64?) {
        if let number { sqlite3_bind_int64(handle, index, number) } else { sqlite3_bind_null(handle, index) }
    }

    package func bind(_ index: Int32, _ text: String) {
        var text = text
        text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                _ = martlet_sqlite_bind_text(handle, index, $0.baseAddress, Int32($0.count))
            }
        }
    }

    /// The bytes must stay until the statement is reset.
    package func bind(_ index: Int32, _ bytes: UnsafeRawBufferPointer) {
        _ = martlet_sqlite_bind_bytes(handle, index, bytes.baseAddress, Int32(bytes.count))
    }

    package func number(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    package func optionalNumber(_ column: Int32) -> Int64? {
        sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : number(column)
    }

    package func text(_ column: Int32) -> String {
        guard let start = sqlite3_column_text(handle, column) else { return "" }
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    package func optionalText(_ column: Int32) -> String? {
        sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : text(column)
    }

    /// The bytes of a text or a block, until the next row; `nil`: null.
    package func raw(_ column: Int32) -> UnsafeRawBufferPointer? {
        guard sqlite3_column_type(handle, column) != SQLITE_NULL else { return nil }
        let start = sqlite3_column_blob(handle, column)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
    }

    package func bytes(_ column: Int32) -> [UInt8] {
        let start = sqlite3_column_blob(handle, column)
        return [UInt8](UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
    }
}
