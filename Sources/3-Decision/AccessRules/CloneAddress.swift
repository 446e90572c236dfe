// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// Where git goes for an address, read as git reads it. What git could read in another way is refused: a secret, and the look
/// at the host, would be for another one than git connects to.
///
/// Source: `is_url`, `url_is_local_not_ssh`, `url_decode` and `get_host_and_port` in git's `connect.c` and `url.c`. git decodes
/// `ssh://` and `git://` as a whole before it looks for the host, and takes `@[` anywhere for the beginning of one.
package struct CloneAddress: Hashable, Sendable {
    /// As `https://git.example.org:443`; `nil`: a folder of this machine, or something that git has a helper for.
    package let place: String?

    private static let ports = ["https": "443", "http": "80", "ssh": "22", "git": "9418"]

    /// - Throws: ``DiagnosticCode/directoryValue``.
    package init(_ text: String) throws(DiagnosticError) {
        guard text.unicodeScalars.allSatisfy({ $0.value > 32 && $0.value != 127 }) else {
            throw Self.refused("has blanks or control characters in it")
        }
        let scheme = text.prefix { Self.isWord($0, "+-.") }
        let rest = text[scheme.endIndex...]
        if scheme.first.map({ Self.isWord($0, "") }) == true {
            if rest.hasPrefix("::") {
                place = nil
                return
            }
            if rest.hasPrefix("://") {
                place = try Self.place(of: scheme.lowercased(), rest.dropFirst(3))
                return
            }
        }
        place = try Self.shortPlace(text)
    }

    /// Of an address with a scheme.
    private static func place(of scheme: String, _ rest: Substring) throws(DiagnosticError) -> String? {
        guard let usual = ports[scheme] else { return nil }
        let (authority, path) = cut(rest, at: rest.firstIndex(of: "/"))
        let isWeb = scheme.hasPrefix("http")
        try check(path: path, refusing: isWeb ? "\\" : "\\%[]")
        let parts = authority.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count < 2 || scheme == "ssh" && !parts[0].contains(":") else {
            throw DiagnosticError(
                .directoryValue, "The address to clone from holds a user name or a password.",
                remedy: "Leave it out, and keep the credential as a secret.")
        }
        let (host, port) = try host(parts, mayHavePort: true)
        return "\(scheme)://\(host):\(port ?? usual)"
    }

    /// Of ssh's short form, `git@host:path`; `nil`: it is a path.
    private static func shortPlace(_ text: String) throws(DiagnosticError) -> String? {
        guard let first = text.firstIndex(of: ":"), !text[..<first].contains("/") else { return nil }
        // The colons within brackets are an address's.
        let colon = text.firstIndex(of: "]").flatMap { bracket in
            text[..<first].contains("[") ? text[bracket...].firstIndex(of: ":") : nil
        }
        let (authority, path) = cut(text[...], at: colon ?? first)
        try check(path: path, refusing: "\\[]")
        guard !path.contains("://") else { throw refused("has no scheme of git's before its '://'") }
        let (host, _) = try host(
            authority.split(separator: "@", omittingEmptySubsequences: false), mayHavePort: false)
        return "ssh://\(host):22"
    }

    private static func cut(_ text: Substring, at place: Substring.Index?) -> (Substring, Substring) {
        (text[..<(place ?? text.endIndex)], text[(place ?? text.endIndex)...])
    }

    private static func check(path: Substring, refusing refused: String) throws(DiagnosticError) {
        guard let found = path.first(where: { refused.contains($0) }) else { return }
        throw Self.refused("has '\(found)' in its path, which git could take for a part of the host")
    }

    /// - Parameter parts: of what stands before the path, between its `@`.
    private static func host(
        _ parts: [Substring], mayHavePort: Bool
    ) throws(DiagnosticError) -> (host: String, port: String?) {
        guard parts.count <= 2, let last = parts.last else { throw refused("has more than one '@' before its path") }
        if parts.count == 2 {
            guard !parts[0].isEmpty, !parts[0].hasPrefix("-"), parts[0].allSatisfy({ isWord($0, "-._+") }) else {
                throw refused("has a user name of other characters than letters, digits and '-', '.', '_', '+'")
            }
        }
        var (host, port) = (last, Substring?.none)
        let tail = last.hasPrefix("[") ? last.drop { $0 != "]" } : last
        if let colon = tail.firstIndex(of: ":") {
            (host, port) = (last[..<colon], last[last.index(after: colon)...])
        }
        guard isHost(host) else {
            throw refused("has no host of letters, digits, '-', '.' and '_', nor an IPv6 address in brackets")
        }
        guard let port else { return (host.lowercased(), nil) }
        guard mayHavePort, let number = UInt16(port), number > 0, port.utf8.allSatisfy({ (48...57).contains($0) })
        else { throw refused("has no port from 1 to 65535 behind its host") }
        return (host.lowercased(), "\(number)")
    }

    private static func isHost(_ text: Substring) -> Bool {
        guard text.hasPrefix("[") else {
            return !text.isEmpty && !text.hasPrefix("-") && text.allSatisfy { isWord($0, "-._") }
        }
        let inner = text.dropFirst().dropLast()
        // With one colon it is a host and a port to git.
        return text.hasSuffix("]") && inner.count(where: { $0 == ":" }) >= 2
            && inner.allSatisfy { $0.isHexDigit && $0.isASCII || $0 == ":" || $0 == "." }
    }

    /// A letter or a digit of ASCII, or one of those.
    private static func isWord(_ character: Character, _ others: String) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber) || others.contains(character)
    }

    private static func refused(_ why: String) -> DiagnosticError {
        DiagnosticError(
            .directoryValue, "The address to clone from \(why).",
            remedy: "Write it as https://host/path, ssh://user@host:port/path or user@host:path.")
    }
}
