// SPDX-License-Identifier: Apache-2.0

package import AccessRules
internal import Credentials
package import Diagnostics
package import HTTPMessages
internal import IdentityProviders
internal import StructuredData
internal import Synchronization
package import Timekeeping

/// Where people sign in beside passwords, as the server's settings say.
package struct IdentitySettings: Sendable {
    package var issuer: String
    package var clientID: String
    package var clientSecret: String?
    /// Whoever has a verified address of these domains gets an account at the first sign-in. Without any only those come in
    /// who have an account with their address.
    package var domains: [String]
    package var transport: HTTPTransport

    package init(
        issuer: String, clientID: String, clientSecret: String?, domains: [String], transport: @escaping HTTPTransport
    ) {
        self.issuer = issuer
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.domains = domains
        self.transport = transport
    }

    static let callback = "/login/oidc/callback"

    /// - Parameter address: of this server, as the browser knows it.
    func provider(address: String) throws(DiagnosticError) -> ProviderSettings {
        var settings = try ProviderSettings(
            issuer: issuer, clientID: clientID, clientSecret: clientSecret, redirectURL: address + Self.callback)
        settings.domains = domains
        return settings
    }

    /// What is wrong with them; `nil`: nothing.
    func fault(address: String?) -> DiagnosticError? {
        do throws(DiagnosticError) {
            _ = try provider(address: address ?? "http://127.0.0.1")
            return nil
        } catch {
            return error
        }
    }
}

/// Lets people in by an identity provider.
package final class ProviderSignIn: Sendable {
    private let settings: IdentitySettings?
    private let directory: DirectoryKeeper
    private let sessions: Sessions
    private let made = Mutex<IdentityProvider?>(nil)
    /// Sign-ins that came back: each is good once.
    private let used = Mutex<[String: Timestamp]>([:])

    /// From the browser's going to its coming back.
    package static let attemptMinutes: Int64 = 10
    private static let usedLimit = 100_000

    init(_ settings: IdentitySettings?, directory: DirectoryKeeper, sessions: Sessions) {
        self.settings = settings
        self.directory = directory
        self.sessions = sessions
    }

    package var isOffered: Bool { settings != nil }

    /// - Parameters:
    ///   - address: of this server, as the browser knows it.
    ///   - browser: what the browser keeps, to be known again by.
    /// - Returns: where the browser goes, and the ticket that it keeps meanwhile.
    /// - Throws: ``DiagnosticCode/providerMissing``, ``DiagnosticCode/identityProviderUnusable``.
    package func begin(
        address: String, browser: String, back: String, now: Timestamp
    ) async throws(DiagnosticError) -> (url: String, ticket: String) {
        let start = try await provider(address).begin(now: now)
        var value = start.attempt.data.object ?? [:]
        value["back"] = .string(back)
        let ticket = SignedTicket(.signIn, .object(value), expiresAt: now + .minutes(Self.attemptMinutes))
        return (start.url, try ticket.text(keys: try sessions.keys(now: now), binding: browser))
    }

    /// Who came back.
    ///
    /// - Throws: what ``IdentityProvider/finish(query:attempt:now:)`` throws, ``DiagnosticCode/accountMissing``.
    package func finish(
        query: String, ticket text: String, browser: String, address: String, actor: Actor, now: Timestamp
    ) async throws(DiagnosticError) -> (account: EntryID, back: String) {
        let provider = try provider(address)
        let ticket = try SignedTicket(
            text: text, .signIn, keys: try sessions.keys(now: now), binding: browser, now: now)
        let isFirst = used.withLock { used in
            if used.count >= Self.usedLimit { used = used.filter { now < $0.value } }
            return used.updateValue(ticket.expiresAt, forKey: ticket.id) == nil
        }
        guard isFirst, let attempt = try? SignInAttempt(data: ticket.value) else {
            throw DiagnosticError(
                .signInStateRefused, "This sign-in was used already.", remedy: "Begin to sign in anew.")
        }
        let person = try await provider.finish(query: query, attempt: attempt, now: now)
        let account = try await account(person, actor, now)
        let known = Actor(
            .account, id: account, name: directory.current.name(of: account), address: actor.address,
            userAgent: actor.userAgent)
        _ = try await directory.perform(.noteSignIn(account, method: "oidc"), by: known, now: now)
        return (account, ticket.value["back"]?.string ?? "/")
    }

    private func provider(_ address: String) throws(DiagnosticError) -> IdentityProvider {
        if let known = made.withLock({ $0 }) { return known }
        guard let settings else {
            throw DiagnosticError(
                .providerMissing, "This server has no identity provider.", remedy: "Sign in with a password.")
        }
        let provider = IdentityProvider(
            settings: try settings.provider(address: address), transport: settings.transport)
        made.withLock { $0 = provider }
        return provider
    }

    // MARK: accounts

    /// The account of a person: the one that is linked, else the one with the same verified address, else a new one where
    /// the settings name the domains whose people belong here.
    private func account(
        _ person: IdentifiedPerson, _ actor: Actor, _ now: Timestamp
    ) async throws(DiagnosticError) -> EntryID {
        let identity = LinkedIdentity(issuer: person.issuer, subject: person.subject)
        let known = directory.current
        if let account = known.account(identity) { return account.id }
        let by = Actor(.system, name: "sign-in", address: actor.address, userAgent: actor.userAgent)
        if let email = person.email, person.isEmailVerified, let account = known.account(email: email) {
            guard account.identity == nil else {
                throw Self.missing("The account with your address belongs to somebody else at the provider.")
            }
            _ = try await directory.perform(.linkIdentity(account.id, identity), by: by, now: now)
            return account.id
        }
        guard let settings, !settings.domains.isEmpty, !known.accounts.isEmpty else {
            throw Self.missing("There is no account for you.")
        }
        let name = Self.freeName(person, known)
        let email = person.isEmailVerified ? person.email : nil
        _ = try await directory.perform(
            .addAccount(NewAccount(name: name, email: email, identity: identity)), by: by, now: now)
        guard let account = directory.current.account(identity) else {
            throw Self.missing("There is no account for you.")
        }
        return account.id
    }

    /// A name that nobody has, made of what the person is called there.
    static func freeName(_ person: IdentifiedPerson, _ directory: Directory) -> String {
        let wish = person.userName ?? person.email.map { String($0.prefix { $0 != "@" }) } ?? person.name ?? ""
        let plain = wish.unicodeScalars.filter {
            $0.isASCII
                && ($0.properties.isAlphabetic || $0.properties.numericType != nil || "._-".unicodeScalars.contains($0))
        }
        var name = String(String.UnicodeScalarView(plain.drop { "._-".unicodeScalars.contains($0) }.prefix(60)))
        if name.isEmpty { name = "person" }
        var candidate = name
        var number = 2
        while directory.account(named: candidate) != nil {
            candidate = "\(name)-\(number)"
            number += 1
        }
        return candidate
    }

    private static func missing(_ message: String) -> DiagnosticError {
        DiagnosticError(.accountMissing, message, remedy: "Ask an administrator of this server for one.")
    }
}
