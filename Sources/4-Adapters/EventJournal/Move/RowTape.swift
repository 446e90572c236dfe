// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import PostgresAccess
internal import SQLiteAccess
internal import StructuredData

/// Rows as one line of bytes, the same from whichever database they come: to compare them, and for their digest. A number is
/// eight bytes, a text or a block its length and its bytes, each after a byte that says whether it is null.
struct RowTape {
    private(set) var bytes: [UInt8] = []
    private var rows: [(place: Int64, start: Int)] = []

    var count: Int { rows.count }
    var lastPlace: Int64? { rows.last?.place }

    mutating func begin(_ place: Int64) { rows.append((place, bytes.count)) }

    mutating func put(_ number: Int64?) {
        guard let number else { return bytes.append(0) }
        bytes.append(1)
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func put(_ block: UnsafeRawBufferPointer?) {
        guard let block else { return bytes.append(0) }
        bytes.append(1)
        withUnsafeBytes(of: Int64(block.count).bigEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: block)
    }

    mutating func put(_ text: String) {
        var text = text
        text.withUTF8 { put(UnsafeRawBufferPointer($0)) }
    }

    mutating func put(_ row: SQLiteStatement, _ columns: [PostgresColumn.Kind]) {
        begin(row.number(0))
        for (index, kind) in columns.enumerated() {
            if kind == .number { put(row.optionalNumber(Int32(index))) } else { put(row.raw(Int32(index))) }
        }
    }

    mutating func put(_ rows: PostgresRows, _ columns: [PostgresColumn.Kind]) {
        for row in 0..<rows.count {
            begin(rows.number(row, 0))
            for (index, kind) in columns.enumerated() {
                if kind == .number { put(rows.optionalNumber(row, index)) } else { put(rows.raw(row, index)) }
            }
        }
    }

    private func row(_ index: Int) -> ArraySlice<UInt8> {
        bytes[rows[index].start..<(index + 1 < rows.count ? rows[index + 1].start : bytes.count)]
    }

    /// - Returns: the place of the first row that is not the same in both; `nil`: there is none.
    func firstDifference(from other: RowTape) -> Int64? {
        if bytes == other.bytes, count == other.count { return nil }
        for index in 0..<min(count, other.count) where row(index) != other.row(index) {
            return min(rows[index].place, other.rows[index].place)
        }
        let longer = count > other.count ? self : other
        return longer.rows[min(count, other.count)].place
    }
}

/// The digest of a whole journal: SHA-256 over the tapes of its tables, each after its name.
struct JournalDigest {
    private var hash = SHA256()

    mutating func begin(_ table: String) {
        var tape = RowTape()
        tape.put(table)
        add(tape)
    }

    mutating func add(_ tape: RowTape) { tape.bytes.withUnsafeBytes { hash.update(bufferPointer: $0) } }

    var text: String { "sha256:" + Hexadecimal.text(hash.finalize()) }
}
