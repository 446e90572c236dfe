// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// The field `Retry-After` of an answer (RFC 9110, section 10.2.3).
package enum RetryAfter {
    /// Seconds, or a date in the form that RFC 9110 has senders use; `nil` for anything else. Never negative.
    package static func span(_ text: String, now: Timestamp) -> Timestamp.Span? {
        let digits = text.utf8.drop { $0 == 32 }
        if !digits.isEmpty, digits.count <= 9, digits.allSatisfy({ (48...57).contains($0) }) {
            return Int64(String(decoding: digits, as: UTF8.self)).map { .seconds($0) }
        }
        guard let date = date(text) else { return nil }
        return max(.seconds(0), date - now)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    private static func date(_ text: String) -> Timestamp? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[0].hasSuffix(","), parts[5] == "GMT", let day = Int(parts[1]),
            let month = months.firstIndex(of: String(parts[2])), let year = Int(parts[3])
        else { return nil }
        let time = parts[4].split(separator: ":").compactMap { Int($0) }
        guard time.count == 3, (1...31).contains(day), (1970...9999).contains(year), (0...23).contains(time[0]),
            (0...59).contains(time[1]), (0...60).contains(time[2])
        else { return nil }
        var civil = CivilTime(year: year, month: month + 1, day: day, hour: time[0], minute: time[1])
        civil.second = time[2]
        return civil.moment()
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
