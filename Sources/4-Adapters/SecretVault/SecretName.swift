// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

/// The name of a secret: letters, digits and `_`, kept in capitals.
///
/// Source of the rules: docs.github.com, "Secrets reference", naming your secrets.
enum SecretName {
    /// - Throws: ``DiagnosticCode/secretNameInvalid``.
    static func checked(_ name: String) throws(DiagnosticError) -> String {
        let bytes = name.utf8.map { (97...122).contains($0) ? $0 & 0xDF : $0 }
        let isName = bytes.allSatisfy { (65...90).contains($0) || (48...57).contains($0) || $0 == 95 }
        let capitals = String(decoding: bytes, as: UTF8.self)
        let problem: String? =
            if bytes.isEmpty || bytes.count > VaultLimits.nameBytes {
                "it has 1 to \(VaultLimits.nameBytes) characters"
            } else if !isName {
                "only letters, digits and '_' are allowed"
            } else if (48...57).contains(bytes[0]) {
                "it does not begin with a digit"
            } else if capitals.hasPrefix("GITHUB_") {
                "'GITHUB_' is kept for what the platform sets"
            } else {
                nil
            }
        guard let problem else { return capitals }
        let shown = name.unicodeScalars.prefix(60).map { $0.value < 32 || $0.value == 127 ? "?" : String($0) }.joined()
        throw DiagnosticError(
            .secretNameInvalid, "'\(shown)' cannot name a secret: \(problem).",
            remedy: "Choose a name such as DEPLOY_KEY.")
    }
}
