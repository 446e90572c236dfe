// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import StructuredData
internal import Timekeeping

/// Names of deliveries. The same thing told of the same moment to the same hook has the same name, so that it is one however often
/// it is told; and newer ones stand before older ones in the order of their names, which is how lists of streams go.
enum DeliveryID {
    private static let head = "msg_"
    /// Milliseconds until the year 2527 have so many digits.
    private static let timeDigits = 11
    private static let timeLimit: Int64 = 1 << 44 - 1
    private static let digestDigits = 16
    private static let longestBytes = 64

    static func make(_ time: Timestamp, _ parts: [String]) -> String {
        let left = max(0, timeLimit - max(0, time.milliseconds))
        let digits = String(left, radix: 16)
        let padding = String(repeating: "0", count: max(0, timeDigits - digits.utf8.count))
        return head + padding + digits + digest(parts).prefix(digestDigits)
    }

    /// For what has to be spread, and the same each time.
    static func seed(_ id: String) -> UInt64 { UInt64(digest(["seed", id]).prefix(16), radix: 16) ?? 0 }

    private static func digest(_ parts: [String]) -> String {
        let text = DataValue.array(parts.map(DataValue.string)).jsonText()
        return Hexadecimal.text(SHA256.hash(data: Array(text.utf8)))
    }

    /// Whether a text that somebody gave may be one: it stands in a stream's name.
    static func isGood(_ text: String) -> Bool {
        text.hasPrefix(head) && text.utf8.count <= longestBytes
            && text.utf8.dropFirst(head.utf8.count).allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}
