// SPDX-License-Identifier: Apache-2.0

package import AccessRules
internal import Credentials
package import Diagnostics
package import RunnerProtocol
internal import StructuredData
package import Timekeeping

/// Credentials of jobs that speak for themselves: signed, kept nowhere. A lease that ended makes its ticket worthless, for the fence
/// is in it; a runner that was removed, too.
package struct LeaseTickets: Sendable {
    private let keyring: TicketKeyring

    init(keyring: TicketKeyring) { self.keyring = keyring }

    package struct Shown: Hashable, Sendable {
        package var runner: EntryID
        package var lease: LeaseKey
    }

    /// No job of a cluster lasts longer: what signed it is forgotten then.
    package static let life = TicketKeyring.life

    /// - Throws: ``DiagnosticCode/ticketRefused`` for a job whose name is too long for a ticket.
    package func text(_ lease: LeaseKey, of runner: EntryID, now: Timestamp) throws(DiagnosticError) -> String {
        let value: DataValue = ["runner": .string(runner.description), "lease": lease.data]
        let ticket = SignedTicket(.lease, value, expiresAt: now + Self.life)
        return LeaseCredential.prefix + (try ticket.text(keys: try keyring.keys(now: now)))
    }

    /// - Throws: ``DiagnosticCode/credentialRefused``.
    package func read(_ text: String, now: Timestamp) throws(DiagnosticError) -> Shown {
        guard text.hasPrefix(LeaseCredential.prefix) else { throw Self.refused }
        let ticket: SignedTicket
        do throws(DiagnosticError) {
            ticket = try SignedTicket(
                text: String(text.dropFirst(LeaseCredential.prefix.count)), .lease, keys: try keyring.keys(now: now),
                now: now)
        } catch {
            throw DiagnosticError(.credentialRefused, error.diagnostic.message)
        }
        guard let runner = ticket.value["runner"]?.string.flatMap({ EntryID($0) }),
            let lease = try? LeaseKey(data: ticket.value["lease"] ?? .null)
        else { throw Self.refused }
        return Shown(runner: runner, lease: lease)
    }

    private static var refused: DiagnosticError {
        DiagnosticError(.credentialRefused, "This is not the credential of a job.")
    }
}
