// SPDX-License-Identifier: Apache-2.0

internal import HTTPMessages
internal import HTTPServing
internal import Timekeeping

/// The cookies that this server's pages know a browser by.
///
/// Source: RFC 6265bis, section 4.1.3: a cookie whose name begins with `__Host-` comes from this host, over TLS, and goes to
/// no other.
struct SessionCookie: Sendable {
    /// Where TLS ends here or before here.
    let isSecure: Bool

    private var prefix: String { isSecure ? "__Host-" : "" }
    /// Holds the session's ticket.
    var session: String { prefix + "martlet" }
    /// Tells browsers apart in which nobody is signed in.
    var browser: String { prefix + "martlet-browser" }
    /// Holds what a browser was sent to the identity provider with.
    var attempt: String { prefix + "martlet-sign-in" }

    static func value(_ name: String, _ headers: HTTPHeaders) -> String? {
        for line in headers.all("Cookie") {
            for pair in line.split(separator: ";") {
                let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard sides.count == 2, Self.trimmed(sides[0]) == name else { continue }
                let value = Self.trimmed(sides[1])
                return value.isEmpty ? nil : value
            }
        }
        return nil
    }

    /// - Parameter seconds: how long the browser keeps it; 0 takes it away, `nil`: until the browser ends.
    func line(_ name: String, _ value: String, seconds: Int64?) -> String {
        var line = "\(name)=\(value); Path=/; HttpOnly; SameSite=Lax"
        if isSecure { line += "; Secure" }
        if let seconds { line += "; Max-Age=\(seconds)" }
        return line
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }
}
