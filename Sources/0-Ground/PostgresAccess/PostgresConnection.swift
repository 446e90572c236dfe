// SPDX-License-Identifier: Apache-2.0

internal import CPostgres

/// One connection and its prepared statements. Used by one thread at a time.
package final class PostgresConnection {
    /// As the database's administrator sees it.
    private static let applicationName = "martlet"

    /// Where the database is, without a password.
    package let place: String
    private let handle: OpaquePointer
    /// Names of statements that were prepared.
    private var prepared: [StaticString.Key: String] = [:]
    /// Nothing can be asked by it any more.
    package private(set) var isBroken = false

    /// - Parameters:
    ///   - address: a URL (`postgres://…`) or keywords, as PostgreSQL's own programs take it.
    ///   - timeoutMs: how long it may take.
    package init(address: PostgresAddress, timeoutMs: Int) throws(PostgresFailure) {
        place = address.shown
        if let failure = pg_load() {
            throw PostgresFailure(.withoutLibrary, place: place, detail: String(cString: failure))
        }
        var opened: OpaquePointer?
        let outcome = pg_open(address.text, Self.applicationName, Int32(timeoutMs), &opened)
        guard outcome == Int32(PG_DONE.rawValue), let opened else {
            let words = opened.map { String(cString: pg_message($0)) } ?? "out of memory"
            pg_close(opened)
            throw Self.notOpened(outcome, words, place: place, timeoutMs)
        }
        handle = opened
    }

    deinit { pg_close(handle) }

    /// PostgreSQL's words have lines, tabs and full stops.
    private static func oneLine(_ words: String) -> String {
        let text = words.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }

    /// While a connection is made PostgreSQL tells no state, only words; those of being turned away are told apart.
    private static func notOpened(
        _ outcome: Int32, _ words: String, place: String, _ timeoutMs: Int
    ) -> PostgresFailure {
        let text = oneLine(words)
        if outcome == Int32(PG_LATE.rawValue) {
            return PostgresFailure(.late(waitedMilliseconds: timeoutMs), place: place, detail: text)
        }
        let isCrowded = ["too many clients", "too many connections", "remaining connection slots"]
            .contains { text.contains($0) }
        if isCrowded { return PostgresFailure(.crowded, place: place, detail: text) }
        let isOccupied = ["is starting up", "is shutting down"].contains { text.contains($0) }
        if isOccupied { return PostgresFailure(.occupied, place: place, detail: text) }
        let isRefused = ["authentication failed", "does not exist", "no pg_hba.conf entry", "not permitted"]
            .contains { text.contains($0) }
        return PostgresFailure(isRefused ? .refused : .unreachable, place: place, detail: text)
    }

    /// Whether it may be asked something, as far as can be known without asking: nothing has come that nobody asked for.
    var isQuiet: Bool { pg_is_quiet(handle) != 0 }

    // MARK: statements

    /// Runs statements that take and answer nothing.
    package func script(_ sql: String, timeoutMs: Int) throws(PostgresFailure) {
        _ = try answer(timeoutMs) { pg_script(handle, sql, Int32(timeoutMs), &$0) }
    }

    /// Runs a statement that is prepared at its first use; a text stands at one place of the program.
    package func run(
        _ sql: StaticString, _ values: [PostgresValue] = [], timeoutMs: Int
    ) throws(PostgresFailure) -> PostgresRows {
        let name = try prepare(sql, values, timeoutMs)
        return try answer(timeoutMs) { result in
            Self.withPointers(values) { pointers, lengths in
                pg_run_prepared(
                    handle, name, Int32(values.count), pointers, lengths, Int32(timeoutMs), &result)
            }
        }
    }

    /// All of `body` or nothing of it.
    package func transaction<Value>(
        timeoutMs: Int, _ body: () throws(PostgresFailure) -> Value
    ) throws(PostgresFailure) -> Value {
        try script("BEGIN", timeoutMs: timeoutMs)
        do throws(PostgresFailure) {
            let value = try body()
            try script("COMMIT", timeoutMs: timeoutMs)
            return value
        } catch {
            if !isBroken {
                do throws(PostgresFailure) {
                    try script("ROLLBACK", timeoutMs: timeoutMs)
                } catch {
                    // Whoever used it next would be within the transaction.
                    isBroken = true
                }
            }
            throw error
        }
    }

    /// What a notification may say, in bytes; PostgreSQL takes less than this.
    package static let notificationBytes = 8_000

    /// Waits for a notification of a channel that this connection listens to.
    ///
    /// - Returns: what it says; `nil`: none came in time.
    func notification(withinMs: Int) throws(PostgresFailure) -> String? {
        guard !isBroken else { throw PostgresFailure(.unreachable, place: place, detail: "the connection is broken") }
        let size = Self.notificationBytes + 1
        return try withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) {
            (memory) throws(PostgresFailure) -> String? in
            guard let start = memory.baseAddress else { return nil }
            let outcome = pg_await_notification(handle, Int32(withinMs), start, Int32(size))
            if outcome == Int32(PG_LATE.rawValue) { return nil }
            if outcome == Int32(PG_DONE.rawValue) { return String(cString: start) }
            isBroken = true
            throw PostgresFailure(
                .unreachable, place: place, detail: Self.oneLine(String(cString: pg_message(handle))))
        }
    }

    private func prepare(
        _ sql: StaticString, _ values: [PostgresValue], _ timeoutMs: Int
    ) throws(PostgresFailure) -> String {
        let key = StaticString.Key(sql)
        if let known = prepared[key] { return known }
        let name = "m\(prepared.count)"
        let types = values.map(\.type)
        _ = try answer(timeoutMs) { result in
            sql.withUTF8Buffer { text in
                // It ends with a zero.
                text.withMemoryRebound(to: CChar.self) {
                    pg_prepare(handle, name, $0.baseAddress, Int32(types.count), types, Int32(timeoutMs), &result)
                }
            }
        }
        prepared[key] = name
        return name
    }

    private func answer(
        _ timeoutMs: Int, _ ask: (inout OpaquePointer?) -> Int32
    ) throws(PostgresFailure) -> PostgresRows {
        guard !isBroken else { throw PostgresFailure(.unreachable, place: place, detail: "the connection is broken") }
        var result: OpaquePointer?
        let outcome = ask(&result)
        if outcome == Int32(PG_DONE.rawValue), let result { return PostgresRows(result) }
        defer { pg_free(result) }
        let state = result.map { String(cString: pg_state($0)) } ?? ""
        let words =
            result.map { String(cString: pg_primary_message($0)) } ?? String(cString: pg_message(handle))
        if outcome != Int32(PG_FAILED.rawValue) { isBroken = true }
        if outcome == Int32(PG_LATE.rawValue) {
            throw PostgresFailure(.late(waitedMilliseconds: timeoutMs), place: place, detail: "no answer")
        }
        guard let result, !state.isEmpty else {
            throw PostgresFailure(
                .unreachable, place: place, detail: Self.oneLine(words))
        }
        let kind = PostgresFailure.kind(ofState: state, detail: String(cString: pg_detail(result)))
        throw PostgresFailure(kind, place: place, detail: "\(words) (\(state))")
    }

    private static func withPointers<R>(
        _ values: [PostgresValue], _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?) -> R
    ) -> R {
        // One piece of memory for all: values of an array cannot be held by pointers one by one.
        let total = values.reduce(0) { $0 + ($1.bytes?.count ?? 0) }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: max(1, total)) { memory in
            var pointers: [UnsafePointer<CChar>?] = []
            var offset = 0
            for value in values {
                guard let bytes = value.bytes, let start = memory.baseAddress else {
                    pointers.append(nil)
                    continue
                }
                UnsafeMutableRawPointer(start + offset).copyMemory(from: bytes, byteCount: bytes.count)
                pointers.append(UnsafePointer(start + offset))
                offset += bytes.count
            }
            let lengths = values.map { Int32($0.bytes?.count ?? 0) }
            return pointers.withUnsafeBufferPointer { pointers in
                lengths.withUnsafeBufferPointer { body(pointers.baseAddress, $0.baseAddress) }
            }
        }
    }
}

extension StaticString {
    /// Two places with the same text may have different keys; each is prepared on its own then.
    struct Key: Hashable {
        private let address: UInt

        init(_ text: StaticString) { address = UInt(bitPattern: text.utf8Start) }
    }
}
