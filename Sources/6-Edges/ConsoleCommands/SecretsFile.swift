// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FoundationEssentials
internal import SecretRedaction

/// A file with one secret a line, in base64.
enum SecretsFile {
    /// Says which secrets are too short to be masked: they would be, in every word that holds them.
    static func warn(of secrets: [Secret], _ console: Console) {
        for secret in secrets where secret.value.count < SecretRedactor.minimumLength {
            console.show(
                Diagnostic(
                    .secretTooShort,
                    "The secret '\(secret.name)' has fewer than \(SecretRedactor.minimumLength) bytes and is not masked.",
                    severity: .warning, remedy: "Give it a longer value."))
        }
    }

    static func read(_ bytes: [UInt8]) throws(DiagnosticError) -> [Secret] {
        var secrets: [Secret] = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let text = String(decoding: line, as: UTF8.self).filter { !$0.isWhitespace }
            guard !text.isEmpty else { continue }
            guard let value = Data(base64Encoded: text) else {
                throw DiagnosticError(
                    .argumentInvalid, "Line \(index + 1) of the secrets file is not base64.",
                    remedy: "Write each secret in base64, one a line.")
            }
            secrets.append(Secret(name: "line \(index + 1)", value: Array(value)))
        }
        return secrets
    }
}
