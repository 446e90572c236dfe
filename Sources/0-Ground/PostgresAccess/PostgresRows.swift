// SPDX-License-Identifier: Apache-2.0

internal import CPostgres

/// What a statement answered. Columns count from 0.
package final class PostgresRows {
    private let result: OpaquePointer
    package let count: Int

    init(_ result: OpaquePointer) {
        self.result = result
        count = Int(pg_rows(result))
    }

    deinit { pg_free(result) }

    /// Rows that the statement changed.
    package var changed: Int { pg_changed(result) }

    /// The bytes of a value, for as long as the rows live; `nil`: null.
    package func raw(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer? {
        guard pg_is_null(result, Int32(row), Int32(column)) == 0 else { return nil }
        return UnsafeRawBufferPointer(
            start: pg_value(result, Int32(row), Int32(column)), count: Int(pg_length(result, Int32(row), Int32(column)))
        )
    }

    package func isNull(_ row: Int, _ column: Int) -> Bool { raw(row, column) == nil }

    /// Of any width; `nil`: null.
    package func optionalNumber(_ row: Int, _ column: Int) -> Int64? {
        guard let raw = raw(row, column), let first = raw.first else { return nil }
        // The first byte has the sign.
        return raw.dropFirst().reduce(Int64(Int8(bitPattern: first))) { $0 << 8 | Int64($1) }
    }

    package func number(_ row: Int, _ column: Int) -> Int64 { optionalNumber(row, column) ?? 0 }

    package func optionalText(_ row: Int, _ column: Int) -> String? {
        raw(row, column).map { String(decoding: $0, as: UTF8.self) }
    }

    package func text(_ row: Int, _ column: Int) -> String { optionalText(row, column) ?? "" }
    package func bytes(_ row: Int, _ column: Int) -> [UInt8] { raw(row, column).map(Array.init) ?? [] }
}
