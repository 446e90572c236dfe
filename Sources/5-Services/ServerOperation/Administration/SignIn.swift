// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Credentials
package import Diagnostics
internal import Synchronization
package import Timekeeping

/// Why somebody was not let in.
package enum SignInRefusal: Error, Sendable {
    /// No such account, no such password, or an account that is disabled: nobody learns which.
    case wrong
    case wait(milliseconds: Int64)
    /// It could not be found out.
    case failed(DiagnosticError)
}

/// Lets people in by their passwords.
package final class SignIn: Sendable {
    private let directory: DirectoryKeeper
    private let references: ReferencedSecrets
    private let passwords: PasswordWork
    private let state = Mutex(State())

    private struct State: Sendable {
        var backoff = LoginBackoff()
        /// What is being derived now, by account and by address: else a flood would be ahead of its own failures.
        var accounts: Set<String> = []
        var addresses: [String: Int] = [:]
        /// Of whom the audit log says already that they wait; forgotten as a whole where there are too many.
        var noted: Set<String> = []
    }

    static let derivationsOfAnAddress = 4
    private static let pauseMs: Int64 = 1_000
    private static let notedLimit = 10_000

    init(directory: DirectoryKeeper, references: ReferencedSecrets, passwords: PasswordWork) {
        self.directory = directory
        self.references = references
        self.passwords = passwords
    }

    /// - Parameters:
    ///   - name: of the account, or its mail address.
    ///   - network: where it comes from, for the count of failures.
    package func check(
        name: String, password: String, network: String, actor: Actor, now: Timestamp
    ) async throws(SignInRefusal) -> EntryID {
        let account = find(name)
        // Whoever is called by name and by address is one account all the same.
        let key = account?.name.lowercased() ?? String(name.lowercased().prefix(AccessLimits.addressBytes))
        try begin(key, network, now)
        defer { end(key, network) }
        do throws(DiagnosticError) {
            let hash = try account?.passwordReference.map { (reference) throws(DiagnosticError) in
                try PasswordHash(text: try references.text(reference))
            }
            let isMatch = try await passwords.isMatch(password, hash)
            if isMatch, let account, !account.isDisabled {
                try await renew(hash, of: account, password)
                state.withLock { state in
                    state.backoff.succeeded(account: key)
                    state.noted.remove(key + "\u{0}" + network)
                }
                _ = try await directory.perform(
                    .noteSignIn(account.id, method: "password"),
                    by: Actor(
                        .account, id: account.id, name: account.name, address: actor.address,
                        userAgent: actor.userAgent), now: now)
                return account.id
            }
            try await failed(key, network, actor, now)
        } catch {
            throw .failed(error)
        }
        throw .wrong
    }

    /// A hash of earlier, cheaper parameters is made anew; the sessions go on.
    private func renew(_ hash: PasswordHash?, of account: Account, _ password: String) async throws(DiagnosticError) {
        guard let hash, let reference = account.passwordReference, passwords.isCheap(hash) else { return }
        let renewed = try await passwords.hash(password).text
        // Somebody may have set another meanwhile: then there is nothing at the reference any more.
        try references.replace(reference, with: renewed)
    }

    /// Whether `password` is the account's own; failures count as those of sign-ins do.
    func confirm(
        _ account: Account, password: String, network: String, now: Timestamp
    ) async throws(SignInRefusal) {
        let key = account.name.lowercased()
        try begin(key, network, now)
        defer { end(key, network) }
        do throws(DiagnosticError) {
            let hash = try account.passwordReference.map { (reference) throws(DiagnosticError) in
                try PasswordHash(text: try references.text(reference))
            }
            if try await passwords.isMatch(password, hash) {
                state.withLock { $0.backoff.succeeded(account: key) }
                return
            }
        } catch {
            throw .failed(error)
        }
        state.withLock { $0.backoff.failed(account: key, address: network, now: now) }
        throw .wrong
    }

    private func find(_ name: String) -> Account? {
        let directory = directory.current
        return directory.account(named: name) ?? directory.account(email: name)
    }

    private func begin(_ key: String, _ network: String, _ now: Timestamp) throws(SignInRefusal) {
        let wait: Int64? = state.withLock { state in
            if case .refused(let wait) = state.backoff.verdict(account: key, address: network, now: now) { return wait }
            guard !state.accounts.contains(key), state.addresses[network, default: 0] < Self.derivationsOfAnAddress
            else { return Self.pauseMs }
            state.accounts.insert(key)
            state.addresses[network, default: 0] += 1
            return nil
        }
        if let wait { throw .wait(milliseconds: wait) }
    }

    private func end(_ key: String, _ network: String) {
        state.withLock { state in
            state.accounts.remove(key)
            let left = state.addresses[network, default: 1] - 1
            state.addresses[network] = left > 0 ? left : nil
        }
    }

    /// Counts a failure; where the waiting begins the audit log says so.
    private func failed(
        _ key: String, _ network: String, _ actor: Actor, _ now: Timestamp
    ) async throws(DiagnosticError) {
        let isBlocked = state.withLock { state in
            state.backoff.failed(account: key, address: network, now: now)
            return state.backoff.verdict(account: key, address: network, now: now) != .allowed
        }
        guard isBlocked else { return }
        let isNew = state.withLock { state in
            if state.noted.count >= Self.notedLimit { state.noted = [] }
            return state.noted.insert(key + "\u{0}" + network).inserted
        }
        guard isNew else { return }
        _ = try await directory.perform(
            .noteBlockedSignIn(name: key, failures: LoginBackoff.Policy.account.freeFailures + 1), by: actor, now: now)
    }
}
