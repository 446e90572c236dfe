// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// JSON with bytes that go as they are: chunks of stored content, a piece of an upload. Each part is behind its length, four
/// bytes (big-endian); the JSON is the first.
package struct FramedMessage: Hashable, Sendable {
    package static let contentType = "application/vnd.martlet.frames"

    package var head: DataValue
    package var parts: [[UInt8]]

    package init(_ head: DataValue, _ parts: [[UInt8]] = []) {
        self.head = head
        self.parts = parts
    }

    package var bytes: [UInt8] {
        var text: [UInt8] = []
        head.appendJSON(to: &text)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(parts.reduce(text.count + 4) { $0 + $1.count + 4 })
        for part in [text] + parts {
            withUnsafeBytes(of: UInt32(part.count).bigEndian) { bytes.append(contentsOf: $0) }
            bytes += part
        }
        return bytes
    }

    /// - Throws: where the bytes are no such message, or have more parts than ``RunnerLimits/partsPerMessage``.
    package init(bytes: [UInt8]) throws(DataShapeError) {
        var rest = bytes[...]
        let text = try Self.part(&rest)
        guard let head = try? DataValue(json: text) else { throw DataShapeError("JSON in the first part") }
        self.init(head)
        while !rest.isEmpty {
            guard parts.count < RunnerLimits.partsPerMessage else {
                throw DataShapeError("at most \(RunnerLimits.partsPerMessage) parts")
            }
            parts.append(try Self.part(&rest))
        }
    }

    private static func part(_ rest: inout ArraySlice<UInt8>) throws(DataShapeError) -> [UInt8] {
        guard rest.count >= 4 else { throw DataShapeError("whole: a length is cut off") }
        let count = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        rest = rest.dropFirst(4)
        guard count <= rest.count else { throw DataShapeError("whole: a part is cut off") }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }
}
