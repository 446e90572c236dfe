// SPDX-License-Identifier: Apache-2.0

package import AccessRules
internal import Credentials
package import Diagnostics
internal import Synchronization
package import Timekeeping

/// Who a request is from, by what it shows.
package final class Identification: Sendable {
    private let keeper: DirectoryKeeper
    /// When a token was last used; told in lists. What the journal has of it is at most an hour old.
    private let uses = Mutex(Uses())

    private struct Uses: Sendable {
        var last: [EntryID: Timestamp] = [:]
        /// Since the journal was told.
        var changed: Set<EntryID> = []
    }

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
        uses.withLock { uses in
            uses.last[issued.id] = now
            uses.changed.insert(issued.id)
        }
        return .success(.token(issued.id))
    }

    package func lastUse(of token: EntryID) -> Timestamp? { uses.withLock { $0.last[token] } }

    /// Reads what the journal has.
    func recall(_ ledger: TokenUses) throws(DiagnosticError) {
        let known = try ledger.load()
        uses.withLock { $0.last.merge(known) { max($0, $1) } }
    }

    /// Tells the journal what was used since it was last told.
    func keep(in ledger: TokenUses, now: Timestamp) throws(DiagnosticError) {
        let changed = uses.withLock { uses in
            defer { uses.changed = [] }
            return uses.last.filter { uses.changed.contains($0.key) }
        }
        do throws(DiagnosticError) {
            try ledger.keep(changed, now: now)
        } catch {
            uses.withLock { $0.changed.formUnion(changed.keys) }
            throw error
        }
    }

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
