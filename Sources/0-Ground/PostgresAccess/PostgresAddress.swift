// SPDX-License-Identifier: Apache-2.0

/// Where a database is: a URL or keywords, as PostgreSQL's own programs take it.
package struct PostgresAddress: Hashable, Sendable {
    let text: String

    package init(_ text: String) { self.text = text }

    /// Without its password, for people to read.
    package var shown: String {
        guard let scheme = text.firstRange(of: "://") else {
            return text.split(separator: " ").filter { !$0.hasPrefix("password=") }.joined(separator: " ")
        }
        let rest = text[scheme.upperBound...]
        let start = String(text[..<scheme.upperBound])
        // As libpq finds it: the first `@`, unless a path comes before it.
        guard let at = rest.firstIndex(where: { $0 == "@" || $0 == "/" }), rest[at] == "@" else {
            // A password with a `/` in it is no address; whatever it is, nobody is to read it.
            if rest.prefix(while: { $0 != "?" }).contains("@") { return start + "…" }
            return start + rest.prefix { $0 != "?" && $0 != "#" }
        }
        let user = rest[..<at].prefix { $0 != ":" }
        // Parameters may hold one too.
        return start + user + rest[at...].prefix { $0 != "?" && $0 != "#" }
    }
}
