// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Credentials
internal import Diagnostics
internal import HTTPMessages
internal import HTTPServing
internal import RunnerProtocol
internal import ServerOperation
internal import Timekeeping

/// Whom a request is from: by a token, else by the session of a browser.
struct Caller: Sendable {
    var principal: Principal
    var session: Session?
    /// Shown by a job, which is nobody beyond it.
    var lease: LeaseKey?

    static let anonymous = Caller(principal: .anonymous, session: nil)
}

extension ServerDoor {
    func cookies(_ inbound: InboundRequest) -> SessionCookie {
        SessionCookie(isSecure: inbound.isSecure || server.address.hasPrefix("https://"))
    }

    /// - Throws: ``DiagnosticCode/credentialRefused`` for a token that is good for nothing.
    func caller(
        _ inbound: InboundRequest, _ route: Route, now: Timestamp
    ) async throws(DiagnosticError) -> Caller {
        switch route.guardian {
        case .proof: return .anonymous
        case .open: return bySession(inbound, now)
        case .runner:
            if let caller = try byLease(inbound, now) { return caller }
            return Caller(principal: try await byToken(inbound, now) ?? .anonymous, session: nil)
        case .known, .server, .run, .project:
            if let principal = try await byToken(inbound, now) { return Caller(principal: principal, session: nil) }
            return bySession(inbound, now)
        }
    }

    private func byToken(_ inbound: InboundRequest, _ now: Timestamp) async throws(DiagnosticError) -> Principal? {
        guard let header = inbound.headers["Authorization"] else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw DiagnosticError(
                .credentialRefused, "The header Authorization is not of the form 'Bearer TOKEN'.")
        }
        return try await server.identification.principal(token: String(parts[1]), now: now)
    }

    /// The credential of one lease: the runner that it was given to has to be there still.
    private func byLease(_ inbound: InboundRequest, _ now: Timestamp) throws(DiagnosticError) -> Caller? {
        let mark = "Bearer " + LeaseCredential.prefix
        guard let header = inbound.headers["Authorization"], header.hasPrefix(mark) else { return nil }
        let shown = try server.people.leases.read(String(header.dropFirst("Bearer ".count)), now: now)
        return Caller(principal: .runner(shown.runner), session: nil, lease: shown.lease)
    }

    /// A session that has ended is none: whoever needs one says so.
    func bySession(_ inbound: InboundRequest, _ now: Timestamp) -> Caller {
        guard let ticket = SessionCookie.value(cookies(inbound).session, inbound.headers),
            let session = try? server.people.sessions.session(ticket: ticket, now: now)
        else { return .anonymous }
        return Caller(principal: .account(session.account), session: session)
    }
}
