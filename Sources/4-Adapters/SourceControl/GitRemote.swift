// SPDX-License-Identifier: Apache-2.0

/// Where a remote is, without what opens it.
struct GitRemote: Hashable, Sendable {
    /// As git takes it, without a name's password.
    var address: String
    var credential: GitCredential?

    /// Takes a password out of the address.
    init(_ address: String, _ credential: GitCredential?) {
        self.address = address
        self.credential = credential
        guard let scheme = ["https://", "http://"].first(where: { address.lowercased().hasPrefix($0) }) else { return }
        let rest = address.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return }
        let parts = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        self.address = scheme + rest[rest.index(after: at)...]
        guard credential == nil else { return }
        // A name alone is often a token.
        let user = parts.count == 2 ? String(parts[0]) : "x-access-token"
        self.credential = .token(Self.decoded(parts.last ?? ""), user: Self.decoded(user[...]))
    }

    /// The `host` or `host:port` of an address over HTTP.
    var host: String? {
        guard let scheme = ["https://", "http://"].first(where: { address.lowercased().hasPrefix($0) }) else {
            return nil
        }
        return String(address.dropFirst(scheme.count).prefix { $0 != "/" })
    }

    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
