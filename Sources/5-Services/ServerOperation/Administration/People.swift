// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Credentials
package import Crypto
package import Diagnostics
package import RunCoordination
package import Timekeeping

/// Everything about signing in: passwords, sessions, links, the provider of identities.
package final class People: Sendable {
    package let sessions: Sessions
    package let leases: LeaseTickets
    package let passwords: PasswordWork
    package let signIn: SignIn
    package let provider: ProviderSignIn
    let directory: DirectoryKeeper
    let references: ReferencedSecrets
    let folder: String

    init(
        _ settings: ServerSettings, store: RunStore, directory: DirectoryKeeper, references: ReferencedSecrets,
        now: Timestamp
    ) throws(DiagnosticError) {
        self.directory = directory
        self.references = references
        folder = store.root
        let keyring = try TicketKeyring(path: store.root + "/ticket-keys", key: store.sealingKey, now: now)
        leases = LeaseTickets(keyring: keyring)
        sessions = try Sessions(keyring: keyring, directory: directory, store: store, now: now)
        passwords = PasswordWork(cost: settings.passwordCost)
        signIn = SignIn(directory: directory, references: references, passwords: passwords)
        provider = ProviderSignIn(settings.identityProvider, directory: directory, sessions: sessions)
    }

    /// Checks a new password, and keeps its hash.
    ///
    /// - Returns: the hash's reference.
    /// - Throws: ``DiagnosticCode/passwordRefused``, and what deriving throws.
    func keep(_ password: String, names: [String]) async throws(DiagnosticError) -> String {
        try PasswordRules.check(password, names: names + ["martlet"])
        return try references.keep(try await passwords.hash(password).text)
    }

    /// Sets an account's password; the sessions of the old one are over.
    ///
    /// - Parameters:
    ///   - old: the one that holds, where the account's owner asks; `nil`: it is not asked for.
    ///   - principal: who has to be allowed to; `nil`: the server itself.
    /// - Throws: ``DiagnosticCode/oldPasswordWrong``, ``DiagnosticCode/passwordRefused``, what the directory refuses.
    package func setPassword(
        _ password: String, of id: EntryID, old: OldPassword, by actor: Actor, as principal: Principal?, now: Timestamp
    ) async throws(DiagnosticError) {
        guard let account = directory.current.accounts[id] else {
            throw DiagnosticError(.entryMissing, "There is no such account.")
        }
        let command = DirectoryCommand.setPassword(id, reference: "")
        if let principal { try directory.current.decision(principal, for: command, now: now).required() }
        if case .asked(let given) = old, account.passwordReference != nil {
            let network = "password of \(id)"
            do throws(SignInRefusal) {
                try await signIn.confirm(account, password: given ?? "", network: network, now: now)
            } catch {
                throw error.ofOldPassword
            }
        }
        let reference = try await keep(password, names: [account.name, account.email ?? ""])
        do throws(DiagnosticError) {
            _ = try await directory.perform(
                .setPassword(id, reference: reference), by: actor, as: principal, now: now
            ) { (directory) throws(DiagnosticError) in
                // Of two that knew the same old password one is first.
                guard directory.accounts[id]?.passwordReference == account.passwordReference else { throw Self.moved }
            }
        } catch {
            references.forget(reference)
            throw error
        }
        if let before = account.passwordReference { references.forget(before) }
    }

    /// Whether the password that holds has to be given.
    package enum OldPassword: Sendable {
        case notAsked
        case asked(String?)
    }

    private static let moved = DiagnosticError(
        .entryMoved, "The account has another password since.", remedy: "Try again.")
}

extension SignInRefusal {
    fileprivate var ofOldPassword: DiagnosticError {
        switch self {
        case .wrong:
            DiagnosticError(
                .oldPasswordWrong, "The password that holds now was not given, or is another.",
                remedy: "Give it as 'oldPassword'.")
        case .wait(let milliseconds):
            DiagnosticError(
                .tooManyAttempts, "There were too many attempts that failed.",
                remedy: "Try again in \(max(1, (milliseconds + 999) / 1000)) s.")
        case .failed(let error): error
        }
    }
}
