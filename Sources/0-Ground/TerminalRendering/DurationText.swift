// SPDX-License-Identifier: Apache-2.0

/// Durations as people read them: `12ms`, `1.4s`, `3m 05s`, `2h 10m`.
package enum DurationText {
    package static func short(milliseconds: Int64) -> String {
        switch milliseconds {
        case ..<0: "0ms"
        case ..<1_000: "\(milliseconds)ms"
        case ..<60_000: "\(milliseconds / 1_000).\((milliseconds % 1_000) / 100)s"
        case ..<3_600_000: "\(milliseconds / 60_000)m \(two((milliseconds / 1_000) % 60))s"
        default: "\(milliseconds / 3_600_000)h \(two((milliseconds / 60_000) % 60))m"
        }
    }

    private static func two(_ value: Int64) -> String {
        value < 10 ? "0\(value)" : String(value)
    }
}
