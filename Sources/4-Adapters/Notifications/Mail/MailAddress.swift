// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// Somebody with a mail address that can stand in a header and in a command of SMTP as it is.
package struct MailAddress: Hashable, Sendable {
    /// For people; may be empty.
    package let name: String
    /// `local@domain`, ASCII.
    package let address: String

    /// RFC 5321, 4.5.3.1.
    private static let localBytes = 64
    private static let totalBytes = 254

    /// - Throws: ``DiagnosticCode/mailAddressInvalid`` for what is not of the form that RFC 5321 calls a dot-string at
    ///   a domain. Quoted local parts and addresses in other scripts are not used.
    package init(name: String = "", address: String) throws(DiagnosticError) {
        let parts = address.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, address.utf8.count <= Self.totalBytes, parts[0].utf8.count <= Self.localBytes,
            Self.isDotted(parts[0], "!#$%&'*+-/=?^_`{|}~"), Self.isDotted(parts[1], "-"),
            parts[1].split(separator: ".").allSatisfy({ $0.first != "-" && $0.last != "-" && $0.utf8.count <= 63 })
        else {
            throw DiagnosticError(
                .mailAddressInvalid,
                "'\(HeaderText.clean(String(address.prefix(80))))' is no address that mail can go to.",
                remedy: "Use an address such as ann@example.org.")
        }
        self.name = name
        self.address = address
    }

    package var domain: String { String(address.split(separator: "@").last ?? "") }

    private static func isDotted(_ text: Substring, _ others: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy { byte in
                    (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
                        || others.utf8.contains(byte)
                }
        }
    }
}
