// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The mail server that takes this server's mail.
package struct MailRelay: Hashable, Sendable {
    package enum Security: String, Hashable, Sendable {
        /// Encrypted from the first byte; port 465.
        case tls
        /// Encrypted after a greeting, or not used at all; port 587.
        case startTLS
        /// Not encrypted; without a login only.
        case none
    }

    /// A name, or an address as it stands in a URL.
    package var host: String
    package var port: Int
    package var security: Security
    package var login: Login?
    /// A file of certificates to trust instead of the system's.
    package var trustedCertificates: String?
    /// What this server calls itself.
    package var ownName: String
    /// For all of one mail.
    package var timeoutSeconds = 60
    /// The program that speaks SMTP.
    package var program = "curl"

    package struct Login: Hashable, Sendable {
        package var name: String
        package var password: String

        package init(name: String, password: String) {
            self.name = name
            self.password = password
        }
    }

    /// - Throws: ``DiagnosticCode/mailSettingsInvalid``.
    package init(
        host: String, port: Int, security: Security, login: Login? = nil, ownName: String = "localhost"
    ) throws(DiagnosticError) {
        let isHost = !host.isEmpty && host.utf8.allSatisfy { Self.isOfName($0) || "[]:".utf8.contains($0) }
        guard isHost, (1...65_535).contains(port) else {
            throw Self.invalid("the host or the port is none", "Give a host such as mail.example.org, and a port.")
        }
        guard !ownName.isEmpty, ownName.utf8.allSatisfy(Self.isOfName) else {
            throw Self.invalid("the server's own name is none", "Give a name such as ci.example.org.")
        }
        if let login {
            guard security != .none else {
                throw Self.invalid("a password would be sent unencrypted", "Use TLS or STARTTLS, or no login.")
            }
            let isText = (login.name + login.password).unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
            guard isText, !login.name.isEmpty, !login.name.contains(":") else {
                throw Self.invalid(
                    "the login's name is empty, has a ':', or the login has control characters", "Use another login.")
            }
        }
        self.host = host
        self.port = port
        self.security = security
        self.login = login
        self.ownName = ownName
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || "-._".utf8.contains(byte)
    }

    private static func invalid(_ problem: String, _ remedy: String) -> DiagnosticError {
        DiagnosticError(.mailSettingsInvalid, "The settings of mail cannot be used: \(problem).", remedy: remedy)
    }
}
