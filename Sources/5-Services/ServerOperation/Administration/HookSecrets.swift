// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import Timekeeping

/// The secrets that sign a hook's deliveries: one a line, the newest first, two while one is replaced.
enum HookSecrets {
    /// How long the old one signs beside the new one.
    static let overlap = Timestamp.Span.days(1)

    /// - Parameter before: the text of the secrets so far; of them the newest stays.
    static func text(_ secret: String, before: String?) -> String {
        guard let old = before?.split(whereSeparator: \.isWhitespace).first else { return secret }
        return "\(secret)\n\(old)"
    }

    /// Forgets an old secret that has signed beside a new one for long enough.
    static func expire(_ reference: String, in references: ReferencedSecrets, now: Timestamp) throws(DiagnosticError) {
        guard let keptAt = references.keptAt(reference), now - Timestamp(milliseconds: keptAt) > overlap else { return }
        let secrets = try references.text(reference).split(whereSeparator: \.isWhitespace)
        guard secrets.count > 1 else { return }
        try references.replace(reference, with: String(secrets[0]))
    }
}
