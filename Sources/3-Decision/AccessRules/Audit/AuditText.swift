// SPDX-License-Identifier: Apache-2.0

internal import StructuredData
internal import Timekeeping

/// The audit log as files.
package enum AuditText {
    /// RFC 4180, with a line of names first.
    package static let csvHeader = "sequence,at,who,what,subject,type,address,user agent,details\r\n"

    /// One line, with its end.
    package static func csv(_ row: AuditRow) -> String {
        let fields = [
            String(row.sequence), row.time.description, row.who, row.what, row.subject, row.type,
            row.actor.address ?? "", row.actor.userAgent ?? "", row.details.jsonText(),
        ]
        return fields.map(field).joined(separator: ",") + "\r\n"
    }

    /// One line, with its end.
    package static func ndjson(_ row: AuditRow) -> String { row.data.jsonText() + "\n" }

    /// A field that no spreadsheet takes for a formula: what begins as one gets an apostrophe before it.
    ///
    /// Source: OWASP, "CSV Injection".
    static func field(_ text: String) -> String {
        var text = text
        if let first = text.unicodeScalars.first, isDangerous(first) { text = "'" + text }
        guard text.unicodeScalars.contains(where: { ",\"\r\n'".unicodeScalars.contains($0) }) else { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            quoted.unicodeScalars.append(scalar)
            if scalar == "\"" { quoted.unicodeScalars.append(scalar) }
        }
        return quoted + "\""
    }

    /// Also the wide forms that some spreadsheets read as the narrow ones.
    private static func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
        "=+-@\t\r\n|%\u{FF1D}\u{FF0B}\u{FF0D}\u{FF20}".unicodeScalars.contains(scalar)
    }
}
