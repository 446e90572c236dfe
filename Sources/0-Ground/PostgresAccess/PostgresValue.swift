// SPDX-License-Identifier: Apache-2.0

/// A value of a statement, in PostgreSQL's binary form.
package struct PostgresValue: Sendable {
    let type: UInt32
    /// `nil`: SQL's null.
    let bytes: [UInt8]?

    enum ObjectID {
        static let bytes: UInt32 = 17
        static let long: UInt32 = 20
        static let text: UInt32 = 25
        static let bytesArray: UInt32 = 1_001
        static let longArray: UInt32 = 1_016
        static let textArray: UInt32 = 1_009
    }

    package static func number(_ value: Int64?) -> Self { Self(type: ObjectID.long, bytes: value.map(bigEndian)) }
    package static func text(_ value: String?) -> Self {
        Self(type: ObjectID.text, bytes: value.map { Array($0.utf8) })
    }
    package static func bytes(_ value: [UInt8]?) -> Self { Self(type: ObjectID.bytes, bytes: value) }

    package static func numbers(_ values: [Int64?]) -> Self {
        Self(type: ObjectID.longArray, bytes: array(values.map { $0.map(bigEndian) }, of: ObjectID.long))
    }

    package static func texts(_ values: [String]) -> Self {
        Self(type: ObjectID.textArray, bytes: array(values.map { Array($0.utf8) }, of: ObjectID.text))
    }

    package static func blocks(_ values: [[UInt8]]) -> Self {
        Self(type: ObjectID.bytesArray, bytes: array(values, of: ObjectID.bytes))
    }

    // MARK: encoding

    static func bigEndian<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    /// Dimensions, whether there are nulls, the elements' type, the length and the first index; each element with its length
    /// comes after it.
    static func arrayHead(count: Int32, hasNulls: Bool, of type: UInt32) -> [UInt8] {
        let head = bigEndian(Int32(count == 0 ? 0 : 1)) + bigEndian(Int32(hasNulls ? 1 : 0)) + bigEndian(type)
        return count == 0 ? head : head + bigEndian(count) + bigEndian(Int32(1))
    }

    private static func array(_ elements: [[UInt8]?], of type: UInt32) -> [UInt8] {
        var bytes = arrayHead(count: Int32(elements.count), hasNulls: elements.contains { $0 == nil }, of: type)
        bytes.reserveCapacity(20 + elements.reduce(0) { $0 + 4 + ($1?.count ?? 0) })
        for element in elements {
            guard let element else {
                bytes += bigEndian(Int32(-1))
                continue
            }
            bytes += bigEndian(Int32(element.count))
            bytes += element
        }
        return bytes
    }
}
