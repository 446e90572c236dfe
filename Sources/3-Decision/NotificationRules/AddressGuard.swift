// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// Keeps addresses that people give (of webhooks, of mail relays) from leading into the server's own network.
///
/// Used twice: on the text, when it is given; and on what the name resolves to, each time before a connection is made.
/// The connection must then be made to the address that was looked at, not to the name again, or the name could lead
/// elsewhere the second time. Answers that redirect are not followed.
package struct AddressGuard: Hashable, Sendable {
    package var schemes: Set<String> = ["https"]
    package var ports: Set<Int> = [443, 8443]
    package var allowsAnyPort = false
    /// Goes to private and local addresses too, but not to those that clouds keep their credentials behind.
    package var allowsPrivate = false
    /// Goes there whatever is said above.
    package var allowedRanges: [AddressRange] = []

    package static let maximumBytes = 2_048

    package init() {}

    /// For a server in a network of its own, whose neighbours are who it tells: `http` and any port and address but those that
    /// clouds keep their credentials behind.
    package static var allowingPrivate: AddressGuard {
        var guarding = AddressGuard()
        guarding.schemes = ["http", "https"]
        guarding.allowsAnyPort = true
        guarding.allowsPrivate = true
        return guarding
    }

    /// An address that was looked at.
    package struct Target: Hashable, Sendable {
        package var scheme: String
        /// A name in lower case, or an address without brackets.
        package var host: String
        package var port: Int
    }

    /// Looks at an address as a text, before its name is resolved.
    ///
    /// - Throws: ``DiagnosticCode/addressInvalid``, ``DiagnosticCode/addressRefused``.
    package func target(_ url: String) throws(DiagnosticError) -> Target {
        let target = try Self.parse(url)
        guard schemes.contains(target.scheme) else {
            let known = schemes.sorted().joined(separator: " or ")
            throw Self.refused("'\(target.scheme)' addresses are not used here: it must be \(known)")
        }
        guard allowsAnyPort || ports.contains(target.port) else {
            let known = ports.sorted().map(String.init).joined(separator: ", ")
            throw Self.refused("port \(target.port) is not used here: it must be one of \(known)")
        }
        if let address = NetworkAddress(target.host) {
            try check(address)
        } else if target.host == "localhost" || target.host.hasSuffix(".localhost"), !allowsPrivate {
            throw Self.refused("\(target.host) is this machine")
        }
        return target
    }

    /// Looks at all that a name resolved to; one address that is refused refuses the name.
    ///
    /// - Throws: ``DiagnosticCode/addressRefused``; also where there is none, or one is no address.
    package func check(resolved addresses: [String]) throws(DiagnosticError) {
        guard !addresses.isEmpty else { throw Self.refused("its name leads nowhere") }
        for text in addresses {
            guard let address = NetworkAddress(text) else { throw Self.refused("'\(text.cut(60))' is no address") }
            try check(address)
        }
    }

    /// - Throws: ``DiagnosticCode/addressRefused``.
    package func check(_ address: NetworkAddress) throws(DiagnosticError) {
        if allowedRanges.contains(where: { $0.contains(address) }) { return }
        if let embedded = address.embedded { return try check(embedded) }
        if ReservedRanges.metadata.contains(where: { $0.contains(address) }) {
            throw Self.refused("it leads to the metadata service of a cloud")
        }
        guard !allowsPrivate else { return }
        if let found = ReservedRanges.all.first(where: { $0.range.contains(address) }) {
            throw Self.refused("it leads to \(found.name)")
        }
    }

    private static func parse(_ url: String) throws(DiagnosticError) -> Target {
        let bytes = Array(url.utf8)
        guard bytes.count <= maximumBytes, bytes.allSatisfy({ $0 > 32 && $0 < 127 && $0 != 92 }),
            let colon = url.firstRange(of: "://")
        else { throw invalid("It must be an address such as https://example.org/hook, in ASCII") }
        let scheme = url[..<colon.lowerBound].lowercased()
        let rest = url[colon.upperBound...]
        let authority = rest.prefix { !"/?#".contains($0) }
        guard !authority.contains("@") else { throw invalid("It must not hold a name or a password before the host") }
        var host = authority
        var port: Int? = scheme == "https" ? 443 : scheme == "http" ? 80 : nil
        let tail = authority.hasPrefix("[") ? authority.drop { $0 != "]" } : authority
        if let colon = tail.lastIndex(of: ":") {
            let digits = authority[authority.index(after: colon)...]
            guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(digits), number < 65_536 else {
                throw invalid("Its port is none")
            }
            host = authority[..<colon]
            port = number
        }
        return Target(scheme: scheme, host: try checkedHost(host), port: port ?? 0)
    }

    private static func checkedHost(_ text: Substring) throws(DiagnosticError) -> String {
        if text.hasPrefix("[") {
            guard text.hasSuffix("]"), NetworkAddress(String(text))?.bytes.count == 16, !text.contains("%") else {
                throw invalid("Its host is no address")
            }
            return text.dropFirst().dropLast().lowercased()
        }
        var host = text.lowercased()
        if host.hasSuffix(".") { host.removeLast() }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        let isName = labels.allSatisfy { label in
            !label.isEmpty && label.utf8.count <= 63
                && label.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 95 }
        }
        // Some resolvers read a last part of digits as a number: then it must be an address in the usual spelling.
        let last = labels.last ?? ""
        let isNumber = last.utf8.allSatisfy { (48...57).contains($0) } || last.hasPrefix("0x")
        guard isName, host.utf8.count <= 253, !isNumber || NetworkAddress(host) != nil else {
            throw invalid("Its host is neither a name nor an address in the usual spelling")
        }
        return host
    }

    private static func invalid(_ problem: String) -> DiagnosticError {
        DiagnosticError(.addressInvalid, "The address cannot be used. \(problem).", remedy: "Correct the address.")
    }

    private static func refused(_ reason: String) -> DiagnosticError {
        DiagnosticError(
            .addressRefused, "The server does not go to this address: \(reason).",
            remedy: "Use a public https:// address. Who runs the server can allow private ones, and plain HTTP, with "
                + "--allow-private-hooks or MARTLET_ALLOW_PRIVATE_HOOKS.")
    }
}
