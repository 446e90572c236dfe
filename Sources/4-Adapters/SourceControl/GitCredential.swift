// SPDX-License-Identifier: Apache-2.0

/// What opens a remote: never an argument of a command, never in a message.
package struct GitCredential: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    package enum Kind: Hashable, Sendable {
        /// Over HTTPS. Forges take any name beside a token.
        case password(user: String, secret: String)
        /// Over SSH.
        ///
        /// - Parameters:
        ///   - path: of the private key's file, absolute.
        ///   - knownHosts: a file with the hosts' keys; `nil`: one of the mirror's own, where a host is known from the first time on.
        case key(path: String, knownHosts: String?)
    }

    package let kind: Kind

    package init(_ kind: Kind) { self.kind = kind }

    package static func token(_ secret: String, user: String = "x-access-token") -> GitCredential {
        GitCredential(.password(user: user, secret: secret))
    }

    package var description: String { "a credential" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// What must not be shown.
    var secret: String? {
        if case .password(_, let secret) = kind, !secret.isEmpty { return secret }
        return nil
    }
}
