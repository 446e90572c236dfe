// SPDX-License-Identifier: Apache-2.0

internal import Timekeeping

/// Times as commits hold them.
enum GitTime {
    /// ISO 8601 with an offset: `2026-11-21T10:00:00+01:00`.
    ///
    /// - Parameter zone: `+0100`; anything else is UTC.
    static func text(seconds: Int64, zone: Substring) -> String {
        var offset = 0
        let digits = zone.dropFirst()
        if digits.utf8.count == 4, let number = Int(digits), zone.first == "+" || zone.first == "-" {
            offset = (number / 100 * 60 + number % 100) * (zone.first == "-" ? -60 : 60)
        }
        // What lies past what a calendar shows is nobody's time.
        let bounded = min(max(seconds, -62_135_596_800), 253_402_300_799)
        let shown = Timestamp(milliseconds: (bounded + Int64(offset)) * 1_000).description.dropLast()
        guard offset != 0 else { return shown + "Z" }
        let minutes = abs(offset) / 60
        let parts = [minutes / 60, minutes % 60].map { ($0 < 10 ? "0" : "") + String($0) }
        return shown + (offset < 0 ? "-" : "+") + parts.joined(separator: ":")
    }
}
