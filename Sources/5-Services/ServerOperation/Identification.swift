// SPDX-License-Identifier: Apache-2.0

package import AccessRules
internal import Credentials
package import Diagnostics
internal import Synchronization
package import Timekeeping

/// Who a request is from, by what it shows.
package final class Identification: Sendable {
    private let keeper: DirectoryKeeper
    /// When a token was last used; told in lists, and lost with the process.
    private let uses = Mutex<[EntryID: Timestamp]>([:])

    package init(keeper: DirectoryKeeper) { self.keeper = keeper }

    /// Whose a token is.
    ///
    /// - Throws: ``DiagnosticCode/credentialRefused``: it has not the form of a token, is unknown, or holds no more.
    package func principal(token text: String, now: Timestamp) async throws(DiagnosticError) -> Principal {
        let token = try AccessToken(text: text)
        if let found = find(token, now) { return try found.get() }
        // A command on the same folder may have made it.
        try await keeper.reload()
        if let found = find(token, now) { return try found.get() }
        throw DiagnosticError(
            .credentialRefused, "The token is not known to this server.",
            remedy: "Make a new one, with `martlet token create` or on the page of your account.")
    }

    private func find(_ token: AccessToken, _ now: Timestamp) -> Result<Principal, DiagnosticError>? {
        let directory = keeper.current
        if let runner = directory.runner(sha256: token.sha256) { return .success(.runner(runner.id)) }
        guard let issued = directory.token(sha256: token.sha256) else { return nil }
        if let ending = issued.ending(now: now) {
            return .failure(
                DiagnosticError(
                    .credentialRefused, "The token '\(issued.name)' \(ending).", remedy: "Use or make another one."))
        }
        uses.withLock { $0[issued.id] = now }
        return .success(.token(issued.id))
    }

    package func lastUse(of token: EntryID) -> Timestamp? { uses.withLock { $0[token] } }

    /// For what is recorded of an act.
    package func actor(
        _ principal: Principal, address: String? = nil, userAgent: String? = nil
    ) -> Actor {
        let directory = keeper.current
        switch principal {
        case .anonymous: return Actor(.system, name: "anonymous", address: address, userAgent: userAgent)
        case .account(let id):
            return Actor(.account, id: id, name: directory.name(of: id), address: address, userAgent: userAgent)
        case .runner(let id):
            return Actor(.runner, id: id, name: directory.name(of: id), address: address, userAgent: userAgent)
        case .token(let id):
            return Actor(
                .token, id: id, owner: directory.tokens[id]?.owner, name: directory.name(of: id), address: address,
                userAgent: userAgent)
        }
    }
}
