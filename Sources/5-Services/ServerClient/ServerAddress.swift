// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// Where a server is: `https://ci.example.org`, perhaps with a port and a path.
package struct ServerAddress: Hashable, Sendable, CustomStringConvertible {
    /// Without a slash at the end; scheme and host in small letters, and no port that goes without saying.
    package let text: String
    /// Without the port.
    package let host: String
    package let isSecure: Bool

    package var description: String { text }

    /// - Throws: ``DiagnosticCode/serverAddressInvalid``.
    package init(_ given: String) throws(DiagnosticError) {
        guard let mark = given.firstRange(of: "://"), let scheme = Scheme(given[..<mark.lowerBound].lowercased()),
            !given.contains(where: { $0 == "?" || $0 == "#" || $0.isWhitespace || !$0.isASCII })
        else { throw Self.invalid(given) }
        let rest = given[mark.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        guard let (host, port) = Self.parts(authority) else { throw Self.invalid(given) }
        var path = String(rest.dropFirst(authority.count))
        while path.hasSuffix("/") { path.removeLast() }
        let shown = port.flatMap { $0 == scheme.port ? nil : ":\($0)" } ?? ""
        text = "\(scheme.rawValue)://\(host)\(shown)\(path)"
        self.host = host
        isSecure = scheme == .https
    }

    private enum Scheme: String {
        case http
        case https

        init?(_ text: String) { self.init(rawValue: text) }
        var port: Int { self == .http ? 80 : 443 }
    }

    /// Whether what is sent there can be read on its way.
    package var isOpenToReaders: Bool {
        !isSecure && !["localhost", "[::1]"].contains(host) && !host.hasPrefix("127.")
    }

    private static func parts(_ authority: Substring) -> (host: String, port: Int?)? {
        guard !authority.contains("@") else { return nil }
        var host = authority
        var port: Int?
        if let colon = authority.lastIndex(of: ":"), authority.last != "]" {
            guard let number = Int(authority[authority.index(after: colon)...]), (1...65_535).contains(number) else {
                return nil
            }
            port = number
            host = authority[..<colon]
        }
        let isLiteral = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
        guard !host.isEmpty, isLiteral || !host.contains(where: { "[]:".contains($0) }) else { return nil }
        return (host.lowercased(), port)
    }

    private static func invalid(_ given: String) -> DiagnosticError {
        DiagnosticError(
            .serverAddressInvalid, "'\(given)' is not the address of a server.",
            remedy: "Write it as https://ci.example.org, or sign in there first with: martlet auth login URL")
    }
}
