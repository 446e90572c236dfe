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
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        // Parameters may hold one too.
        let path = rest[end...].prefix { $0 != "?" }
        guard let at = rest[..<end].lastIndex(of: "@") else {
            return String(text[..<scheme.upperBound] + rest[..<end] + path)
        }
        let user = rest[..<at].prefix { $0 != ":" }
        return String(text[..<scheme.upperBound] + user + rest[at..<end] + path)
    }
}
