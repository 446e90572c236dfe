// SPDX-License-Identifier: Apache-2.0

/// An amount of memory or of processors, as Kubernetes writes it; of labels, in lower case.
package enum PodQuantity {
    private static let binary: [String: Double] = [
        "ki": 1024, "mi": 1_048_576, "gi": 1_073_741_824, "ti": 1_099_511_627_776,
    ]
    private static let decimal: [String: Double] = ["": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12]

    /// `4Gi`, `512Mi`, `2G`, `1073741824`; `nil`: it is none.
    package static func bytes(_ text: String) -> Int? {
        let (number, unit) = split(text)
        guard let number, let factor = binary[unit] ?? decimal[unit], number > 0 else { return nil }
        return Int(exactly: (number * factor).rounded(.up))
    }

    /// `2`, `0.5`, `500m`: thousandths; `nil`: it is none.
    package static func milliCPUs(_ text: String) -> Int? {
        let (number, unit) = split(text)
        guard let number, number > 0, unit.isEmpty || unit == "m" else { return nil }
        return Int(exactly: (unit == "m" ? number : number * 1000).rounded(.up))
    }

    package static func text(milliCPUs: Int) -> String { "\(milliCPUs)m" }

    /// As people read it: `4Gi`, `512Mi`, `1000`.
    package static func text(bytes: Int) -> String {
        for (unit, size) in [("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)] where bytes % size == 0 {
            return "\(bytes / size)\(unit)"
        }
        return "\(bytes)"
    }

    private static func split(_ text: String) -> (Double?, String) {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        return (Double(digits), text.dropFirst(digits.count).lowercased())
    }
}
