// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Diagnostics
package import HTTPMessages
package import NotificationRules
package import Notifications
package import RunCoordination
package import RunIndex
package import Timekeeping

/// How the server reaches others.
package struct WebReach: Sendable {
    /// To places that the server's own settings name.
    package var transport: HTTPTransport
    /// Addresses of a name.
    package var resolve: @Sendable (_ host: String) async throws(DiagnosticError) -> [String]
    /// Sends a call to one address of its host and nowhere else; a longer answer is cut.
    package var pinned:
        @Sendable (_ call: HTTPCall, _ host: String, _ address: String) async throws(DiagnosticError) -> HTTPAnswer

    package init(
        transport: @escaping HTTPTransport,
        resolve: @escaping @Sendable (String) async throws(DiagnosticError) -> [String],
        pinned: @escaping @Sendable (HTTPCall, String, String) async throws(DiagnosticError) -> HTTPAnswer
    ) {
        self.transport = transport
        self.resolve = resolve
        self.pinned = pinned
    }

    /// Reaches nobody whose address was given by people.
    package static func only(_ transport: @escaping HTTPTransport) -> WebReach {
        WebReach(
            transport: transport, resolve: { (host) throws(DiagnosticError) in throw away(host) },
            pinned: { (call, _, _) throws(DiagnosticError) in throw away(call.url) })
    }

    private static func away(_ place: String) -> DiagnosticError {
        DiagnosticError(.webUnreachable, "This server reaches no other: \(place.cut(100)) was not asked.")
    }
}

/// Where mail goes out.
package struct MailSettings: Sendable {
    package var relay: MailRelay
    package var sender: MailAddress
    /// A folder of this server's own, for mails on their way.
    package var scratch: String

    package init(relay: MailRelay, sender: MailAddress, scratch: String) {
        self.relay = relay
        self.sender = sender
        self.scratch = scratch
    }
}

/// What telling needs of the rest of the server.
package struct AnnouncementSurroundings: Sendable {
    package var store: RunStore
    package var index: RunLists
    package var now: @Sendable () -> Timestamp
    package var directory: @Sendable () -> Directory
    /// What the directory names by a reference.
    package var secret: @Sendable (_ reference: String) throws(DiagnosticError) -> String
    /// Of the server, as people reach it, without a slash at the end.
    package var address: @Sendable () -> String
    package var web: WebReach
    /// For addresses that people gave.
    package var addressGuard = AddressGuard()
    /// `nil`: no mail is sent.
    package var mail: MailSettings?
    package var language = NoticeLanguage.english
    /// Switches a hook off; it is in the audit log.
    package var switchOff: @Sendable (_ hook: EntryID, _ reason: String) async throws(DiagnosticError) -> Void
    /// Something was handed over, or not: `hook`, `mail`, `slack`, `webhook`; `delivered`, `retried`, `given_up`.
    package var counted: @Sendable (_ kind: String, _ outcome: String) -> Void
    /// Something went wrong that nobody waits for.
    package var report: @Sendable (DiagnosticError) -> Void

    package init(
        store: RunStore, index: RunLists, now: @escaping @Sendable () -> Timestamp = { Timestamp.now() },
        directory: @escaping @Sendable () -> Directory, web: WebReach
    ) {
        self.store = store
        self.index = index
        self.now = now
        self.directory = directory
        self.web = web
        secret = { (_) throws(DiagnosticError) in "" }
        address = { "" }
        switchOff = { (_, _) throws(DiagnosticError) in }
        counted = { _, _ in }
        report = { _ in }
    }
}
