// SPDX-License-Identifier: Apache-2.0

package import AccessRules
internal import Credentials
package import Diagnostics
internal import StructuredData
package import Timekeeping

/// Links with which somebody sets the password of an account. A link is bound to the account's generation of sessions: once
/// a password was set by it, or anything ended the account's sessions, it is good for nothing.
extension People {
    /// What stands in the link.
    package func invitation(_ account: EntryID, now: Timestamp) throws(DiagnosticError) -> String {
        guard let person = directory.current.accounts[account], !person.isDisabled else { throw Self.linkRefused }
        return try SignedTicket(
            .link, ["a": .string(account.description)], expiresAt: now + SessionLimits.invitation
        ).text(keys: try sessions.keys(now: now), binding: Self.binding(person))
    }

    /// Whom a link is for.
    ///
    /// - Throws: ``DiagnosticCode/linkRefused``.
    package func invited(_ text: String, now: Timestamp) throws(DiagnosticError) -> Account {
        let keys = try sessions.keys(now: now)
        // The account has to be known before the binding is: what is read here is not believed yet.
        for person in candidates(text) {
            guard
                let ticket = try? SignedTicket(text: text, .link, keys: keys, binding: Self.binding(person), now: now),
                ticket.value["a"]?.string == person.id.description
            else { continue }
            return person
        }
        throw Self.linkRefused
    }

    /// Sets the password that an invitation asks for.
    package func acceptInvitation(
        _ text: String, password: String, address: String?, now: Timestamp
    ) async throws(DiagnosticError) -> EntryID {
        let person = try invited(text, now: now)
        let reference = try await keep(password, names: [person.name, person.email ?? ""])
        let actor = Actor(.account, id: person.id, name: person.name, address: address)
        do throws(DiagnosticError) {
            _ = try await directory.perform(.setPassword(person.id, reference: reference), by: actor, now: now) {
                (directory) throws(DiagnosticError) in
                guard directory.accounts[person.id].map(Self.binding) == Self.binding(person) else {
                    throw Self.linkRefused
                }
            }
        } catch {
            references.forget(reference)
            throw error
        }
        if let before = person.passwordReference { references.forget(before) }
        _ = try await directory.perform(.noteSignIn(person.id, method: "link"), by: actor, now: now)
        return person.id
    }

    private static func binding(_ person: Account) -> String {
        "\(person.id)/\(person.sessionsGeneration)/\(person.isDisabled)"
    }

    private func candidates(_ text: String) -> [Account] {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= SignedTicket.textLimitBytes, parts.count == 3,
            let body = Base64Text.bytes(parts[1], .url), let data = try? DataValue(json: body),
            let id = data["v"]?["a"]?.string.flatMap({ EntryID($0) }), let person = directory.current.accounts[id]
        else { return [] }
        return [person]
    }
}
