// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Diagnostics
package import StructuredData
package import Timekeeping

/// A small value that a browser keeps for the server: it can be read by whoever holds it, but not changed, not used for
/// something else, and not used too late.
///
/// Its text is `KEY.BODY.CODE`: the key's name, the value as JSON in base64url, and an HMAC-SHA256 over the purpose, what
/// it is bound to, and the first two parts.
package struct SignedTicket: Hashable, Sendable {
    package enum Purpose: String, Hashable, Sendable, CaseIterable {
        /// The cookie of somebody who is signed in.
        case session
        /// Shows that a form is of our own pages; bound to the session.
        case form
        /// A link that is good once, as an invitation or a new password; the caller remembers ``id``.
        case link
        /// What a sign-in at an identity provider has to come back with; bound to the browser.
        case signIn
        /// What a job shows that a cluster's pod carries out: good for its lease alone.
        case lease
    }

    package var purpose: Purpose
    /// Unique; what a list of used links holds.
    package var id: String
    package var value: DataValue
    package var expiresAt: Timestamp

    /// Of the text: less than a cookie may be.
    package static let textLimitBytes = 3500

    package init(_ purpose: Purpose, _ value: DataValue, expiresAt: Timestamp, id: String? = nil) {
        self.purpose = purpose
        self.id = id ?? Base64Text.text(Secrecy.randomBytes(12), .url)
        self.value = value
        self.expiresAt = expiresAt
    }

    /// - Parameter binding: what has to be there when it is read, but does not stand in it: a session's id.
    /// - Throws: ``DiagnosticCode/ticketRefused`` for a value that is too long.
    package func text(keys: TicketKeys, binding: String = "") throws(DiagnosticError) -> String {
        let body: DataValue = ["i": .string(id), "e": .number(Double(expiresAt.milliseconds)), "v": value]
        let head = keys.current.id + "." + Base64Text.text(Array(body.jsonText().utf8), .url)
        let code = HMAC<SHA256>.authenticationCode(
            for: Self.signed(head, purpose, binding), using: keys.current.secret)
        let text = head + "." + Base64Text.text(Array(code), .url)
        guard text.utf8.count <= Self.textLimitBytes else {
            throw DiagnosticError(
                .ticketRefused, "A signed value would be longer than \(Self.textLimitBytes) bytes.")
        }
        return text
    }

    /// Reads a ticket that comes back.
    ///
    /// - Throws: ``DiagnosticCode/ticketRefused``: signed by no key of ours, for another purpose, bound to something
    ///   else, or too late. The message tells only "too late" from the rest.
    package init(
        text: String, _ purpose: Purpose, keys: TicketKeys, binding: String = "", now: Timestamp
    ) throws(DiagnosticError) {
        let parts =
            text.utf8.count <= Self.textLimitBytes
            ? text.split(separator: ".", omittingEmptySubsequences: false) : []
        guard parts.count == 3, let key = keys.key(parts[0]), let code = Base64Text.bytes(parts[2], .url),
            HMAC<SHA256>.isValidAuthenticationCode(
                code, authenticating: Self.signed("\(parts[0]).\(parts[1])", purpose, binding), using: key.secret),
            let body = Base64Text.bytes(parts[1], .url), let data = try? DataValue(json: body),
            let id = data["i"]?.string, let end = data["e"]?.int
        else {
            throw DiagnosticError(
                .ticketRefused, "The \(purpose.words) was not made by this server, or for something else.",
                remedy: "Begin anew.")
        }
        self.init(purpose, data["v"] ?? .null, expiresAt: Timestamp(milliseconds: Int64(end)), id: id)
        guard now < expiresAt else {
            throw DiagnosticError(.ticketRefused, "The \(purpose.words) has expired.", remedy: "Begin anew.")
        }
    }

    /// Each part with its length: no two sets of parts give the same bytes.
    private static func signed(_ head: String, _ purpose: Purpose, _ binding: String) -> [UInt8] {
        let parts = ["martlet-ticket-1", purpose.rawValue, binding, head]
        return Array(parts.map { "\($0.utf8.count):\($0)" }.joined(separator: ",").utf8)
    }
}

extension SignedTicket.Purpose {
    fileprivate var words: String {
        switch self {
        case .session: "session"
        case .form: "form"
        case .link: "link"
        case .signIn: "sign-in"
        case .lease: "job's credential"
        }
    }
}
