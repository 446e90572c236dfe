// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import ServerOperation
internal import Timekeeping

/// Keeps other sites from sending a browser's cookies with requests of theirs.
///
/// A request that changes something and comes with a cookie has to be of this site, as its browser says, and to carry a text
/// that only this server's pages have. Source: OWASP, "Cross-Site Request Forgery Prevention".
struct FormCheck: Sendable {
    let server: Server

    static let header = "X-CSRF-Token"
    /// The form's field.
    static let field = "csrf"
    static let safeMethods: Set<String> = ["GET", "HEAD", "OPTIONS"]

    /// - Parameter binding: the session's id, or what the browser is known by.
    /// - Throws: ``DiagnosticCode/formForeign``.
    func require(_ request: APIRequest, binding: String, now: Timestamp) async throws(DiagnosticError) {
        try requireOrigin(request.inbound)
        var token = request.inbound.headers[Self.header]
        if token == nil, request.isForm {
            let form = try await request.form()
            token = form[Self.field]
        }
        guard let token, server.people.sessions.isFormToken(token, of: binding, now: now) else {
            throw DiagnosticError(
                .formForeign, "The form is not one of this server's pages, or too old.",
                remedy: "Load the page anew. A program sends \(Self.header) with 'csrf' of /api/v1/me, or uses a token."
            )
        }
    }

    /// Whether the browser says that the request is of a page of this server.
    private func requireOrigin(_ inbound: InboundRequest) throws(DiagnosticError) {
        let foreign = DiagnosticError(
            .formForeign, "The request comes from a page of another site.", remedy: "Use this server's own pages.")
        if let site = inbound.headers["Sec-Fetch-Site"] {
            guard site == "same-origin" || site == "none" else { throw foreign }
            return
        }
        guard let origin = inbound.headers["Origin"] else { return }
        guard isOwn(origin, inbound) else { throw foreign }
    }

    /// A WebSocket is not kept from other sites by the browser: each can ask for one, with this server's cookies, and read what
    /// comes. Every browser says which page asks.
    ///
    /// Source: RFC 6455, section 10.2.
    ///
    /// - Throws: ``DiagnosticCode/socketForeign``.
    func requireOwnPage(_ inbound: InboundRequest) throws(DiagnosticError) {
        let site = inbound.headers["Sec-Fetch-Site"] ?? "same-origin"
        guard site == "same-origin", let origin = inbound.headers["Origin"], isOwn(origin, inbound) else {
            throw DiagnosticError(
                .socketForeign, "A WebSocket with a browser's session is for pages of this server only.",
                remedy: "A program sends Authorization: Bearer TOKEN, and no cookie.")
        }
    }

    private func isOwn(_ origin: String, _ inbound: InboundRequest) -> Bool {
        Self.host(origin).map { $0 == inbound.headers["Host"]?.lowercased() } ?? false
            || origin == Self.origin(server.address)
    }

    private static func host(_ origin: String) -> String? {
        for scheme in ["https://", "http://"] where origin.hasPrefix(scheme) {
            return origin.dropFirst(scheme.count).lowercased()
        }
        return nil
    }

    /// Scheme and host of an address.
    private static func origin(_ address: String) -> String {
        guard let scheme = ["https://", "http://"].first(where: { address.hasPrefix($0) }) else { return address }
        return scheme + address.dropFirst(scheme.count).prefix { $0 != "/" }
    }
}

extension APIRequest {
    var isForm: Bool {
        inbound.headers["Content-Type"]?.lowercased().hasPrefix("application/x-www-form-urlencoded") ?? false
    }

    /// The fields of a form that was posted; of several of one name the last.
    func form() async throws(DiagnosticError) -> [String: String] {
        let bytes = try await bytes()
        guard let text = String(validating: bytes, as: UTF8.self), let pairs = FormText.pairs(text) else {
            throw .formUndecodable
        }
        return Dictionary(pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
    }
}
