// SPDX-License-Identifier: Apache-2.0

package import StructuredData
package import Timekeeping

/// Somebody who can sign in.
package struct Account: Hashable, Sendable {
    package let id: EntryID
    package var name: String
    package var email: String?
    /// Where the password's hash is kept; `nil` for one without a password.
    package var passwordReference: String?
    package var identity: LinkedIdentity?
    package var isServerAdmin: Bool
    package var isDisabled = false
    /// Sessions of an earlier generation are over.
    package var sessionsGeneration = 1
    package var addedAt: Timestamp
}

/// Somebody at an identity provider. The subject never changes; names and addresses do.
package struct LinkedIdentity: Hashable, Sendable, DataRepresentable {
    package var issuer: String
    package var subject: String

    package init(issuer: String, subject: String) {
        self.issuer = issuer
        self.subject = subject
    }

    package var data: DataValue { ["issuer": .string(issuer), "subject": .string(subject)] }

    package init(data: DataValue) throws(DataShapeError) {
        issuer = try data.string("issuer")
        subject = try data.string("subject")
    }
}

/// A token as it is kept: everything but the token.
package struct IssuedToken: Hashable, Sendable {
    package let id: EntryID
    /// An account, or a project.
    package let owner: EntryID
    package var name: String
    /// The first characters, to recognise it by.
    package var prefix: String
    package var sha256: String
    package var grant: TokenGrant
    package var issuedAt: Timestamp
    package var revokedAt: Timestamp?

    /// Why it is good for nothing any more.
    package func ending(now: Timestamp) -> String? {
        if let revokedAt { return "was revoked on \(day(revokedAt))" }
        if let end = grant.expiresAt, end <= now { return "expired on \(day(end))" }
        return nil
    }
}

/// `2026-11-26`.
func day(_ time: Timestamp) -> String { String(time.description.prefix { $0 != "T" }) }
