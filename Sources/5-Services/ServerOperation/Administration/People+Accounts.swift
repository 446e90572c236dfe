// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Diagnostics
package import Timekeeping

extension People {
    /// Adds an account, with a password or without.
    ///
    /// - Throws: ``DiagnosticCode/passwordRefused``, what the directory refuses.
    package func add(
        _ new: NewAccount, password: String?, by actor: Actor, as principal: Principal, now: Timestamp
    ) async throws(DiagnosticError) -> Account {
        // What is refused costs no derivation.
        let known = directory.current
        try known.decision(principal, for: .addAccount(new), now: now).required()
        _ = try known.decide(.addAccount(new), by: actor, now: now)
        var new = new
        if let password {
            new.passwordReference = try await keep(password, names: [new.name, new.email ?? ""])
        }
        do throws(DiagnosticError) {
            _ = try await directory.perform(.addAccount(new), by: actor, as: principal, now: now)
        } catch {
            if let reference = new.passwordReference { references.forget(reference) }
            throw error
        }
        guard let account = directory.current.account(named: new.name) else {
            throw DiagnosticError(.entryMissing, "The account was removed as it was made.")
        }
        return account
    }
}
