// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import Timekeeping

/// A token bucket a key: so many at once, and so many a minute after that.
///
/// A bucket is kept as the moment at which it will be full again (the generic cell rate algorithm), so a full one need
/// not be kept at all. There are never more than `keyLimit` buckets: where more are asked for, the ones that are nearest
/// to full go, and those who ask most stay known.
package struct RateLimiter<Key: Hashable & Sendable>: Sendable {
    package enum Verdict: Hashable, Sendable {
        /// So many more are allowed at once.
        case allowed(remaining: Int)
        case refused(retryAfterMs: Int64)
    }

    package let burst: Int
    package let keyLimit: Int
    /// Between two tokens, in microseconds.
    private let interval: Int64
    /// When the bucket is full, in microseconds since the epoch.
    private var fullAt: [Key: Int64] = [:]
    /// Time never goes back, whatever the clock does.
    private var latest: Int64 = .min

    package static var standardKeyLimit: Int { 10_000 }

    /// - Parameters:
    ///   - burst: tokens of a full bucket, 1 … 1 000 000.
    ///   - perMinute: tokens that come back, 1 … 1 000 000.
    package init(burst: Int, perMinute: Int, keyLimit: Int = standardKeyLimit) {
        self.burst = min(max(burst, 1), 1_000_000)
        self.keyLimit = max(keyLimit, 1)
        interval = 60_000_000 / Int64(min(max(perMinute, 1), 1_000_000))
    }

    /// How many buckets are kept.
    package var count: Int { fullAt.count }

    /// Takes `cost` tokens, all or none.
    package mutating func take(_ key: Key, cost: Int = 1, now: Timestamp) -> Verdict {
        let (scaled, overflow) = now.milliseconds.multipliedReportingOverflow(by: 1000)
        latest = max(latest, overflow ? 0 : scaled)
        let whole = Int64(burst) * interval
        let full = max(fullAt[key] ?? latest, latest)
        let after = full + Int64(min(max(cost, 0), burst)) * interval
        guard after - latest <= whole else {
            return .refused(retryAfterMs: (after - latest - whole + 999) / 1000)
        }
        if fullAt[key] == nil, fullAt.count >= keyLimit { makeRoom() }
        fullAt[key] = after
        return .allowed(remaining: Int((whole - (after - latest)) / interval))
    }

    /// Puts a token back that was taken.
    package mutating func giveBack(_ key: Key) {
        guard let full = fullAt[key] else { return }
        fullAt[key] = full - interval
    }

    /// Drops full buckets; where there are none, the eighth part that is nearest to full: so a flood of new keys does not
    /// look through all of them each time.
    private mutating func makeRoom() {
        let now = latest
        fullAt = fullAt.filter { $0.value > now }
        guard fullAt.count >= keyLimit else { return }
        let moments = fullAt.values.sorted()
        let last = moments[min(keyLimit / 8, moments.count - 1)]
        var excess = fullAt.count - (keyLimit - keyLimit / 8 - 1)
        for (key, moment) in fullAt where moment <= last && excess > 0 {
            fullAt[key] = nil
            excess -= 1
        }
    }
}

extension RateLimiter.Verdict {
    package var isAllowed: Bool { if case .allowed = self { true } else { false } }

    /// - Throws: ``DiagnosticCode/tooManyAttempts``.
    package func required() throws(DiagnosticError) {
        guard case .refused(let wait) = self else { return }
        throw DiagnosticError(
            .tooManyAttempts, "Too many requests.", remedy: "Try again in \(max(1, (wait + 999) / 1000)) s.")
    }
}
