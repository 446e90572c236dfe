// SPDX-License-Identifier: Apache-2.0

/// A repository's address, as far as two ways of writing it can be told to mean the same one.
package enum RepositoryAddress {
    /// `git@host:o/r.git`, `ssh://git@host:22/o/r`, `https://name@host/o/r.git/` are all `host/o/r`; a path stays one.
    /// Ports and names are left out: people clone by another way than servers do.
    ///
    /// Source: git-clone's manual, "Git URLs".
    package static func normalised(_ address: String) -> String {
        var rest = address[...]
        if let mark = rest.firstRange(of: "://") {
            let scheme = rest[..<mark.lowerBound].lowercased()
            rest = rest[mark.upperBound...]
            return scheme == "file" ? path(rest) : remote(rest.prefix { $0 != "/" }, rest.drop { $0 != "/" })
        }
        // The short form has its colon before any slash.
        if let colon = rest.firstIndex(of: ":"), !rest[..<colon].contains("/") {
            return remote(rest[..<colon], rest[rest.index(after: colon)...])
        }
        return path(rest)
    }

    private static func remote(_ authority: Substring, _ place: Substring) -> String {
        var host = authority[...]
        if let at = host.lastIndex(of: "@") { host = host[host.index(after: at)...] }
        if host.last != "]", let colon = host.lastIndex(of: ":") { host = host[..<colon] }
        let trimmed = path(place.drop { $0 == "/" })
        return "\(host.lowercased())/\(trimmed)"
    }

    private static func path(_ text: Substring) -> String {
        var text = text
        while text.count > 1, text.hasSuffix("/") { text = text.dropLast() }
        if text.hasSuffix(".git"), !text.hasSuffix("/.git") { text = text.dropLast(4) }
        return String(text)
    }
}
