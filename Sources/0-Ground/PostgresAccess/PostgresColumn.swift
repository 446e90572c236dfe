// SPDX-License-Identifier: Apache-2.0

/// An array that grows by one element at a time and lies in memory as it is sent, for statements that write thousands of rows.
package struct PostgresColumn: Sendable {
    package enum Kind: Hashable, Sendable { case number, text, bytes }

    package let kind: Kind
    private var elements: [UInt8] = []
    private var count: Int32 = 0
    private var hasNulls = false

    package init(_ kind: Kind) { self.kind = kind }

    package mutating func append(_ number: Int64?) {
        guard let number else { return appendNull() }
        withUnsafeBytes(of: number.bigEndian) { append(raw: $0) }
    }

    /// A text's UTF-8, or a block.
    package mutating func append(_ bytes: UnsafeRawBufferPointer?) {
        guard let bytes else { return appendNull() }
        append(raw: bytes)
    }

    private mutating func append(raw bytes: UnsafeRawBufferPointer) {
        count += 1
        withUnsafeBytes(of: Int32(bytes.count).bigEndian) { elements.append(contentsOf: $0) }
        elements.append(contentsOf: bytes)
    }

    private mutating func appendNull() {
        count += 1
        hasNulls = true
        withUnsafeBytes(of: Int32(-1).bigEndian) { elements.append(contentsOf: $0) }
    }

    package var value: PostgresValue {
        let (array, element) =
            switch kind {
            case .number: (PostgresValue.ObjectID.longArray, PostgresValue.ObjectID.long)
            case .text: (PostgresValue.ObjectID.textArray, PostgresValue.ObjectID.text)
            case .bytes: (PostgresValue.ObjectID.bytesArray, PostgresValue.ObjectID.bytes)
            }
        return PostgresValue(
            type: array,
            bytes: PostgresValue.arrayHead(count: count, hasNulls: hasNulls, of: element) + elements)
    }
}
