// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// Somebody can sign in.
package struct AccountAdded: DirectoryPayload {
    package static let typeName = "accountAdded"
    package var account: EntryID
    package var name: String
    package var email: String?
    package var passwordReference: String?
    package var identity: LinkedIdentity?
    package var isServerAdmin: Bool

    package var data: DataValue {
        .present([
            "account": .id(account), "name": .string(name), "email": .text(email), "password": .text(passwordReference),
            "identity": identity?.data, "serverAdmin": .flag(isServerAdmin),
        ])
    }

    package init(
        account: EntryID, name: String, email: String? = nil, passwordReference: String? = nil,
        identity: LinkedIdentity? = nil, isServerAdmin: Bool
    ) {
        self.account = account
        self.name = name
        self.email = email
        self.passwordReference = passwordReference
        self.identity = identity
        self.isServerAdmin = isServerAdmin
    }

    package init(data: DataValue) throws(DataShapeError) {
        account = try data.id("account", .account)
        name = try data.string("name")
        email = data["email"]?.string
        passwordReference = data["password"]?.string
        identity = data["identity"] == nil ? nil : try data.part("identity")
        isServerAdmin = data.bool("serverAdmin")
    }

    package func subject(_ names: EntryNames) -> String { "account \(name)" }
    package func words(_ names: EntryNames) -> String {
        "added the account \(name)" + (isServerAdmin ? " as an administrator of the server" : "")
    }
}

/// Its name and address from now on.
package struct AccountChanged: DirectoryPayload {
    package static let typeName = "accountChanged"
    package var account: EntryID
    package var name: String
    package var email: String?

    package var data: DataValue { .present(["account": .id(account), "name": .string(name), "email": .text(email)]) }

    package init(account: EntryID, name: String, email: String? = nil) {
        self.account = account
        self.name = name
        self.email = email
    }

    package init(data: DataValue) throws(DataShapeError) {
        account = try data.id("account", .account)
        name = try data.string("name")
        email = data["email"]?.string
    }

    package func subject(_ names: EntryNames) -> String { "account \(name)" }
    package func words(_ names: EntryNames) -> String {
        "changed the account \(names(account)): name \(name), address \(email ?? "none")"
    }
}

/// It can do nothing until it is enabled again; its sessions are over.
package struct AccountDisabled: DirectoryPayload {
    package static let typeName = "accountDisabled"
    package var account: EntryID
    package var reason: String?

    package var data: DataValue { .present(["account": .id(account), "reason": .text(reason)]) }

    package init(account: EntryID, reason: String? = nil) {
        self.account = account
        self.reason = reason
    }

    package init(data: DataValue) throws(DataShapeError) {
        account = try data.id("account", .account)
        reason = data["reason"]?.string
    }

    package func subject(_ names: EntryNames) -> String { "account \(names(account))" }
    package func words(_ names: EntryNames) -> String {
        "disabled the account \(names(account))" + (reason.map { ": \($0)" } ?? "")
    }
}

/// The end of that.
package struct AccountEnabled: DirectoryPayload {
    package static let typeName = "accountEnabled"
    package var account: EntryID

    package var data: DataValue { .present(["account": .id(account)]) }

    package init(account: EntryID) {
        self.account = account
    }

    package init(data: DataValue) throws(DataShapeError) {
        account = try data.id("account", .account)
    }

    package func subject(_ names: EntryNames) -> String { "account \(names(account))" }
    package func words(_ names: EntryNames) -> String {
        "enabled the account \(names(account))"
    }
}

/// Its tokens and roles go with it; what it did stays.
package struct AccountRemoved: DirectoryPayload {
    package static let typeName = "accountRemoved"
    package var account: EntryID

    package var data: DataValue { .present(["account": .id(account)]) }

    package init(account: EntryID) {
        self.account = account
    }

    package init(data: DataValue) throws(DataShapeError) {
        account = try data.id("account", .account)
    }

    package func subject(_ names: EntryNames) -> String { "account \(names(account))" }
    package func words(_ names: EntryNames) -> String {
        "removed the account \(names(account))"
    }
}

/// A new password; the sessions of the old one are over.
package struct PasswordSet: DirectoryPayload {
    package static let typeName = "passwordSet"
    package var account: EntryID
    /// Where the hash is kept.
    package var reference: String

    package var data: DataValue { .present(["account": .id(account), "password": .string(reference)]) }

    package init(account: EntryID, reference: String) {
        self.account = account
        self.reference = reference
    }

    package init(data: DataValue) throws(DataShapeError) {
        account = try data.id("account", .account)
        reference = try data.string("password")
    }

    package func subject(_ names: EntryNames) -> String { "account \(names(account))" }
    package func words(_ names: EntryNames) -> String {
        "set a password for the account \(names(account))"
    }
}

/// Somebody at an identity provider is this account.
package struct IdentityLinked: DirectoryPayload {
    package static let typeName = "identityLinked"
    package var account: EntryID
    package var identity: LinkedIdentity

    package var data: DataValue { .present(["account": .id(account), "identity": identity.data]) }

    package init(account: EntryID, identity: LinkedIdentity) {
        self.account = account
        self.identity = identity
    }

    package init(data: DataValue) throws(DataShapeError) {
        account = try data.id("account", .account)
        identity = try data.part("identity")
    }

    package func subject(_ names: EntryNames) -> String { "account \(names(account))" }
    package func words(_ names: EntryNames) -> String {
        "linked the account \(names(account)) to \(identity.subject) at \(identity.issuer)"
    }
}

/// Whether an account administers the server.
package struct ServerAdminSet: DirectoryPayload {
    package static let typeName = "serverAdminSet"
    package var account: EntryID
    package var isServerAdmin: Bool

    package var data: DataValue { .present(["account": .id(account), "serverAdmin": .flag(isServerAdmin)]) }

    package init(account: EntryID, isServerAdmin: Bool) {
        self.account = account
        self.isServerAdmin = isServerAdmin
    }

    package init(data: DataValue) throws(DataShapeError) {
        account = try data.id("account", .account)
        isServerAdmin = data.bool("serverAdmin")
    }

    package func subject(_ names: EntryNames) -> String { "account \(names(account))" }
    package func words(_ names: EntryNames) -> String {
        isServerAdmin
            ? "made \(names(account)) an administrator of the server"
            : "took the administration of the server from \(names(account))"
    }
}

/// All that are signed in have to sign in again: of one account, or of all.
package struct SessionsEnded: DirectoryPayload {
    package static let typeName = "sessionsEnded"
    package var account: EntryID?

    package var data: DataValue { .present(["account": .id(account)]) }

    package init(account: EntryID? = nil) {
        self.account = account
    }

    package init(data: DataValue) throws(DataShapeError) {
        account = data.optionalID("account")
    }

    package func subject(_ names: EntryNames) -> String { account.map { "account \(names($0))" } ?? "server" }
    package func words(_ names: EntryNames) -> String {
        "ended the sessions of " + (account.map(names) ?? "everybody")
    }
}

/// Only recorded.
package struct SignedIn: DirectoryPayload {
    package static let typeName = "signedIn"
    package var account: EntryID
    /// `password`, `oidc`, `first link`.
    package var method: String

    package var data: DataValue { .present(["account": .id(account), "method": .string(method)]) }

    package init(account: EntryID, method: String) {
        self.account = account
        self.method = method
    }

    package init(data: DataValue) throws(DataShapeError) {
        account = try data.id("account", .account)
        method = try data.string("method")
    }

    package func subject(_ names: EntryNames) -> String { "account \(names(account))" }
    package func words(_ names: EntryNames) -> String {
        "signed in as \(names(account)) by \(method)"
    }
}

/// Too many failures; only recorded, and only when the waiting begins.
package struct SignInBlocked: DirectoryPayload {
    package static let typeName = "signInBlocked"
    /// As it was given; there may be no such account.
    package var name: String
    package var failures: Int

    package var data: DataValue { .present(["name": .string(name), "failures": .int(failures)]) }

    package init(name: String, failures: Int) {
        self.name = name
        self.failures = failures
    }

    package init(data: DataValue) throws(DataShapeError) {
        name = try data.string("name")
        failures = data.int("failures", default: 0)
    }

    package func subject(_ names: EntryNames) -> String { "account \(name)" }
    package func words(_ names: EntryNames) -> String {
        "failed to sign in as \(name) \(failures) times"
    }
}
