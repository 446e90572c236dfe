// SPDX-License-Identifier: Apache-2.0

/// A quota that is used up, in a sentence, from what the cluster says of it:
/// `exceeded quota: most, requested: requests.cpu=1, used: requests.cpu=8, limited: requests.cpu=8`.
package enum QuotaWords {
    private static let beginning = "exceeded quota: "
    private static let units: [String: String] = [
        "cpu": "CPU", "memory": "of memory", "ephemeral-storage": "of storage", "pods": "pods",
        "count/jobs.batch": "Jobs", "count/pods": "pods", "count/secrets": "Secrets", "secrets": "Secrets",
    ]

    /// `nil`: it speaks of no quota.
    package static func sentence(_ said: String, namespace: String) -> String? {
        guard let start = said.firstRange(of: beginning) else { return nil }
        let rest = said[start.upperBound...]
        guard let requested = rest.firstRange(of: ", requested: "), let used = rest.firstRange(of: ", used: "),
            let limited = rest.firstRange(of: ", limited: "), requested.upperBound <= used.lowerBound,
            used.upperBound <= limited.lowerBound
        else { return nil }
        let name = rest[..<requested.lowerBound]
        let asked = amounts(rest[requested.upperBound..<used.lowerBound])
        let had = amounts(rest[used.upperBound..<limited.lowerBound])
        let most = amounts(rest[limited.upperBound...])
        let parts = asked.map { resource, amount in
            let unit = units[plain(resource)] ?? "of \(resource)"
            return "\(had[resource] ?? "0") of \(most[resource] ?? "?") \(unit), and \(amount) more is asked for"
        }
        let whose = namespace.isEmpty ? "" : " of the namespace '\(namespace)'"
        return "The quota '\(name)'\(whose) is used up: \(parts.sorted().joined(separator: "; "))."
    }

    /// `requests.cpu` and `limits.cpu` are CPU both.
    private static func plain(_ resource: String) -> String {
        for prefix in ["requests.", "limits."] where resource.hasPrefix(prefix) {
            return String(resource.dropFirst(prefix.count))
        }
        return resource
    }

    private static func amounts(_ text: Substring) -> [String: String] {
        var amounts: [String: String] = [:]
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { continue }
            amounts[pair[0].filter { $0 != " " }] = String(pair[1].prefix { !$0.isWhitespace })
        }
        return amounts
    }
}
