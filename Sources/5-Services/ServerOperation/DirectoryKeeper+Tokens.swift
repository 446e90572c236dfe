// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Credentials
package import Diagnostics
internal import EventJournal
package import RunCoordination
package import Timekeeping

/// Credentials that are made on the folder itself, by whoever may write there.
extension DirectoryKeeper {
    /// The directory of a server's folder, whether a server runs on it or not.
    ///
    /// - Parameter database: where its journal is; `nil`: in the folder.
    package init(folder: String, database: String?) throws(DiagnosticError) {
        try self.init(store: try RunStore(root: folder, database: database, durability: .powerCut))
    }

    /// - Parameter account: whose it is, by name; `nil`: the first administrator's, who is made where there is none.
    package func makeToken(
        _ grant: TokenGrant, name: String, account: String?, now: Timestamp
    ) throws(DiagnosticError) -> AccessToken {
        let owner = try owner(account, now)
        let token = AccessToken.mint(.personal)
        _ = try perform(
            .issueToken(
                TokenRequest(
                    owner: .account(owner), name: name, prefix: token.prefix, sha256: token.sha256, grant: grant)),
            by: .system("command line"), now: now)
        return token
    }

    private func owner(_ account: String?, _ now: Timestamp) throws(DiagnosticError) -> EntryID {
        if let account {
            guard let found = current.account(named: account) else {
                throw DiagnosticError(.entryMissing, "There is no account '\(account)'.")
            }
            return found.id
        }
        if let first = current.serverAdmins.map(\.id).min() { return first }
        _ = try perform(
            .addAccount(NewAccount(name: "admin", isServerAdmin: true)), by: .system("command line"), now: now)
        guard let made = current.account(named: "admin") else {
            throw DiagnosticError(.entryMissing, "The first account was removed as it was made.")
        }
        return made.id
    }
}
