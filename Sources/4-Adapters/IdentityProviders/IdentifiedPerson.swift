// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import StructuredData

/// Who signed in, as the provider says.
package struct IdentifiedPerson: Hashable, Sendable {
    package var issuer: String
    /// Never changes, and is never given to somebody else: the only claim to know an account by.
    package var subject: String
    package var email: String?
    /// An address that is not verified may be somebody else's: it is never matched with an account.
    package var isEmailVerified: Bool
    package var name: String?
    /// What the person is called there, as a wish for an account's name.
    package var userName: String?
    package var groups: [String]

    private static let textLimitBytes = 254
    private static let groupLimit = 500

    init(issuer: String, subject: String, claims: DataValue, groupsClaim: String) {
        self.issuer = issuer
        self.subject = subject
        email = Self.text("email", claims)
        // Some providers write the truth value as a text.
        isEmailVerified = claims["email_verified"] == true || claims["email_verified"] == "true"
        name = Self.text("name", claims)
        userName = Self.text("preferred_username", claims)
        groups = (claims[groupsClaim]?.array ?? []).compactMap(\.string).filter { $0.utf8.count <= Self.textLimitBytes }
        groups = Array(groups.prefix(Self.groupLimit))
    }

    private static func text(_ key: String, _ claims: DataValue) -> String? {
        claims[key]?.string.flatMap { text in
            (1...textLimitBytes).contains(text.utf8.count) && text.shown == text ? text : nil
        }
    }

    /// Whether the settings let this person in.
    ///
    /// - Throws: ``DiagnosticCode/personNotAdmitted``.
    func requireAdmission(_ settings: ProviderSettings) throws(DiagnosticError) {
        if !settings.domains.isEmpty {
            let domain = email.flatMap { $0.split(separator: "@").last }?.lowercased()
            guard isEmailVerified, let domain, settings.domains.contains(where: { $0.lowercased() == domain }) else {
                throw Self.refused(
                    isEmailVerified
                        ? "is not of a mail domain that may sign in here" : "has no mail address that is verified")
            }
        }
        guard settings.groups.isEmpty || !Set(settings.groups).isDisjoint(with: groups) else {
            throw Self.refused("is in no group that may sign in here")
        }
    }

    private static func refused(_ why: String) -> DiagnosticError {
        DiagnosticError(
            .personNotAdmitted, "Whoever signed in \(why).",
            remedy: "Ask an administrator of this server, or sign in as somebody else.")
    }
}
