// SPDX-License-Identifier: Apache-2.0

package import AccessRules
internal import Credentials
package import Diagnostics
internal import FileAccess
package import Timekeeping

/// How a server gets its first account: by a link that its first start prints. Only the digest of what stands in it is kept.
extension People {
    private var firstAdminPath: String { folder + "/first-admin" }
    private static let digestBytes = 64

    /// A new token for the link; the one before is good for nothing any more. `nil` where there is an account.
    package func firstAdminToken() throws(DiagnosticError) -> String? {
        guard directory.current.accounts.isEmpty else { return nil }
        let token = AccessToken.mint(.firstAdmin)
        try Files.replace(firstAdminPath, with: token.sha256.utf8, mode: 0o600, durably: true)
        return token.text
    }

    /// Whether the link with this token makes the first account now.
    package func isFirstAdminToken(_ text: String) -> Bool {
        guard directory.current.accounts.isEmpty, let token = try? AccessToken(text: text), token.kind == .firstAdmin,
            let kept = try? Files.readIfPresent(firstAdminPath, limit: Self.digestBytes)
        else { return false }
        return token.isMatch(sha256: String(decoding: kept, as: UTF8.self))
    }

    /// Makes the first account, an administrator of the server.
    ///
    /// - Throws: ``DiagnosticCode/linkRefused``, ``DiagnosticCode/passwordRefused``, what the directory refuses.
    package func makeFirstAdmin(
        token: String, name: String, email: String?, password: String, address: String?, now: Timestamp
    ) async throws(DiagnosticError) -> EntryID {
        guard isFirstAdminToken(token) else { throw Self.linkRefused }
        let reference = try await keep(password, names: [name, email ?? ""])
        do throws(DiagnosticError) {
            _ = try await directory.perform(
                .addAccount(
                    NewAccount(name: name, email: email, passwordReference: reference, isServerAdmin: true)),
                by: Actor(.system, name: "first link", address: address), now: now
            ) { (directory) throws(DiagnosticError) in
                guard directory.accounts.isEmpty else { throw Self.linkRefused }
            }
        } catch {
            references.forget(reference)
            throw error
        }
        try? Files.remove(firstAdminPath)
        guard let account = directory.current.account(named: name) else { throw Self.linkRefused }
        _ = try await directory.perform(
            .noteSignIn(account.id, method: "first link"),
            by: Actor(.account, id: account.id, name: name, address: address), now: now)
        return account.id
    }

    static let linkRefused = DiagnosticError(
        .linkRefused, "The link is used up, too old, or none.",
        remedy: "Ask for a new one; while there is no account the server prints one at each start.")
}
