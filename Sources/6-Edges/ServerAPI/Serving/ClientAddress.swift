// SPDX-License-Identifier: Apache-2.0

internal import HTTPMessages
internal import HTTPServing
internal import NotificationRules

/// Where a request comes from.
enum ClientAddress {
    private static let limitBytes = 64

    /// The peer; where that is a proxy that is trusted, the last address of `X-Forwarded-For` that is of none.
    ///
    /// - Parameter trusted: addresses and networks (`10.0.0.0/24`).
    static func of(_ inbound: InboundRequest, trusted: Set<String>) -> String {
        guard isTrusted(inbound.peer, trusted) else { return inbound.peer }
        let hops = inbound.headers.all("X-Forwarded-For").flatMap { $0.split(separator: ",") }
        for hop in hops.reversed() {
            let address = String(hop.filter { $0 != " " && $0 != "\t" })
            guard !isTrusted(address, trusted) else { continue }
            let isAddress =
                address.utf8.count <= limitBytes && !address.isEmpty
                && address.utf8.allSatisfy { byte in
                    (48...57).contains(byte) || (97...102).contains(byte | 32) || byte == 46 || byte == 58
                }
            return isAddress ? address : inbound.peer
        }
        return inbound.peer
    }

    private static func isTrusted(_ text: String, _ trusted: Set<String>) -> Bool {
        if trusted.isEmpty || trusted.contains(text) { return !trusted.isEmpty }
        guard let address = NetworkAddress(text) else { return false }
        return trusted.contains { AddressRange($0)?.contains(address) == true }
    }

    /// What attempts are counted by: an address of IPv4, and of IPv6 the first 64 bits, which are one household's.
    static func network(_ address: String) -> String {
        guard address.contains(":") else { return address }
        let sides = address.split(separator: "%")[0].components(around: "::")
        let head = sides.head.split(separator: ":")
        let tail = sides.tail.split(separator: ":")
        // 192.0.2.1 as an address of IPv6.
        if let last = tail.last, last.contains(".") { return String(last) }
        let zeros = Array(repeating: Substring("0"), count: max(0, 8 - head.count - tail.count))
        let groups = sides.isShort ? head + zeros + tail : head
        return groups.prefix(4).map { $0.drop { $0 == "0" }.lowercased() }.joined(separator: ":") + "/64"
    }
}

extension Substring {
    fileprivate func components(around separator: String) -> (head: Substring, tail: Substring, isShort: Bool) {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(separator) {
                return (self[..<index], self[self.index(index, offsetBy: separator.count)...], true)
            }
            index = self.index(after: index)
        }
        return (self, "", false)
    }
}
