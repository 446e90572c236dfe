// SPDX-License-Identifier: Apache-2.0

/// What a remote's address says: `git@host:owner/name.git`, `https://host/owner/name`, `ssh://git@host:22/owner/name.git`.
struct RemoteAddress {
    var serverURL: String
    /// `owner/name`; deeper groups are kept: `group/sub/name`.
    var fullName: String

    /// `nil` for a path on this machine.
    init?(_ address: String) {
        var text = address[...]
        for suffix in ["/", ".git"] where text.hasSuffix(suffix) { text = text.dropLast(suffix.count) }
        let host: Substring
        let path: Substring
        if let scheme = text.range(of: "://") {
            guard !text.hasPrefix("file") else { return nil }
            let rest = text[scheme.upperBound...]
            guard let slash = rest.firstIndex(of: "/") else { return nil }
            host = rest[..<slash]
            path = rest[rest.index(after: slash)...]
        } else {
            // The short form of ssh: no slash may come before its colon.
            guard let colon = text.firstIndex(of: ":"), !text[..<colon].contains("/") else { return nil }
            host = text[..<colon]
            path = text[text.index(after: colon)...]
        }
        let name = host.split(separator: "@").last ?? host
        let parts = path.split(separator: "/")
        guard parts.count >= 2 else { return nil }
        let isSecureShell = !text.hasPrefix("http")
        // A forge within a network may have no TLS.
        let scheme = text.hasPrefix("http://") ? "http://" : "https://"
        serverURL = scheme + (isSecureShell ? name.prefix { $0 != ":" } : name)
        fullName = parts.joined(separator: "/")
    }
}

extension Substring {
    /// The first occurrence of `needle`; Foundation is not needed for that.
    fileprivate func range(of needle: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(needle) {
                return start..<index(start, offsetBy: needle.count)
            }
            start = index(after: start)
        }
        return nil
    }
}

/// What a project's address says of it: of a path its folder's name.
package struct RemotePlace: Hashable, Sendable {
    /// `owner/name`
    package let fullName: String
    package let serverURL: String

    package init(_ address: String) {
        if let remote = RemoteAddress(address) {
            fullName = remote.fullName
            serverURL = remote.serverURL
        } else {
            var name = address.split(separator: "/").last.map(String.init) ?? "repository"
            if name.hasSuffix(".git") { name = String(name.dropLast(4)) }
            fullName = "local/\(name)"
            serverURL = "file://"
        }
    }
}
