// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import Timekeeping

/// Slows the guessing of passwords: after some failures each next attempt has to wait twice as long, up to a cap.
///
/// Failures count for the account that was named and for the address that they came from, each for itself: guessing one
/// password for many accounts is slowed by the address, guessing from many addresses by the account. Accounts that do
/// not exist count too, so that waiting does not tell which do.
package struct LoginBackoff: Sendable {
    package struct Policy: Hashable, Sendable {
        /// Failures that cost nothing.
        package var freeFailures: Int
        /// The first wait.
        package var firstWait: Timestamp.Span
        package var longestWait: Timestamp.Span
        /// Failures are forgotten after this long without another.
        package var memory: Timestamp.Span

        package init(
            freeFailures: Int, firstWait: Timestamp.Span, longestWait: Timestamp.Span, memory: Timestamp.Span
        ) {
            self.freeFailures = freeFailures
            self.firstWait = firstWait
            self.longestWait = longestWait
            self.memory = memory
        }

        package static let account = Policy(
            freeFailures: 5, firstWait: .seconds(2), longestWait: .minutes(15), memory: .days(1))
        /// An office has one address: more is free.
        package static let address = Policy(
            freeFailures: 20, firstWait: .seconds(2), longestWait: .minutes(15), memory: .days(1))
    }

    package enum Verdict: Hashable, Sendable {
        case allowed
        case refused(retryAfterMs: Int64)
    }

    private var accounts: FailureCounts
    private var addresses: FailureCounts

    package static let standardKeyLimit = 10_000

    package init(account: Policy = .account, address: Policy = .address, keyLimit: Int = standardKeyLimit) {
        accounts = FailureCounts(policy: account, keyLimit: keyLimit)
        addresses = FailureCounts(policy: address, keyLimit: keyLimit)
    }

    /// Whether an attempt may be made. To be asked before anything is derived.
    ///
    /// - Parameters:
    ///   - account: the name as it was given; case does not count.
    ///   - address: without its port. What shares one (a /64 of IPv6) is the caller's to say.
    package func verdict(account: String, address: String, now: Timestamp) -> Verdict {
        let wait = max(accounts.waitMs(account.lowercased(), now: now), addresses.waitMs(address, now: now))
        return wait > 0 ? .refused(retryAfterMs: wait) : .allowed
    }

    package mutating func failed(account: String, address: String, now: Timestamp) {
        accounts.add(account.lowercased(), now: now)
        addresses.add(address, now: now)
    }

    /// The account's failures are forgotten. The address's are not: else an own account would be a way to go on guessing.
    package mutating func succeeded(account: String) { accounts.forget(account.lowercased()) }

    /// How many accounts and addresses are remembered.
    package var count: Int { accounts.count + addresses.count }
}

extension LoginBackoff.Verdict {
    /// - Throws: ``DiagnosticCode/tooManyAttempts``.
    package func required() throws(DiagnosticError) {
        guard case .refused(let wait) = self else { return }
        throw DiagnosticError(
            .tooManyAttempts, "There were too many attempts to sign in that failed.",
            remedy: "Try again in \(max(1, (wait + 999) / 1000)) s.")
    }
}

/// Failures by key, bounded.
private struct FailureCounts: Sendable {
    private struct Failures: Sendable {
        var count: Int
        var last: Timestamp
    }

    let policy: LoginBackoff.Policy
    let keyLimit: Int
    private var failures: [String: Failures] = [:]

    init(policy: LoginBackoff.Policy, keyLimit: Int) {
        self.policy = policy
        self.keyLimit = max(keyLimit, 1)
    }

    var count: Int { failures.count }

    func waitMs(_ key: String, now: Timestamp) -> Int64 {
        guard let known = failures[key], now < known.last + policy.memory else { return 0 }
        // A clock that went back makes nobody wait longer than the wait itself.
        return min((known.last + wait(known.count) - now).milliseconds, wait(known.count).milliseconds)
    }

    private func wait(_ count: Int) -> Timestamp.Span {
        let doublings = count - policy.freeFailures - 1
        guard doublings >= 0 else { return .milliseconds(0) }
        guard doublings < 32 else { return policy.longestWait }
        let (wait, overflow) = policy.firstWait.milliseconds.multipliedReportingOverflow(by: 1 << Int64(doublings))
        return overflow ? policy.longestWait : min(.milliseconds(wait), policy.longestWait)
    }

    mutating func add(_ key: String, now: Timestamp) {
        if let known = failures[key], now < known.last + policy.memory {
            failures[key] = Failures(count: min(known.count + 1, 1_000_000), last: max(now, known.last))
            return
        }
        if failures[key] == nil, failures.count >= keyLimit { makeRoom(now: now) }
        failures[key] = Failures(count: 1, last: now)
    }

    mutating func forget(_ key: String) { failures[key] = nil }

    /// Drops what is forgotten; else the eighth part with the fewest failures, the oldest first, so that who fails most
    /// stays known.
    private mutating func makeRoom(now: Timestamp) {
        let policy = policy
        failures = failures.filter { now < $0.value.last + policy.memory }
        guard failures.count >= keyLimit else { return }
        let order = failures.sorted { ($0.value.count, $0.value.last) < ($1.value.count, $1.value.last) }
        for entry in order.prefix(keyLimit / 8 + 1) { failures[entry.key] = nil }
    }
}
